//! Sources: when requests come, and what is counted of them.

use crate::kernel::{Distribution, Sampler, Seed, Time};
use crate::network::{Arrivals, Changed, Network, Source};
use crate::statistics::Recorder;

use super::jobs::Role;
use super::meter::{Failure, SourceRecord};
use super::{Run, kind, stream};

/// A source while it runs.
#[derive(Debug)]
pub(super) struct SourceState {
    /// Time to the next, or time to think.
    pause: Sampler,
    /// How many come at once; none where it is always one.
    batch: Option<Sampler>,
    /// From when on requests come at so many times the stated rate.
    factors: Vec<(Time, f64)>,
    /// Clients; none where requests come from outside.
    population: Option<u32>,
    level: u8,
    entry: u32,
    pub(super) record: SourceRecord,
    /// Times of requests that ended well.
    pub(super) latency: Recorder,
}

/// The class of each source: its rank among the priorities there are.
pub(super) fn levels(network: &Network) -> Vec<u8> {
    let mut all: Vec<u8> = network.sources.iter().map(|source| source.priority).collect();
    let each = all.clone();
    all.sort_unstable();
    all.dedup();
    let rank = |priority: u8| all.partition_point(|other| *other < priority);
    each.into_iter().map(|priority| u8::try_from(rank(priority)).unwrap_or(u8::MAX)).collect()
}

impl SourceState {
    pub(super) fn new(network: &Network, at: u32, source: &Source, level: u8, seed: Seed) -> Self {
        let sampler = |purpose, distribution: &Distribution| {
            Sampler::new(distribution.clone(), stream(seed, &source.name, purpose))
        };
        let (pause, batch, population) = match &source.arrivals {
            Arrivals::Open { between, batch } => {
                let one = *batch == Distribution::Constant(1.0);
                (sampler("arrival", between), (!one).then(|| sampler("batch", batch)), None)
            }
            Arrivals::Closed { population, think } => {
                (sampler("think", think), None, Some(*population))
            }
            Arrivals::Begun => (sampler("arrival", &Distribution::Constant(0.0)), None, None),
        };
        let factors = network.changes.iter().filter_map(|change| match change.what {
            Changed::Rate { source, factor } if source == at => Some((change.at, factor)),
            _ => None,
        });
        Self {
            pause,
            batch,
            factors: factors.collect(),
            population,
            level,
            entry: source.entry,
            record: SourceRecord::new(0),
            latency: Recorder::default(),
        }
    }

    /// When the next comes after `now`: the time drawn for the stated rate, spent faster or slower
    /// while the rate is another one. Never, if nothing comes any more.
    fn next_arrival(&mut self, now: Time) -> Option<Time> {
        let drawn = self.pause.time();
        if self.factors.is_empty() {
            return Some(now.saturating_add(drawn));
        }
        stretched(now, drawn, &self.factors)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a nanosecond in months does not matter, and `as` saturates"
)]
fn stretched(now: Time, drawn: Time, factors: &[(Time, f64)]) -> Option<Time> {
    let mut left = drawn as f64;
    let mut at = now;
    let mut next = factors.partition_point(|(time, _)| *time <= now);
    let mut factor = if next == 0 { 1.0 } else { factors[next - 1].1 };
    while let Some(&(end, following)) = factors.get(next) {
        let possible = (end - at) as f64 * factor;
        if possible >= left {
            break;
        }
        left -= possible;
        (at, factor) = (end, following);
        next += 1;
    }
    (factor > 0.0).then(|| at.saturating_add((left / factor + 0.5) as Time))
}

impl Run<'_> {
    /// The first requests of a source.
    pub(super) fn open_source(&mut self, at: usize) {
        if self.network.sources[at].arrivals == Arrivals::Begun {
            return;
        }
        let owner = u32::try_from(at).unwrap_or(u32::MAX);
        match self.sources[at].population {
            Some(population) => {
                for _ in 0..population {
                    let time = self.sources[at].pause.time();
                    self.calendar.schedule(time, kind::ARRIVE, owner, 0);
                }
            }
            None => self.await_next(at),
        }
    }

    fn await_next(&mut self, at: usize) {
        if let Some(time) = self.sources[at].next_arrival(self.now) {
            let owner = u32::try_from(at).unwrap_or(u32::MAX);
            self.calendar.schedule(time, kind::ARRIVE, owner, 0);
        }
    }

    /// A request comes, or several at once.
    #[inline]
    pub(super) fn arrive_from(&mut self, at: usize) {
        if self.sources[at].population.is_none() {
            self.await_next(at);
        }
        let source = &mut self.sources[at];
        let mut count = source.batch.as_mut().map_or(1, whole);
        while count > 0 {
            count -= 1;
            let source = &mut self.sources[at];
            source.record.started += 1;
            self.observer.began(at);
            let owner = u32::try_from(at).unwrap_or(u32::MAX);
            let job = self.jobs.add(Role::Request, owner, source.level, source.entry, self.now);
            self.advance(job);
        }
    }

    /// A job begins a request of a source, which is as old as the job.
    pub(super) fn begin_request(&mut self, at: u32, step: u32, started: Time) -> u32 {
        let source = &mut self.sources[at as usize];
        source.record.started += 1;
        source.record.attempts += 1;
        self.observer.began(at as usize);
        let job = self.jobs.add(Role::Begun, at, source.level, step, self.now);
        self.jobs[job].started = started;
        job
    }

    /// A request has ended.
    #[inline]
    pub(super) fn request_ended(&mut self, at: usize, started: Time, failure: Option<Failure>) {
        let latency = self.now - started;
        let source = &mut self.sources[at];
        match failure {
            None => {
                source.record.succeeded += 1;
                source.latency.record(latency);
            }
            Some(failure) => source.record.failed[failure as usize] += 1,
        }
        let begun = self.network.sources[at].arrivals == Arrivals::Begun;
        self.observer.ended(at, (!begun).then_some(latency), failure.is_none());
        if source.population.is_some() {
            let owner = u32::try_from(at).unwrap_or(u32::MAX);
            let time = self.now.saturating_add(source.pause.time());
            self.calendar.schedule(time, kind::ARRIVE, owner, 0);
        }
    }
}

/// The size of a batch.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn whole(sampler: &mut Sampler) -> u32 {
    (sampler.value() + 0.5) as u32
}

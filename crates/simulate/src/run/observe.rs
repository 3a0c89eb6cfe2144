//! Windows of observation, and a series of short buckets from which the warm-up is told and trends
//! are seen.

use crate::kernel::Time;
use crate::statistics::Coarse;

use super::cache::FLIGHT;
use super::jobs::{Role, State};
use super::meter::{SourceRecord, StationRecord};
use super::{Horizon, Run, kind};

/// What a run yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// One record per window; fewer where the run ended early.
    pub windows: Vec<Window>,
    /// The series.
    pub buckets: Vec<Bucket>,
    /// Whether it ended early: more in progress than fits, or more events than allowed.
    pub overrun: bool,
    /// Events that happened.
    pub events: u64,
}

/// What happened between two times.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// When it opened.
    pub from: Time,
    /// When it closed.
    pub to: Time,
    /// One record per source.
    pub sources: Vec<SourceRecord>,
    /// One record per station.
    pub stations: Vec<StationRecord>,
}

/// A short stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bucket {
    /// Integral of the number of jobs in progress, in nanoseconds.
    pub jobs: u128,
    /// Sum of the times of requests that ended, well or badly, in nanoseconds. What others began is
    /// part of their times already.
    pub latency: u128,
    /// How many these are.
    pub timed: u64,
    /// Per source, how many began.
    pub began: Vec<u64>,
    /// Per source, how many ended well and how many badly.
    pub ended: Vec<(u64, u64)>,
    /// How long those took that ended well, where it is kept.
    pub times: Coarse,
}

impl Window {
    /// Its length in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a nanosecond in months does not matter")]
    pub const fn seconds(&self) -> f64 {
        (self.to - self.from) as f64 / 1e9
    }

    /// Whether nothing was lost and Little's law holds exactly. If not, the simulator is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let stations = |record: &StationRecord| record.is_conserved() && record.meets_littles_law();
        self.sources.iter().all(SourceRecord::is_conserved) && self.stations.iter().all(stations)
    }
}

/// What is kept while a run goes on.
#[derive(Debug)]
pub(super) struct Observer {
    windows: Vec<Window>,
    opened: Time,
    bucket: Option<Time>,
    times: bool,
    buckets: Vec<Bucket>,
    current: Bucket,
    sources: usize,
    metered: Time,
    events: u64,
}

impl Observer {
    pub(super) fn new(horizon: &Horizon, sources: usize) -> Self {
        Self {
            windows: Vec::with_capacity(horizon.windows.len()),
            opened: 0,
            bucket: horizon.bucket,
            times: horizon.times,
            buckets: Vec::new(),
            current: Bucket::of(sources),
            sources,
            metered: 0,
            events: 0,
        }
    }

    /// Keeps the integral of the number in progress; to be called before a job
    /// comes or ends.
    #[inline]
    pub(super) fn meter(&mut self, now: Time, alive: u64) {
        if self.bucket.is_some() {
            self.current.jobs += u128::from(alive) * u128::from(now - self.metered);
            self.metered = now;
        }
    }

    /// A request began.
    #[inline]
    pub(super) fn began(&mut self, source: usize) {
        if self.bucket.is_some() {
            self.current.began[source] += 1;
        }
    }

    /// A request ended.
    #[inline]
    pub(super) fn ended(&mut self, source: usize, latency: Option<Time>, well: bool) {
        if self.bucket.is_none() {
            return;
        }
        let (good, bad) = &mut self.current.ended[source];
        *(if well { good } else { bad }) += 1;
        let Some(latency) = latency else { return };
        self.current.latency += u128::from(latency);
        self.current.timed += 1;
        if well && self.times {
            self.current.times.record(latency);
        }
    }

    pub(super) fn outcome(self, overrun: bool) -> Outcome {
        let Self { windows, buckets, events, .. } = self;
        Outcome { windows, buckets, overrun, events }
    }
}

impl Run<'_> {
    pub(super) fn close_bucket(&mut self) {
        let Some(length) = self.observer.bucket else { return };
        self.observer.meter(self.now, self.jobs.alive);
        let fresh = Bucket::of(self.observer.sources);
        let closed = std::mem::replace(&mut self.observer.current, fresh);
        self.observer.buckets.push(closed);
        self.calendar.schedule(self.now.saturating_add(length), kind::BUCKET, 0, 0);
    }

    /// Closes the window: what is inside is counted anew, which the laws of conservation are then
    /// held against.
    pub(super) fn close_window(&mut self, events: u64) {
        let now = self.now;
        let mut in_progress = vec![0u64; self.sources.len()];
        let mut inside = vec![0u64; self.stations.len()];
        for station in &mut self.stations {
            station.meter(now);
        }
        for job in self.jobs.iter() {
            if matches!(job.role, Role::Request | Role::Begun) {
                in_progress[job.source as usize] += 1;
            }
            if matches!(job.state, State::Waiting | State::Serving) {
                let at = job.station as usize;
                inside[at] += 1;
                self.stations[at].stayed(job.entered, now);
                if job.state == State::Waiting {
                    self.stations[at].delayed(job.entered, now);
                }
            }
            for hold in self.jobs.held(job).filter(|hold| hold.station & FLIGHT == 0) {
                inside[hold.station as usize] += 1;
                self.stations[hold.station as usize].stayed(hold.entered, now);
            }
        }
        let stations = self.stations.iter_mut().zip(inside);
        let stations = stations.map(|(station, after)| station.close(now, after)).collect();
        let sources = self.sources.iter_mut().zip(in_progress).map(|(source, after)| {
            source.record.after = after;
            source.record.latency = source.latency.take();
            std::mem::replace(&mut source.record, SourceRecord::new(after))
        });
        let window =
            Window { from: self.observer.opened, to: now, sources: sources.collect(), stations };
        self.observer.opened = now;
        self.observer.events = events;
        self.observer.windows.push(window);
    }
}

impl Bucket {
    fn of(sources: usize) -> Self {
        Self { began: vec![0; sources], ended: vec![(0, 0); sources], ..Self::default() }
    }
}

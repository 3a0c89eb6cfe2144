//! One replication: the events of a network in their order, from an empty start to the horizon.
//!
//! A job runs its program step by step until it has to wait. What an event sets free (a server, an
//! answer) makes other jobs ready; they are taken up in order before the next event, so that nothing
//! here recurses, however deep the calls are.

mod cache;
mod calls;
mod jobs;
mod meter;
mod observe;
mod program;
mod queue;
mod scaling;
mod sharing;
mod sources;
mod stations;
mod workers;

use std::collections::VecDeque;

pub use meter::{Failure, SourceRecord, StationRecord};
pub use observe::{Bucket, Outcome, Window};

use decide::breaker::BreakerState;

use crate::kernel::{Calendar, Event, ListId, Random, Sampler, Seed, Time, Zipf};
use crate::network::{Changed, Network};
use cache::CacheState;
use jobs::Jobs;
use observe::Observer;
use scaling::ScalingState;
use sources::SourceState;
use stations::StationState;
use workers::Workers;

/// Most jobs at once: beyond, the run ends, since it would only fill the memory.
const MOST_JOBS: u64 = 4_000_000;

/// When a run ends and what is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// Where windows of observation open and close, in rising order; the last is the end.
    pub windows: Vec<Time>,
    /// Length of a bucket of the series; none without a series.
    pub bucket: Option<Time>,
    /// Whether buckets keep how long requests took that ended well.
    pub times: bool,
    /// Most events, after which the run ends early.
    pub most_events: u64,
}

/// Kinds of events. What the owner is stands behind.
mod kind {
    /// A request comes (source).
    pub(super) const ARRIVE: u8 = 0;
    /// A service ends (job).
    pub(super) const COMPLETE: u8 = 1;
    /// The first of a shared station is done (station).
    pub(super) const SHARED: u8 = 2;
    /// A job's wait is over (job).
    pub(super) const WAKE: u8 = 3;
    /// Patience ends (job).
    pub(super) const GIVE_UP: u8 = 4;
    /// The time for an answer is over (job).
    pub(super) const TIME_OUT: u8 = 5;
    /// The next attempt (job).
    pub(super) const RETRY: u8 = 6;
    /// Something changes (index of the change).
    pub(super) const CHANGE: u8 = 7;
    /// A window closes.
    pub(super) const WINDOW: u8 = 8;
    /// A bucket of the series closes.
    pub(super) const BUCKET: u8 = 9;
    /// A look at how busy replicas are (index of the scaling).
    pub(super) const SCALE: u8 = 10;
    /// A replica has started (index of the scaling).
    pub(super) const STARTED: u8 = 11;
    /// What a worker does is over, or its time on a core (the job that stands for it).
    pub(super) const TURN: u8 = 12;
}

/// A call's timers and tokens.
#[derive(Debug)]
struct CallState {
    timeout: Option<ListId>,
    tokens: f64,
    breaker: Option<BreakerState>,
}

/// A job that takes its next step as soon as what happens now is over, or fails, unless its epoch
/// has passed by then.
#[derive(Clone, Copy, Debug)]
struct Ready {
    job: u32,
    epoch: u32,
    failure: Option<Failure>,
}

/// The state of a run.
struct Run<'n> {
    network: &'n Network,
    now: Time,
    calendar: Calendar,
    jobs: Jobs,
    stations: Vec<StationState>,
    workers: Workers,
    sources: Vec<SourceState>,
    calls: Vec<CallState>,
    samplers: Vec<Sampler>,
    caches: Vec<CacheState>,
    /// What is asked for, by the step that draws it.
    keys: Vec<(Zipf, u32)>,
    /// Next of each route that goes in turn.
    turns: Vec<u32>,
    /// Jobs that can go on, or fail.
    ready: VecDeque<Ready>,
    observer: Observer,
    scalings: Vec<ScalingState<'n>>,
}

/// Runs a network once.
#[must_use]
pub fn run(network: &Network, seed: Seed, horizon: &Horizon) -> Outcome {
    let mut run = Run::new(network, seed, horizon);
    let overrun = run.play(horizon);
    run.observer.outcome(overrun)
}

impl<'n> Run<'n> {
    fn new(network: &'n Network, seed: Seed, horizon: &Horizon) -> Self {
        let mut calendar = Calendar::default();
        let samplers = network.samplers.iter().map(|draws| {
            let random = seed.stream(&draws.name, draws.purpose);
            Sampler::new(draws.distribution.clone(), random)
        });
        let samplers = samplers.collect();
        let calls = network.calls.iter().map(|call| CallState {
            timeout: call.policy.timeout.map(|length| calendar.list(length)),
            tokens: call.policy.budget.map_or(0.0, |budget| budget.burst),
            breaker: call.policy.breaker.map(BreakerState::new),
        });
        let calls = calls.collect();
        let levels = sources::levels(network);
        let count = levels.iter().max().map_or(1, |most| usize::from(*most) + 1);
        let stations = network
            .stations
            .iter()
            .map(|station| StationState::new(station, seed, count, &mut calendar))
            .collect();
        let sources = (0u32..).zip(&network.sources).zip(levels);
        let sources = sources
            .map(|((at, source), level)| SourceState::new(network, at, source, level, seed))
            .collect();
        let mut run = Self {
            network,
            now: 0,
            calendar,
            jobs: Jobs::default(),
            stations,
            workers: Workers::new(network, seed),
            sources,
            calls,
            samplers,
            caches: network.caches.iter().map(|cache| CacheState::new(cache, seed)).collect(),
            keys: network
                .keys
                .iter()
                .map(|(of, at)| (Zipf::new(of.count, of.exponent), *at))
                .collect(),
            turns: vec![0; network.routes.len()],
            ready: VecDeque::new(),
            observer: Observer::new(horizon, network.sources.len()),
            scalings: network.scalings.iter().map(ScalingState::new).collect(),
        };
        run.begin(horizon);
        run
    }

    fn begin(&mut self, horizon: &Horizon) {
        for source in 0..self.sources.len() {
            self.open_source(source);
        }
        for (at, change) in (0u32..).zip(&self.network.changes) {
            self.calendar.schedule(change.at, kind::CHANGE, at, 0);
        }
        for &time in &horizon.windows {
            self.calendar.schedule(time, kind::WINDOW, 0, 0);
        }
        self.begin_scaling();
        if let Some(length) = horizon.bucket {
            self.calendar.schedule(length, kind::BUCKET, 0, 0);
        }
    }

    /// Plays until the last window closes; whether it had to end earlier.
    fn play(&mut self, horizon: &Horizon) -> bool {
        let mut events = 0;
        let mut open = horizon.windows.len();
        while open > 0 {
            let jobs = &self.jobs;
            let live = |event: &Event| jobs.is_current(event.owner, event.epoch);
            let Some(event) = self.calendar.next(live) else { break };
            self.now = event.time;
            events += 1;
            self.observer.meter(self.now, self.jobs.alive);
            if event.kind() == kind::WINDOW {
                self.close_window(events);
                open -= 1;
                continue;
            }
            self.handle(event);
            while let Some(Ready { job, epoch, failure }) = self.ready.pop_front() {
                match failure {
                    _ if !self.jobs.is_current(job, epoch) => {}
                    None => self.advance(job),
                    Some(failure) => self.fail(job, failure),
                }
            }
            if events >= horizon.most_events || self.jobs.alive > MOST_JOBS {
                self.close_window(events);
                return true;
            }
        }
        false
    }

    #[inline]
    fn handle(&mut self, event: Event) {
        let owner = event.owner;
        match event.kind() {
            kind::ARRIVE => self.arrive_from(owner as usize),
            kind::SHARED => self.finish_shared(owner, event.epoch),
            kind::CHANGE => self.change(owner as usize),
            kind::BUCKET => self.close_bucket(),
            kind::SCALE => self.scale(owner),
            kind::STARTED => self.started(owner),
            _ if !self.jobs.is_current(owner, event.epoch) => {}
            kind::COMPLETE => self.complete(owner),
            kind::WAKE => self.step_on(owner),
            kind::GIVE_UP => self.give_up(owner),
            kind::TIME_OUT => self.time_out(owner),
            kind::TURN => self.worker_turn(owner),
            _ => self.attempt(owner),
        }
    }

    fn change(&mut self, at: usize) {
        let Some(change) = self.network.changes.get(at) else { return };
        match change.what {
            // Sources look ahead by themselves.
            Changed::Rate { .. } => {}
            Changed::Servers { station, servers } => self.set_servers(station, servers),
            Changed::Slowness { station, factor } => self.set_slowness(station, factor),
            Changed::Failures { station, share } => {
                self.stations[station as usize].failures = share;
            }
            Changed::Closed { station, closed } => {
                let now = self.now;
                let station = &mut self.stations[station as usize];
                station.meter(now);
                station.closed = closed;
            }
        }
    }
}

/// A stream that is drawn from without a distribution.
fn stream(seed: Seed, name: &str, purpose: &str) -> Random {
    seed.stream(name, purpose)
}

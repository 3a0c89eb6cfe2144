//! What is simulated, as plain data: stations where work waits and is served, sources of requests,
//! and the program that a request runs. A file or a design is compiled into this; the simulation
//! knows nothing else.

mod build;
mod cache;

pub use build::{Builder, CacheId, END, Label, SourceId, StationId};
pub(crate) use cache::seconds;
pub use cache::{Before, Cache, Keys};
pub use decide::breaker::{Breaker, Opening};

use crate::kernel::{Distribution, Time};

/// Everything that is simulated. Indices in it are valid: a [`Builder`] makes sure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    pub(crate) stations: Vec<Station>,
    pub(crate) sources: Vec<Source>,
    pub(crate) steps: Vec<Step>,
    pub(crate) calls: Vec<Call>,
    pub(crate) routes: Vec<Route>,
    pub(crate) samplers: Vec<Draws>,
    pub(crate) caches: Vec<Cache>,
    /// What is asked for, with the sampler whose stream draws it.
    pub(crate) keys: Vec<(Keys, u32)>,
    pub(crate) changes: Vec<Change>,
    pub(crate) scalings: Vec<Scaling>,
}

/// A named random quantity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draws {
    /// Whose it is, for example the station's name.
    pub(crate) name: String,
    /// What it is for, for example `service`.
    pub(crate) purpose: &'static str,
    pub(crate) distribution: Distribution,
}

/// In which order those who wait are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Discipline {
    /// First come, first served.
    #[default]
    Fcfs,
    /// Last come, first served, without interruption.
    Lifo,
    /// The least priority number first, without interruption; first come within one.
    Priority,
    /// Processor sharing: all are served at once, each at the speed of a server as long as there
    /// are enough, and at an even share of all servers beyond.
    Sharing,
}

/// Where work waits and is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// Its name: what its random numbers are seeded by.
    pub name: String,
    /// Servers; none means that nobody ever waits.
    pub servers: Option<u32>,
    /// Most inside, waiting and in service; who finds it full is turned away.
    pub capacity: Option<u32>,
    /// Who is next.
    pub discipline: Discipline,
    /// How long one who waits stays before giving up.
    pub patience: Option<Distribution>,
    /// Share of services that end in a failure.
    pub failures: f64,
    /// Whether one whose caller has stopped waiting is dropped when its turn comes.
    pub drop_expired: bool,
    /// What a server that was idle needs before the service of whoever finds it so, in nanoseconds:
    /// a thread is woken, a cache is cold. Who is served after waiting pays nothing, and neither
    /// does who keeps a server. Of servers that others need to work it is what one that was free
    /// needs more.
    pub setup: Option<Distribution>,
    /// What a server goes on doing when nobody waits any more, before it is idle, in nanoseconds: it
    /// looks for more and goes to sleep. Who comes meanwhile waits for its end, and needs no set-up.
    pub rest: Option<Distribution>,
    /// Whether what is served together ends together.
    pub group: Option<Group>,
    /// The station whose servers its own need to work, as threads need cores. They keep one for as
    /// long as somebody waits for them, or for its [`Station::slice`].
    pub cores: Option<StationId>,
    /// Whether a request is bound to the server that is woken for it, as it is to the process behind
    /// its connection; else whoever is awake takes up who is next.
    pub bound: bool,
    /// For how long who works on a server of this station may keep it while others wait for one, in
    /// nanoseconds: then it goes to the end of their line. Without bound where there is none.
    pub slice: Option<Time>,
}

/// Requests that end together: a server takes up whoever waits, one after the other, and they are
/// all done when what follows them is, as rows that are written and committed with one flush.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Most in one.
    pub most: u32,
    /// What follows them, in nanoseconds; it keeps the server, and no core.
    pub commit: Distribution,
}

impl Station {
    /// A station of one server, first come, first served, without bounds.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            servers: Some(1),
            capacity: None,
            discipline: Discipline::Fcfs,
            patience: None,
            failures: 0.0,
            drop_expired: false,
            setup: None,
            rest: None,
            group: None,
            cores: None,
            bound: false,
            slice: None,
        }
    }

    /// Whether its servers are told apart from each other: workers that sleep and are woken.
    pub(crate) const fn has_workers(&self) -> bool {
        self.rest.is_some() || self.group.is_some() || self.cores.is_some()
    }
}

/// Stations of which more or fewer are there as they are busy: those that are spare are passed by
/// where the way goes in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// The stations, by number; the first of them serve.
    pub(crate) stations: Vec<u32>,
    /// How many serve when the run begins.
    pub at_first: u32,
    /// The fewest that serve.
    pub least: u32,
    /// Share of their servers that is to be busy.
    pub target: f64,
    /// How far from the target, as a share of it, nothing is done.
    pub tolerance: f64,
    /// Time between two looks, in nanoseconds.
    pub interval: Time,
    /// Until one that was asked for serves.
    pub start: Time,
    /// For how long fewer must be enough before there are fewer.
    pub calm: Time,
    /// How many are added within a period, as a share of those that are there.
    pub growth: f64,
    /// That period.
    pub growth_period: Time,
    /// How many are removed within a period, as a share; one at the least.
    pub shrink: f64,
    /// That period.
    pub shrink_period: Time,
}

impl Scaling {
    /// The most that serve.
    #[must_use]
    pub(crate) fn most(&self) -> u32 {
        u32::try_from(self.stations.len()).unwrap_or(u32::MAX)
    }
}

/// Where requests come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// When they come.
    pub arrivals: Arrivals,
    /// Served before those with a greater number, at stations that heed it.
    pub priority: u8,
    /// First step of its requests' program.
    pub(crate) entry: u32,
}

/// When requests come.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Whatever happens to earlier ones.
    Open {
        /// Time from one to the next, in nanoseconds.
        between: Distribution,
        /// How many come at once.
        batch: Distribution,
    },
    /// From clients who think, ask, and wait for the answer.
    Closed {
        /// Clients.
        population: u32,
        /// Time between an answer and the next request, in nanoseconds.
        think: Distribution,
    },
    /// When requests of others begin them ([`Builder::begin`]): their time counts from the beginning
    /// of those.
    Begun,
}

/// One step of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Wait for a server, be served, and leave.
    Serve { station: u32, sampler: u32 },
    /// Wait for a server and keep it.
    Enter { station: u32 },
    /// Give back the server that was entered last.
    Leave,
    /// Let time pass.
    Pass { sampler: u32 },
    /// Ask others and wait for their answers.
    Call { call: u32 },
    /// Go on at one of several steps.
    Route { route: u32 },
    /// Go on elsewhere.
    Jump { to: u32 },
    /// Draw what is asked of caches from here on.
    Key { keys: u32 },
    /// Go on elsewhere if the answer is in a cache; fetch it otherwise, or wait for who does.
    Look { cache: u32, found: u32 },
    /// Keep the answer that was fetched.
    Keep { cache: u32 },
    /// Fail with the probability of the station (after a service that was held).
    Risk { station: u32 },
    /// Tell whoever asked that it is accepted, and goes on.
    Accept,
    /// The end, well done.
    Succeed,
}

/// Asking others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// First steps of what is asked; all at once, and all must answer.
    pub(crate) targets: Vec<u32>,
    pub(crate) policy: Policy,
    /// Where the job goes on when no attempt went well; it fails where there is no such place.
    pub(crate) otherwise: Option<u32>,
    /// The source as whose requests its targets run. They are not stopped when nobody waits for them
    /// any more.
    pub(crate) begins: Option<u32>,
    /// Stream of the jitter.
    pub(crate) jitter: u32,
}

/// How a call deals with answers that are late or bad.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Policy {
    /// How long one attempt may take, in nanoseconds.
    pub timeout: Option<Time>,
    /// Whether that counts from when the job itself began, and not from the attempt.
    pub from_start: bool,
    /// Share of the time until nobody waits for the job any more that one attempt may take; after
    /// that there is none.
    pub share_left: Option<f64>,
    /// Whether what an attempt that ran out of time has set in motion stops with it. Otherwise it
    /// goes on, and nobody waits for it.
    pub cancel: bool,
    /// Most attempts after the first.
    pub retries: u32,
    /// Wait before the first retry, in nanoseconds; it doubles with every further one.
    pub backoff: Time,
    /// Greatest wait between retries, in nanoseconds.
    pub longest_backoff: Time,
    /// Whether the wait is drawn between zero and its length (full jitter).
    pub jitter: bool,
    /// Share of its length that is waited in any case, where it is drawn.
    pub least: f64,
    /// Whether a job that gets no answer is put back until somebody looks for what is due.
    pub put_back: Option<PutBack>,
    /// Whether it is not tried again where it may have been done: after anything but being turned
    /// away, or not having had its turn.
    pub once: bool,
    /// Or: the wait before each retry, in nanoseconds, as it is drawn.
    pub again: Option<Distribution>,
    /// Bound on the share of retries.
    pub budget: Option<Budget>,
    /// When it is not made at all.
    pub breaker: Option<Breaker>,
}

/// Work that is put back where it gets no answer: whoever waits for it is told that it goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PutBack {
    /// Attempts one after the other; one alone once nobody waits any more.
    pub tries: u32,
    /// Time between two looks for what is due, in nanoseconds: who is put back waits for the next.
    pub look: Time,
}

/// A bucket of tokens: a call adds a share of one, a retry takes one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Tokens that a call adds.
    pub share: f64,
    /// Most tokens, with which it starts.
    pub burst: f64,
}

/// One of several ways.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Route {
    /// By chance: cumulative shares with steps; the last share is one.
    Shares { ways: Vec<(f64, u32)>, stream: u32 },
    /// In turn, past stations that are closed: the station, if it depends on one, and the way.
    Turns(Vec<(Option<u32>, u32)>),
    /// The station with the fewest inside, the first of equals.
    Shortest(Vec<(u32, u32)>),
}

impl Route {
    /// The steps to which it may lead.
    pub(crate) fn ways(&self) -> Vec<u32> {
        match self {
            Self::Shares { ways, .. } => ways.iter().map(|(_, way)| *way).collect(),
            Self::Turns(ways) => ways.iter().map(|(_, way)| *way).collect(),
            Self::Shortest(ways) => ways.iter().map(|(_, way)| *way).collect(),
        }
    }
}

/// Something that changes while the run goes on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) at: Time,
    pub(crate) what: Changed,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Changed {
    /// Arrivals become so many times the stated rate.
    Rate { source: u32, factor: f64 },
    /// A station has so many servers; those at work finish.
    Servers { station: u32, servers: Option<u32> },
    /// Services that start take so many times as long.
    Slowness { station: u32, factor: f64 },
    /// So large a share of services fails.
    Failures { station: u32, share: f64 },
    /// Whether ways in turn pass the station by.
    Closed { station: u32, closed: bool },
}

impl Network {
    /// The stations.
    #[must_use]
    pub fn stations(&self) -> &[Station] {
        &self.stations
    }

    /// The sources.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// When something changes, in rising order without repetition. What is so from the start on is
    /// no change.
    #[must_use]
    pub fn change_times(&self) -> Vec<Time> {
        let changes = self.changes.iter().filter(|change| change.at > 0);
        let mut times: Vec<Time> = changes.map(|change| change.at).collect();
        times.sort_unstable();
        times.dedup();
        times
    }
}

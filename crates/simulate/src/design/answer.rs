//! What a simulation says about a design: how long each operation takes against its objective, what
//! is busy, what gives way first.

use base::Percentile;

use super::{Compiled, Edge, Kind, Part, Resource, Simulated, Used};
use crate::experiment::{QUANTILES, Report, SourceReport, StationReport, Steadiness, WindowReport};
use crate::network::StationId;
use crate::run::Failure;
use crate::statistics::Estimate;

use super::backlog::Backlog;

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// It is kept, and the whole interval says so.
    Kept,
    /// It is broken, and the whole interval says so.
    Broken,
    /// The interval holds both.
    Unsure,
    /// Too few requests to tell.
    TooRare,
    /// There is no steady state that would say so.
    NotSteady,
}

impl Promise {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Unsure => "unsure",
            Self::TooRare => "too-rare",
            Self::NotSteady => "not-steady",
        }
    }

    fn below(estimate: Option<Estimate>, bound: f64) -> Self {
        let Some(estimate) = estimate else { return Self::TooRare };
        let half = estimate.half_width(0.95);
        match () {
            () if estimate.value + half <= bound => Self::Kept,
            () if estimate.value - half > bound => Self::Broken,
            () => Self::Unsure,
        }
    }
}

/// What became of an operation in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationAnswer {
    /// As verdicts call it.
    pub name: String,
    /// Requests a second that began.
    pub offered: Estimate,
    /// Requests a second that ended well.
    pub goodput: Estimate,
    /// Share that failed.
    pub failed: Estimate,
    /// Why they failed, the most frequent first; nothing that did not happen.
    pub failures: Vec<(Failure, f64)>,
    /// Share of those that ended well of whom was told no more than that it goes on (202).
    pub accepted: Estimate,
    /// What is left to be done, of calls that go on when nobody waits for them any more.
    pub backlog: Option<Backlog>,
    /// Attempts of clients for each request, or attempts at such a call; none of a flow.
    pub attempts: Option<Estimate>,
    /// Time of requests that ended well, in seconds: [`QUANTILES`], each none where too few lie
    /// beyond it.
    pub quantiles: Vec<Option<Estimate>>,
    /// Each stated percentile: its share, its bound in seconds, and what became of it.
    pub latency: Vec<(f64, f64, Promise)>,
    /// Share that was to be answered well, and what became of it.
    pub availability: (f64, Promise),
    /// What people add up by hand: the p99 of everything one after the other, waits included, in
    /// seconds. None where something changes: what takes longer then is no number of the design.
    pub sum_of_p99: Option<f64>,
}

/// What became of a resource in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceAnswer {
    /// Its name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Servers in all.
    pub servers: Option<u32>,
    /// Share that is busy; none where nobody waits.
    pub utilisation: Option<f64>,
    /// Half of the interval of that share.
    pub half_width: f64,
    /// Mean number that waits.
    pub waiting: f64,
    /// How many wait for the servers of one replica at the most, in 99 of 100 moments; none where
    /// more are inside than are counted one by one.
    pub deepest: Option<u32>,
    /// Share of arrivals that are turned away.
    pub rejected: f64,
    /// How many times as much could come until it has no more room for chance.
    pub room: Option<f64>,
}

/// Share from which a resource is busy all the time: how much more comes than it serves is not told
/// by it.
const FULL: f64 = 0.99;

impl ResourceAnswer {
    /// Whether it has no time left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.utilisation.is_some_and(|used| used >= FULL)
    }
}

/// A stretch of time in which nothing changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// From when, in seconds after the warm-up.
    pub from: f64,
    /// Until when.
    pub to: f64,
    /// Operations, in order.
    pub operations: Vec<OperationAnswer>,
    /// Resources, the busiest first.
    pub resources: Vec<ResourceAnswer>,
}

impl Phase {
    /// What gives way first as load grows, and what then.
    pub fn bottlenecks(&self) -> impl Iterator<Item = &ResourceAnswer> {
        let bounds = |of: &&ResourceAnswer| of.kind != Kind::Gate && of.room.is_some();
        self.resources.iter().filter(bounds).take(2)
    }

    /// Whether every promise is kept, as far as there were enough requests to tell.
    #[must_use]
    pub fn keeps_promises(&self) -> bool {
        let broken = |of: &OperationAnswer| {
            of.availability.1 == Promise::Broken
                || of.latency.iter().any(|(.., promise)| *promise == Promise::Broken)
        };
        !self.operations.iter().any(broken)
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The seed: the same design, question and seed give the same answer.
    pub seed: u64,
    /// Independent replications.
    pub replications: u32,
    /// Events of all of them.
    pub events: u64,
    /// What was left out at the start of each, in seconds.
    pub warm_up: f64,
    /// Whether there is a steady state.
    pub steadiness: Steadiness,
    /// Whether every latency is as precise as was asked for.
    pub precise: Option<bool>,
    /// One where nothing changes, else one between changes.
    pub phases: Vec<Phase>,
    /// EUR a month, as `capacity` has it.
    pub cost: f64,
    /// What a network of caches answers before it gets here.
    pub edge: Vec<Edge>,
    /// The times that requests are drawn with, and where they come from.
    pub times: Vec<Used>,
    /// What is not in the network.
    pub left_out: Vec<String>,
}

impl Answer {
    /// Whether the design bears what comes: there is a steady state, or it is looked at from change
    /// to change, and no promise is broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.steadiness.is_meaningful() && self.phases.iter().all(Phase::keeps_promises)
    }
}

/// Reads a report as an answer about a design.
#[must_use]
pub fn answer(compiled: &Compiled, report: &Report, cost: f64) -> Answer {
    let phase = |window: &WindowReport| phase(compiled, window, report);
    Answer {
        seed: report.seed,
        replications: report.replications,
        events: report.events,
        warm_up: seconds(report.warm_up),
        steadiness: report.steadiness.clone(),
        precise: report.precise,
        phases: report.windows.iter().map(phase).collect(),
        cost,
        edge: compiled.edge.clone(),
        times: compiled.times.clone(),
        left_out: compiled.left_out.clone(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a nanosecond in months does not matter")]
fn seconds(time: u64) -> f64 {
    time as f64 / 1e9
}

fn phase(compiled: &Compiled, window: &WindowReport, report: &Report) -> Phase {
    let (warm_up, replications) = (report.warm_up, report.replications);
    let pairs = (0..).zip(&compiled.operations).zip(&window.sources);
    let mut resources: Vec<ResourceAnswer> = compiled
        .resources
        .iter()
        .map(|of| resource(of, &window.stations, (compiled.reached, compiled.turned_away)))
        .collect();
    resources.sort_by(|a, b| {
        let (a, b) = (a.utilisation.unwrap_or(-1.0), b.utilisation.unwrap_or(-1.0));
        b.total_cmp(&a)
    });
    let watched = seconds(window.to - window.from) * f64::from(replications);
    Phase {
        from: seconds(window.from.saturating_sub(warm_up)),
        to: seconds(window.to.saturating_sub(warm_up)),
        operations: pairs
            .map(|((at, of), source)| {
                let sum_of_p99 = (report.steadiness == Steadiness::Steady)
                    .then(|| of.parts.iter().map(|part| p99(part, &window.stations)).sum());
                let backlog = of.begun.then(|| Backlog::of(at, source, window, report));
                let seen = operation(of, source, watched);
                let answer = OperationAnswer { sum_of_p99, backlog, ..seen };
                if report.steadiness.is_meaningful() { answer } else { unsteady(answer) }
            })
            .collect(),
        resources,
    }
}

fn operation(of: &Simulated, source: &SourceReport, seconds: f64) -> OperationAnswer {
    let failed = total(&source.failed);
    let mut failures: Vec<(Failure, f64)> = source
        .failed
        .iter()
        .map(|(failure, share)| (*failure, share.value))
        .filter(|(_, share)| *share > 0.0)
        .collect();
    failures.sort_by(|a, b| b.1.total_cmp(&a.1));
    let latency = of.objective.0.iter().map(|(Percentile(share), time)| {
        let bound = time.as_secs_f64();
        let known = QUANTILES.iter().position(|quantile| (quantile - share).abs() < 1e-9);
        let estimate = known.and_then(|at| source.quantiles.get(at).copied().flatten());
        (*share, bound, Promise::below(estimate, bound))
    });
    let kept = promised(failed, 1.0 - of.availability, source.offered.value * seconds);
    OperationAnswer {
        name: of.name.clone(),
        offered: source.offered,
        goodput: source.goodput,
        failed,
        failures,
        accepted: source.accepted,
        backlog: None,
        attempts: source.attempts.filter(|_| of.clients || of.begun),
        quantiles: source.quantiles.clone(),
        latency: latency.collect(),
        availability: (of.availability, kept),
        sum_of_p99: None,
    }
}

/// Where there is no steady state no percentile describes anything, and no promise is kept or broken.
fn unsteady(mut answer: OperationAnswer) -> OperationAnswer {
    answer.quantiles.iter_mut().for_each(|quantile| *quantile = None);
    answer.latency.iter_mut().for_each(|(.., promise)| *promise = Promise::NotSteady);
    answer.availability.1 = Promise::NotSteady;
    answer
}

/// p99 of a part: of its own time, and of the waits at the stations that are alike.
fn p99(part: &Part, stations: &[StationReport]) -> f64 {
    let at = QUANTILES.iter().position(|share| *share == 0.99).unwrap_or_default();
    let wait = |id: &StationId| stations.get(id.index())?.wait_quantiles.get(at).copied().flatten();
    let (sum, count) = part
        .waits
        .iter()
        .filter_map(wait)
        .fold((0.0, 0.0), |(sum, count), of: Estimate| (sum + of.value, count + 1.0));
    let wait = if count > 0.0 { sum / count } else { 0.0 };
    part.times * (part.own + wait)
}

/// What became of a bound on the share of failures. Where there are few requests, that none failed
/// says little: with 95 % confidence at most three in their number do (the rule of three).
fn promised(failed: Estimate, bound: f64, requests: f64) -> Promise {
    match Promise::below(Some(failed), bound) {
        Promise::Kept if requests * bound < 3.0 => Promise::TooRare,
        promise => promise,
    }
}

/// The sum of shares; its error as if they rose and fell together, which is the worst case.
fn total(shares: &[(Failure, Estimate)]) -> Estimate {
    let replications = shares.first().map_or(0, |(_, of)| of.replications);
    let value = shares.iter().map(|(_, of)| of.value).sum();
    let error = shares.iter().map(|(_, of)| of.error).filter(|error| error.is_finite()).sum();
    Estimate { value, error, replications }
}

fn resource(of: &Resource, stations: &[StationReport], bounds: (f64, f64)) -> ResourceAnswer {
    let (reached, turned_away) = bounds;
    let own: Vec<&StationReport> =
        of.stations.iter().filter_map(|station| stations.get(station.index())).collect();
    // Replicas that never served in this window have no utilisation, or nobody asked them.
    let asked = matches!(of.kind, Kind::Pool | Kind::Gate | Kind::Threads);
    let there = |of: &&StationReport| match asked {
        true => of.arrivals.value > 0.0,
        false => of.servers_were_there(),
    };
    let own: Vec<&StationReport> =
        if own.iter().any(there) { own.into_iter().filter(there).collect() } else { own };
    let count = own.iter().fold(0.0, |count, _| count + 1.0_f64).max(1.0);
    let mean =
        |value: fn(&StationReport) -> f64| own.iter().map(|of| value(of)).sum::<f64>() / count;
    let busy = own.iter().any(|of| of.utilisation.is_some());
    let utilisation = busy.then(|| mean(|of| of.utilisation.map_or(0.0, |of| of.value)));
    let half_width = mean(|of| of.utilisation.map_or(0.0, |of| of.half_width(0.95)));
    let stations = u32::try_from(own.len()).unwrap_or(u32::MAX);
    ResourceAnswer {
        name: of.name.clone(),
        kind: of.kind,
        servers: of.servers.map(|servers| servers.saturating_mul(stations)),
        utilisation,
        half_width,
        waiting: own.iter().map(|of| of.waiting.value).sum(),
        deepest: of.servers.and_then(|servers| depth(&own, servers)),
        rejected: mean(|of| of.rejected.value),
        room: utilisation.filter(|share| *share > 0.0).map(|share| match (of.kind, of.servers) {
            (Kind::Bulkhead, Some(servers)) => {
                bearable(servers, turned_away) / offered(share, servers)
            }
            _ => reached / share,
        }),
    }
}

/// Share of the time for which a queue is no deeper.
const MOMENTS: f64 = 0.99;

/// How many wait at one of the stations that are alike, for nearly all of the time.
fn depth(stations: &[&StationReport], servers: u32) -> Option<u32> {
    let longest = stations.iter().map(|of| of.numbers.len()).max()?;
    let all: f64 = stations.iter().flat_map(|of| &of.numbers).sum();
    let mut time = 0.0;
    // The last number stands for all that are more.
    for (inside, at) in (0u32..).zip(0..longest.saturating_sub(1)) {
        time += stations.iter().filter_map(|of| of.numbers.get(at)).sum::<f64>();
        if all > 0.0 && time >= MOMENTS * all {
            return Some(inside.saturating_sub(servers));
        }
    }
    None
}

/// Halvings in search of a load.
const HALVINGS: u32 = 40;

/// The load, in calls under way at once, at which so many places turn that share away: nobody waits
/// for a place, so few are full long before they are all busy (Erlang B).
fn bearable(servers: u32, turned_away: f64) -> f64 {
    load_where(servers, |load| queueing::erlang_b(load, servers) <= turned_away)
}

/// The load of which so many places are busy for this share of the time.
fn offered(share: f64, servers: u32) -> f64 {
    let busy = share * f64::from(servers);
    load_where(servers, |load| load * (1.0 - queueing::erlang_b(load, servers)) <= busy)
}

/// The greatest load, up to a hundred times the places, for which something holds.
fn load_where(servers: u32, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 100.0 * f64::from(servers.max(1)));
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        *(if holds(middle) { &mut low } else { &mut high }) = middle;
    }
    f64::midpoint(low, high)
}

//! An experiment: as many replications as the wanted precision takes, each long enough, without the
//! part in which the empty start shows.

mod collect;
mod paired;
mod precision;
mod replicate;
mod report;
mod samples;
mod tails;

pub use paired::simulate_pair;
pub use report::{Point, QUANTILES, Report, SourceReport, StationReport, Steadiness, WindowReport};
pub use samples::{Samples, SourceSamples, difference};

use crate::kernel::{Seed, Time};
use crate::network::Network;
use crate::run::{Horizon, run};
use crate::statistics::{growth, warm_up};
use collect::Collected;
use replicate::replicate;

/// How an experiment is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What all random numbers come from.
    pub seed: u64,
    /// Replications to begin with; at least two, so that there are intervals.
    pub replications: u32,
    /// Most replications.
    pub most_replications: u32,
    /// Relative half-width of the 95 % intervals of mean and p95 latency to reach, as a mean over
    /// requests; none to be content with the first replications.
    pub precision: Option<f64>,
    /// Precision is asked of the first so many sources; of all where nothing is said.
    pub decisive: Option<usize>,
    /// Length of what is observed of one replication; none to let the number of events decide.
    pub duration: Option<Time>,
    /// What to leave out at the start; none to find out.
    pub warm_up: Option<Time>,
    /// Events of one replication where nobody says how long to watch.
    pub usual_events: u64,
    /// Most events of one replication.
    pub most_events: u64,
    /// Threads that replicate. The result does not depend on it.
    pub threads: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            replications: 8,
            most_replications: 64,
            precision: None,
            decisive: None,
            duration: None,
            warm_up: None,
            usual_events: 400_000,
            most_events: 1 << 32,
            threads: 1,
        }
    }
}

/// What is told while an experiment goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Replications that are done.
    pub done: u32,
    /// Replications that are wanted, as far as is known.
    pub wanted: u32,
    /// Events of the replications that are done.
    pub events: u64,
}

/// The simulator broke a law that it must keep: a bug, never a property of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsound {
    /// The replication in which it happened.
    pub replication: u32,
}

impl std::fmt::Display for Unsound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let replication = self.replication;
        write!(f, "replication {replication} lost a request or broke Little's law")
    }
}

impl std::error::Error for Unsound {}

/// Buckets of the series.
const BUCKETS: u64 = 1000;
/// What is left out at first where nobody says: one part in so many of what is observed.
const WARM_UP_PART: u64 = 10;
/// The share of a station's servers from which on it may be what makes requests pile up.
const FULL: f64 = 0.9;
/// How often the time is stretched before a run counts as unsettled, or as growing where no station
/// is full.
const STRETCHES: u32 = 3;
/// By how much it is stretched.
const STRETCH: u64 = 4;

/// Simulates a network.
///
/// # Errors
/// [`Unsound`] where the simulator lost a request or broke Little's law.
pub fn simulate(
    network: &Network,
    plan: &Plan,
    mut progress: impl FnMut(Progress),
) -> Result<Report, Unsound> {
    let changes = network.change_times();
    let (plan, end) = (&bounded(plan), changes.last().copied());
    if let Some(last) = end {
        let duration = plan.duration.unwrap_or_else(|| last.saturating_mul(2).max(1));
        let mut windows: Vec<Time> = changes.into_iter().filter(|at| *at < duration).collect();
        windows.push(duration);
        let experiment = Experiment { network, plan, windows, warm_up: 0, steady: false };
        let collected = experiment.collect(&mut progress)?;
        return Ok(experiment.report(&collected, Steadiness::Changing));
    }
    let mut duration = plan.duration.unwrap_or_else(|| natural_duration(network, plan));
    let mut leave_out = plan.warm_up.unwrap_or(duration / WARM_UP_PART);
    let mut stretches = 0;
    // Once it is known for how long the start shows: what is watched after it at first.
    let mut first = None;
    loop {
        let windows = precision::batches(leave_out, duration, first);
        let experiment = Experiment { network, plan, windows, warm_up: leave_out, steady: true };
        let collected = experiment.collect(&mut progress)?;
        let steadiness = experiment.steadiness(&collected);
        let needed = match first {
            None => experiment.needed_warm_up(&collected),
            Some(_) => Some(leave_out),
        };
        let stretches_left = stretches < STRETCHES && plan.duration.is_none();
        match needed {
            // Where nothing is full, what grows may be what takes longer than was watched.
            _ if matches!(steadiness, Steadiness::Growing(_))
                && stretches_left
                && !experiment.is_full(&collected) =>
            {
                stretches += 1;
                duration = duration.saturating_mul(STRETCH);
                leave_out = plan.warm_up.unwrap_or(duration / WARM_UP_PART);
            }
            _ if matches!(steadiness, Steadiness::Overrun | Steadiness::Growing(_)) => {
                return Ok(experiment.report(&collected, steadiness));
            }
            Some(needed) if needed <= leave_out => {
                let longer = experiment.longer(&collected, duration, first);
                first = first.or(Some(duration));
                match longer {
                    Some(longer) => duration = longer,
                    None => return Ok(experiment.report(&collected, steadiness)),
                }
            }
            Some(needed) => leave_out = needed,
            None if stretches_left => {
                stretches += 1;
                duration = duration.saturating_mul(STRETCH);
                leave_out = plan.warm_up.unwrap_or(duration / WARM_UP_PART);
            }
            None => return Ok(experiment.report(&collected, Steadiness::Unsettled)),
        }
    }
}

/// A plan with at least two replications.
fn bounded(plan: &Plan) -> Plan {
    let replications = plan.replications.max(2);
    Plan {
        replications,
        most_replications: plan.most_replications.max(replications),
        ..plan.clone()
    }
}

/// How long it takes until the usual number of events have happened.
fn natural_duration(network: &Network, plan: &Plan) -> Time {
    // A stream of its own: the replications do not know of it.
    let seed = Seed { seed: plan.seed, replication: u32::MAX };
    let horizon = Horizon {
        windows: vec![Time::MAX],
        bucket: None,
        times: false,
        most_events: plan.usual_events,
    };
    let outcome = run(network, seed, &horizon);
    outcome.windows.last().map_or(1, |window| two_digits(window.to.clamp(1, Time::MAX / 8)))
}

/// A length of time that can be read out.
const fn two_digits(time: Time) -> Time {
    let mut unit = 1;
    while time / unit >= 100 {
        unit *= 10;
    }
    time / unit * unit
}

struct Experiment<'n> {
    network: &'n Network,
    plan: &'n Plan,
    windows: Vec<Time>,
    warm_up: Time,
    /// Whether nothing changes: the first window is the warm-up, and the others are batches.
    steady: bool,
}

impl Experiment<'_> {
    /// Length of a bucket of the series.
    fn bucket(&self) -> Time {
        let end = self.windows.last().copied().unwrap_or(0);
        (end / BUCKETS).max(1)
    }

    /// Which window is the first to report.
    fn first(&self) -> usize {
        usize::from(self.steady)
    }

    fn collect(&self, progress: &mut impl FnMut(Progress)) -> Result<Collected, Unsound> {
        let bucket = Some(self.bucket());
        let most_events = self.plan.most_events;
        let mut windows = self.windows.clone();
        windows.dedup();
        let horizon = Horizon { windows, bucket, times: !self.steady, most_events };
        let mut collected = Collected::default();
        collected.steady = self.steady;
        collected.decisive = self.plan.decisive;
        let mut wanted = self.plan.replications;
        while collected.replications < wanted {
            let numbers = collected.replications..wanted;
            let (seed, threads) = (self.plan.seed, self.plan.threads);
            replicate(self.network, seed, numbers, &horizon, threads, |outcome| {
                collected.add(outcome, bucket);
                let (done, events) = (collected.replications, collected.events);
                progress(Progress { done, wanted, events });
            });
            if let Some(replication) = collected.unsound {
                return Err(Unsound { replication });
            }
            wanted = self.wanted(&collected);
        }
        Ok(collected)
    }

    /// How many replications the wanted precision takes, as far as those that are done tell; never
    /// more than twice as many at a time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    fn wanted(&self, collected: &Collected) -> u32 {
        let done = collected.replications;
        // Where the length is open, replications become longer instead of more.
        let more = !collected.overrun && (!self.steady || self.plan.duration.is_some());
        let Some(precision) = self.plan.precision.filter(|_| more) else { return done };
        let windows = collected.windows(self.first(), self.network);
        let width = precision::width(&windows, self.plan.decisive);
        if width <= precision || done >= self.plan.most_replications {
            return done;
        }
        let needed = (f64::from(done) * precision::times(width, precision)).ceil() as u32;
        needed.clamp(done + 1, done.saturating_mul(2)).min(self.plan.most_replications)
    }

    fn steadiness(&self, collected: &Collected) -> Steadiness {
        if collected.overrun {
            return Steadiness::Overrun;
        }
        let skipped = usize::try_from(self.warm_up / self.bucket()).unwrap_or(usize::MAX);
        let rest = collected.jobs.iter().map(|jobs| jobs.iter().copied().skip(skipped).collect());
        let rest: Vec<Vec<f64>> = rest.collect();
        if growth(&rest).is_none() {
            return Steadiness::Steady;
        }
        Steadiness::Growing(self.growth_per_second(&rest))
    }

    /// Whether some station has hardly a server that is free.
    fn is_full(&self, collected: &Collected) -> bool {
        let windows = collected.windows(self.first(), self.network);
        let stations = windows.iter().flat_map(|window| &window.stations);
        stations.filter_map(|of| of.utilisation.as_ref()).any(|used| used.value > FULL)
    }

    /// More jobs in progress per second, between the first and the last tenth of the series.
    #[expect(clippy::cast_precision_loss, reason = "lengths of series")]
    fn growth_per_second(&self, series: &[Vec<f64>]) -> f64 {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let of = |values: &Vec<f64>| {
            let tenth = (values.len() / 10).max(1).min(values.len());
            let rise = mean(&values[values.len() - tenth..]) - mean(&values[..tenth]);
            let between = (values.len() - tenth).max(1) as f64;
            rise / (between * self.bucket() as f64 / 1e9)
        };
        mean(&series.iter().map(of).collect::<Vec<f64>>())
    }

    /// What must be left out at the start, by the number in progress and by the latency, each
    /// averaged over the replications; none where that is more than half.
    fn needed_warm_up(&self, collected: &Collected) -> Option<Time> {
        if let Some(warm_up) = self.plan.warm_up {
            return Some(warm_up);
        }
        let jobs: Vec<f64> = collected.series().iter().map(|point| point.jobs).collect();
        let cut = warm_up(&jobs)?.max(warm_up(&collected.latencies())?);
        Some(self.bucket().saturating_mul(cut as u64))
    }

    fn report(&self, collected: &Collected, steadiness: Steadiness) -> Report {
        let windows = collected.windows(self.first(), self.network);
        let changing = steadiness == Steadiness::Changing;
        Report {
            seed: self.plan.seed,
            replications: collected.replications,
            events: collected.events,
            warm_up: self.warm_up,
            precise: precision::reached(self.plan, &windows),
            steadiness,
            windows,
            series: if changing { collected.series() } else { Vec::new() },
        }
    }
}

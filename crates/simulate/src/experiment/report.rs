//! What a simulation says.

use crate::kernel::Time;
use crate::run::Failure;
use crate::statistics::Estimate;

use super::samples::{Samples, SourceSamples};

/// Shares of the quantiles that are reported.
pub const QUANTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];
/// Which of them is the 95th percentile: the one that precision is judged by.
pub(crate) const P95: usize = 2;

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The seed: the same network, plan and seed yield this report again.
    pub seed: u64,
    /// Independent replications.
    pub replications: u32,
    /// Events of all replications.
    pub events: u64,
    /// What is left out at the start of each replication, in nanoseconds.
    pub warm_up: Time,
    /// Whether there is a steady state that the numbers describe.
    pub steadiness: Steadiness,
    /// Whether every latency is known as precisely as was asked for; nothing where nothing was.
    pub precise: Option<bool>,
    /// The windows of observation: one where nothing changes, else one between changes.
    pub windows: Vec<WindowReport>,
    /// Goodput over time where something changes.
    pub series: Vec<Point>,
}

/// Whether a run settles.
#[derive(Clone, Debug, PartialEq)]
pub enum Steadiness {
    /// It does.
    Steady,
    /// Something changes while it runs: there is no steady state to describe, but windows.
    Changing,
    /// It does not: so many more requests are in progress with every second.
    Growing(f64),
    /// Its start shows for more than half of the time, however long it was watched.
    Unsettled,
    /// It ended early, with more in progress than fits or more events than allowed.
    Overrun,
}

impl Steadiness {
    /// The word used in every output.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Changing => "changing",
            Self::Growing(_) => "growing",
            Self::Unsettled => "unsettled",
            Self::Overrun => "overrun",
        }
    }

    /// Whether percentiles and means describe more than the moment.
    #[must_use]
    pub const fn is_meaningful(&self) -> bool {
        matches!(self, Self::Steady | Self::Changing)
    }
}

/// What happened in a window, over all replications.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowReport {
    /// When it opened, in nanoseconds.
    pub from: Time,
    /// When it closed.
    pub to: Time,
    /// The sources, in order.
    pub sources: Vec<SourceReport>,
    /// The stations, in order.
    pub stations: Vec<StationReport>,
}

/// What happened to the requests of a source. Rates are per second, times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Requests begun per second.
    pub offered: Estimate,
    /// Requests that ended well per second.
    pub goodput: Estimate,
    /// Shares of the requests that ended, by the reason of their failure.
    pub failed: Vec<(Failure, Estimate)>,
    /// Share of the requests that ended well of which was told no more than that they go on.
    pub accepted: Estimate,
    /// Requests that were still in progress when the window closed.
    pub open: Estimate,
    /// Attempts per request; none where requests make no calls themselves.
    pub attempts: Option<Estimate>,
    /// Mean time of requests that ended well.
    pub latency: Option<Estimate>,
    /// Quantiles of that time: [`QUANTILES`], each none where too few lie beyond it.
    pub quantiles: Vec<Option<Estimate>>,
    /// The distribution of that time as far as there are enough requests to tell: shares, with the
    /// time in which so many have ended.
    pub curve: Vec<(f64, f64)>,
    /// The same numbers for each replication.
    pub samples: SourceSamples,
    /// Whether times may be so long that their mean has no finite variance, and so no interval.
    pub infinite_variance: bool,
}

/// What happened at a station. Rates are per second, times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct StationReport {
    /// Its name.
    pub name: String,
    /// Arrivals per second.
    pub arrivals: Estimate,
    /// Services per second.
    pub throughput: Estimate,
    /// Share of its servers that are busy; none without a limit.
    pub utilisation: Option<Estimate>,
    /// The same for each replication.
    pub utilisations: Samples,
    /// Mean number inside.
    pub inside: Estimate,
    /// Mean number waiting.
    pub waiting: Estimate,
    /// Share of those served who had waited.
    pub waited: Option<Estimate>,
    /// Mean wait of those served.
    pub wait: Option<Estimate>,
    /// Quantiles of that wait.
    pub wait_quantiles: Vec<Option<Estimate>>,
    /// Mean time inside of all who were let in, by Little's law.
    pub stay: Option<Estimate>,
    /// Share of arrivals turned away.
    pub rejected: Estimate,
    /// Share of arrivals that gave up.
    pub abandoned: Estimate,
    /// Share of arrivals dropped when their turn came, since nobody waited for them.
    pub expired: Estimate,
    /// Share of arrivals taken away by their caller.
    pub cancelled: Estimate,
    /// Share of the time with 0, 1, 2, .. inside; the last entry is for all that is more.
    pub numbers: Vec<f64>,
    /// Whether means have no finite variance, and so no interval.
    pub infinite_variance: bool,
}

impl StationReport {
    /// Whether it had servers that count, or never has any.
    #[must_use]
    pub fn servers_were_there(&self) -> bool {
        self.utilisation.is_some() || self.arrivals.value > 0.0
    }
}

/// A moment of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its end, in nanoseconds.
    pub time: Time,
    /// Mean number of jobs in progress.
    pub jobs: f64,
    /// Per source, requests that ended well and badly per second.
    pub ended: Vec<(f64, f64)>,
    /// Per source, requests in progress.
    pub open: Vec<f64>,
    /// Of all that counts, the least and the most that ended well per second in a replication.
    pub goodput: (f64, f64),
    /// The median and the 95th percentile of the time of those that ended well, in seconds, to about
    /// one percent; none where too few did.
    pub times: Option<(f64, f64)>,
}

//! What is left to be done when an external was away: how many calls wait to be made again, and when
//! those that came meanwhile have been caught up with.

use crate::experiment::{Point, Report, SourceReport, WindowReport};

/// Parts of the series, the quietest of which says how many calls are always under way.
const PARTS: usize = 10;
/// Share of that which more may be under way, and one call at the least, before something waits.
const CHANCE: f64 = 0.1;

/// Calls that go on when nobody waits for them any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// How many were not done at the end of a phase.
    pub open: f64,
    /// Of a phase that began with more of them than there are where nothing happens: how long it
    /// took, in seconds, until there were no more than that. None where it never was so, or nothing
    /// was to be caught up with.
    pub caught_up: Option<f64>,
    /// Whether there was.
    pub behind: bool,
}

impl Backlog {
    /// What is left of the calls of a source at the end of a window.
    pub(super) fn of(
        at: usize,
        source: &SourceReport,
        window: &WindowReport,
        report: &Report,
    ) -> Self {
        let open = |point: &Point| point.open.get(at).copied().unwrap_or(0.0);
        let usual = usual(report, &open);
        let bound = usual + (CHANCE * usual).max(1.0);
        let before = report.series.iter().rev().find(|point| point.time <= window.from);
        let behind = before.is_some_and(|point| open(point) > bound);
        let mut within =
            report.series.iter().filter(|of| of.time > window.from && of.time <= window.to);
        let done = within.find(|point| behind && open(point) <= bound);
        #[expect(clippy::cast_precision_loss, reason = "a nanosecond in months does not matter")]
        let seconds = |point: &Point| (point.time - window.from) as f64 / 1e9;
        Self { open: source.open.value, caught_up: done.map(seconds), behind }
    }
}

/// How many are under way where nothing happens: the mean of the quietest part of the time.
fn usual(report: &Report, open: &impl Fn(&Point) -> f64) -> f64 {
    let watched: Vec<f64> =
        report.series.iter().filter(|point| point.time > report.warm_up).map(open).collect();
    let length = (watched.len() / PARTS).max(1);
    let mean = |part: &[f64]| {
        let (sum, count) = part.iter().fold((0.0, 0.0), |(sum, n), of| (sum + of, n + 1.0_f64));
        sum / count
    };
    let least = watched.chunks_exact(length).map(mean).reduce(f64::min);
    least.unwrap_or(0.0)
}

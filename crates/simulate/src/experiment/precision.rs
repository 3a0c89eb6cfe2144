//! How long is watched for a precision. Where nobody says how long, each replication is lengthened,
//! so that no time goes into the start of further ones, and falls into batches, each as long as the
//! first look at the least. A batch counts as an observation: intervals from eight replications alone
//! would be too uncertain to stop by, since one stops where they happen to be narrow. Where the length
//! is given, there are more replications.

use super::report::{P95, WindowReport};
use super::{Experiment, Plan, two_digits};
use crate::experiment::collect::Collected;
use crate::kernel::Time;

/// How much longer than forecast is watched: the forecast is a guess from few replications, and a
/// second look costs more than a longer first one.
const MARGIN: f64 = 1.15;

/// How wide the 95 % intervals of mean and p95 latency are, relative to their values: the mean over
/// the first so many sources, each as heavy as its requests. So what is asked for once a minute, and
/// whose percentiles would take days, hardly counts; its interval stands beside it.
pub(super) fn width(windows: &[WindowReport], decisive: Option<usize>) -> f64 {
    let of = |window: &WindowReport| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for source in window.sources.iter().take(decisive.unwrap_or(usize::MAX)) {
            let Some(p95) = source.quantiles.get(P95).copied().flatten() else { continue };
            // A mean without an interval has no precision that could be reached.
            let mean = source.latency.map(|mean| mean.relative()).filter(|width| width.is_finite());
            let mean = mean.unwrap_or(0.0);
            sum += source.goodput.value * mean.max(p95.relative());
            weight += source.goodput.value;
        }
        if weight > 0.0 { sum / weight } else { 0.0 }
    };
    windows.iter().map(of).fold(0.0, f64::max)
}

/// Whether that is as narrow as was asked for; nothing where nothing was.
pub(super) fn reached(plan: &Plan, windows: &[WindowReport]) -> Option<bool> {
    plan.precision.map(|wanted| width(windows, plan.decisive) <= wanted)
}

/// How many times as much it takes to come from one relative half-width to another.
pub(super) fn times(width: f64, precision: f64) -> f64 {
    (width / precision) * (width / precision) * MARGIN
}

/// Most batches of a replication.
const BATCHES: u64 = 8;

/// When batches end: first the warm-up, then as many as are as long as the first look; one where
/// this is the first.
pub(super) fn batches(warm_up: Time, duration: Time, first: Option<Time>) -> Vec<Time> {
    let count = first.map_or(1, |first| (duration / first.max(1)).clamp(1, BATCHES));
    (0..=count).map(|at| warm_up.saturating_add(duration / count * at)).collect()
}

impl Experiment<'_> {
    /// For how long each replication has to be watched, which was watched for `duration`; nothing
    /// where that was enough, or there is no more time. The first look forecasts and never decides.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a nanosecond in months does not matter, and `as` saturates"
    )]
    pub(super) fn longer(
        &self,
        collected: &Collected,
        duration: Time,
        first: Option<Time>,
    ) -> Option<Time> {
        let plan = self.plan;
        let precision = plan.precision.filter(|_| plan.duration.is_none())?;
        let width = width(&collected.windows(self.first(), self.network), plan.decisive);
        if first.is_some() && width <= precision {
            return None;
        }
        // All in all no more than the most replications of the first length.
        let most = f64::from(plan.most_replications) / f64::from(plan.replications);
        let longest = first.unwrap_or(duration) as f64 * most;
        let wanted = duration as f64 * times(width, precision).max(2.0);
        let longer = two_digits(wanted.min(longest) as Time);
        (longer > duration).then_some(longer)
    }
}

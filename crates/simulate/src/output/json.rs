//! A report for machines. Times are in seconds, rates per second, shares between 0 and 1; every
//! estimate has the half-width of its 95 % interval (null where one replication tells none).

use serde_json::{Value, json};

use crate::experiment::{
    Point, QUANTILES, Report, SourceReport, StationReport, Steadiness, WindowReport,
};
use crate::run::Failure;
use crate::statistics::Estimate;

/// The whole report.
#[must_use]
pub fn json(title: Option<&str>, report: &Report) -> Value {
    let growth = match report.steadiness {
        Steadiness::Growing(rate) => Some(rate),
        _ => None,
    };
    json!({
        "title": title,
        "seed": report.seed,
        "replications": report.replications,
        "events": report.events,
        "warmUp": seconds(report.warm_up),
        "steadiness": report.steadiness.name(),
        "growthPerSecond": growth,
        "precise": report.precise,
        "windows": report.windows.iter().map(window).collect::<Value>(),
        "series": series(report),
    })
}

/// What happened over time.
pub(super) fn series(report: &Report) -> Value {
    report.series.iter().map(point).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a nanosecond in months does not matter")]
const fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

fn window(window: &WindowReport) -> Value {
    json!({
        "from": seconds(window.from),
        "to": seconds(window.to),
        "sources": window.sources.iter().map(source).collect::<Value>(),
        "stations": window.stations.iter().map(station).collect::<Value>(),
    })
}

pub(super) fn estimate(estimate: &Estimate) -> Value {
    let half_width = estimate.half_width(0.95);
    json!({ "value": estimate.value, "plusOrMinus": half_width.is_finite().then_some(half_width) })
}

pub(super) fn optional(of: Option<Estimate>) -> Value {
    of.as_ref().map_or(Value::Null, estimate)
}

/// `{"p50": .., "p95": .., "p99": .., "p999": ..}`.
pub(super) fn quantiles(of: &[Option<Estimate>]) -> Value {
    quantile_names().zip(of).map(|(name, quantile)| (name, optional(*quantile))).collect()
}

/// The names of [`QUANTILES`].
pub(super) fn quantile_names() -> impl Iterator<Item = String> {
    QUANTILES.iter().map(|share| {
        let digits = format!("{share}");
        let digits = digits.trim_start_matches("0.");
        format!("p{digits}{}", if digits.len() == 1 { "0" } else { "" })
    })
}

fn source(source: &SourceReport) -> Value {
    let failed = source.failed.iter();
    let failed = failed.map(|(why, share): &(Failure, Estimate)| (why.name(), estimate(share)));
    json!({
        "name": source.name,
        "offered": estimate(&source.offered),
        "goodput": estimate(&source.goodput),
        "failed": failed.map(|(name, share)| (name.to_owned(), share)).collect::<Value>(),
        "attempts": optional(source.attempts),
        "latency": optional(source.latency),
        "quantiles": quantiles(&source.quantiles),
        "infiniteVariance": source.infinite_variance,
    })
}

fn station(station: &StationReport) -> Value {
    json!({
        "name": station.name,
        "arrivals": estimate(&station.arrivals),
        "throughput": estimate(&station.throughput),
        "utilisation": optional(station.utilisation),
        "inside": estimate(&station.inside),
        "waiting": estimate(&station.waiting),
        "waited": optional(station.waited),
        "wait": optional(station.wait),
        "waitQuantiles": quantiles(&station.wait_quantiles),
        "stay": optional(station.stay),
        "rejected": estimate(&station.rejected),
        "abandoned": estimate(&station.abandoned),
        "expired": estimate(&station.expired),
        "cancelled": estimate(&station.cancelled),
        "infiniteVariance": station.infinite_variance,
    })
}

fn point(point: &Point) -> Value {
    let ended = point.ended.iter();
    json!({
        "time": seconds(point.time),
        "inProgress": point.jobs,
        "goodput": [point.goodput.0, point.goodput.1],
        "latency": point.times.map(|(p50, p95)| json!({ "p50": p50, "p95": p95 })),
        "ended": ended.map(|(well, badly)| json!([well, badly])).collect::<Value>(),
    })
}

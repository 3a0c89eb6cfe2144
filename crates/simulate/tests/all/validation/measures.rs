//! What of a report a row of the table speaks of, and how near it must come.

use simulate::experiment::{QUANTILES, Report, SourceReport, StationReport};
use simulate::statistics::Estimate;

use super::table::Row;

/// How a number is judged.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A mean: its interval must hold the exact value.
    Mean,
    /// A percentile, within this share.
    Quantile(f64),
    /// A rate or utilisation, within this share.
    Count(f64),
    /// A probability: within 2 %, or a thousandth.
    Share,
    /// An approximation that is known to be off by so much.
    Within(f64),
    /// At least the bound.
    Above,
    /// At most the bound.
    Below,
}

/// 1.5 % and what the histogram's buckets add; farther out 4 %.
fn quantile(share: f64) -> Kind {
    Kind::Quantile(if share > 0.99 { 0.041 } else { 0.016 })
}

pub fn measure(row: &Row, report: &Report) -> (Kind, Estimate) {
    let window = &report.windows[0];
    let (source, station) = (&window.sources[0], &window.stations[0]);
    let metric = row.metric.as_str();
    if let Some((_, digits)) = metric
        .rsplit_once("_p")
        .filter(|(name, _)| ["sojourn", "wait", "sojourn_accepted"].contains(name))
    {
        let share: f64 = format!("0.{digits}").parse().unwrap();
        let at = QUANTILES.iter().position(|known| (known - share).abs() < 1e-9).unwrap();
        let all =
            if metric.starts_with("wait") { &station.wait_quantiles } else { &source.quantiles };
        return (quantile(share), all[at].unwrap());
    }
    match row.name.as_str() {
        "Jackson-open" => jackson(metric, report),
        "ClosedMVA" => closed(metric, source, &window.stations[1]),
        "ForkJoin-2" | "ForkJoin-N" => fork_join(metric, source),
        "Fanout" => fan_out(metric, source),
        "Erlang-A(M/M/c+M)" => patience(row, metric, source, station),
        "RetryAmplification" => retries(metric, source),
        _ => single(metric, source, station),
    }
}

fn single(metric: &str, source: &SourceReport, station: &StationReport) -> (Kind, Estimate) {
    match metric {
        "utilization" => (Kind::Count(0.003), station.utilisation.unwrap()),
        "L" => (Kind::Mean, station.inside),
        "Lq" => (Kind::Mean, station.waiting),
        "W" | "W_accepted" | "R" | "W_end_to_end" => (Kind::Mean, source.latency.unwrap()),
        "Wq" | "Wq_accepted" => (Kind::Mean, station.wait.unwrap()),
        "P_wait(ErlangC)" => (Kind::Share, station.waited.unwrap()),
        "P_block" => (Kind::Share, station.rejected),
        "throughput" => (Kind::Count(0.003), source.goodput),
        "P(N>=10)" => (Kind::Share, at_least(station, 10)),
        "P(N=0)" => (Kind::Share, exactly(station.numbers[0])),
        other => panic!("{other}"),
    }
}

/// A number without an interval: it is judged by its tolerance alone.
fn exactly(value: f64) -> Estimate {
    Estimate { value, error: 0.0, replications: 2 }
}

/// Share of the time with so many or more inside; of the arrivals too, since they are Poisson.
fn at_least(station: &StationReport, number: usize) -> Estimate {
    exactly(station.numbers.iter().skip(number).sum())
}

fn patience(
    row: &Row,
    metric: &str,
    source: &SourceReport,
    station: &StationReport,
) -> (Kind, Estimate) {
    let rate = row.number("lambda");
    match metric {
        "P_abandon" => (Kind::Share, station.abandoned),
        "P_wait" => (Kind::Share, at_least(station, row.count("c") as usize)),
        "goodput" => (Kind::Count(0.003), source.goodput),
        // All who came count, by Little's law.
        "Wq_all" => (Kind::Mean, scaled(station.waiting, 1.0 / rate)),
        other => panic!("{other}"),
    }
}

fn scaled(estimate: Estimate, factor: f64) -> Estimate {
    Estimate { value: estimate.value * factor, error: estimate.error * factor, ..estimate }
}

fn jackson(metric: &str, report: &Report) -> (Kind, Estimate) {
    let window = &report.windows[0];
    let (kind, name) = metric.split_once('_').unwrap();
    let station = window.stations.iter().find(|station| station.name == name);
    match (kind, station) {
        ("lambda", Some(station)) => (Kind::Count(0.005), station.arrivals),
        ("util", Some(station)) => (Kind::Count(0.005), station.utilisation.unwrap()),
        ("L", Some(station)) => (Kind::Mean, station.inside),
        ("W", Some(station)) => (Kind::Mean, station.stay.unwrap()),
        ("W", None) => (Kind::Mean, window.sources[0].latency.unwrap()),
        ("L", None) => {
            let value = window.stations.iter().map(|station| station.inside.value).sum();
            (Kind::Within(0.015), exactly(value))
        }
        other => panic!("{other:?}"),
    }
}

fn closed(metric: &str, source: &SourceReport, bottleneck: &StationReport) -> (Kind, Estimate) {
    match metric {
        "throughput" => (Kind::Count(0.003), source.goodput),
        "R" => (Kind::Mean, source.latency.unwrap()),
        "util_bottleneck" => (Kind::Count(0.005), bottleneck.utilisation.unwrap()),
        "Q_bottleneck" => (Kind::Mean, bottleneck.inside),
        other => panic!("{other}"),
    }
}

fn fork_join(metric: &str, source: &SourceReport) -> (Kind, Estimate) {
    let mean = source.latency.unwrap();
    match metric.split('(').next().unwrap() {
        "W" if metric.contains("exact") => (Kind::Mean, mean),
        "W" => (Kind::Within(0.05), mean),
        "W_upper_bound" => (Kind::Below, mean),
        "W_lower_bound" => (Kind::Above, mean),
        other => panic!("{other}"),
    }
}

fn fan_out(metric: &str, source: &SourceReport) -> (Kind, Estimate) {
    match metric {
        "E[max]" => (Kind::Mean, source.latency.unwrap()),
        "p50_of_max" => (quantile(0.5), source.quantiles[0].unwrap()),
        "p99_of_max" => (quantile(0.99), source.quantiles[3].unwrap()),
        other => panic!("{other}"),
    }
}

fn retries(metric: &str, source: &SourceReport) -> (Kind, Estimate) {
    let failed: f64 = source.failed.iter().map(|(_, share)| share.value).sum();
    match metric {
        "mean_attempts" => (Kind::Count(0.003), source.attempts.unwrap()),
        "success" => (Kind::Share, exactly(1.0 - failed)),
        other => panic!("{other}"),
    }
}

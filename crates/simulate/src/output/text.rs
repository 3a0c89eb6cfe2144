//! A report for people.

use std::fmt::Write;

use crate::experiment::{Report, SourceReport, StationReport, Steadiness, WindowReport};
use crate::run::Failure;
use crate::statistics::Estimate;

use super::format::{digits, share, time, with_interval};
use super::table::Table;

/// Cells that say nothing.
const EMPTY: [&str; 2] = ["0", "-"];

/// The whole report.
#[must_use]
pub fn text(title: Option<&str>, report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", heading(title, report));
    let changing = report.steadiness == Steadiness::Changing;
    for window in &report.windows {
        if changing {
            let (from, to) = (seconds(window.from), seconds(window.to));
            let _ = writeln!(text, "\nfrom {} to {}", time(from), time(to));
        }
        let _ = write!(text, "\n{}\n{}", sources(window, report), stations(window, report));
    }
    if let Some(warning) = warning_of(report) {
        let _ = write!(text, "\n{warning}\n");
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a nanosecond in months does not matter")]
const fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

fn heading(title: Option<&str>, report: &Report) -> String {
    let mut heading = title.map(|title| format!("{title}\n")).unwrap_or_default();
    let length = report.windows.last().map_or(0, |window| window.to) - report.warm_up;
    let _ = write!(heading, "{} replications of {}", report.replications, time(seconds(length)));
    if report.warm_up > 0 {
        let _ = write!(heading, " after {} of warm-up", time(seconds(report.warm_up)));
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let events = report.events as f64 / 1e6;
    let _ = write!(heading, ", {} million events, seed {}", digits(events), report.seed);
    heading
}

fn sources(window: &WindowReport, report: &Report) -> String {
    let meaningful = report.steadiness.is_meaningful();
    let heads = [
        "source",
        "offered/s",
        "goodput/s",
        "failed",
        "attempts",
        "mean",
        "p50",
        "p90",
        "p95",
        "p99",
        "p99.9",
    ];
    let mut table = Table::new(&heads);
    for source in &window.sources {
        let failed: f64 = source.failed.iter().map(|(_, share)| share.value).sum();
        let latency = |estimate: Option<Estimate>| match estimate.filter(|_| meaningful) {
            Some(estimate) => with_interval(&estimate, time),
            None => "-".to_owned(),
        };
        let mut cells = vec![
            source.name.clone(),
            digits(source.offered.value),
            digits(source.goodput.value),
            if failed > 0.0 { share(failed) } else { "0".to_owned() },
            source.attempts.map_or("-".to_owned(), |attempts| digits(attempts.value)),
            latency(source.latency),
        ];
        cells.extend(source.quantiles.iter().map(|quantile| latency(*quantile)));
        table.row(cells);
    }
    let mut text = table.text(&EMPTY);
    for source in &window.sources {
        text.push_str(&reasons(source));
        if source.infinite_variance && meaningful {
            let _ = writeln!(text, "  {}", no_interval(&source.name));
        }
    }
    text
}

/// `clients fail: 12% rejected, 3.1% timed-out`, where there are several reasons or one.
fn reasons(source: &SourceReport) -> String {
    let there = source.failed.iter().filter(|(_, share)| share.value > 0.0);
    let words = there.map(|(failure, of): &(Failure, Estimate)| {
        format!("{} {}", share(of.value), failure.name())
    });
    let words: Vec<String> = words.collect();
    match words.is_empty() {
        true => String::new(),
        false => format!("  {} fail: {}\n", source.name, words.join(", ")),
    }
}

fn stations(window: &WindowReport, report: &Report) -> String {
    let meaningful = report.steadiness.is_meaningful();
    let heads = [
        "station",
        "arrivals/s",
        "in use",
        "inside",
        "waiting",
        "had to wait",
        "mean wait",
        "p95 wait",
        "p99 wait",
        "rejected",
        "gave up",
        "expired",
        "cancelled",
    ];
    let mut table = Table::new(&heads);
    let part = |estimate: &Estimate| match estimate.value {
        0.0 => "0".to_owned(),
        value => share(value),
    };
    for station in &window.stations {
        let wait = |estimate: Option<Estimate>| match estimate.filter(|_| meaningful) {
            Some(estimate) => with_interval(&estimate, time),
            None => "-".to_owned(),
        };
        let quantile = |at: usize| station.wait_quantiles.get(at).copied().flatten();
        table.row(vec![
            station.name.clone(),
            digits(station.arrivals.value),
            station.utilisation.map_or("-".to_owned(), |used| share(used.value)),
            digits(station.inside.value),
            digits(station.waiting.value),
            station.waited.map_or("-".to_owned(), |waited| part(&waited)),
            wait(station.wait),
            wait(quantile(2)),
            wait(quantile(3)),
            part(&station.rejected),
            part(&station.abandoned),
            part(&station.expired),
            part(&station.cancelled),
        ]);
    }
    let mut text = table.text(&EMPTY);
    for station in window.stations.iter().filter(|of| of.infinite_variance && meaningful) {
        let _ = writeln!(text, "  {}", no_interval(&station.name));
    }
    text
}

/// Why there is no interval.
pub(super) fn no_interval(name: &str) -> String {
    format!(
        "{name}: its means have no interval, as the variance of its times is infinite; percentiles \
         have theirs"
    )
}

/// Why a report describes no steady state, or not as precisely as was asked for.
pub(super) fn warning_of(report: &Report) -> Option<String> {
    let fullest = report.windows.first().and_then(fullest);
    let station = fullest.map_or(String::new(), |(station, used)| {
        format!(" `{}` is the fullest station: {} in use.", station.name, share(used))
    });
    Some(match report.steadiness {
        Steadiness::Growing(rate) => format!(
            "not steady: {} more requests are in progress with every second, so that no latency \
             describes it.{station}",
            digits(rate)
        ),
        Steadiness::Unsettled => format!(
            "not steady: the start shows for more than half of the time. Watch it for longer \
             (`--duration`).{station}"
        ),
        Steadiness::Overrun => format!(
            "not steady: the run was ended, with more in progress or more events than are \
             followed.{station}"
        ),
        Steadiness::Steady | Steadiness::Changing if report.precise == Some(false) => {
            "the wanted precision was not reached: watch for longer with `--duration`".to_owned()
        }
        Steadiness::Steady | Steadiness::Changing => return None,
    })
}

/// The station that is busy the most.
fn fullest(window: &WindowReport) -> Option<(&StationReport, f64)> {
    let used = window.stations.iter().filter_map(|s| Some((s, s.utilisation?.value)));
    used.max_by(|one, other| one.1.total_cmp(&other.1))
}

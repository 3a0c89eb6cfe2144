//! How long each operation takes: time by percentile, on a logarithmic scale, as HDR plots show it.

use base::html::Html;

use crate::design::{OperationAnswer, Phase, Promise};
use crate::experiment::{QUANTILES, WindowReport};
use crate::output::format::time;
use crate::statistics::Estimate;

use super::chart::{Axes, Chart, dot, legend, path, text, units};
use super::operations::in_order;
use super::scale::{Scale, percentile, short_time};

/// Classes of lines, by phase.
pub(super) const LINES: [&str; 6] =
    ["line one", "line two", "line three", "line four", "line five", "line six"];

/// Distributions that are shown at once; the others are folded.
const UNFOLDED: usize = 9;
/// Distributions that are drawn at all: a page is no archive.
const MOST: usize = 60;
/// Points that make a curve.
const POINTS: usize = 4;

/// Points of a distribution: shares, with the time in which so many have ended.
type Curve<'a> = &'a [(f64, f64)];

/// What is drawn of an operation, or of a source.
pub(super) struct Drawn<'a> {
    pub(super) name: &'a str,
    /// The line of each phase that has one.
    pub(super) curves: Vec<(usize, Curve<'a>)>,
    /// Percentiles of the first phase: [`QUANTILES`].
    pub(super) quantiles: &'a [Option<Estimate>],
    /// What is promised: share, bound in seconds, what became of it.
    pub(super) promises: &'a [(f64, f64, Promise)],
}

/// A distribution of each operation, with a line for each phase.
pub(super) fn operations<'a>(phases: &'a [Phase], windows: &'a [WindowReport]) -> Vec<Drawn<'a>> {
    let Some(first) = phases.first() else { return Vec::new() };
    let drawn = |of: &'a OperationAnswer| Drawn {
        name: &of.name,
        curves: curves(windows, first.operations.iter().position(|known| known.name == of.name)),
        quantiles: &of.quantiles,
        promises: &of.latency,
    };
    in_order(first).into_iter().map(drawn).collect()
}

/// The curves of a source in each window.
pub(super) fn curves(windows: &[WindowReport], source: Option<usize>) -> Vec<(usize, Curve<'_>)> {
    let mut all = Vec::new();
    for (phase, window) in windows.iter().enumerate().take(LINES.len()) {
        let of = source.and_then(|at| window.sources.get(at));
        all.extend(of.filter(|of| of.curve.len() >= POINTS).map(|of| (phase, &*of.curve)));
    }
    all
}

/// All of them, side by side.
pub(super) fn write(out: &mut Html, mut all: Vec<Drawn<'_>>, phases: &[String]) {
    all.retain(|of| !of.curves.is_empty());
    all.truncate(MOST);
    if all.is_empty() {
        return;
    }
    out.element("section", &[], |out| {
        out.leaf("h2", &[], "How long it takes");
        out.leaf(
            "p",
            &[("class", "soft")],
            "The time within which a share of the requests that end well has ended. Dots with their \
             95 % intervals: p50, p90, p95, p99 and p99.9; dashed: what is promised. A line ends \
             where too few requests lie beyond it.",
        );
        if phases.len() > 1 {
            let lines = LINES.iter().zip(phases).map(|(class, name)| (*class, name.as_str()));
            legend(out, &lines.collect::<Vec<_>>());
        }
        let (shown, folded) = all.split_at(all.len().min(UNFOLDED));
        tiles(out, shown);
        if !folded.is_empty() {
            out.element("details", &[], |out| {
                out.leaf("summary", &[], &format!("{} others", folded.len()));
                tiles(out, folded);
            });
        }
    });
}

fn tiles(out: &mut Html, of: &[Drawn<'_>]) {
    out.element("div", &[("class", "tiles")], |out| of.iter().for_each(|of| one(out, of)));
}

fn one(out: &mut Html, of: &Drawn<'_>) {
    let points = || of.curves.iter().flat_map(|(_, curve)| curve.iter().copied());
    let bounds = of.promises.iter().map(|(_, bound, _)| *bound);
    let longest = points().map(|(share, _)| share).fold(0.99, f64::max);
    let longest = of.promises.iter().map(|(share, ..)| *share).fold(longest, f64::max);
    let chart = Chart {
        width: 350.0,
        height: 210.0,
        x: Scale::Tail { to: longest },
        y: Scale::of_times(points().map(|(_, time)| time).chain(bounds)),
    };
    out.element("figure", &[], |out| {
        out.element("figcaption", &[], |out| out.leaf("b", &[], of.name));
        let axes = Axes { x: percentile, y: short_time, title: "" };
        chart.write(out, "", &label(of), &axes, |out| {
            for (share, bound, promise) in of.promises {
                promised(out, &chart, (*share, *bound, *promise));
            }
            for (phase, curve) in &of.curves {
                let points: Vec<(f64, Option<f64>)> =
                    curve.iter().map(|(share, time)| (*share, Some(*time))).collect();
                chart.line(out, LINES.get(*phase).unwrap_or(&LINES[0]), &points);
            }
            for (share, estimate) in QUANTILES.iter().zip(of.quantiles) {
                if let Some(estimate) = estimate {
                    chart.point(out, "", *share, estimate.value, estimate.half_width(0.95));
                }
            }
        });
    });
}

/// An objective: a line up to its percentile, and a mark there.
fn promised(out: &mut Html, chart: &Chart, (share, bound, promise): (f64, f64, Promise)) {
    let class = if promise == Promise::Broken { "promise broken" } else { "promise" };
    let (x, y) = (chart.across(share), chart.down(bound));
    path(out, class, &format!("M{} {}H{}", units(chart.across(0.0)), units(y), units(x)));
    dot(out, if promise == Promise::Broken { "badly" } else { "promised" }, x, y, 2.6);
    let words = format!("{} within {}", percentile(share), time(bound));
    text(
        out,
        "start",
        (chart.across(0.0) + 4.0, if y < 34.0 { y + 13.0 } else { y - 5.0 }),
        &words,
    );
}

/// The picture in words.
fn label(of: &Drawn<'_>) -> String {
    let known = QUANTILES.iter().zip(of.quantiles);
    let known = known
        .filter_map(|(share, of)| Some(format!("{} {}", percentile(*share), time((*of)?.value))));
    let bounds = of.promises.iter().map(|(share, bound, promise)| {
        format!("promised {} {}: {}", percentile(*share), time(*bound), promise.name())
    });
    let words: Vec<String> = known.chain(bounds).collect();
    format!("Time of {} by percentile: {}", of.name, words.join(", "))
}

//! Each operation beside what it promises.

use base::html::Html;
use decide::facts::percent;

use crate::design::{OperationAnswer, Phase, Promise};
use crate::experiment::QUANTILES;
use crate::output::answer_text::{accepted, goes_on, is_told, waits, word};
use crate::output::format::{digits, share, time};
use crate::statistics::Estimate;

use super::chart::{dot, path, text, units};
use super::scale::{Scale, percentile, short_time};

/// Operations in the order in which they matter: broken promises first, then what is unsure, then
/// whatever is asked for most.
pub(super) fn in_order(phase: &Phase) -> Vec<&OperationAnswer> {
    let mut all: Vec<&OperationAnswer> = phase.operations.iter().collect();
    let rank = |of: &OperationAnswer| match worst(of) {
        Promise::Broken => 0,
        Promise::Unsure => 1,
        Promise::Kept | Promise::TooRare | Promise::NotSteady => 2,
    };
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.offered.value.total_cmp(&a.offered.value)));
    all
}

/// The promises of an operation: which, its bound in words, and what became of it.
pub(super) fn promises(of: &OperationAnswer) -> Vec<(String, Promise)> {
    let latencies = of.latency.iter();
    let latencies = latencies.map(|(share, bound, promise)| {
        (format!("{} {}", percentile(*share), time(*bound)), *promise)
    });
    latencies.chain([(percent(of.availability.0), of.availability.1)]).collect()
}

fn worst(of: &OperationAnswer) -> Promise {
    let all = promises(of);
    let any = |wanted: Promise| all.iter().any(|(_, promise)| *promise == wanted);
    match () {
        () if any(Promise::Broken) => Promise::Broken,
        () if any(Promise::Unsure) => Promise::Unsure,
        () if any(Promise::Kept) => Promise::Kept,
        () => Promise::TooRare,
    }
}

/// The table, and below it those that were asked for too rarely.
pub(super) fn table(out: &mut Html, phase: &Phase) {
    let (told, rare): (Vec<_>, Vec<_>) = in_order(phase).into_iter().partition(|of| is_told(of));
    if !told.is_empty() {
        let scale = scale(&told);
        scrolled(out, "Operations", |out| {
            head(out, &scale);
            out.element("tbody", &[], |out| told.iter().for_each(|of| row(out, of, &scale)));
        });
        out.leaf(
            "p",
            &[("class", "soft")],
            "Dots: p50, p95 and p99 with their 95 % intervals; upright: what is promised. The sum of \
             p99s is what people add up by hand, and no prediction.",
        );
    }
    if !rare.is_empty() {
        let names: Vec<&str> = rare.iter().map(|of| of.name.as_str()).collect();
        let words = format!("Asked for too rarely to tell: {}.", names.join(", "));
        out.leaf("p", &[("class", "soft")], &words);
    }
    let words = |of| [accepted(of), waits(of), goes_on(of)];
    for words in in_order(phase).into_iter().flat_map(words).flatten() {
        out.leaf("p", &[("class", "soft")], &format!("{words}."));
    }
}

/// A table in a region that scrolls where it is too wide, by keyboard too.
pub(super) fn scrolled(out: &mut Html, label: &str, inside: impl FnOnce(&mut Html)) {
    // Several tables may have one name: no landmarks, which need names of their own.
    let group = [("class", "wide"), ("tabindex", "0"), ("role", "group"), ("aria-label", label)];
    out.element("div", &group, |out| out.element("table", &[], inside));
}

/// A table that may be wider than the page: the heads of its columns, each with its class, and its
/// rows.
pub(super) fn wide(
    out: &mut Html,
    label: &str,
    columns: &[(&str, &str)],
    rows: impl FnOnce(&mut Html),
) {
    scrolled(out, label, |out| {
        out.element("thead", &[], |out| {
            out.element("tr", &[], |out| {
                for (class, words) in columns {
                    out.leaf("th", &[("scope", "col"), ("class", class)], words);
                }
            });
        });
        out.element("tbody", &[], rows);
    });
}

/// One scale for all rows, so that they can be compared.
fn scale(of: &[&OperationAnswer]) -> Scale {
    let shown = of.iter().flat_map(|of| of.quantiles.iter().flatten().map(|of| of.value));
    let bounds = of.iter().flat_map(|of| of.latency.iter().map(|of| of.1));
    Scale::of_times(shown.chain(bounds))
}

/// Width and height of the picture of a row.
const WIDTH: f64 = 230.0;
const HEIGHT: f64 = 22.0;

fn across(scale: &Scale, value: f64) -> f64 {
    6.0 + (WIDTH - 12.0) * scale.place(value)
}

fn head(out: &mut Html, scale: &Scale) {
    out.element("thead", &[], |out| {
        out.element("tr", &[], |out| {
            for words in ["operation", "asked/s", "failed", "p50", "p95", "p99"] {
                out.leaf("th", &[("scope", "col")], words);
            }
            out.element("th", &[("scope", "col"), ("class", "chart")], |out| {
                picture(out, "A logarithmic scale of times", |out| {
                    // Labels that would touch are left out.
                    let mut free = f64::NEG_INFINITY;
                    for tick in scale.ticks(4.0) {
                        let x = across(scale, tick);
                        path(out, "grid", &format!("M{} 16V22", units(x)));
                        if x >= free && x < WIDTH - 14.0 {
                            text(out, "middle", (x.max(14.0), 12.0), &short_time(tick));
                            free = x + 36.0;
                        }
                    }
                });
            });
            out.leaf("th", &[("scope", "col")], "sum of p99s");
            out.leaf("th", &[("scope", "col"), ("class", "words")], "promised");
        });
    });
}

fn picture(out: &mut Html, label: &str, inside: impl FnOnce(&mut Html)) {
    let (width, height) = (units(WIDTH), units(HEIGHT));
    let view = format!("0 0 {width} {height}");
    let attributes = [
        ("class", "inline"),
        ("viewBox", view.as_str()),
        ("width", &width),
        ("height", &height),
        ("role", "img"),
        ("aria-label", label),
    ];
    out.element("svg", &attributes, inside);
}

/// The percentiles that a row shows, with what was seen.
fn shown(of: &OperationAnswer) -> [(f64, Option<Estimate>); 3] {
    [0.5, 0.95, 0.99].map(|wanted| (wanted, quantile(of, wanted)))
}

/// What was seen of a percentile.
pub(super) fn quantile(of: &OperationAnswer, wanted: f64) -> Option<Estimate> {
    let at = QUANTILES.iter().position(|share| (share - wanted).abs() < 1e-9)?;
    of.quantiles.get(at).copied().flatten()
}

fn row(out: &mut Html, of: &OperationAnswer, scale: &Scale) {
    out.element("tr", &[], |out| {
        out.leaf("th", &[("scope", "row")], &of.name);
        out.leaf("td", &[], &digits(of.offered.value));
        out.leaf("td", &[], &failed(of));
        for (_, estimate) in shown(of) {
            out.element("td", &[], |out| interval(out, estimate.as_ref()));
        }
        out.element("td", &[("class", "chart")], |out| {
            let known = shown(of).into_iter().filter_map(|(share, of)| Some((share, of?)));
            let known: Vec<(f64, Estimate)> = known.collect();
            let words = known
                .iter()
                .map(|(share, of)| format!("{} {}", percentile(*share), time(of.value)));
            let words: Vec<String> = words.collect();
            let label =
                if words.is_empty() { "nothing to tell".to_owned() } else { words.join(", ") };
            picture(out, &label, |out| bars(out, of, &known, scale));
        });
        out.leaf("td", &[], &of.sum_of_p99.map_or("\u{2013}".to_owned(), time));
        out.element("td", &[("class", "words")], |out| kept(out, of));
    });
}

/// The share that failed, with why behind it.
fn failed(of: &OperationAnswer) -> String {
    if of.failed.value <= 0.0 {
        return "0".to_owned();
    }
    let why: Vec<&str> = of.failures.iter().take(2).map(|(why, _)| why.name()).collect();
    format!("{} {}", share(of.failed.value), why.join(", "))
}

/// A time with half of its interval, smaller.
pub(super) fn interval(out: &mut Html, estimate: Option<&Estimate>) {
    let Some(estimate) = estimate else { return out.text("\u{2013}") };
    out.text(&time(estimate.value));
    let relative = estimate.relative();
    if relative > 0.0 && relative.is_finite() {
        out.text(" ");
        out.leaf("small", &[], &format!("\u{b1}{:.1}%", relative * 100.0));
    }
}

fn bars(out: &mut Html, of: &OperationAnswer, known: &[(f64, Estimate)], scale: &Scale) {
    path(out, "grid", &format!("M6 11H{}", units(WIDTH - 6.0)));
    if let (Some((_, first)), Some((_, last))) = (known.first(), known.last()) {
        let (from, to) = (across(scale, first.value), across(scale, last.value));
        path(out, "span", &format!("M{} 11H{}", units(from), units(to)));
    }
    for (share, estimate) in known {
        let half = estimate.half_width(0.95);
        let (low, high) = (estimate.value - half, estimate.value + half);
        let (low, high) = (units(across(scale, low)), units(across(scale, high)));
        path(out, "whisker", &format!("M{low} 7v8M{low} 11H{high}M{high} 7v8"));
        let radius = if *share > 0.9 && *share < 0.99 { 3.6 } else { 2.6 };
        dot(out, "", across(scale, estimate.value), 11.0, radius);
    }
    for (_, bound, promise) in &of.latency {
        let class = if *promise == Promise::Broken { "tick broken" } else { "tick" };
        path(out, class, &format!("M{} 2V20", units(across(scale, *bound))));
    }
}

/// What became of the promises; that of availability where it says something.
fn kept(out: &mut Html, of: &OperationAnswer) {
    let all = promises(of);
    let latencies = all.len().saturating_sub(1);
    let told = all.iter().enumerate().filter(|(at, (_, promise))| {
        *at < latencies || matches!(promise, Promise::Broken | Promise::Unsure)
    });
    for (count, (_, (what, promise))) in told.enumerate() {
        out.text(if count > 0 { ", " } else { "" });
        out.text(what);
        out.text(" ");
        let word = if *promise == Promise::TooRare { "too rare" } else { word(*promise) };
        out.leaf("span", &[("class", promise.name())], word);
    }
}

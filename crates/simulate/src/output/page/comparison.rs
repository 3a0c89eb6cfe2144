//! What another design would change: paired differences with their intervals.

use base::html::Html;

use crate::design::{Change, Comparison, Direction, OperationChange, PhaseComparison};
use crate::experiment::QUANTILES;
use crate::output::answer_text::word;
use crate::output::format::{digits, share, time};

use super::chart::{dot, path, text, units};
use super::operations::{scrolled, wide};
use super::scale::short_number;

/// Percentiles that are compared.
const SHOWN: [f64; 3] = [0.5, 0.95, 0.99];

/// A phase of both designs.
pub(super) fn phase(out: &mut Html, of: &PhaseComparison) {
    let (differ, same): (Vec<_>, Vec<_>) = of.operations.iter().partition(|of| of.differs());
    out.leaf("h3", &[], "Operations");
    if !differ.is_empty() {
        operations(out, &differ);
    }
    if !same.is_empty() {
        let names: Vec<&str> = same.iter().map(|of| of.name.as_str()).collect();
        let words = format!("No difference that is more than chance: {}.", names.join(", "));
        out.leaf("p", &[("class", "soft")], &words);
    }
    promises(out, of);
    out.leaf("h3", &[], "Resources");
    resources(out, of);
}

fn operations(out: &mut Html, differ: &[&OperationChange]) {
    let widest = differ.iter().flat_map(|of| shown(of)).filter_map(|(_, of)| relative(of));
    let widest = widest.map(|(change, half)| change.abs() + half).fold(0.01, f64::max).min(2.0);
    scrolled(out, "Differences of operations", |out| {
        out.element("thead", &[], |out| {
            out.element("tr", &[], |out| {
                for words in ["operation", "percentile", "before", "after", "difference"] {
                    out.leaf("th", &[("scope", "col")], words);
                }
                out.element("th", &[("scope", "col"), ("class", "chart")], |out| {
                    picture(out, "A scale of differences in percent", |out| {
                        for (at, part) in [(-1.0, -widest), (0.0, 0.0), (1.0, widest)] {
                            let sign = if part > 0.0 { "+" } else { "" };
                            let words = format!("{sign}{}%", short_number(part * 100.0));
                            text(out, "middle", (place(at) - 12.0 * at, 13.0), &words);
                        }
                    });
                });
            });
        });
        out.element("tbody", &[], |out| {
            for of in differ {
                let told = told(of);
                let rows = told.len().to_string();
                for (count, (what, change)) in told.into_iter().enumerate() {
                    let name = (count == 0).then_some((of.name.as_str(), rows.as_str()));
                    row(out, name, (what, change), widest);
                }
            }
        });
    });
    out.leaf(
        "p",
        &[("class", "soft")],
        "Dots: the difference as a share of the first, with its 95 % interval over pairs of \
         replications that met the same chance. Where the interval holds zero, chance alone may have \
         done it.",
    );
}

/// What is told of an operation: its failures where there are any, and the percentiles that are
/// known in both.
fn told(of: &OperationChange) -> Vec<(&'static str, &Change)> {
    let failed =
        Some(("failed", &of.failed)).filter(|(_, of)| of.direction() != Direction::Unclear);
    failed.into_iter().chain(shown(of)).collect()
}

fn shown(of: &OperationChange) -> Vec<(&'static str, &Change)> {
    let names = ["p50", "p95", "p99"];
    let found = SHOWN.iter().zip(names).filter_map(|(wanted, name)| {
        let at = QUANTILES.iter().position(|share| (share - wanted).abs() < 1e-9)?;
        Some((name, of.quantiles.get(at)?))
    });
    found.filter(|(_, of)| of.difference.is_some()).collect()
}

/// The difference and half of its interval, as shares of the first.
fn relative(change: &Change) -> Option<(f64, f64)> {
    let (before, difference) = (change.before?, change.difference?);
    let half = difference.half_width(0.95);
    (before > 0.0 && half.is_finite()).then(|| (difference.value / before, half / before))
}

const WIDTH: f64 = 230.0;

fn place(share: f64) -> f64 {
    WIDTH / 2.0 + (WIDTH / 2.0 - 8.0) * share.clamp(-1.0, 1.0)
}

fn picture(out: &mut Html, label: &str, inside: impl FnOnce(&mut Html)) {
    let width = units(WIDTH);
    let view = format!("0 0 {width} 20");
    let attributes = [
        ("class", "inline"),
        ("viewBox", view.as_str()),
        ("width", &width),
        ("height", "20"),
        ("role", "img"),
        ("aria-label", label),
    ];
    out.element("svg", &attributes, inside);
}

/// A row; the first of an operation has its name, and how many rows are its own.
fn row(out: &mut Html, name: Option<(&str, &str)>, (what, change): (&str, &Change), widest: f64) {
    let is_share = what == "failed";
    let value = |value: Option<f64>| match value {
        None => "\u{2013}".to_owned(),
        Some(value) if is_share => share(value),
        Some(value) => time(value),
    };
    out.element("tr", &[], |out| {
        if let Some((name, rows)) = name {
            out.leaf("th", &[("scope", "rowgroup"), ("rowspan", rows)], name);
        }
        out.leaf("td", &[], what);
        out.leaf("td", &[], &value(change.before));
        out.leaf("td", &[], &value(change.after));
        let class = change.direction().name();
        out.leaf("td", &[("class", class)], &difference(change, is_share));
        out.element("td", &[("class", "chart")], |out| {
            let Some((by, half)) = relative(change) else { return };
            let label = format!("{}% \u{b1}{}%", digits(by * 100.0), digits(half * 100.0));
            picture(out, &label, |out| {
                path(out, "zero", &format!("M{} 0V20", units(place(0.0))));
                let (low, high) = (place((by - half) / widest), place((by + half) / widest));
                let (low, high) = (units(low), units(high));
                path(out, "whisker", &format!("M{low} 6v8M{low} 10H{high}M{high} 6v8"));
                let class = match change.direction() {
                    Direction::Less => "well",
                    Direction::More => "badly",
                    Direction::Unclear => "",
                };
                dot(out, class, place(by / widest), 10.0, 3.4);
            });
        });
    });
}

/// `+3.60ms ±0.20ms`.
fn difference(change: &Change, is_share: bool) -> String {
    let Some(difference) = &change.difference else { return "\u{2013}".to_owned() };
    let shown = |value: f64| match is_share {
        true => format!("{} points", digits(value * 100.0)),
        false => time(value),
    };
    let sign = if difference.value < 0.0 { "\u{2212}" } else { "+" };
    let half = difference.half_width(0.95);
    format!("{sign}{} \u{b1}{}", shown(difference.value.abs()), shown(half))
}

/// What becomes of promises, where it changes.
fn promises(out: &mut Html, of: &PhaseComparison) {
    let changes = of.operations.iter().flat_map(|of| {
        let changed = of.promises.iter().filter(|(_, before, after)| before != after);
        changed.map(move |(what, before, after)| (of.name.as_str(), what, *before, *after))
    });
    let changes: Vec<_> = changes.collect();
    out.leaf("h3", &[], "Promises");
    if changes.is_empty() {
        out.leaf("p", &[], "Every promise stands as it stood.");
        return;
    }
    out.element("ul", &[], |out| {
        for (name, what, before, after) in changes {
            out.element("li", &[], |out| {
                out.text(&format!("{name} {what}: {} \u{2192} ", word(before)));
                out.leaf("span", &[("class", after.name())], word(after));
            });
        }
    });
}

fn resources(out: &mut Html, of: &PhaseComparison) {
    let columns = [
        ("", "resource"),
        ("", "servers"),
        ("", "before"),
        ("", "after"),
        ("", "difference"),
        ("", "room"),
    ];
    wide(out, "Differences of resources", &columns, |out| {
        let busy = of.resources.iter().filter(|of| of.utilisation.after.is_some());
        for of in busy.take(20) {
            let arrow = |(before, after): (String, String)| match before == after {
                true => after,
                false => format!("{before} \u{2192} {after}"),
            };
            let count = |of: Option<u32>| of.map_or("\u{2013}".to_owned(), |of| of.to_string());
            let room =
                |of: Option<f64>| of.map_or("\u{2013}".to_owned(), |of| format!("{}x", digits(of)));
            let used = |of: Option<f64>| of.map_or("\u{2013}".to_owned(), share);
            out.element("tr", &[], |out| {
                out.leaf("th", &[("scope", "row")], &of.name);
                out.leaf("td", &[], &arrow((count(of.servers.0), count(of.servers.1))));
                out.leaf("td", &[], &used(of.utilisation.before));
                out.leaf("td", &[], &used(of.utilisation.after));
                let class = of.utilisation.direction().name();
                out.leaf("td", &[("class", class)], &difference(&of.utilisation, true));
                out.leaf("td", &[], &arrow((room(of.room.0), room(of.room.1))));
            });
        }
    });
}

/// Cost, and what only one of the two has.
pub(super) fn summary(out: &mut Html, of: &Comparison) {
    let changed = of.phases.iter().flat_map(|of| &of.operations).filter(|of| of.differs()).count();
    let difference = of.after.cost - of.before.cost;
    let sign = if difference < 0.0 { "\u{2212}" } else { "+" };
    out.element("dl", &[("class", "figures")], |out| {
        let cost = format!("{} \u{2192} {} EUR", digits(of.before.cost), digits(of.after.cost));
        let by = format!("{sign}{} a month", digits(difference.abs()));
        super::figure(out, "cost", &cost, &by);
        super::figure(out, "operations that differ", &changed.to_string(), "more than chance does");
    });
    for (which, names) in [("first", &of.only_before), ("second", &of.only_after)] {
        if !names.is_empty() {
            out.leaf("p", &[], &format!("Only in the {which}: {}.", names.join(", ")));
        }
    }
}

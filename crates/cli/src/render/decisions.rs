//! Decisions with their reasons, for people.

use crate::console::{style, styled};
use base::{Provenance, SourceMap};
use decide::design::{Driver, Verdict};

use super::visible;

/// A decision with everything that led to it, over several lines.
#[must_use]
pub fn decision_text(sources: &SourceMap, prefix: &str, verdict: &Verdict) -> String {
    let mut lines = vec![format!(
        "{}: {}{}",
        styled(style::BOLD, visible(&verdict.id())),
        styled(style::GOOD, verdict.choice),
        if verdict.runnable { "" } else { "   (`firm up` does not run this yet)" },
    )];
    if let Some(reason) = &verdict.overridden {
        lines.push(row("taken by", "the model (`decisions:`)", &visible(reason)));
    }
    for (name, value) in &verdict.parameters {
        lines.push(row("with", name, &visible(value)));
    }
    for driver in &verdict.drivers {
        lines.push(row("because", &visible(&driver.fact), &visible(&driver.weight)));
        lines.push(row("", "", &styled(style::DIM, origin(sources, prefix, driver))));
    }
    for other in &verdict.rejected {
        lines.push(row("rather than", other.option, &visible(&other.reason)));
    }
    lines.push(row("price", &points(verdict.price), ""));
    lines.push(row("source", verdict.source, ""));
    lines.retain(|line| !line.trim().is_empty());
    lines.join("\n")
}

/// "1 point", "2 points".
fn points(price: u32) -> String {
    format!("{price} point{} of complexity", if price == 1 { "" } else { "s" })
}

fn row(head: &str, what: &str, why: &str) -> String {
    let head = styled(style::DIM, format_args!("{head:>13}"));
    match (what.is_empty(), why.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("{head}  {why}"),
        (false, true) => format!("{head}  {what}"),
        (false, false) => format!("{head}  {what}: {why}"),
    }
}

/// Where a fact was written, or where else it comes from.
fn origin(sources: &SourceMap, prefix: &str, driver: &Driver) -> String {
    match &driver.provenance {
        Provenance::Given(span) => {
            let at = sources.range(*span).start;
            let prefix = if prefix == "." { String::new() } else { format!("{prefix}/") };
            format!("{prefix}{}:{}:{}", visible(sources.path(*span)), at.line, at.column)
        }
        Provenance::Default { source } => format!("not stated; default ({source})"),
        Provenance::Derived { from } => format!("derived from {}", visible(from)),
        Provenance::Simulated { run } => format!("simulated ({})", visible(run)),
        Provenance::Measured { run } => format!("measured ({})", visible(run)),
    }
}

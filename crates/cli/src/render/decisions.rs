//! Decisions with their reasons, for people.

use crate::console::{style, styled};
use base::{Provenance, SourceMap};
use decide::{
    design::{Driver, Verdict},
    flips::{Flip, Flips, Measure},
};

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

/// Where the decision would fall otherwise, the nearest numbers first.
#[must_use]
pub fn flips_text(flips: &Flips, verdict: &Verdict) -> String {
    const STATED: usize = 6;
    const ASSUMED: usize = 4;
    let all: Vec<&Flip> = flips.of(verdict.family, &verdict.subject).collect();
    let stated = |flip: &&&Flip| matches!(flip.measure, Measure::Stated(_));
    let (given, assumed): (Vec<&Flip>, Vec<&Flip>) = all.iter().partition(|flip| stated(flip));
    let told = given.iter().take(STATED).chain(assumed.iter().take(ASSUMED));
    let mut lines: Vec<String> =
        told.map(|flip| row("flips", "", &visible(&flip.sentence()))).collect();
    let more = all.len() - lines.len();
    if more > 0 {
        let text = format!("{more} more, farther away: `--json` lists all");
        lines.push(row("", "", &styled(style::DIM, text)));
    }
    lines.join("\n")
}

/// What flips were looked for.
#[must_use]
pub fn searched(flips: &Flips) -> String {
    let left = match flips.left_out {
        0 => String::new(),
        left => format!("; {left} more were left out, the model being large"),
    };
    format!(
        "{} numbers were moved one at a time, from a tenth to ten times their value or through the \
         range that is assumed{left}; several that move together may turn more.",
        flips.moved
    )
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

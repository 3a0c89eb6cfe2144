//! What a reviewer would ask about, and what was assumed.

use base::{Diagnostic, Severity};
use decide::{
    flips::{Flip, Measure},
    numbers,
};

use super::Page;
use base::html::{Html, anchor};

/// Findings of the checks, and what the model accepts.
pub fn write(page: &Page<'_>, out: &mut Html) {
    let findings = page.input.findings;
    if findings.is_empty() {
        out.leaf("p", &[], "The checks found nothing that is not accepted.");
    }
    findings.iter().for_each(|of| finding(page, of, out));
    nearest(page, out);
    let accepted = &page.design.model.accepted;
    if accepted.is_empty() {
        return;
    }
    out.leaf("h3", &[], "Accepted");
    out.table(&["Finding", "Because", "Until"], |out| {
        for of in accepted {
            let until = of.until.as_ref().map_or("for good", |until| until.value.as_str());
            out.row(&[&of.id, &of.because, until]);
        }
    });
}

/// Decisions whose number of the model stands nearest to where they turn.
fn nearest(page: &Page<'_>, out: &mut Html) {
    const SHOWN: usize = 12;
    let stated = |of: &&Flip| matches!(of.measure, Measure::Stated(_));
    let mut flips: Vec<&Flip> = page.design.flips.all.iter().filter(stated).collect();
    flips.sort_by(|a, b| a.distance().total_cmp(&b.distance()).then_with(|| a.id().cmp(&b.id())));
    if flips.is_empty() {
        return;
    }
    out.leaf("h3", &[], "Decisions nearest to turning");
    out.table(&["Decision", "Turns", "How near"], |out| {
        for flip in flips.into_iter().take(SHOWN) {
            let id = flip.id();
            let near = format!("{}x", decide::facts::people(flip.distance()));
            out.element("tr", &[], |out| {
                out.element("th", &[("scope", "row")], |out| {
                    out.leaf("a", &[("href", &format!("#{}", anchor("decision", &id)))], &id);
                });
                out.leaf("td", &[], &flip.sentence());
                out.leaf("td", &[], &near);
            });
        }
    });
}

fn finding(page: &Page<'_>, finding: &Diagnostic, out: &mut Html) {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    };
    out.element(
        "div",
        &[("class", &format!("finding {severity}")), ("data-find", finding.id)],
        |out| {
            out.element("p", &[], |out| {
                out.leaf("b", &[], severity);
                out.text(" ");
                out.prose(&finding.message);
            });
            let span = finding.primary.span;
            let sources = page.input.sources;
            let place = format!("{}:{}", sources.path(span), sources.range(span).start.line);
            out.element("p", &[("class", "source")], |out| {
                out.leaf("code", &[], finding.id);
                out.text(" in ");
                out.text(&place);
            });
            finding.help.iter().for_each(|help| out.element("p", &[], |out| out.prose(help)));
        },
    );
}

/// The numbers that nobody stated.
pub fn assumptions(page: &Page<'_>, out: &mut Html) {
    out.element("p", &[("class", "hint")], |out| {
        out.text(
            "Numbers that decisions used because the model does not state them, or cannot. \
             \u{201c}house\u{201d} marks the ones that are ours: measure them.",
        );
    });
    let facts = page.design.facts();
    out.table(&["Number", "Value", "Plausible", "Who says so"], |out| {
        for number in numbers::ALL {
            let value = format!("{} {}", decide::facts::people(facts.value(number)), number.unit);
            let low = decide::facts::people(number.low);
            let range = format!("{low} to {}", decide::facts::people(number.high));
            out.element("tr", &[("data-find", number.name)], |out| {
                out.leaf("th", &[("scope", "row")], number.name);
                [value.as_str(), &range, number.source]
                    .iter()
                    .for_each(|cell| out.leaf("td", &[], cell));
            });
        }
    });
}

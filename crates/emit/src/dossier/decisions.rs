//! Every decision: what was chosen and why, what was not, and who says so.

use base::Provenance;
use decide::{catalogue::FAMILIES, design::Driver, design::Verdict};

use super::Page;
use base::html::{Html, anchor};

/// The part.
pub fn write(page: &Page<'_>, out: &mut Html) {
    out.element("p", &[("class", "hint")], |out| {
        out.text("Open a line to see what weighed, and why the other options were not taken.");
    });
    for family in FAMILIES {
        let of_family = page.design.verdicts.iter().filter(|of| of.family == family.name);
        let verdicts: Vec<&Verdict> = of_family.collect();
        if verdicts.is_empty() {
            continue;
        }
        let place = anchor("family", family.name);
        out.element("div", &[("class", "family"), ("id", &place)], |out| {
            out.element("h3", &[], |out| {
                out.text(family.name);
                let count = verdicts.len().to_string();
                out.leaf("span", &[("class", "count")], &count);
            });
            verdicts.iter().for_each(|verdict| one(page, verdict, out));
        });
    }
}

fn one(page: &Page<'_>, verdict: &Verdict, out: &mut Html) {
    let id = verdict.id();
    let place = anchor("decision", &id);
    out.element("details", &[("id", &place), ("data-find", &id)], |out| {
        out.element("summary", &[], |out| {
            out.leaf("span", &[("class", "subject")], &verdict.subject);
            out.leaf("code", &[("class", "choice")], verdict.choice);
            if verdict.overridden.is_some() {
                out.leaf("span", &[("class", "mark")], "by the model");
            }
            if verdict.price > 0 {
                let price = format!("{} points", verdict.price);
                out.leaf("span", &[("class", "mark")], &price);
            }
            if !verdict.runnable {
                out.leaf("span", &[("class", "mark quiet")], "not run by Firmitas yet");
            }
        });
        if let Some(because) = &verdict.overridden {
            out.element("p", &[], |out| out.prose(because));
        }
        parameters(verdict, out);
        drivers(page, &verdict.drivers, out);
        rejected(verdict, out);
        flips(page, verdict, out);
        out.element("p", &[("class", "source")], |out| {
            out.text("Source: ");
            out.prose(verdict.source);
        });
    });
}

fn parameters(verdict: &Verdict, out: &mut Html) {
    if verdict.parameters.is_empty() {
        return;
    }
    out.element("dl", &[("class", "parameters")], |out| {
        for (name, value) in &verdict.parameters {
            out.leaf("dt", &[], name);
            out.element("dd", &[], |out| out.prose(value));
        }
    });
}

fn drivers(page: &Page<'_>, drivers: &[Driver], out: &mut Html) {
    if drivers.is_empty() {
        return;
    }
    out.table(&["What weighed", "How", "Where from"], |out| {
        for driver in drivers {
            out.row(&[&driver.fact, &driver.weight, &origin(page, &driver.provenance)]);
        }
    });
}

/// Where a fact comes from, for people.
pub fn origin(page: &Page<'_>, from: &Provenance) -> String {
    match from {
        Provenance::Given(span) => {
            let sources = page.input.sources;
            format!("{}:{}", sources.path(*span), sources.range(*span).start.line)
        }
        Provenance::Default { source } => format!("assumed ({source})"),
        Provenance::Derived { from } => format!("from {from}"),
        Provenance::Simulated { run } => format!("simulated in {run}"),
        Provenance::Measured { run } => format!("measured in {run}"),
    }
}

/// What would turn it.
fn flips(page: &Page<'_>, verdict: &Verdict, out: &mut Html) {
    let flips: Vec<String> = page
        .design
        .flips
        .of(verdict.family, &verdict.subject)
        .map(decide::flips::Flip::sentence)
        .collect();
    if flips.is_empty() {
        return;
    }
    out.leaf("h4", &[], "What would turn it");
    out.element("ul", &[("class", "flips")], |out| {
        flips.iter().for_each(|flip| out.element("li", &[], |out| out.prose(flip)));
    });
}

fn rejected(verdict: &Verdict, out: &mut Html) {
    if verdict.rejected.is_empty() {
        return;
    }
    out.leaf("h4", &[], "Not taken");
    out.element("ul", &[], |out| {
        for other in &verdict.rejected {
            out.element("li", &[], |out| {
                out.leaf("code", &[], other.option);
                out.text(": ");
                out.prose(&other.reason);
            });
        }
    });
}

//! `decisions.md`: a table for each family, in the order of the catalogue.

use base::{Provenance, SourceMap};
use decide::{
    Design, decisions,
    design::{Driver, Verdict},
};

use crate::{
    adr,
    markdown::{cell, line},
};

/// The whole page.
pub fn page(design: &Design, sources: &SourceMap) -> String {
    let mut page = format!("# Decisions of {}\n\n", line(&design.model.system.name));
    let price: u32 = design.verdicts.iter().map(|verdict| verdict.price).sum();
    page += &format!(
        "The simplest option that meets every stated number, and what speaks against the others. \
         What is costly to reverse or crosses a border has a record of its own, linked here. \
         Complexity of all together: {price} points. `firm explain ID` says more.\n"
    );
    let mut families: Vec<&'static str> = Vec::new();
    for verdict in &design.verdicts {
        if families.last() != Some(&verdict.family) {
            families.push(verdict.family);
        }
    }
    for family in families {
        page += &section(design, sources, family);
    }
    page
}

fn section(design: &Design, sources: &SourceMap, family: &str) -> String {
    let mut section = format!("\n## {family}\n\n");
    if let Some(decision) = decisions::ALL.iter().find(|decision| decision.family == family) {
        section += &format!("*{}*\n\n", decision.question);
    }
    section += "| subject | decided | because | rather than | price |\n|---|---|---|---|---|\n";
    let verdicts = || design.verdicts.iter().filter(|verdict| verdict.family == family);
    section.extend(verdicts().map(|verdict| row(sources, verdict)));
    let mut cited: Vec<&str> = Vec::new();
    for verdict in verdicts() {
        if !cited.contains(&verdict.source) {
            cited.push(verdict.source);
        }
    }
    section + &format!("\nSource: {}.\n", cited.join("; "))
}

fn row(sources: &SourceMap, verdict: &Verdict) -> String {
    let mut decided = format!("**{}**", verdict.choice);
    if !verdict.runnable {
        decided += " (not run by `firm up`)";
    }
    for (name, value) in &verdict.parameters {
        decided += &format!("<br>{}: {}", cell(name), cell(value));
    }
    let own =
        verdict.overridden.iter().map(|reason| format!("**The model decides**: {}", cell(reason)));
    let drivers = verdict.drivers.iter().map(|of| driver(sources, of));
    let because: Vec<String> = own.chain(drivers).collect();
    let others = verdict.rejected.iter().map(|of| format!("{}: {}", of.option, cell(&of.reason)));
    let others: Vec<String> = others.collect();
    let subject = format!("`{}`", cell(&verdict.subject));
    let subject = match adr::path(verdict) {
        Some(path) => format!("[{subject}]({path})"),
        None => subject,
    };
    format!(
        "| {subject} | {decided} | {} | {} | {} |\n",
        because.join("<br>"),
        others.join("<br>"),
        verdict.price
    )
}

fn driver(sources: &SourceMap, driver: &Driver) -> String {
    let from = match &driver.provenance {
        Provenance::Given(span) => {
            format!("{}:{}", sources.path(*span), sources.range(*span).start.line)
        }
        Provenance::Default { source } => format!("not stated; {source}"),
        Provenance::Derived { from } => format!("from {from}"),
        Provenance::Simulated { run } => format!("simulated, {run}"),
        Provenance::Measured { run } => format!("measured, {run}"),
    };
    format!("{} ({}): {}", cell(&driver.fact), cell(&from), cell(&driver.weight))
}

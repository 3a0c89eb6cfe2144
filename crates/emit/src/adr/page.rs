//! A record in the sections of MADR 4. It quotes no lines of the model: a record changes when its
//! decision does, not when something moves.

use base::Provenance;
use decide::{
    Design, catalogue, decisions,
    design::{Driver, Verdict},
    flips::Measure,
};

use super::recorded::Recorded;
use crate::markdown::line;

/// The whole record.
pub fn page(design: &Design, verdict: &Verdict, recorded: &Recorded) -> String {
    let title = format!("# {}: {}", line(&verdict.id()), verdict.choice);
    let sections = [
        title,
        format!("## Context and Problem Statement\n\n{}", problem(design, verdict, recorded)),
        format!("## Decision Drivers\n\n{}", drivers(verdict)),
        format!("## Considered Options\n\n{}", options(verdict)),
        format!("## Decision Outcome\n\n{}", outcome(verdict)),
        format!("### Consequences\n\n{}", consequences(verdict)),
        format!("### Confirmation\n\n{}", confirmation(design, verdict, recorded)),
        format!("## Pros and Cons of the Options\n\n{}", reasons(verdict)),
        format!("## More Information\n\n{}", more(verdict)),
    ];
    format!(
        "---\nstatus: accepted\n---\n\n{}\n",
        sections.map(|of| of.trim().to_owned()).join("\n\n")
    )
}

fn problem(design: &Design, verdict: &Verdict, recorded: &Recorded) -> String {
    let system = &design.model.system;
    let question = decisions::ALL.iter().find(|decision| decision.family == verdict.family);
    let question = question.map_or_else(
        || format!("What is the {} of {}?", verdict.family, line(&verdict.subject)),
        |decision| decision.question.to_owned(),
    );
    let about = match verdict.subject.as_str() {
        "system" => format!("The whole of {}", line(&system.name)),
        subject => format!("`{}` in {}", line(subject), line(&system.name)),
    };
    let context = design.model.contexts.iter().find(|of| of.name.value == verdict.subject);
    let summary = context.and_then(|context| context.summary.as_deref()).unwrap_or(&system.summary);
    let summary = line(summary);
    let colon = if summary.is_empty() { "." } else { ": " };
    format!("{question}\n\n{about}{colon}{summary}\n\nRecorded because {}.", recorded.because)
}

fn drivers(verdict: &Verdict) -> String {
    if verdict.drivers.is_empty() {
        return "* Nothing that the model states weighs here.".to_owned();
    }
    let lines: Vec<String> = verdict.drivers.iter().map(driver).collect();
    lines.join("\n")
}

fn driver(driver: &Driver) -> String {
    let from = match &driver.provenance {
        Provenance::Given(_) => "stated in the model".to_owned(),
        Provenance::Default { source } => format!("not stated; {source}"),
        Provenance::Derived { from } => format!("from {from}"),
        Provenance::Simulated { run } => format!("simulated, {run}"),
        Provenance::Measured { run } => format!("measured, {run}"),
    };
    format!("* {} ({}): {}", line(&driver.fact), line(&from), line(&driver.weight))
}

/// The option taken and those that were weighed against it, in the order of the catalogue.
fn considered(verdict: &Verdict) -> Vec<&'static str> {
    let mut all: Vec<&'static str> = verdict.rejected.iter().map(|of| of.option).collect();
    all.push(verdict.choice);
    let choices = catalogue::family(verdict.family).map_or(&[][..], |family| family.choices);
    let position = |name: &str| choices.iter().position(|choice| choice.name == name);
    all.sort_by_key(|name| position(name).unwrap_or(choices.len()));
    all.dedup();
    all
}

fn what(verdict: &Verdict, option: &str) -> String {
    let choice = catalogue::family(verdict.family).and_then(|family| family.choice(option));
    choice.map_or_else(String::new, |choice| format!(": {}", choice.what))
}

fn options(verdict: &Verdict) -> String {
    let line = |option: &&str| format!("* {option}{}", what(verdict, option));
    considered(verdict).iter().map(line).collect::<Vec<_>>().join("\n")
}

fn outcome(verdict: &Verdict) -> String {
    let because = match &verdict.overridden {
        Some(reason) => format!("because the model says so: {}", line(reason)),
        None => "because it is the simplest option that meets every stated number".to_owned(),
    };
    let mut text =
        format!("Chosen option: \"{}\", {}.", verdict.choice, because.trim_end_matches('.'));
    if !verdict.parameters.is_empty() {
        let parameters = verdict.parameters.iter();
        let lines = parameters.map(|(name, value)| format!("* {}: {}", line(name), line(value)));
        text += &format!("\n\n{}", lines.collect::<Vec<_>>().join("\n"));
    }
    text
}

fn consequences(verdict: &Verdict) -> String {
    let price = match verdict.price {
        0 => "* Good, because it adds no complexity.".to_owned(),
        1 => "* Bad, because it costs 1 complexity point.".to_owned(),
        price => format!("* Bad, because it costs {price} complexity points."),
    };
    if verdict.runnable {
        return format!("{price}\n* Good, because `firm up` runs it.");
    }
    format!("{price}\n* Bad, because `firm up` does not run it.")
}

fn confirmation(design: &Design, verdict: &Verdict, recorded: &Recorded) -> String {
    let mut text = format!(
        "{} `firm design --check` fails as soon as the numbers of the model lead to another choice: \
         this record is then another.",
        recorded.confirmation
    );
    let flips = design.flips.of(verdict.family, &verdict.subject);
    let stated = flips.filter(|flip| matches!(flip.measure, Measure::Stated(_)));
    let turns: Vec<String> = stated.take(3).map(|flip| line(&flip.condition())).collect();
    if !turns.is_empty() {
        text += &format!(" With nothing else moved, it {}.", turns.join(", and it "));
    }
    if !recorded.findings.is_empty() {
        let findings: Vec<String> = recorded.findings.iter().map(|id| format!("`{id}`")).collect();
        text +=
            &format!(" Findings of `firm check` that speak against it: {}.", findings.join(", "));
    }
    text
}

fn reasons(verdict: &Verdict) -> String {
    let section = |option: &&str| {
        let against = verdict.rejected.iter().find(|of| of.option == *option);
        let reason = match (against, &verdict.overridden) {
            (Some(rejected), _) => format!("* Bad, because {}", line(&rejected.reason)),
            (None, Some(reason)) => format!("* Good, because {}", line(reason)),
            (None, None) => "* Good, because it meets every stated number".to_owned(),
        };
        format!("### {option}\n\n{reason}")
    };
    considered(verdict).iter().map(section).collect::<Vec<_>>().join("\n\n")
}

fn more(verdict: &Verdict) -> String {
    format!(
        "Source: {}. `firm explain \"{}\"` says more; all decisions are in \
         [decisions.md](../decisions.md).",
        verdict.source,
        line(&verdict.id())
    )
}

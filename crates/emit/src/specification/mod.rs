//! The design in two documents: `architecture-specification.md`, the patterns in eight lines and
//! then service by service, and `system-design.md`, from what is asked to what is built.

mod design;
mod services;

use decide::{Design, design::Verdict};

use crate::{Artifact, Emitter, markdown::Markdown};

/// Both documents.
pub static EMITTER: Emitter = Emitter { id: "specification", run: |input| artifacts(input.design) };

/// Both documents.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let artifact =
        |path: &str, page: Markdown| Artifact { path: path.to_owned(), contents: page.finish() };
    vec![
        artifact("architecture-specification.md", specification(design)),
        artifact("system-design.md", design::page(design)),
    ]
}

/// A line of the specification: its name, and the families that answer it.
const PATTERNS: [(&str, &[&str]); 8] = [
    ("Architecture pattern", &["style", "boundary", "service"]),
    ("Communication pattern", &["paradigm", "link", "broker"]),
    ("Data pattern", &["store", "read-model", "partitioning", "replicas"]),
    ("Transaction pattern", &["saga", "idempotency"]),
    ("Contract pattern", &["versioning", "authentication", "authorisation", "rate-limit"]),
    ("Reliability pattern", &["availability", "recovery", "resilience", "region"]),
    ("Observability pattern", &["slo", "telemetry"]),
    ("Deployment pattern", &["deployment", "edge", "rollout"]),
];

fn specification(design: &Design) -> Markdown {
    let mut page = Markdown::titled(&format!(
        "System architecture specification of {}",
        design.model.system.name
    ));
    page.paragraph(&design.model.system.summary);
    page.section("Patterns");
    let row = |(name, families): &(&str, &[&str])| {
        let chosen: Vec<String> = families.iter().filter_map(|of| choices(design, of)).collect();
        let because: Vec<String> = families.iter().filter_map(|of| because(design, of)).collect();
        (!chosen.is_empty())
            .then(|| vec![format!("**{name}**"), chosen.join("; "), because.join("; ")])
    };
    let rows = PATTERNS.iter().filter_map(row);
    page.table(&["pattern", "decided", "what weighed first"], rows, "Nothing was decided.");
    page.paragraph("Every decision with its reasons stands in decisions.md.");
    services::write(design, &mut page);
    page
}

fn of<'d>(design: &'d Design, family: &str) -> Vec<&'d Verdict> {
    design.verdicts.iter().filter(|verdict| verdict.family == family).collect()
}

/// What a family chose, with how often where it did so for several subjects.
fn choices(design: &Design, family: &str) -> Option<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for verdict in of(design, family) {
        match counts.iter_mut().find(|(choice, _)| *choice == verdict.choice) {
            Some((_, count)) => *count += 1,
            None => counts.push((verdict.choice, 1)),
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let one = |(choice, count): &(&str, usize)| match count {
        1 => (*choice).to_owned(),
        count => format!("{choice} x {count}"),
    };
    let all: Vec<String> = counts.iter().map(one).collect();
    (!all.is_empty()).then(|| format!("{family}: {}", all.join(", ")))
}

/// The first fact that weighed in the family's most expensive verdict.
fn because(design: &Design, family: &str) -> Option<String> {
    let verdicts = of(design, family);
    let dearest = verdicts
        .iter()
        .max_by(|a, b| a.price.cmp(&b.price).then_with(|| b.subject.cmp(&a.subject)))?;
    let driver = dearest.drivers.first()?;
    Some(format!("{family}: {} ({})", driver.fact, driver.weight))
}

//! `resilience.md`: what each dependency may do to its callers and what they do about it, what
//! fails with what, and how everything comes back.

use std::collections::BTreeMap;

use decide::{Design, crossings, deployables, design::Verdict, facts};
use model::model::{Authentication, OperationId, StepKind};

use crate::{Artifact, Emitter, markdown::Markdown};

/// `resilience.md`.
pub static EMITTER: Emitter = Emitter { id: "resilience", run: |input| artifacts(input.design) };

/// The page.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let mut page = Markdown::titled(&format!("Resilience of {}", design.model.system.name));
    page.paragraph(
        "Every call over a network has a timeout inside its caller's deadline, only what may be \
         repeated is repeated, and one layer repeats. Figures are derived from the stated \
         percentiles and availabilities; `firm explain ID` shows how.",
    );
    dependencies(design, &mut page);
    failures(design, &mut page);
    chains(design, &mut page);
    flows(design, &mut page);
    recovery(design, &mut page);
    vec![Artifact { path: "resilience.md".to_owned(), contents: page.finish() }]
}

fn verdicts<'d>(design: &'d Design, family: &'static str) -> impl Iterator<Item = &'d Verdict> {
    design.verdicts.iter().filter(move |of| of.family == family)
}

fn parameter(verdict: &Verdict, name: &str) -> String {
    let found = verdict.parameters.iter().find(|(known, _)| known == name);
    found.map_or_else(|| "\u{2013}".to_owned(), |(_, value)| value.clone())
}

fn dependencies(design: &Design, page: &mut Markdown) {
    page.section("Dependencies");
    let row = |of: &Verdict| {
        let mut row = vec![format!("`{}`", of.subject), of.choice.to_owned()];
        let names = ["timeout", "attempts", "backoff", "breaker", "bulkhead", "outbound limit"];
        row.extend(names.map(|name| parameter(of, name)));
        row
    };
    let heads = [
        "caller and callee",
        "pattern",
        "timeout",
        "attempts",
        "wait between them",
        "breaker",
        "bulkhead",
        "outbound limit",
    ];
    let none = "Nothing is called over a network: every context runs in one process, and there are \
                no externals.";
    page.table(&heads, verdicts(design, "resilience").map(row), none);
}

/// What is lost with each thing that may fail.
fn failures(design: &Design, page: &mut Markdown) {
    page.section("Failure modes");
    let mut rows: Vec<Vec<String>> = Vec::new();
    let facts = design.facts();
    let mut callers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let names = decide::decided::operation_names(facts);
    for crossing in crossings::of(facts, &names) {
        if let crossings::End::External(id, _) = crossing.to {
            let how = match crossing.how {
                crossings::How::Calls { fallback: true } => "falls back",
                crossings::How::Calls { fallback: false } => "refuses or waits",
                _ => "goes on later",
            };
            let all = callers.entry(facts.external(id).name.value.clone()).or_default();
            all.push(format!("`{}` {how}", crossing.caller));
        }
    }
    for (external, mut who) in callers {
        who.sort();
        who.dedup();
        rows.push(vec![
            format!("`{external}` is down or slow"),
            who.join(", "),
            "calls that were under way end at their timeout; durable ones are repeated with the \
             same key"
                .to_owned(),
        ]);
    }
    for deployable in deployables::of(design) {
        let contexts = deployable.contexts.iter().map(|id| facts.context(*id).name.value.as_str());
        let contexts = contexts.collect::<Vec<_>>().join(", ");
        let service = design.sizing.service(&deployable.name);
        let replicas = service.map_or(1, |of| of.replicas);
        let what = match replicas {
            0 | 1 => format!("everything of {contexts} until it is started again"),
            2 => "nothing: the other one takes over".to_owned(),
            many => format!("nothing: the other {} take over", many - 1),
        };
        rows.push(vec![
            format!("a replica of `{}`", deployable.name),
            what,
            "requests under way fail once; clients repeat them with their idempotency key".into(),
        ]);
    }
    for store in &design.sizing.stores {
        let contexts = store.contexts.iter().map(|id| facts.context(*id).name.value.as_str());
        let contexts = contexts.collect::<Vec<_>>().join(", ");
        let second = if store.copies.servers() > 1 {
            "writes wait until the standby is promoted; nothing that was acknowledged is lost as \
             far as `recovery` promises"
        } else {
            "everything waits for the server; afterwards the log is replayed"
        };
        let lost = format!("writes of {contexts}");
        rows.push(vec![format!("the server of `{}`", store.name), lost, second.to_owned()]);
    }
    let heads = ["what fails", "what is lost meanwhile", "how it comes back"];
    page.table(&heads, rows, "There is nothing that could fail.");
}

/// Synchronous chains and what their worst percentiles would add up to.
fn chains(design: &Design, page: &mut Markdown) {
    page.section("Chains of calls");
    page.paragraph(
        "Percentiles do not add: the sum of p99 below is a rough upper bound, labelled as such, \
         and no prediction.",
    );
    let facts = design.facts();
    let row = |(id, name): (OperationId, String)| {
        let operation = facts.operation(id);
        let mut callees: Vec<(String, f64, f64)> = Vec::new();
        crossings::calls(&operation.effects, &mut |_, call| {
            let end = crossings::end(call.callee);
            if !call.inline {
                let (times, _, _) = decide::budget::times(facts, end);
                callees.push((end.name(facts), times.mean(), times.quantile(0.99)));
            }
        });
        if callees.is_empty() {
            return None;
        }
        let names: Vec<String> = callees.iter().map(|of| format!("`{}`", of.0)).collect();
        let mean: f64 = callees.iter().map(|of| of.1).sum();
        let worst: f64 = callees.iter().map(|of| of.2).sum();
        let deadline = decide::budget::deadline_of(facts, operation);
        Some(vec![
            format!("`{name}`"),
            names.join(", "),
            facts::seconds(mean),
            facts::seconds(worst),
            facts::seconds(deadline),
        ])
    };
    let names = decide::decided::operation_names(facts);
    let mut all: Vec<(OperationId, String)> =
        facts.operations().map(|(id, _)| id).zip(names).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    let heads = ["operation", "waits for", "mean of these", "sum of p99 (rough)", "deadline"];
    page.table(&heads, all.into_iter().filter_map(row), "No operation waits for another.");
}

fn flows(design: &Design, page: &mut Markdown) {
    page.section("Flows");
    let facts = design.facts();
    let mut flows: Vec<_> = facts.flows.iter().collect();
    flows.sort_by_key(|flow| flow.name.value.as_str());
    let row = |flow: &&model::model::Flow| {
        let pivot = flow.steps.iter().find(|step| step.pivot);
        let undone: Vec<String> = flow
            .steps
            .iter()
            .filter_map(|step| {
                let undo = step.undo.as_ref()?;
                Some(format!("`{}` by `{}`", step.name, crossings::end(undo.callee).name(facts)))
            })
            .collect();
        let waits = flow.steps.iter().filter(|of| matches!(of.kind, StepKind::Wait { .. })).count();
        vec![
            format!("`{}`", flow.name),
            pivot.map_or("none".to_owned(), |step| format!("`{}`", step.name)),
            if undone.is_empty() { "nothing".to_owned() } else { undone.join(", ") },
            waits.to_string(),
            flow.failed.as_ref().map_or_else(
                || "stuck: an operator decides".to_owned(),
                |of| format!("`{}`", crossings::end(of.callee).name(facts)),
            ),
        ]
    };
    let heads = ["flow", "pivot", "undone before it", "waits", "after everything was undone"];
    page.table(&heads, flows.iter().map(row), "There are no flows.");
}

fn recovery(design: &Design, page: &mut Markdown) {
    page.section("Recovery");
    let row = |of: &Verdict| {
        let details = of.parameters.iter().map(|(name, value)| format!("{name}: {value}"));
        let because = of.drivers.first().map(|of| format!("{}: {}", of.fact, of.weight));
        vec![
            format!("`{}`", of.subject),
            of.choice.to_owned(),
            details.collect::<Vec<_>>().join("; "),
            because.unwrap_or_default(),
        ]
    };
    let rows = verdicts(design, "recovery").chain(verdicts(design, "availability")).map(row);
    let heads = ["of", "decided", "how", "because"];
    page.table(&heads, rows, "Nothing was decided about recovery.");
    let people = design.model.actors.iter().any(|of| of.authentication == Authentication::User);
    if people {
        page.paragraph(
            "A restore is tested on a schedule: a backup that was never restored is a hope. \
             Erasure requests that came after the backup have to be made on it again before it serves: \
             keep a list of them apart from the database.",
        );
    }
}

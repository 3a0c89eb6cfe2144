//! Each service: what it owns, serves, tells, remembers and awaits.

use decide::{Design, crossings, deployables, facts};
use model::model::{ContextId, OperationKind};

use crate::markdown::Markdown;

/// The section.
pub fn write(design: &Design, page: &mut Markdown) {
    page.section("Services");
    for deployable in deployables::of(design) {
        page.subsection(&format!("Service `{}`", deployable.name));
        let service = design.sizing.service(&deployable.name);
        let sized = service.map(|of| {
            format!(
                "{} to {} replicas of {} cores and {}.",
                of.replicas,
                of.most,
                of.replica_cores,
                facts::bytes(of.replica_memory)
            )
        });
        sized.iter().for_each(|text| page.paragraph(text));
        let rows = deployable.contexts.iter().map(|id| context(design, *id));
        let heads = ["context", "team", "database", "APIs", "events", "cache", "queue"];
        page.table(&heads, rows, "It has no contexts.");
    }
}

fn context(design: &Design, id: ContextId) -> Vec<String> {
    let model = &design.model;
    let context = model.context(id);
    let name = context.name.value.as_str();
    let team = context.team.and_then(|at| model.system.teams.get(at));
    vec![
        format!("`{name}`"),
        team.map_or("none", |team| team.name.as_str()).to_owned(),
        database(design, id, name),
        apis(design, id, name),
        events(design, id),
        caches(design, id),
        queues(design, id),
    ]
}

fn choice(design: &Design, family: &str, subject: &str) -> Option<&'static str> {
    let found = design.verdicts.iter().find(|of| of.family == family && of.subject == subject);
    found.map(|verdict| verdict.choice)
}

fn database(design: &Design, id: ContextId, name: &str) -> String {
    let Some(store) = choice(design, "store", name) else { return "none".to_owned() };
    let mut tables: Vec<String> = design
        .tables
        .iter()
        .filter(|table| design.model.entity(table.entity).context == id)
        .map(|table| format!("`{}.{}`", table.schema, table.name))
        .collect();
    tables.sort();
    format!("{store}, schema of its own: {}", tables.join(", "))
}

fn apis(design: &Design, id: ContextId, name: &str) -> String {
    let operations = design.model.operations().filter(|(_, of)| of.context == id);
    let (public, inner): (Vec<_>, Vec<_>) =
        operations.partition(|(operation, _)| design.route(*operation).is_some());
    let mut how: Vec<&str> = design
        .verdicts
        .iter()
        .filter(|of| of.family == "paradigm" && of.subject.ends_with(&format!("->{name}")))
        .map(|of| of.choice)
        .collect();
    how.sort_unstable();
    how.dedup();
    let mut said = Vec::new();
    if !public.is_empty() {
        said.push(format!("{} operations over {}", public.len(), how.join(", ")));
    }
    if !inner.is_empty() {
        said.push(format!("{} for flows and calls alone", inner.len()));
    }
    if said.is_empty() { "none".to_owned() } else { said.join("; ") }
}

fn events(design: &Design, id: ContextId) -> String {
    let own = design.model.events.iter().filter(|of| of.context == id);
    let mut names: Vec<String> = own.map(|of| format!("`{}`", of.name)).collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn caches(design: &Design, id: ContextId) -> String {
    let names = decide::decided::operation_names(design.facts());
    let reads = design.model.operations().zip(&names).filter(|((_, of), _)| {
        of.context == id && matches!(of.kind, OperationKind::List | OperationKind::Get)
    });
    let mut all: Vec<String> = reads
        .filter_map(|(_, name)| Some((name, choice(design, "cache", name)?)))
        .filter(|(_, choice)| *choice != "none")
        .map(|(name, choice)| format!("`{name}`: {choice}"))
        .collect();
    all.sort();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// What waits to be done for this context: its outbox, and steps of flows that it drives.
fn queues(design: &Design, id: ContextId) -> String {
    let facts = design.facts();
    let emits = facts.events.iter().any(|of| of.context == id);
    let driven = facts.flows.iter().filter(|flow| facts.event(flow.after).context == id);
    let mut all: Vec<String> = driven.map(|flow| format!("flow `{}`", flow.name)).collect();
    all.sort();
    if emits {
        all.insert(0, "outbox".to_owned());
    }
    let durable = facts.operations.iter().filter(|of| of.context == id).any(|of| {
        let mut any = false;
        crossings::calls(&of.effects, &mut |_, call| any |= !call.inline && !call.safe);
        any
    });
    if durable {
        all.push("durable calls".to_owned());
    }
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

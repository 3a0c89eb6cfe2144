//! Rows that end before their flow does.

use base::Duration;
use decide::crossings;
use model::model::{Entity, Flow, RetainEnd, StepKind};

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "row-gone-before-flow",
    Flows,
    Warning,
    "0.1",
    "rows that end before the flow that needs them",
    "row-gone-before-flow.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for flow in &model.flows {
        let Some((needed, why)) = needed(flow) else { continue };
        let mut told = Vec::new();
        for id in crossings::operations_of(flow) {
            let Some(entity_id) = model.operation(id).entity() else { continue };
            let entity = model.entity(entity_id);
            let Some((kept, place)) = lives(entity).filter(|(kept, _)| *kept < needed) else {
                continue;
            };
            if told.contains(&entity_id) {
                continue;
            }
            told.push(entity_id);
            let message = format!(
                "`{}` rows end after {kept}, but `{}` may need them for {needed}",
                entity.name, flow.name
            );
            sink.report(&format!("{}.{}", flow.name, entity.name), place, message, |finding| {
                finding
                    .label("ends while the flow runs")
                    .related(flow.name.span, why)
                    .related(model.operation(id).name.span, "works on it")
                    .note("a step that finds no row is refused, and its undoing as well")
                    .help(format!("keep them for {needed} at the least, or shorten the waiting"))
            });
        }
    }
}

/// For how long a flow may need its rows.
fn needed(flow: &Flow) -> Option<(Duration, &'static str)> {
    let waits = flow.steps.iter().filter(|step| matches!(step.kind, StepKind::Wait { .. }));
    let waits = waits.filter_map(|step| step.timeout.as_ref());
    let waits = waits.fold(0, |sum: u64, timeout| sum.saturating_add(timeout.value.0));
    let undone = flow.steps.iter().any(|step| step.undo.is_some());
    let undo =
        if undone { Duration::from_secs_f64(numbers::UNDO_HOURS.value * 3600.0).0 } else { 0 };
    let why = match (waits > 0, undone) {
        (true, true) => "its waiting and 24 h in which undoing is retried",
        (true, false) => "waits as long as that",
        (false, true) => "undoing is retried for 24 h",
        (false, false) => return None,
    };
    Some((Duration(waits.saturating_add(undo)), why))
}

/// How long a row lives after it was written, if that ends without a further event.
fn lives(entity: &Entity) -> Option<(Duration, base::Span)> {
    if let Some(ttl) = &entity.ttl {
        return Some((ttl.value, ttl.provenance.span()?));
    }
    let retain = entity.retain.as_ref()?;
    let starts_at_once = match retain.value.after {
        Some(field) => !entity.field(field).ty.is_optional(),
        None => entity.states.is_none(),
    };
    (starts_at_once && retain.value.end == RetainEnd::Delete)
        .then_some((retain.value.period, retain.span))
}

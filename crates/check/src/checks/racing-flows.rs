//! Two flows that race.

use decide::crossings;
use expression::EntityId;
use model::model::{Flow, OperationKind};

use crate::context::{Context, Sink, check};

check!(
    "racing-flows",
    Flows,
    Warning,
    "0.1",
    "two flows after one event that change rows of one entity",
    "racing-flows.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let mut flows: Vec<&Flow> = model.flows.iter().collect();
    flows.sort_by_key(|flow| flow.name.value.as_str());
    for (at, flow) in flows.iter().enumerate() {
        for other in flows.iter().skip(at + 1).filter(|other| other.after == flow.after) {
            let changed = changed(context, flow);
            let both = |id: &EntityId| changed.contains(id);
            let Some(entity) = self::changed(context, other).into_iter().find(both) else {
                continue;
            };
            let event = &model.event(flow.after).name;
            let entity = &model.entity(entity).name;
            let message = format!(
                "`{}` and `{}` both change `{entity}` after `{event}`, in any order",
                flow.name, other.name
            );
            sink.report(&format!("{}.{}", flow.name, other.name), flow.name.span, message, |finding| {
                finding
                    .label("starts with the same event")
                    .related(other.name.span, "so does this one")
                    .note("which of them comes first changes from one event to the next")
                    .help("make them one flow, or let the second run after an event that the first one emits")
            });
        }
    }
}

/// The entities whose rows the steps of a flow change.
fn changed(context: &Context, flow: &Flow) -> Vec<EntityId> {
    let model = context.model;
    let operations = crossings::operations_of(flow).into_iter().map(|id| model.operation(id));
    let changing = operations.filter(|of| of.writes() && of.kind != OperationKind::Create);
    changing.filter_map(model::model::Operation::entity).collect()
}

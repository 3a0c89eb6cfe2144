//! Rows that may be lost and must not be.

use base::Span;
use expression::{EntityId, Type};
use model::model::StepKind;

use crate::context::{Context, Sink, check};

check!(
    "volatile-but-needed",
    Data,
    Warning,
    "0.1",
    "rows that may be lost, and that something relies on",
    "volatile-but-needed.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, entity) in model.entities() {
        if !entity.volatile {
            continue;
        }
        let Some((place, why)) = relied_on(context, id) else { continue };
        let message = format!("`{}` may lose its last second, but {why}", entity.name);
        sink.report(&context.entity_name(id), entity.name.span, message, |finding| {
            finding
                .label("`volatile: true`")
                .related(place, "relies on it")
                .note("what is volatile is kept in memory and written behind: a crash loses what was acknowledged")
                .help("remove `volatile`, or keep what must survive in an entity of its own")
        });
    }
}

/// What relies on the rows of an entity, in words.
fn relied_on(context: &Context, id: EntityId) -> Option<(Span, String)> {
    let model = context.model;
    let entity = model.entity(id);
    let money =
        entity.fields.iter().find(|field| matches!(field.ty.required(), Type::Money { .. }));
    if let Some(field) = money {
        return Some((field.name.span, format!("`{}` is money", field.name)));
    }
    let writes = |of: &&model::model::Operation| of.writes() && of.entity() == Some(id);
    let critical = model.operations.iter().filter(writes).find(|of| of.workload.critical);
    if let Some(operation) = critical {
        return Some((operation.name.span, format!("`{}` is critical", operation.name)));
    }
    model.flows.iter().find_map(|flow| {
        let step = flow.steps.iter().find(|step| match &step.kind {
            StepKind::Call(call) => call.operation().is_some_and(|at| writes(&model.operation(at))),
            StepKind::Wait { .. } => false,
        })?;
        Some((step.span, format!("`{}.{}` writes it", flow.name, step.name)))
    })
}

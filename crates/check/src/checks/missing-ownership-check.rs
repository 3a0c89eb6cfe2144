//! A write that forgot whose the row is.

use model::model::{Grant, OperationKind};

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "missing-ownership-check",
    Security,
    Warning,
    "0.1",
    "a write of any row by an actor that other writes hold to its own",
    "missing-ownership-check.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let changes = |kind| matches!(kind, OperationKind::Update | OperationKind::Delete);
    for (id, operation) in model.operations() {
        let Some(entity) = operation.entity().filter(|_| changes(operation.kind)) else { continue };
        for grant in operation.by.iter().filter(|grant| grant.condition.is_none()) {
            if !grants::takes_anyone(model.actor(grant.actor)) {
                continue;
            }
            let others = model
                .operations()
                .filter(|(_, other)| changes(other.kind) && other.entity() == Some(entity));
            let held = others.flat_map(|(other, of)| of.by.iter().map(move |by| (other, by)));
            let owns = |(_, by): &(_, &Grant)| {
                by.actor == grant.actor
                    && by.condition.as_ref().is_some_and(|c| !grants::owners(c).is_empty())
            };
            let mut held = held;
            let Some((other, own)) = held.find(owns) else { continue };
            let actor = &model.actor(grant.actor).name;
            let row = &model.entity(entity).name;
            let message = format!(
                "with `{}` any `{actor}` can {} every `{row}`",
                operation.name,
                operation.kind.name()
            );
            sink.report(&model.qualified_operation(id), grant.span, message, |finding| {
                finding
                    .label("without a condition")
                    .related(own.span, format!("`{}` holds it to its own rows", model.operation(other).name))
                    .note("broken object-level authorisation is the first of OWASP's API risks (2023, API1)")
                    .help(format!("give `{actor}` the same condition here, or accept the finding with the reason"))
            });
        }
    }
}

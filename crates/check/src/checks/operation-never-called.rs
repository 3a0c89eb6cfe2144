//! An operation that nothing can start.

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "operation-never-called",
    Contracts,
    Warning,
    "0.1",
    "an operation for the system alone that nothing in the model calls",
    "operation-never-called.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        if !grants::only_system(model, operation) || context.usage.invoked.contains(&id) {
            continue;
        }
        let message = format!("nothing can start `{}`", operation.name);
        let place = operation.by.first().map_or(operation.name.span, |grant| grant.span);
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("no flow, schedule, callback or `call` does")
                .related(place, "admits the system alone: it has no public route")
                .help("call it where it belongs, admit an actor, or remove it")
        });
    }
}

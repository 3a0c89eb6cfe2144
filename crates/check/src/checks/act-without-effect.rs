//! An act that changes nothing.

use model::model::{Assigns, OperationKind};

use crate::context::{Context, Sink, check};

check!(
    "act-without-effect",
    Contracts,
    Warning,
    "0.1",
    "an act that changes nothing",
    "act-without-effect.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let assigns = |parameter: &model::model::Parameter| parameter.assigns != Assigns::Nothing;
        let works = !operation.effects.is_empty() || operation.input.parameters.iter().any(assigns);
        if operation.kind != OperationKind::Act || works {
            continue;
        }
        let message = format!("`{}` changes nothing", operation.name);
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("neither `do` nor an input that is assigned")
                .note(
                    "it answers 200, writes a version and an idempotency record, and does nothing",
                )
                .help("say what it does (`do: [{ move: .. }]`), or make it a `get`")
        });
    }
}

//! An undoing that others can make impossible.

use crate::context::{Context, Sink, check};
use crate::spoiling;

check!(
    "refusable-undo",
    Flows,
    Warning,
    "0.1",
    "an undoing that others can make impossible meanwhile",
    "refusable-undo.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for flow in &model.flows {
        for step in &flow.steps {
            let undo = step.undo.as_ref().and_then(|undo| Some((undo, undo.operation()?)));
            let Some((undo, id)) = undo else { continue };
            let Some(spoiler) = spoiling::spoiler(context, id) else { continue };
            let message = format!(
                "`{}` may be impossible to undo: `{}` can prevent it",
                step.name,
                model.operation(spoiler).name
            );
            sink.report(&format!("{}.{}", flow.name, step.name), undo.span, message, |finding| {
                finding
                    .label("retried for 24 h, then the flow is stuck")
                    .related(model.operation(id).name.span, "the operation that undoes")
                    .related(model.operation(spoiler).name.span, "others may do this meanwhile")
                    .help("let `system` alone change what it depends on while the flow runs, or let the undoing accept both states")
            });
        }
    }
}

//! A flow that undoes, and then says nothing.

use crate::context::{Context, Sink, check};

check!(
    "flow-without-failed",
    Flows,
    Warning,
    "0.1",
    "a flow that undoes its steps and states no `failed`",
    "flow-without-failed.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for flow in &context.model.flows {
        let Some(step) = flow.steps.iter().find(|step| step.undo.is_some()) else { continue };
        if flow.failed.is_some() {
            continue;
        }
        let message = format!("`{}` undoes its steps, and then tells nobody", flow.name);
        sink.report(&flow.name, flow.name.span, message, |finding| {
            finding
                .label("has no `failed`")
                .related(step.span, "this step is undone when a later one fails")
                .note("without it the flow stays stuck until an operator looks, and what started it never learns that it failed")
                .help("add `failed:` with the operation that makes the failure known, for example one that rejects the order")
        });
    }
}

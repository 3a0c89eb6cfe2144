//! A flow that may wait for ever.

use model::model::StepKind;

use crate::context::{Context, Sink, check};

check!(
    "wait-without-timeout",
    Flows,
    Warning,
    "0.1",
    "a step that waits for an event as long as it takes",
    "wait-without-timeout.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for flow in &model.flows {
        for step in &flow.steps {
            let StepKind::Wait { event, .. } = &step.kind else { continue };
            if step.timeout.is_some() {
                continue;
            }
            let event = model.event(*event);
            let message = format!("`{}.{}` may wait for ever", flow.name, step.name);
            sink.report(&format!("{}.{}", flow.name, step.name), step.span, message, |finding| {
                finding
                    .label("no `timeout`")
                    .related(event.name.span, "may never come")
                    .note("what the steps before it hold stays held, and nobody is told")
                    .help("say how long is reasonable (`timeout: 2d`); expiry fails the flow, which undoes what was done")
            });
        }
    }
}

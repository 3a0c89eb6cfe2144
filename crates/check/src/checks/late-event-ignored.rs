//! An event that comes too late for anybody.

use model::model::StepKind;

use crate::context::{Context, Sink, check};

check!(
    "late-event-ignored",
    Flows,
    Information,
    "0.1",
    "an awaited event that does nothing when it comes after the timeout",
    "late-event-ignored.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for flow in &model.flows {
        for step in &flow.steps {
            let StepKind::Wait { event, late: None, .. } = &step.kind else { continue };
            let Some(timeout) = &step.timeout else { continue };
            let event = model.event(*event);
            let message =
                format!("a `{}` that comes after {} does nothing", event.name, timeout.value);
            let place = timeout.provenance.span().unwrap_or(step.span);
            sink.report(&format!("{}.{}", flow.name, step.name), place, message, |finding| {
                finding
                    .label("the flow has failed by then")
                    .related(event.name.span, "may still come: nothing calls it off")
                    .note("when it means that somebody paid or delivered, that stays without an answer")
                    .help("name what then happens, such as a refund: `late: payments.refund`")
            });
        }
    }
}

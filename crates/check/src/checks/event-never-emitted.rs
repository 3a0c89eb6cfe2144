//! An event that no operation emits.

use model::model::EventId;

use crate::context::{Context, Sink, check};

check!(
    "event-never-emitted",
    Events,
    Warning,
    "0.1",
    "an event that no operation emits",
    "event-never-emitted.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, event) in (0u32..).map(EventId).zip(&context.model.events) {
        if context.usage.emits.contains_key(&id) {
            continue;
        }
        let message = format!("no operation emits `{}`", event.name);
        let subject = format!("{}.{}", context.model.context(event.context).name, event.name);
        sink.report(&subject, event.name.span, message, |finding| {
            finding
                .label("declared here, emitted nowhere")
                .note("whoever waits for it, waits for ever")
                .help(format!(
                    "add `- emit: {}` to the operation that makes it true, or remove it",
                    event.name
                ))
        });
    }
}

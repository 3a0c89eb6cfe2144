//! Deliveries of what is gone.

use crate::context::{Context, Sink, check};

check!(
    "webhook-outlives-event",
    Events,
    Warning,
    "0.1",
    "deliveries that are tried longer than there is something to deliver",
    "webhook-outlives-event.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for hook in &model.webhooks {
        let Some(retry) = &hook.retry else { continue };
        let span = retry.provenance.span().unwrap_or(hook.name.span);
        if let Some(after) = hook.disable_after.as_ref().filter(|after| after.value < retry.value) {
            let message = format!(
                "`{}` disables a subscriber after {}, before the {} of retries are over",
                hook.name, after.value, retry.value
            );
            let other = after.provenance.span().unwrap_or(hook.name.span);
            sink.report(&hook.name, span, message, |finding| {
                finding
                    .label("never tried to the end")
                    .related(other, "disabled by then")
                    .help(format!("let `disable_after` be {} or more", retry.value))
            });
        }
        for sent in &hook.events {
            let event = model.event(sent.event);
            let Some(kept) = event.retain.as_ref().filter(|kept| kept.value < retry.value) else {
                continue;
            };
            let message = format!(
                "`{}` tries for {}, but `{}` is kept for {}",
                hook.name, retry.value, event.name, kept.value
            );
            let other = kept.provenance.span().unwrap_or(event.name.span);
            sink.report(&format!("{}.{}", hook.name, event.name), span, message, |finding| {
                finding
                    .label("longer than there is something to send")
                    .related(other, "removed by then")
                    .note("a subscriber that comes back in time gets nothing, and nobody tells it")
                    .help(format!("keep `{}` for {} at the least", event.name, retry.value))
            });
        }
    }
}

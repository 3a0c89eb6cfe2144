//! Events that are gone before they are read.

use base::{Duration, Quantity, Span};
use model::model::{EventId, StepKind, ViewSource};

use crate::context::{Context, Sink, check};

check!(
    "event-kept-too-short",
    Events,
    Warning,
    "0.1",
    "an event that is gone before a consumer that was down comes back",
    "event-kept-too-short.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, event) in (0u32..).map(EventId).zip(&model.events) {
        let Some(kept) = &event.retain else { continue };
        let Some((need, what, place)) = needed(context, id).filter(|(need, ..)| *need > kept.value)
        else {
            continue;
        };
        let message = format!("`{}` is kept for {}, but {what} {need}", event.name, kept.value);
        let name = format!("{}.{}", model.context(event.context).name, event.name);
        let span = kept.provenance.span().unwrap_or(event.name.span);
        sink.report(&name, span, message, |finding| {
            finding
                .label("gone by then")
                .related(place, format!("needs {need}"))
                .note("what a consumer has not read when it is removed never reaches it")
                .help(format!("keep it for {need} at the least, better several times that"))
        });
    }
}

/// The longest time for which an event must still be there, what for, and where that stands.
fn needed(context: &Context, id: EventId) -> Option<(Duration, &'static str, Span)> {
    let model = context.model;
    let event = model.event(id);
    let views = model.views.iter().filter(|view| view.source == ViewSource::Event(id));
    let windows = views.filter_map(|view| {
        let (window, _) = view.window.as_ref()?;
        Some((window.value, "a view counts over", view.name.span))
    });
    let recovery = [&model.context(event.context).needs, &model.system.needs]
        .into_iter()
        .find_map(|needs| needs.recovery_time.as_ref())
        .filter(|_| consumed(context, id));
    let recovery = recovery.and_then(|of: &Quantity<Duration>| {
        Some((of.value, "its consumers may be down for", of.provenance.span()?))
    });
    windows.chain(recovery).max_by_key(|(need, ..)| *need)
}

fn consumed(context: &Context, id: EventId) -> bool {
    let model = context.model;
    let flows = model.flows.iter().any(|flow| {
        let waits = |step: &model::model::Step| {
            matches!(&step.kind, StepKind::Wait { event, .. } if *event == id)
        };
        flow.after == id || flow.steps.iter().any(waits)
    });
    let sent = model.webhooks.iter().any(|hook| hook.events.iter().any(|of| of.event == id));
    flows || sent || model.views.iter().any(|view| view.source == ViewSource::Event(id))
}

//! The last of what has no order.

use model::model::{Aggregate, ViewSource};

use crate::context::{Context, Sink, check};

check!(
    "last-without-order",
    Events,
    Warning,
    "0.1",
    "a view of the last value of events that have no order",
    "last-without-order.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for view in &model.views {
        let ViewSource::Event(event) = view.source else { continue };
        let event = model.event(event);
        let last = |field: &&model::model::ViewField| {
            field.aggregates.iter().any(|of| of.aggregate == Aggregate::Last)
        };
        let Some(field) = view.fields.iter().find(last).filter(|_| event.key.is_none()) else {
            continue;
        };
        let message =
            format!("`{}.{}` is the last of events that come in any order", view.name, field.name);
        let name = format!("{}.{}", model.context(view.context).name, view.name);
        sink.report(&name, field.name.span, message, |finding| {
            finding
                .label("the last one that arrived, not the last that happened")
                .related(event.name.span, "has no `key`: nothing orders its events")
                .note("a redelivery or a second consumer overtakes, and an old value stays as the newest")
                .help("give the event a `key` that names what the value belongs to")
        });
    }
}

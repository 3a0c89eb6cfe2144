//! A record that nobody can read.

use model::model::Target;

use crate::context::{Context, Sink, check};

check!(
    "unread-record",
    Observability,
    Information,
    "0.1",
    "a history or an audit that no operation shows",
    "unread-record.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, entity) in model.entities() {
        let shown = |target: Target| model.operations.iter().any(|of| of.target == target);
        let record = match (&entity.audit, entity.history) {
            (Some(_), _) if !shown(Target::Audit(id)) => "audit",
            (_, true) if !shown(Target::History(id)) => "history",
            _ => continue,
        };
        let place = match (&entity.audit, record) {
            (Some(audit), "audit") => audit.span,
            _ => entity.name.span,
        };
        let message =
            format!("the {record} of `{}` is kept, and no operation shows it", entity.name);
        let name = context.entity_name(id);
        sink.report(&name, place, message, |finding| {
            finding
                .label("written with every change")
                .related(entity.name.span, "the entity")
                .note("whoever must answer for a change needs it on the day it is asked for, without access to the store")
                .help(format!("add an operation, such as `list: {}.{record}` for an actor with a `role`", entity.name))
        });
    }
}

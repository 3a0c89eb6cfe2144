//! An actor who may do nothing.

use model::model::Authentication;

use crate::context::{Context, Sink, check};

check!("unused-actor", Contracts, Warning, "0.1", "an actor who may do nothing", "unused-actor.md");

fn run(context: &Context, sink: &mut Sink) {
    for (id, actor) in context.model.actors() {
        let built_in = actor.authentication == Authentication::System;
        let mut grants = context.model.operations.iter().flat_map(|operation| &operation.by);
        if built_in || grants.any(|grant| grant.actor == id) {
            continue;
        }
        let message = format!("no operation admits `{}`", actor.name);
        sink.report(&actor.name, actor.name.span, message, |finding| {
            finding
                .label("may do nothing")
                .help("name it in the `by` of an operation, or remove it")
        });
    }
}

//! A context that nobody owns.

use crate::context::{Context, Sink, check};

check!(
    "context-without-team",
    Boundaries,
    Warning,
    "0.1",
    "a context that no team owns, where there are teams",
    "context-without-team.md"
);

fn run(context: &Context, sink: &mut Sink) {
    // A single team owns whatever there is.
    if context.model.system.teams.len() < 2 {
        return;
    }
    let owned_by_nobody = |c: &&model::model::Context| c.team.is_none() && !c.unassigned;
    for ownerless in context.model.contexts.iter().filter(owned_by_nobody) {
        let message = format!("no team owns `{}`", ownerless.name);
        sink.report(&ownerless.name, ownerless.name.span, message, |finding| {
            finding
                .label("has no `team`")
                .note("who is called at night, and who reviews its contracts, is not decided")
                .help("add `team:` with one of the teams of `system.teams`")
        });
    }
}

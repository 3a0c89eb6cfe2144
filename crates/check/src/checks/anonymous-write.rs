//! Anyone may write.

use model::model::Authentication;

use crate::context::{Context, Sink, check};

check!(
    "anonymous-write",
    Security,
    Warning,
    "0.1",
    "an operation that writes and admits callers who are not signed in",
    "anonymous-write.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, operation) in context.model.operations() {
        let anonymous = |grant: &&model::model::Grant| {
            context.model.actor(grant.actor).authentication == Authentication::None
        };
        let Some(grant) = operation.by.iter().find(anonymous).filter(|_| operation.writes()) else {
            continue;
        };
        let message = format!("anyone on the network may do `{}`", operation.name);
        let name = context.model.qualified_operation(id);
        sink.report(&name, grant.span, message, |finding| {
            finding
                .label("needs no sign-in")
                .note("what is written cannot be traced to a caller, and only limits per address slow down abuse")
                .help("admit an actor with `auth: user` or `auth: key`, or accept the finding with the reason")
        });
    }
}

//! A durable call that cannot be repeated.

use model::model::{Callee, ExternalId};

use crate::context::{Context, Sink, check};

check!(
    "retried-call-not-idempotent",
    Resilience,
    Warning,
    "0.1",
    "a durable call to an external that must not be repeated",
    "retried-call-not-idempotent.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for call in &context.usage.calls {
        let Callee::External(ExternalId(at), operation) = call.callee else { continue };
        let external = &context.model.externals[usize::from(at)];
        let Some(operation) = external.operations.get(usize::from(operation)) else { continue };
        if operation.idempotent || operation.safe {
            continue;
        }
        let name = format!("{}.{}", external.name, operation.name);
        let message = format!("`{}` may repeat `{name}`, which is not idempotent", call.caller);
        sink.report(&call.caller, call.span, message, |finding| {
            finding
                .label("repeated after a crash or an answer that was lost")
                .related(operation.name.span, "not stated to be idempotent")
                .note("whether a call whose answer was lost had its effect cannot be known; repeating it may do it twice")
                .help("if it accepts an idempotency key, say `idempotent: true`; else look the result up first, and accept the finding with the reason")
        });
    }
}

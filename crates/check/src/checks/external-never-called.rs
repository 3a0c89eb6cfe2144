//! An operation of an external that nothing calls.

use model::model::{Callee, ExternalId};

use crate::context::{Context, Sink, check};

check!(
    "external-never-called",
    Resilience,
    Warning,
    "0.1",
    "an operation of an external that nothing calls",
    "external-never-called.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, external) in (0u16..).map(ExternalId).zip(&context.model.externals) {
        for (at, operation) in (0u16..).zip(&external.operations) {
            let callee = Callee::External(id, at);
            if context.usage.calls.iter().any(|call| call.callee == callee) {
                continue;
            }
            let name = format!("{}.{}", external.name, operation.name);
            let message = format!("nothing calls `{name}`");
            sink.report(&name, operation.name.span, message, |finding| {
                finding
                    .label("never called")
                    .note("its latency, limit and price weigh in no decision")
                    .help(format!("call it (`- call: {name}`), or remove it"))
            });
        }
    }
}

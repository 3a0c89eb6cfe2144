//! A call that may take any time.

use model::model::{Callee, ExternalId};

use crate::context::{Context, Sink, check};

check!(
    "external-without-latency",
    Resilience,
    Warning,
    "0.1",
    "an external that is called and states no latency",
    "external-without-latency.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, external) in (0u16..).map(ExternalId).zip(&context.model.externals) {
        for (at, operation) in (0u16..).zip(&external.operations) {
            let callee = Callee::External(id, at);
            let call = context.usage.calls.iter().find(|call| call.callee == callee);
            let Some(call) = call.filter(|_| operation.latency.is_none()) else { continue };
            let name = format!("{}.{}", external.name, operation.name);
            let message = format!("`{name}` states no latency");
            sink.report(&name, operation.name.span, message, |finding| {
                finding
                    .label("how long it takes is not known")
                    .related(call.span, format!("`{}` waits for it", call.caller))
                    .note("timeouts, bulkheads and the promise of its callers follow from its percentiles")
                    .help("add what its provider promises or you measured: `latency: p50 200ms p99 1s`")
            });
        }
    }
}

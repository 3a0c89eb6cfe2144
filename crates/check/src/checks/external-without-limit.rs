//! An external that accepts who knows how much.

use decide::facts;
use model::model::{Callee, ExternalId};

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "external-without-limit",
    Resilience,
    Information,
    "0.1",
    "an external that is called often and states no limit",
    "external-without-limit.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, external) in (0u16..).map(ExternalId).zip(&model.externals) {
        if external.limit.is_some() {
            continue;
        }
        let to_it = |callee: Callee| matches!(callee, Callee::External(called, _) if called == id);
        let calls: Vec<_> = context.usage.calls.iter().filter(|of| to_it(of.callee)).collect();
        let reached: f64 = calls.iter().map(|call| call.rate.peak * call.reach).sum();
        if reached < numbers::CALLS_WITHOUT_LIMIT.value {
            continue;
        }
        let message = format!(
            "`{}` states no limit, and the design must be able to call it {}",
            external.name,
            facts::per_second(reached)
        );
        sink.report(&external.name, external.name.span, message, |mut finding| {
            for call in &calls {
                let text = format!("`{}` calls it {}", call.caller, facts::describe_rate(call.rate));
                finding = finding.related(call.span, text);
            }
            finding
                .label("how much it accepts is not known")
                .note("every provider has a limit: without the number neither the outbound limiter nor the bulkhead can be sized, and its 429 comes as a surprise at the peak")
                .help("add what the contract or the provider's documentation says: `limit: 100/s`")
        });
    }
}

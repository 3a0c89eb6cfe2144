//! An external that is called more often than it accepts.

use decide::facts;
use model::model::{Callee, ExternalId};

use crate::context::{Context, Sink, check};

check!(
    "external-limit-exceeded",
    Capacity,
    Error,
    "0.1",
    "an external whose limit lies below the peak that the design must reach",
    "external-limit-exceeded.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let system = context.model;
    for (id, external) in (0u16..).map(ExternalId).zip(&system.externals) {
        let Some(limit) = &external.limit else { continue };
        let to_it = |callee: Callee| matches!(callee, Callee::External(called, _) if called == id);
        let calls: Vec<_> = context.usage.calls.iter().filter(|call| to_it(call.callee)).collect();
        let peak: f64 = calls.iter().map(|call| call.rate.peak).sum();
        let reached: f64 = calls.iter().map(|call| call.rate.peak * call.reach).sum();
        if reached <= limit.value.peak {
            continue;
        }
        let message = format!(
            "`{}` accepts {}, but the design must reach {} (now {} at peak)",
            external.name,
            facts::per_second(limit.value.peak),
            facts::per_second(reached),
            facts::per_second(peak),
        );
        let span = limit.provenance.span().unwrap_or(external.name.span);
        sink.report(&external.name, span, message, |mut finding| {
            for call in &calls {
                let text = format!("`{}` calls it {}", call.caller, facts::describe_rate(call.rate));
                finding = finding.related(call.span, text);
            }
            finding
                .label("the limit")
                .note("what is beyond the limit is refused, however the backend is scaled")
                .help("agree on a higher limit, lower `headroom` or the peak, or queue these calls in a flow")
        });
    }
}

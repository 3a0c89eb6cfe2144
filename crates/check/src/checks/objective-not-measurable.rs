//! A promise that one failure breaks.

use decide::facts;

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "objective-not-measurable",
    Observability,
    Warning,
    "0.1",
    "an availability that a single failed request breaks",
    "objective-not-measurable.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let own = operation.needs.availability.is_some() || operation.workload.critical;
        let Some(rate) = operation.workload.rate.as_ref().filter(|_| own) else { continue };
        let promise = facts::availability(model, operation);
        let Some(place) = promise.provenance.span() else { continue };
        let requests = rate.value.mean * numbers::BUDGET_DAYS.value * 86_400.0;
        let allowed = requests * (1.0 - promise.value.0);
        if allowed >= 1.0 {
            continue;
        }
        let message = format!(
            "one failure breaks the {} of `{}`: it gets {} requests in 30 days",
            facts::percent(promise.value.0),
            operation.name,
            facts::people(requests)
        );
        let span = rate.provenance.span().unwrap_or(operation.name.span);
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label(format!("{} failures are allowed", facts::people(allowed)))
                .related(place, "the promise")
                .related(span, "too few to measure it by")
                .note("no alert can tell a trend from a single mishap (The Site Reliability Workbook, chapter 5, low-traffic services)")
                .help("promise what its traffic can show, count it together with its context, or add probes")
        });
    }
}

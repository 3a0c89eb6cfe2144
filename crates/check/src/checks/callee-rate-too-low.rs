//! An operation that is called more often than it says.

use base::Rate;
use decide::facts;
use model::model::Callee;

use crate::context::{Context, Sink, check};

check!(
    "callee-rate-too-low",
    Capacity,
    Warning,
    "0.1",
    "an operation that is called more often than its own rate says",
    "callee-rate-too-low.md"
);

/// Rounding that is nobody's mistake.
const TOLERANCE: f64 = 0.9;

fn run(context: &Context, sink: &mut Sink) {
    for (id, operation) in context.model.operations() {
        let Some(stated) = &operation.workload.rate else { continue };
        let to_it = |call: &&_| -> bool {
            matches!(call, crate::usage::Called { callee: Callee::Operation(callee), .. } if *callee == id)
        };
        // What is called only under a condition may state less.
        let calls = context.usage.calls.iter().filter(|call| !call.sometimes);
        let calls: Vec<_> = calls.filter(to_it).collect();
        let sum = calls.iter().fold(Rate::default(), |sum, call| Rate {
            mean: sum.mean + call.rate.mean,
            peak: sum.peak + call.rate.peak,
        });
        let rate = stated.value;
        if rate.mean >= TOLERANCE * sum.mean && rate.peak >= TOLERANCE * sum.peak {
            continue;
        }
        let message = format!(
            "`{}` is called {}, but states {}",
            operation.name,
            facts::describe_rate(sum),
            facts::describe_rate(rate)
        );
        let span = stated.provenance.span().unwrap_or(operation.name.span);
        let name = context.model.qualified_operation(id);
        sink.report(&name, span, message, |mut finding| {
            for call in &calls {
                let text =
                    format!("`{}` calls it {}", call.caller, facts::describe_rate(call.rate));
                finding = finding.related(call.span, text);
            }
            finding
                .label("less than its callers need")
                .note("it would be sized too small, and what calls it would wait")
                .help("state at least the sum of its callers, times the items of their `each`")
        });
    }
}

//! What matters most, without a number.

use crate::context::{Context, Sink, check};

check!(
    "critical-without-objective",
    Capacity,
    Warning,
    "0.1",
    "a critical operation for which no latency is stated anywhere",
    "critical-without-objective.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let of = &model.context(operation.context).needs;
        let stated = operation.workload.latency.is_some()
            || [&operation.needs, of, &model.system.needs].iter().any(|n| n.latency.is_some());
        if !operation.workload.critical || stated {
            continue;
        }
        let message = format!("`{}` is critical, but no latency is stated for it", operation.name);
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("critical, and measured against a default")
                .note("alerts, timeouts and sizes follow from the objective")
                .help("add `latency: p95 200ms`, or what its users need")
        });
    }
}

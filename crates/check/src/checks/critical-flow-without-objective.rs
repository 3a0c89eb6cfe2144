//! What a critical operation starts, without a number.

use decide::crossings;

use crate::context::{Context, Sink, check};

check!(
    "critical-flow-without-objective",
    Observability,
    Warning,
    "0.1",
    "a flow that a critical operation starts and that nothing is measured by",
    "critical-flow-without-objective.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for flow in model.flows.iter().filter(|flow| flow.latency.is_none()) {
        let starts = |of: &&model::model::Operation| {
            let mut emits = false;
            crossings::emits(&of.effects, &mut |event| emits |= event == flow.after);
            emits && of.workload.critical
        };
        let Some(operation) = model.operations.iter().find(starts) else { continue };
        let message = format!(
            "`{}` finishes what the critical `{}` begins, and has no `latency`",
            flow.name, operation.name
        );
        sink.report(&flow.name, flow.name.span, message, |finding| {
            finding
                .label("may take any time")
                .related(operation.name.span, "critical")
                .note("the caller got its answer; whether the work behind it is done in time is what nobody sees")
                .help("say when it should be done: `latency: p95 5s`")
        });
    }
}

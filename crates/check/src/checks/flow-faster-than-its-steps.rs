//! A flow that is to be faster than its steps.

use decide::facts;
use model::model::{Callee, Flow, StepKind};

use crate::context::{Context, Sink, check};
use crate::floor;

check!(
    "flow-faster-than-its-steps",
    Flows,
    Warning,
    "0.1",
    "a flow whose externals alone take longer than the flow may",
    "flow-faster-than-its-steps.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for flow in &model.flows {
        let Some(objective) = &flow.latency else { continue };
        let (share, time) = facts::main_percentile(&objective.value);
        let steps = steps(context, flow);
        let floor: f64 = steps.iter().map(|(median, ..)| median).sum();
        if share < 0.5 || floor <= time {
            continue;
        }
        let message = format!(
            "`{}` is to end in {}, but its externals take {} in half of all cases",
            flow.name,
            facts::seconds(time),
            facts::seconds(floor)
        );
        let place = objective.provenance.span().unwrap_or(flow.name.span);
        sink.report(&flow.name, place, message, |mut finding| {
            for (median, span, name) in &steps {
                finding = finding.related(*span, format!("`{name}`: p50 {}", facts::seconds(*median)));
            }
            finding
                .label("more than half of its runs miss it")
                .note("the steps run one after another, and no server of ours makes the externals faster")
                .help("state what can be met, or take a step out into a flow of its own")
        });
    }
}

/// The steps that wait for externals: their medians in seconds.
fn steps<'a>(context: &'a Context<'_>, flow: &'a Flow) -> Vec<(f64, base::Span, &'a str)> {
    let model = context.model;
    let certain = flow.steps.iter().filter(|step| step.when.is_none());
    let timed = certain.filter_map(|step| {
        let StepKind::Call(call) = &step.kind else { return None };
        let median: f64 = match call.callee {
            Callee::Operation(operation) => {
                let waited = floor::externals(&model.operation(operation).effects);
                waited.iter().filter_map(|call| call.median(model)).sum()
            }
            Callee::External(external, at) => floor::median(model, external, at)?,
        };
        (median > 0.0).then_some((median, step.span, step.name.value.as_str()))
    });
    timed.collect()
}

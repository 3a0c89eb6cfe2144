//! A step after the pivot that others can make impossible.

use model::model::{Flow, Step, StepKind};

use crate::context::{Context, Sink, check};
use crate::spoiling;

check!(
    "refusable-after-pivot",
    Flows,
    Error,
    "0.1",
    "a step after the pivot that others can make impossible meanwhile",
    "refusable-after-pivot.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for flow in &context.model.flows {
        let pivot = flow.steps.iter().position(|step| step.pivot);
        let Some(pivot) = pivot else { continue };
        for step in &flow.steps[pivot + 1..] {
            step_after(context, sink, flow, step);
        }
    }
}

fn step_after(context: &Context, sink: &mut Sink, flow: &Flow, step: &Step) {
    let StepKind::Call(invocation) = &step.kind else { return };
    let Some(id) = invocation.operation() else { return };
    let Some(spoiler) = spoiling::spoiler(context, id) else { return };
    let model = context.model;
    let message = format!(
        "`{}` may become impossible after the pivot: `{}` can prevent it",
        step.name,
        model.operation(spoiler).name
    );
    sink.report(&format!("{}.{}", flow.name, step.name), step.span, message, |finding| {
        finding
            .label("retried until it succeeds, which may be never")
            .related(model.operation(id).name.span, "the operation that is called")
            .related(model.operation(spoiler).name.span, "others may do this meanwhile")
            .note("after the pivot there is no way back: a step that is refused leaves the flow stuck")
            .help("let `system` alone change what the step depends on while the flow runs (a state of its own does), or move the step before the pivot and give it an `undo`")
    });
}

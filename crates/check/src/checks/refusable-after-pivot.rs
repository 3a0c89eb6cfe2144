//! A step after the pivot that others can make impossible.

use expression::EntityId;
use model::model::{EffectKind, Flow, OperationId, Step, StepKind};

use crate::context::{Context, Sink, check};
use crate::grants::only_system;
use crate::walk;

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
    let Some(spoiler) = spoiler(context, id) else { return };
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

/// An operation that others than `system` may do, and after which the called one is refused.
fn spoiler(context: &Context, called: OperationId) -> Option<OperationId> {
    let model = context.model;
    let operation = model.operation(called);
    let entity = operation.entity()?;
    let others = |id: &OperationId| *id != called && !only_system(model, model.operation(*id));
    let mut found = None;
    walk::effects(&operation.effects, &mut |effect| {
        let spoils = match &effect.kind {
            EffectKind::Move { state } => moved_away(context, entity, &state.value, &others),
            EffectKind::Require { condition, .. } => {
                let read = walk::fields_read(condition);
                let writes =
                    |w: &&(OperationId, EntityId, _)| others(&w.0) && read.contains(&(w.1, w.2));
                context.usage.writes.iter().find(writes).map(|(id, ..)| *id)
            }
            _ => None,
        };
        found = found.or(spoils);
    });
    found
}

/// An operation of others that moves a row from where `to` is allowed to where it is not.
fn moved_away(
    context: &Context,
    entity: EntityId,
    to: &str,
    others: &dyn Fn(&OperationId) -> bool,
) -> Option<OperationId> {
    let states = context.model.entity(entity).states.as_ref()?;
    let sources = states.states.iter().map(|(name, _)| name.value.as_str());
    let sources: Vec<&str> = sources.filter(|from| states.allows(from, to)).collect();
    let leaves = |(id, target): &&(OperationId, String)| {
        others(id)
            && target != to
            && !states.allows(target, to)
            && sources.iter().any(|from| states.allows(from, target))
    };
    context.usage.moves.get(&entity)?.iter().find(leaves).map(|(id, _)| *id)
}

//! What others can do that makes an operation of a flow impossible.

use expression::EntityId;
use model::model::{EffectKind, OperationId};

use crate::context::Context;
use crate::grants::only_system;
use crate::walk;

/// An operation that others than `system` may do, and after which the called one is refused.
pub fn spoiler(context: &Context, called: OperationId) -> Option<OperationId> {
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

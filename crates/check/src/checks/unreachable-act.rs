//! An act whose actor can find no row to act on.

use std::collections::BTreeSet;

use expression::EntityId;
use model::{
    Model,
    model::{ActorId, Authentication, Operation, OperationKind, Target},
};

use crate::context::{Context, Sink, check};

check!(
    "unreachable-act",
    Contracts,
    Warning,
    "0.1",
    "an act whose actor can find no row to act on",
    "unreachable-act.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let shown = shown(&model);
    let everyone = model.actors().filter(|(_, of)| of.authentication == Authentication::None);
    let everyone: Vec<ActorId> = everyone.map(|(id, _)| id).collect();
    // Whether the actor is such a row, or some operation shows it one.
    let knows = |actor: ActorId, entity: EntityId| {
        let admitted = |actor: &ActorId| shown.contains(&(entity, *actor));
        model.actor(actor).entity == Some(entity)
            || admitted(&actor)
            || everyone.iter().any(admitted)
    };
    for (id, operation) in model.operations() {
        let (OperationKind::Act, Target::Entity(entity)) = (operation.kind, operation.target)
        else {
            continue;
        };
        for grant in &operation.by {
            let actor = model.actor(grant.actor);
            if actor.authentication == Authentication::System || knows(grant.actor, entity) {
                continue;
            }
            let message =
                format!("`{}` has no way to find `{}` rows", actor.name, model.entity(entity).name);
            let name = model.qualified_operation(id);
            sink.report(&name, grant.span, message, |finding| {
                finding
                    .label(format!("may do `{}`", operation.name))
                    .related(model.entity(entity).name.span, "the row that it would act on")
                    .help(format!("add a `list` or `get` of it that admits `{}`", actor.name))
            });
        }
    }
}

/// The actors that some operation shows a row of an entity.
fn shown(model: &Model) -> BTreeSet<(EntityId, ActorId)> {
    use OperationKind::{Create, Get, List, Stream};
    let shows = |of: &&Operation| matches!(of.kind, List | Get | Stream | Create);
    let grants = |of: &Operation| -> Vec<(EntityId, ActorId)> {
        let Target::Entity(entity) = of.target else { return Vec::new() };
        of.by.iter().map(|grant| (entity, grant.actor)).collect()
    };
    model.operations.iter().filter(shows).flat_map(grants).collect()
}

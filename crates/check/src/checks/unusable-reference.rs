//! A required reference to rows that the caller may not see.

use std::collections::BTreeSet;

use expression::{EntityId, Type};
use model::{
    Model,
    model::{ActorId, Authentication, Operation, OperationKind, Target},
};

use crate::context::{Context, Sink, check};

check!(
    "unusable-reference",
    Contracts,
    Warning,
    "0.1",
    "an input that must refer to a row which no `get` or `list` shows to the caller",
    "unusable-reference.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model.model;
    let shown = shown(model);
    let everyone = model.actors().filter(|(_, of)| of.authentication == Authentication::None);
    let everyone: Vec<ActorId> = everyone.map(|(id, _)| id).collect();
    let sees = |actor: ActorId, entity: EntityId| {
        shown.contains(&(entity, actor)) || everyone.iter().any(|of| shown.contains(&(entity, *of)))
    };
    for (id, operation) in model.operations() {
        for grant in &operation.by {
            let actor = model.actor(grant.actor);
            if actor.authentication == Authentication::System {
                continue;
            }
            let required = operation.input.parameters.iter().filter(|input| input.required);
            let unseen = required.filter_map(|input| match input.ty.required() {
                Type::Reference(entity) if !sees(grant.actor, *entity) => Some((input, *entity)),
                _ => None,
            });
            for (input, entity) in unseen {
                let entity = model.entity(entity);
                let message = format!(
                    "`{}` refuses every `{}` of `{}`: it may see no `{}`",
                    operation.name, input.name, actor.name, entity.name
                );
                sink.report(&model.qualified_operation(id), input.name.span, message, |finding| {
                    finding
                        .label("a reference that the request must hold")
                        .related(grant.span, "admitted here")
                        .related(entity.name.span, "no `get` or `list` of it admits the actor")
                        .note("a reference is accepted only to a row that the caller may see; any other is answered with 422, as if there were no such row")
                        .help(format!("add a `get` or `list` of `{}` that admits `{}`, or find the row in another way, such as by a number in `input`", entity.name, actor.name))
                });
            }
        }
    }
}

/// The actors that some `get` or `list` admits to rows of an entity.
fn shown(model: &Model) -> BTreeSet<(EntityId, ActorId)> {
    let shows = |of: &&Operation| matches!(of.kind, OperationKind::Get | OperationKind::List);
    let grants = |of: &Operation| -> Vec<(EntityId, ActorId)> {
        let Target::Entity(entity) = of.target else { return Vec::new() };
        of.by.iter().map(|grant| (entity, grant.actor)).collect()
    };
    model.operations.iter().filter(shows).flat_map(grants).collect()
}

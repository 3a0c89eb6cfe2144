//! An act whose actor can find no row to act on.

use expression::EntityId;
use model::{
    Model,
    model::{ActorId, Authentication, OperationKind, Target},
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
    for (id, operation) in model.operations() {
        let (OperationKind::Act, Target::Entity(entity)) = (operation.kind, operation.target)
        else {
            continue;
        };
        for grant in &operation.by {
            let actor = model.actor(grant.actor);
            if actor.authentication == Authentication::System || knows(model, grant.actor, entity) {
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

/// Whether the actor is such a row, or some operation shows it one.
fn knows(model: &Model, actor: ActorId, entity: EntityId) -> bool {
    let shows = |kind| {
        matches!(
            kind,
            OperationKind::List
                | OperationKind::Get
                | OperationKind::Stream
                | OperationKind::Create
        )
    };
    let admits = |granted: ActorId| {
        granted == actor || model.actor(granted).authentication == Authentication::None
    };
    model.actor(actor).entity == Some(entity)
        || model.operations.iter().any(|operation| {
            shows(operation.kind)
                && operation.target == Target::Entity(entity)
                && operation.by.iter().any(|grant| admits(grant.actor))
        })
}

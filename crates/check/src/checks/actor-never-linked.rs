//! An actor whose row nobody's account can be.

use expression::EntityId;
use model::model::{Actor, ActorId, Operation, OperationKind};

use crate::context::{Context, Sink, check};

check!(
    "actor-never-linked",
    Security,
    Warning,
    "0.1",
    "an actor who is a row that no account can be linked to",
    "actor-never-linked.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, actor) in model.actors() {
        let Some(entity) = actor.entity else { continue };
        let admitted = model.operations().any(|(_, operation)| admits(operation, id));
        let mut same = model.actors().filter(|(_, other)| other.entity == Some(entity));
        if !admitted || same.any(|other| is_linked(context, other, entity)) {
            continue;
        }
        let row = &model.entity(entity).name;
        let message = format!("`{}` is a `{row}`, but nobody can become one", actor.name);
        sink.report(&actor.name, actor.name.span, message, |finding| {
            finding
                .label("every request as this actor is refused")
                .related(row.span, "nothing says whose row it is")
                .note("an account is linked to the row that it creates as this actor, or to the one with its verified address")
                .help(format!(
                    "let it create its own row (`create: {row}` with `by: [{}]`), or name the field that holds its address (`login: email`)",
                    actor.name
                ))
        });
    }
}

fn admits(operation: &Operation, actor: ActorId) -> bool {
    operation.by.iter().any(|grant| grant.actor == actor)
}

/// Whether accounts come to be rows of the entity as this actor: then they are for every other.
fn is_linked(context: &Context, (id, actor): (ActorId, &Actor), entity: EntityId) -> bool {
    let mut operations = context.model.operations();
    actor.login.is_some()
        || operations.any(|(_, operation)| {
            let own = operation.kind == OperationKind::Create && operation.entity() == Some(entity);
            own && operation.by.iter().any(|grant| grant.actor == id && grant.condition.is_none())
        })
}

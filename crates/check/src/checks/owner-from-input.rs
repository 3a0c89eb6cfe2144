//! A row created in somebody else's name.

use expression::{EntityId, FieldIndex, Type};
use model::model::{Assigns, Grant, Operation, OperationKind};

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "owner-from-input",
    Security,
    Warning,
    "0.1",
    "a create that lets the caller name somebody else as the owner",
    "owner-from-input.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let Some(entity) = operation.entity().filter(|_| operation.kind == OperationKind::Create)
        else {
            continue;
        };
        for grant in &operation.by {
            let Some((field, owned)) = foreign_owner(context, operation, entity, grant) else {
                continue;
            };
            let field = model.entity(entity).field(field);
            let actor = &model.actor(grant.actor).name;
            let message = format!(
                "with `{}` a `{actor}` can create a `{}` that belongs to another",
                operation.name,
                model.entity(entity).name
            );
            let input =
                operation.input.parameters.iter().find(|p| p.name.value == field.name.value);
            let place = input.map_or(operation.name.span, |input| input.name.span);
            sink.report(&model.qualified_operation(id), place, message, |finding| {
                finding
                    .label("the caller says whose it is")
                    .related(owned.span, format!("`{}` decides whose it is", field.name))
                    .related(grant.span, "admitted without a condition")
                    .note("object-level authorisation ends where the caller writes the field that it rests on (OWASP API Security 2023, API1)")
                    .help(format!("take `{0}` out of `input` and set it: `set: {{ {0}: actor.id }}`; or write `by: {{ {actor}: self.{0} == actor.id }}`", field.name))
            });
        }
    }
}

/// The field that the grant's actor may fill with another of its kind, and a grant by which that
/// field says whose the row is.
fn foreign_owner<'a>(
    context: &'a Context<'_>,
    operation: &Operation,
    entity: EntityId,
    grant: &Grant,
) -> Option<(FieldIndex, &'a Grant)> {
    let model = context.model.model;
    let person = model.actor(grant.actor).entity.filter(|_| grant.condition.is_none())?;
    let assigned = operation.input.parameters.iter().filter_map(|input| match input.assigns {
        Assigns::Field(field) if *input.ty.required() == Type::Reference(person) => Some(field),
        _ => None,
    });
    let mut assigned = assigned.collect::<Vec<_>>().into_iter();
    assigned.find_map(|field| {
        let others = model.operations.iter().filter(|other| other.entity() == Some(entity));
        let mut grants = others.flat_map(|other| &other.by);
        let owns = |other: &&Grant| {
            other.actor == grant.actor
                && other.condition.as_ref().is_some_and(|c| grants::owners(c).contains(&field))
        };
        grants.find(owns).map(|owner| (field, owner))
    })
}

//! A privilege that its holder writes.

use base::Span;
use expression::{EntityId, FieldIndex, ir::VariableIndex};
use model::model::{ActorId, Assigns, Grant};

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "self-granted-privilege",
    Security,
    Error,
    "0.1",
    "an actor that can write the field by which it is authorised",
    "self-granted-privilege.md"
);

/// A field of a caller's row that conditions read, with one of them.
struct Privilege {
    entity: EntityId,
    field: FieldIndex,
    read: Span,
    /// Who must already pass a condition over the field, if it is an actor's own.
    held_by: Option<ActorId>,
}

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let privileges = privileges(context);
    for (id, operation) in model.operations() {
        let Some(entity) = operation.entity().filter(|_| operation.writes()) else { continue };
        for input in &operation.input.parameters {
            let Assigns::Field(field) = input.assigns else { continue };
            let of = |found: &&Privilege| found.entity == entity && found.field == field;
            let Some((privilege, grant)) = privileges.iter().filter(of).find_map(|privilege| {
                let writes = |grant: &&Grant| own_row(context, grant, entity, field, privilege);
                operation.by.iter().find(writes).map(|grant| (privilege, grant))
            }) else {
                continue;
            };
            let actor = &model.actor(grant.actor).name;
            let message = format!(
                "with `{}` a `{actor}` can write its own `{}`, by which it is authorised",
                operation.name, input.name
            );
            sink.report(&model.qualified_operation(id), input.name.span, message, |finding| {
                finding
                    .label("the caller chooses what it may do")
                    .related(privilege.read, "decides what the caller may do")
                    .related(grant.span, "admitted")
                    .note("anyone who signs in makes himself what he likes (OWASP API Security 2023, API3: mass assignment)")
                    .help(format!("take `{}` out of `input`, and let an actor with a `role` of its token set it by an operation of its own", input.name))
            });
        }
    }
}

/// Every field of a caller's row that decides about something.
fn privileges(context: &Context) -> Vec<Privilege> {
    let model = context.model;
    let mut found = Vec::new();
    for (id, actor) in model.actors() {
        let Some(entity) = actor.entity else { continue };
        let mut add = |condition: &expression::ir::Expression, held_by| {
            for field in grants::fields_of(condition, VariableIndex::ACTOR) {
                if model.entity(entity).field(field).built_in.is_none() {
                    found.push(Privilege { entity, field, read: condition.span, held_by });
                }
            }
        };
        if let Some(when) = &actor.when {
            add(when, Some(id));
        }
        let grants = model.operations.iter().flat_map(|operation| &operation.by);
        for grant in grants.filter(|grant| grant.actor == id) {
            if let Some(condition) = &grant.condition {
                add(condition, None);
            }
        }
    }
    found
}

/// Whether a grant lets callers write the field of their own rows before they hold what it gives.
fn own_row(
    context: &Context,
    grant: &Grant,
    entity: EntityId,
    field: FieldIndex,
    privilege: &Privilege,
) -> bool {
    let actor = context.model.actor(grant.actor);
    let reads = |condition: Option<&expression::ir::Expression>| {
        condition.is_some_and(|of| grants::fields_of(of, VariableIndex::ACTOR).contains(&field))
    };
    // Who is let in by the field already, or by a claim of its token, grants it to others.
    let holds = privilege.held_by == Some(grant.actor) || actor.role.is_some();
    actor.entity == Some(entity)
        && !holds
        && !reads(actor.when.as_ref())
        && !reads(grant.condition.as_ref())
}

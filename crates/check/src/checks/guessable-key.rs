//! Rows that anyone can count through.

use decide::facts;
use expression::Type;
use model::model::{Addressed, OperationKind};

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "guessable-key",
    Security,
    Warning,
    "0.1",
    "rows that anyone can read one after another by counting",
    "guessable-key.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let (Addressed::Key(key), OperationKind::Get) = (operation.addressed, operation.kind)
        else {
            continue;
        };
        let Some(entity_id) = operation.entity() else { continue };
        let open = operation.by.iter().find(|grant| {
            let actor = model.actor(grant.actor);
            let anyone = grants::is_anonymous(model, grant) || grants::takes_anyone(actor);
            anyone && grant.condition.is_none()
        });
        let entity = model.entity(entity_id);
        let field = entity.field(key);
        let listed = model.operations.iter().any(|other| {
            let same = |by: &model::model::Grant| open.is_some_and(|g| g.actor == by.actor);
            other.kind == OperationKind::List
                && other.entity() == Some(entity_id)
                && other.by.iter().any(|by| same(by) && by.condition.is_none())
        });
        let counts = matches!(field.ty.required(), Type::Int { .. });
        let Some(grant) = open.filter(|_| counts && !listed && operation.condition.is_none())
        else {
            continue;
        };
        let rows = facts::rows_at_horizon(model, entity_id);
        let rows = rows.map_or_else(String::new, |rows| format!(" {}", facts::people(rows.value)));
        let message = format!(
            "all{rows} rows of `{}` can be read by counting up `{}`",
            entity.name, field.name
        );
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("answers for every number")
                .related(field.name.span, "numbers that can be guessed")
                .related(grant.span, "admitted without a condition")
                .note("there is no list of them for this actor, so that they were not meant to be found")
                .help("address them by `id` (a UUID), or give the actor a condition on the row")
        });
    }
}

//! Everyone reads about everyone.

use model::model::{OperationKind, OutputValue};

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "personal-data-of-others",
    Security,
    Warning,
    "0.1",
    "an actor that anyone can be and that reads the personal data of all",
    "personal-data-of-others.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let reads = matches!(
            operation.kind,
            OperationKind::List | OperationKind::Get | OperationKind::Stream
        );
        let Some(entity) = operation.entity().filter(|_| reads && operation.condition.is_none())
        else {
            continue;
        };
        let entity = model.entity(entity);
        // Within a tenant colleagues see each other.
        if model.system.tenancy.is_some() && !entity.shared {
            continue;
        }
        let open = |grant: &&model::model::Grant| {
            grant.condition.is_none()
                && grants::takes_anyone(model.actor(grant.actor))
                && grant_is_person(context, grant)
        };
        let Some(grant) = operation.by.iter().find(open) else { continue };
        let personal = operation.fields.iter().find_map(|field| match field.value {
            OutputValue::Field(index) if entity.field(index).modifiers.pii => Some(index),
            _ => None,
        });
        let Some(field) = personal.map(|index| entity.field(index)) else { continue };
        let actor = &model.actor(grant.actor).name;
        let message = format!(
            "with `{}` any `{actor}` can read the `{}` of every `{}`",
            operation.name, field.name, entity.name
        );
        sink.report(&model.qualified_operation(id), grant.span, message, |finding| {
            finding
                .label("without a condition")
                .related(field.name.span, "marked `pii`")
                .note("an account is all that it takes to collect the data of all")
                .help(format!("give `{actor}` a condition (`{actor}: self.id == actor.id`), leave `{}` out of `fields`, or admit an actor with a `role`", field.name))
        });
    }
}

/// Whether callers are rows of their own, of which everyone can make one.
fn grant_is_person(context: &Context, grant: &model::model::Grant) -> bool {
    let model = context.model;
    let Some(entity) = model.actor(grant.actor).entity else { return false };
    let creators = context.usage.creates.get(&entity).into_iter().flatten();
    creators.flat_map(|id| &model.operation(*id).by).any(|by| by.actor == grant.actor)
}

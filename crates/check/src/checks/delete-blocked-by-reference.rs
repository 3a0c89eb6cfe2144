//! A delete that is refused as soon as the row was used.

use expression::{EntityId, Type};
use model::model::{BuiltIn, Entity, Field, RetainEnd};

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "delete-blocked-by-reference",
    Data,
    Warning,
    "0.1",
    "a delete that rows which never go away forbid",
    "delete-blocked-by-reference.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation, target) in walk::removals(&model) {
        let entity = model.entity(target);
        let Some((other, field)) = kept_by(context, target) else { continue };
        let message = format!(
            "`{}` is refused for every `{}` that a `{}` refers to",
            operation.name, entity.name, other.name
        );
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("409 once the row was used")
                .related(field.name.span, "always refers to one")
                .related(other.name.span, "is never deleted and has neither `retain` nor `ttl`")
                .note("a row that is referred to cannot be deleted: the foreign key holds it")
                .help(format!("give `{}` `soft_delete: true`, make the reference optional and empty it first, or let `{}` end as well", entity.name, other.name))
        });
    }
}

/// An entity of the same context whose rows always refer to this one and never go.
fn kept_by<'a>(context: &'a Context<'_>, target: EntityId) -> Option<(&'a Entity, &'a Field)> {
    let model = context.model.model;
    let home = model.entity(target).context;
    model.entities().find_map(|(id, other)| {
        let deleted = other.retain.as_ref().is_some_and(|of| of.value.end == RetainEnd::Delete);
        let ends = deleted || other.ttl.is_some() || context.usage.deletes.contains(&id);
        if id == target || other.context != home || ends {
            return None;
        }
        let refers = |field: &&Field| {
            field.ty == Type::Reference(target) && field.built_in != Some(BuiltIn::Id)
        };
        let field = other.fields.iter().find(refers)?;
        Some((other, field))
    })
}

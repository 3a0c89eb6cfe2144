//! Personal data without an end.

use expression::{Type, types::TextFormat};
use model::model::{EffectKind, Entity, Field};

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "personal-data-kept-forever",
    Privacy,
    Warning,
    "0.1",
    "personal data without retention, time to live or a way to delete it",
    "personal-data-kept-forever.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let operations = &context.model.operations;
    let erased = operations.iter().any(erases);
    for (id, entity) in context.model.entities() {
        let ends = entity.retain.is_some() || entity.ttl.is_some();
        let deleted = erased || context.usage.deletes.contains(&id);
        let person = is_of_a_person(context, entity);
        let Some(field) = entity.fields.iter().find(|field| is_personal(field, person)) else {
            continue;
        };
        if ends || deleted {
            continue;
        }
        let message = format!("`{}` keeps personal data for ever", entity.name);
        let owner = &context.model.context(entity.context).name;
        sink.report(&format!("{owner}.{}", entity.name), entity.name.span, message, |finding| {
            finding
                .label("has neither `retain` nor `ttl` nor an operation that deletes it")
                .related(field.name.span, "personal data")
                .note("privacy law wants an end to what is stored about people (GDPR, article 5(1)(e))")
                .help("add `retain: 2y` (or another period), or an operation that deletes it")
        });
    }
}

fn erases(operation: &model::model::Operation) -> bool {
    let mut found = false;
    walk::effects(&operation.effects, &mut |effect| {
        found |= matches!(effect.kind, EffectKind::Erase { .. });
    });
    found
}

fn is_personal(field: &Field, of_a_person: bool) -> bool {
    let phone = matches!(field.ty.required(), Type::Text { format: TextFormat::Phone, .. });
    let place = of_a_person && *field.ty.required() == Type::Geo;
    field.modifiers.pii || phone || place
}

/// Whether rows belong to a person: they are one, name one as subject, or refer to one.
fn is_of_a_person(context: &Context, entity: &Entity) -> bool {
    let people: Vec<_> = context.model.actors.iter().filter_map(|actor| actor.entity).collect();
    entity.subject.is_some()
        || entity.fields.iter().any(|field| match field.ty.required() {
            Type::Reference(other) => people.contains(other),
            _ => false,
        })
}

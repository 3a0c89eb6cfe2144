//! A retention that never begins.

use expression::{EntityId, FieldIndex};
use model::model::{BuiltIn, EffectKind, EndpointKind};

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "retention-never-starts",
    Data,
    Warning,
    "0.1",
    "a retention whose period begins at something that never happens",
    "retention-never-starts.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        let Some(retain) = &entity.retain else { continue };
        let (why, place) = match (retain.value.after, &entity.states) {
            (Some(field), _) if never_set(context, id, field) => {
                let field = entity.field(field);
                let what = match field.built_in {
                    Some(BuiltIn::DeletedAt) => "nothing deletes such rows".to_owned(),
                    _ => format!("nothing ever sets `{}`", field.name),
                };
                let place =
                    if field.built_in.is_some() { entity.name.span } else { field.name.span };
                (what, place)
            }
            (None, Some(states)) if states.states.iter().all(|(_, next)| !next.is_empty()) => {
                ("no state is final".to_owned(), entity.name.span)
            }
            _ => continue,
        };
        let message = format!(
            "`{}` is never erased: its {} begin where {why}",
            entity.name, retain.value.period
        );
        sink.report(&context.entity_name(id), retain.span, message, |finding| {
            finding
                .label("begins at something that never happens")
                .related(place, why)
                .note("the rows stay for ever, while the documents promise that they are erased")
                .help("name a field that is always set (`retain: 2y after created_at`), or add what sets it")
        });
    }
}

/// Whether nothing in the model writes the field, and no default does.
fn never_set(context: &Context, id: EntityId, field: FieldIndex) -> bool {
    let model = context.model;
    let entity = model.entity(id);
    let of = entity.field(field);
    if of.built_in == Some(BuiltIn::DeletedAt) {
        return !context.usage.deletes.contains(&id);
    }
    let written = || context.usage.writes.iter().any(|(_, at, known)| (*at, *known) == (id, field));
    let filled = || model.pipelines.iter().any(|pipe| pipe.to.kind == EndpointKind::Entity(id));
    of.ty.is_optional()
        && of.default.is_none()
        && !written()
        && !created(context, id, field)
        && !filled()
}

/// Whether a `create` effect gives the field a value.
fn created(context: &Context, id: EntityId, field: FieldIndex) -> bool {
    let mut found = false;
    for operation in &context.model.operations {
        walk::effects(&operation.effects, &mut |effect| {
            if let EffectKind::Create { entity, fields, .. } = &effect.kind {
                found |= *entity == id && fields.iter().any(|(at, _)| *at == field);
            }
        });
    }
    found
}

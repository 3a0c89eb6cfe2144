//! A row that is due for erasure, and another that still refers to it.

use expression::Type;
use model::model::{BuiltIn, Entity, RetainEnd};

use crate::context::{Context, Sink, check};

check!(
    "erasure-blocked-by-reference",
    Privacy,
    Warning,
    "0.1",
    "an entity due for erasure that another keeps by reference",
    "erasure-blocked-by-reference.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (_, entity) in model.entities() {
        for field in &entity.fields {
            let Type::Reference(target) = field.ty.required() else { continue };
            let kept = model.entity(*target);
            let itself = field.built_in == Some(BuiltIn::Id);
            // Across contexts there is no foreign key; soft-deleted rows are emptied first.
            if itself
                || kept.context != entity.context
                || kept.soft_delete
                || !outlives(entity, kept)
            {
                continue;
            }
            let Some(retain) = &kept.retain else { continue };
            let message = format!(
                "`{}` is erased after {}, but `{}.{}` may still refer to it",
                kept.name, retain.value.period, entity.name, field.name
            );
            let owner = &model.context(kept.context).name;
            sink.report(&format!("{owner}.{}", kept.name), retain.span, message, |finding| {
                finding
                    .label("due for erasure")
                    .related(field.name.span, "keeps the row that it refers to")
                    .note("a row that is referred to cannot be deleted, so it would stay beyond its period")
                    .help(format!("keep `{}` no longer than `{}`, or end the retention with `anonymise`", entity.name, kept.name))
            });
        }
    }
}

/// Whether rows of `entity` may exist after those of `kept` are due.
fn outlives(entity: &Entity, kept: &Entity) -> bool {
    let Some(due) = kept.retain.as_ref().filter(|retain| retain.value.end == RetainEnd::Delete)
    else {
        return false;
    };
    match (&entity.retain, &entity.ttl) {
        (Some(own), _) => own.value.period > due.value.period,
        (None, Some(ttl)) => ttl.value > due.value.period,
        (None, None) => true,
    }
}

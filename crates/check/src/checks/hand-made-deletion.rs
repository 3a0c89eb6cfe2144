//! A deletion that only a field knows of.

use expression::{FieldIndex, Type};
use model::model::Entity;

use crate::context::{Context, Sink, check};

check!(
    "hand-made-deletion",
    Data,
    Warning,
    "0.1",
    "a marker of deletion that the backend does not know",
    "hand-made-deletion.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let others: Vec<_> =
        context.model.entities.iter().filter(|entity| entity.soft_delete).collect();
    for (id, entity) in context.model.entities() {
        let Some((index, kind)) = marker(entity) else { continue };
        let field = entity.field(index);
        let message = format!("`{}.{}` marks deleted rows by hand", entity.name, field.name);
        sink.report(&context.field_name(id, index), field.name.span, message, |mut finding| {
            let own = others.iter().find(|other| other.name.span == entity.name.span);
            if let Some(other) = own.or(others.first()) {
                let text = format!("`{}` has `soft_delete: true`: two conventions in one system", other.name);
                finding = finding.related(other.name.span, text);
            }
            for unique in entity.unique.iter().filter(|key| key.condition.is_none()) {
                finding = finding.related(
                    unique.code.span,
                    format!("a row with this {kind} still holds its `{}`: it can never be taken again", unique.code),
                );
            }
            finding
                .label("lists, references and unique keys do not know it")
                .note("every condition has to remember it; the one that does not shows what was deleted")
                .help("remove the field and write `soft_delete: true`: deleted rows are then outside every operation, new reference and unique key")
        });
    }
}

/// A field that marks rows as deleted.
fn marker(entity: &Entity) -> Option<(FieldIndex, &'static str)> {
    let flags = ["deleted", "is_deleted", "removed", "is_removed", "soft_deleted"];
    let times = ["deleted_at", "removed_at", "deleted_on", "deletion_date", "date_deleted"];
    let own = entity.fields().filter(|(_, field)| field.built_in.is_none());
    own.filter_map(|(index, field)| {
        let name = field.name.value.as_str();
        let live = ["active", "is_active"].contains(&name) && entity.soft_delete;
        match field.ty.required() {
            Type::Bool if flags.contains(&name) || live => Some((index, "flag")),
            Type::Timestamp | Type::Date if times.contains(&name) => Some((index, "time")),
            _ => None,
        }
    })
    .next()
}

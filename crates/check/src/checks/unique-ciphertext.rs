//! Ciphertext that is to be compared.

use crate::context::{Context, Sink, check};

check!(
    "unique-ciphertext",
    Security,
    Warning,
    "0.1",
    "an encrypted field that is compared",
    "unique-ciphertext.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        for unique in &entity.unique {
            let encrypted = unique.fields.iter().find(|at| entity.field(**at).modifiers.sensitive);
            let Some(at) = encrypted else { continue };
            let field = entity.field(*at);
            let message = format!(
                "`{}` compares `{}`, which is encrypted value by value",
                unique.code, field.name
            );
            sink.report(&context.field_name(id, *at), unique.code.span, message, |finding| {
                finding
                    .label("needs the same text for the same value")
                    .related(field.name.span, "marked `sensitive`")
                    .note("with a fresh nonce equal values differ; without one, equal values can be seen by whoever sees the table")
                    .help("keep a keyed hash of the value in a field of its own (`string(64) internal unique`), or drop `unique`")
            });
        }
    }
}

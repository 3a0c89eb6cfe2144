//! A time that is a text.

use expression::{Type, types::TextFormat};

use crate::context::{Context, Sink, check};

check!(
    "time-as-text",
    Data,
    Warning,
    "0.1",
    "a date or time that is stored as text",
    "time-as-text.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        for (index, field) in entity.fields() {
            let text = matches!(field.ty.required(), Type::Text { format: TextFormat::String, .. });
            let Some(meant) = meant(&field.name).filter(|_| text) else { continue };
            let message = format!("`{}.{}` is a time in a text", entity.name, field.name);
            sink.report(&context.field_name(id, index), field.name.span, message, |finding| {
                finding
                    .label("any text is accepted")
                    .note("it sorts by letters, compares with no clock, and cannot end a retention")
                    .help(format!("use `{meant}`"))
            });
        }
    }
}

/// The type that a name speaks of.
fn meant(name: &str) -> Option<&'static str> {
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    let is = |words: &[&str]| words.contains(&name);
    if is(&["date", "birthday", "birth_date", "date_of_birth", "due_date"]) || ends(&["_date"]) {
        Some("date")
    } else if is(&["timestamp", "datetime"])
        || ends(&["ed_at", "_time", "_timestamp", "starts_at", "ends_at", "expires_at"])
    {
        Some("timestamp")
    } else {
        None
    }
}

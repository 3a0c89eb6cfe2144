//! A part that should be an entity.

use decide::facts;

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "oversized-part",
    Data,
    Warning,
    "0.1",
    "a part with more rows than should be read and replaced as a whole",
    "oversized-part.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        for part in &entity.parts {
            let Some(rows) = &part.rows else { continue };
            if rows.value <= numbers::ROWS_PER_PART.value {
                continue;
            }
            let count = facts::people(rows.value);
            let message = format!("every `{}` carries {count} `{}`", entity.name, part.name);
            let place = rows.provenance.span().unwrap_or(part.name.span);
            let name = format!("{}.{}", context.entity_name(id), part.name);
            sink.report(&name, place, message, |finding| {
                finding
                    .label("read and replaced as a whole")
                    .related(part.name.span, "the part")
                    .note(format!("a part is for what is seen together, up to some {} rows: changing one of them writes all", numbers::ROWS_PER_PART.value))
                    .help(format!("make it an entity that refers to `{}`, with a `list` of its own that has pages", entity.name))
            });
        }
    }
}

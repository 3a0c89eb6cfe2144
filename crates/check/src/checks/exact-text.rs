//! A text of exactly so many characters, where at most so many were meant.

use expression::Type;
use expression::types::TextFormat;

use crate::context::{Context, Sink, check};

check!(
    "exact-text",
    Contracts,
    Warning,
    "0.1",
    "a text that must have exactly so many characters, where a most was meant",
    "exact-text.md"
);

/// From here on nobody means an exact length: codes, numbers and digests are shorter, but for those
/// below.
const LONG: u32 = 65;
/// Lengths of what is long and has one length: SHA-384 and SHA-512, in hexadecimal and in base64.
const DIGESTS: [u32; 3] = [88, 96, 128];

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        for (index, field) in entity.fields() {
            let Type::Text { format: TextFormat::String, min, max } = field.ty.required() else {
                continue;
            };
            if min != max || *max < LONG || DIGESTS.contains(max) {
                continue;
            }
            let name = format!("{}.{}", entity.name, field.name);
            let message = format!("`{name}` must have exactly {max} characters, no fewer");
            sink.report(&context.field_name(id, index), field.name.span, message, |finding| {
                finding
                    .label("`string(255)` is not SQL's `varchar(255)`")
                    .note("every shorter text is refused with 422 `too-short`")
                    .help(format!("write `string(0..{max})`, or `string(1..{max})` where it must say something"))
            });
        }
    }
}

//! A unique key with a hole.

use expression::{
    FieldIndex,
    ir::{Binary, Expression, Kind},
};

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "partial-unique-key",
    Data,
    Warning,
    "0.1",
    "a unique key over several fields of which one may be null",
    "partial-unique-key.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        for unique in &entity.unique {
            let optional = |field: &&FieldIndex| entity.field(**field).ty.is_optional();
            let required = unique.fields.iter().any(|field| !optional(&field));
            let guarded =
                |field: &FieldIndex| unique.condition.as_ref().is_some_and(|of| guards(of, *field));
            let hole = unique.fields.iter().find(|field| optional(field) && !guarded(field));
            let Some(field) = hole.filter(|_| required && unique.fields.len() > 1) else {
                continue;
            };
            let field = entity.field(*field);
            let message = format!(
                "`{}` does not hold where `{}` is empty: such rows may repeat",
                unique.code, field.name
            );
            let name = format!("{}.{}", context.entity_name(id), unique.code);
            sink.report(&name, unique.code.span, message, |finding| {
                finding
                    .label("rows with a null in it are outside the key, as in SQL")
                    .related(field.name.span, "may be null")
                    .help(format!(
                        "make `{0}` required, or say that it is meant: `where: self.{0} != null`",
                        field.name
                    ))
            });
        }
    }
}

/// Whether a condition speaks of a field being null.
fn guards(condition: &Expression, field: FieldIndex) -> bool {
    let mut found = false;
    walk::expressions(condition, &mut |part| {
        if let Kind::Binary(Binary::Equal | Binary::NotEqual, left, _) = &part.kind
            && let Kind::Field { field: read, .. } = &left.kind
        {
            found |= *read == field;
        }
    });
    found
}

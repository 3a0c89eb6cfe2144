//! A unique key that adds nothing.

use crate::context::{Context, Sink, check};

check!(
    "redundant-unique-key",
    Data,
    Warning,
    "0.1",
    "a unique key that another, shorter one already gives",
    "redundant-unique-key.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        for (at, unique) in entity.unique.iter().enumerate() {
            let covers = |(other_at, other): &(usize, &model::model::Unique)| {
                let within = other.fields.iter().all(|field| unique.fields.contains(field));
                let shorter = other.fields.len() < unique.fields.len()
                    || (other.fields.len() == unique.fields.len() && *other_at < at);
                let whole = other.fields.iter().all(|field| !entity.field(*field).ty.is_optional());
                *other_at != at && other.condition.is_none() && within && shorter && whole
            };
            let Some((_, other)) = entity.unique.iter().enumerate().find(covers) else { continue };
            let rows = decide::facts::rows_at_horizon(context.model, id);
            let rows = rows.map_or_else(String::new, |rows| {
                format!(" over {} rows", decide::facts::people(rows.value))
            });
            let message = format!("`{}` holds wherever `{}` does", unique.code, other.code);
            let name = format!("{}.{}", context.entity_name(id), unique.code);
            sink.report(&name, unique.code.span, message, |finding| {
                finding
                    .label(format!("a second index{rows}, written with every row"))
                    .related(other.code.span, "already unique")
                    .help("remove the longer key; if it is there for reading, a `filter` or `sort` brings its own index")
            });
        }
    }
}

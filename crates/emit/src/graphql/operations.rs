//! The fields of `Query`, `Mutation` and `Subscription`.

use model::model::{Operation, OperationId, OperationKind, Target};

use super::inputs;
use super::schema::{Schema, description};
use crate::openapi::problems;
use crate::shapes;
use decide::filters::COUNTED;
use decide::naming::upper_camel;

/// A field for each operation.
pub fn add(schema: &mut Schema<'_>, public: &[(OperationId, &Operation)]) {
    for (id, operation) in public {
        let name = upper_camel(&operation.name);
        let answer = answer(schema, operation, &name);
        let arguments = inputs::arguments(schema, operation, &name);
        let arguments = match arguments.is_empty() {
            true => String::new(),
            false => format!("(\n{}  )", arguments.concat()),
        };
        let size = match operation.kind {
            OperationKind::List => {
                format!(
                    " @listSize(assumedSize: {}, slicingArguments: [\"limit\"])",
                    super::limits::USUAL_PAGE
                )
            }
            _ => String::new(),
        };
        let doc = description(&doc(schema, *id, operation), "  ");
        let root = match operation.kind {
            OperationKind::List | OperationKind::Get => 0,
            OperationKind::Stream => 2,
            _ => 1,
        };
        let field = format!("{doc}  {}{arguments}: {answer}{size}\n", operation.name);
        schema.roots[root].push(field);
    }
}

/// The type of what is answered. Fields of the roots may be null: where one of several is refused,
/// the others are answered all the same.
fn answer(schema: &mut Schema<'_>, operation: &Operation, name: &str) -> String {
    if operation.kind == OperationKind::Delete {
        return "Boolean".to_owned();
    }
    let row = schema.rows.answer(schema.design, operation);
    match operation.kind {
        OperationKind::List => {
            let count = match operation.target {
                Target::Entity(_) => format!(
                    "  \"\"\"Rows of all pages; null where they are more than {COUNTED}.\"\"\"\n  \
                     count: Int\n"
                ),
                _ => String::new(),
            };
            let body = format!(
                "  items: [{row}!]!\n  \"\"\"Where the next page starts; null at the end.\"\"\"\n  \
                 next: String\n{count}"
            );
            define(schema, &format!("{row}Page"), "A page.", &body)
        }
        OperationKind::Stream => {
            let body = format!(
                "  \"\"\"Where to go on after a break.\"\"\"\n  id: ID!\n  \
                 \"\"\"The row as it is now; null where it is gone.\"\"\"\n  row: {row}\n  \
                 \"\"\"A row that no longer exists, or that the caller may no longer see.\"\"\"\n  \
                 gone: ID\n"
            );
            define(schema, &format!("{name}Change"), "What happened to a row.", &body)
        }
        _ if operation.batch.is_some() => format!("[{row}!]"),
        _ => row,
    }
}

/// Defines an object under the wanted name, or the nearest that is free.
fn define(schema: &mut Schema<'_>, wanted: &str, doc: &str, body: &str) -> String {
    let numbered = (2u32..).map(|number| format!("{wanted}{number}"));
    for name in std::iter::once(wanted.to_owned()).chain(numbered) {
        let text = format!("{}type {name} {{\n{body}}}\n", description(doc, ""));
        let taken = schema.rows.is_taken(&name) && !schema.own.contains(&name);
        if !taken && schema.definitions.get(&name).is_none_or(|known| *known == text) {
            schema.definitions.insert(name.clone(), text);
            schema.own.insert(name.clone());
            schema.rows.reserve(&name);
            return name;
        }
    }
    wanted.to_owned()
}

/// What it does, who may, and what it refuses.
fn doc(schema: &Schema<'_>, id: OperationId, operation: &Operation) -> String {
    let design = schema.design;
    let mut lines = vec![shapes::sentence(design, operation)];
    if let Some(route) = design.route(id) {
        let mut actors: Vec<String> =
            route.actors.iter().map(|actor| admitted(schema, operation, *actor)).collect();
        actors.sort();
        lines.push(format!("Admits {}.", actors.join(", ")));
        lines.extend(route.not_served.map(str::to_owned));
    }
    let codes = problems::own_codes(design, operation);
    if !codes.is_empty() {
        let codes: Vec<String> = codes.into_iter().map(|(_, code)| format!("`{code}`")).collect();
        lines.push(format!("Refuses with {}.", codes.join(", ")));
    }
    lines.join("\n")
}

/// An actor, and whether its own rows are all that it gets.
fn admitted(schema: &Schema<'_>, operation: &Operation, actor: model::model::ActorId) -> String {
    let grants = || operation.by.iter().filter(|grant| grant.actor == actor);
    let name = &schema.design.model.actor(actor).name;
    match grants().all(|grant| grant.condition.is_some()) {
        true => format!("`{name}` under a condition"),
        false => format!("`{name}`"),
    }
}

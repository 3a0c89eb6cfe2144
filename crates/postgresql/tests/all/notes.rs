//! Notes of companies, which are tenants.

use expression::{EntityId, Row, Type, Value};
use model::Model;

/// A model whose tenants share tables; notes have further fields.
pub fn pooled(system: &str, further: &str) -> String {
    format!(
        "
firmitas: 1
system:
  name: {system}
  summary: Notes of companies.
  tenancy: {{ by: office.Company, from: actor, isolation: pool }}
actors:
  clerk: {{ auth: user }}
contexts:
  office:
    entities:
      Company:
        shared: true
        fields: {{ name: string(1..40) }}
      Note:
        fields: {{ text: string(1..40){further} }}
    operations:
      addNote: {{ create: Note, by: [clerk], input: [text], rate: 1/s }}
"
    )
}

const APART: &str = r#"
firmitas: 1
system:
  name: Apart
  summary: Notes of companies, which are kept apart.
  tenancy: { by: office.Company, from: actor, isolation: FORM }
actors:
  clerk: { auth: user }
contexts:
  office:
    entities:
      Company:
        shared: true
        fields: { name: string(1..40) }
      Country:
        shared: true
        fields: { name: string(1..40) }
      Note:
        fields: { text: "string(1..40) KEY", about: Note?, country: Country?MORE }
        parts: { lines: { size: 0..5, fields: { text: string(1..40) } } }ENTITIES
    operations:
      addNote: { create: Note, by: [clerk], input: [text], rate: 1/s }
      byText: { list: Note, by: [clerk], filter: [text], sort: [text], rate: 100/s }
"#;

/// A model whose tenants are kept apart in some form, with what is shared between them.
pub fn apart(form: &str) -> String {
    apart_with(form, "", "", "")
}

/// The same with a key, a column and an entity more.
pub fn apart_and_grown(form: &str) -> String {
    let entity = "\n      Tag:\n        fields: { of: Note }";
    apart_with(form, "unique", ", colour: string(1..9) = 'red'", entity)
}

fn apart_with(form: &str, key: &str, more: &str, entity: &str) -> String {
    let text = APART.replace("FORM", form).replace("ENTITIES", entity);
    text.replace("KEY", key).replace("MORE", more)
}

pub fn entity(model: &Model, name: &str) -> EntityId {
    model.entities().find(|(_, entity)| entity.name.value == name).unwrap().0
}

/// A row with an id, the same in each text, and a line in each part, whatever built-in fields
/// there are.
pub fn row(model: &Model, name: &str, id: u128, text: &str) -> Row {
    let entity = entity(model, name);
    let shape = model.schema.entity(entity);
    let fields = shape.fields.iter().map(|field| match field.name.as_str() {
        "id" => Value::Uuid(id),
        "text" | "name" | "colour" => Value::text(text),
        _ if field.ty.is_optional() => Value::Null,
        name => match field.ty.required() {
            Type::Int { .. } => Value::Int(1),
            Type::Timestamp => Value::Timestamp(1),
            other => panic!("{name} of type {other:?}"),
        },
    });
    let line: Vec<std::sync::Arc<[Value]>> = vec![[Value::text("a line")].into()];
    let parts = shape.parts.iter().map(|_| line.clone()).collect();
    Row { entity, fields: fields.collect(), parts }
}

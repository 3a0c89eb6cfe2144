//! What an answer holds, worked out once for each operation.

use std::sync::Arc;

use crate::call::Count;
use expression::{FieldIndex, Row, Schema, Type, Value};
use model::{
    Model,
    model::{Operation, OutputValue},
};

use super::write::{write_answered, write_array, write_key, write_string};

/// The properties of an answer, ready to write. Cheap to clone.
#[derive(Clone, Debug)]
pub struct OutputPlan {
    model: Arc<Model>,
    properties: Arc<[Property]>,
}

#[derive(Debug)]
struct Property {
    /// `{"name":` for the first, `,"name":` for the others.
    key: Vec<u8>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Field(FieldIndex, Type),
    Part {
        part: u16,
        one: bool,
        fields: Vec<(Vec<u8>, FieldIndex, Type)>,
    },
    /// By position among the computed values.
    Computed(usize, Type),
}

impl OutputPlan {
    /// The plan of an operation over an entity; without properties for one over a view.
    #[must_use]
    pub fn new(model: &Arc<Model>, operation: &Operation) -> Self {
        let mut computed = 0;
        let mut properties = Vec::new();
        for field in &operation.fields {
            let source = source(model, operation, &field.value, &mut computed);
            let Some(source) = source else { continue };
            let key = key(if properties.is_empty() { b'{' } else { b',' }, &field.name);
            properties.push(Property { key, source });
        }
        Self { model: Arc::clone(model), properties: properties.into() }
    }
}

fn key(before: u8, name: &str) -> Vec<u8> {
    let mut key = vec![before];
    write_key(&mut key, name);
    key
}

fn source(
    model: &Model,
    operation: &Operation,
    value: &OutputValue,
    computed: &mut usize,
) -> Option<Source> {
    let shape = model.shape(operation.entity()?);
    match value {
        OutputValue::Field(index) => {
            let field = shape.fields.get(usize::from(index.0))?;
            Some(Source::Field(*index, field.ty.clone()))
        }
        OutputValue::Part(part, fields) => {
            let rows = shape.parts.get(usize::from(*part))?;
            let column = |(at, index): (usize, &FieldIndex)| {
                let field = rows.fields.get(usize::from(index.0))?;
                let before = if at == 0 { b'{' } else { b',' };
                Some((key(before, &field.name), *index, field.ty.clone()))
            };
            let fields = fields.iter().enumerate().filter_map(column).collect();
            Some(Source::Part { part: *part, one: rows.one, fields })
        }
        OutputValue::Expression(expression) => {
            *computed += 1;
            Some(Source::Computed(*computed - 1, expression.ty.clone()))
        }
    }
}

/// Appends a row as a JSON object. `computed` are the values of the operation's
/// [`OutputValue::Expression`] properties, in their order.
pub fn write_row(out: &mut Vec<u8>, plan: &OutputPlan, row: &Row, computed: &[Value]) {
    let schema = &plan.model.schema;
    for property in &*plan.properties {
        out.extend_from_slice(&property.key);
        match &property.source {
            Source::Field(index, ty) => {
                write_or_null(out, schema, ty, row.fields.get(usize::from(index.0)));
            }
            Source::Part { part, one, fields } => {
                let rows = row.parts.get(usize::from(*part)).map(Vec::as_slice).unwrap_or_default();
                write_part(out, schema, rows, *one, fields);
            }
            Source::Computed(at, ty) => write_or_null(out, schema, ty, computed.get(*at)),
        }
    }
    out.extend_from_slice(if plan.properties.is_empty() { b"{}" } else { b"}" });
}

fn write_or_null(out: &mut Vec<u8>, schema: &Schema, ty: &Type, value: Option<&Value>) {
    write_answered(out, schema, ty, value.unwrap_or(&Value::Null));
}

fn write_part(
    out: &mut Vec<u8>,
    schema: &Schema,
    rows: &[Arc<[Value]>],
    one: bool,
    fields: &[(Vec<u8>, FieldIndex, Type)],
) {
    let write = |out: &mut Vec<u8>, row: &Arc<[Value]>| {
        for (key, index, ty) in fields {
            out.extend_from_slice(key);
            write_or_null(out, schema, ty, row.get(usize::from(index.0)));
        }
        out.extend_from_slice(if fields.is_empty() { b"{}" } else { b"}" });
    };
    if one {
        return match rows.first() {
            Some(row) => write(out, row),
            None => out.extend_from_slice(b"null"),
        };
    }
    write_array(out, rows, write);
}

/// Appends rows as a JSON array, each with its computed values: the `items` of a page.
pub fn write_page<'a>(
    out: &mut Vec<u8>,
    plan: &OutputPlan,
    rows: impl IntoIterator<Item = (&'a Row, &'a [Value])>,
) {
    write_array(out, rows, |out, (row, computed)| write_row(out, plan, row, computed));
}

/// The body of a page: `{"items": [..], "next": ".."}`; `next` is empty at the end.
#[must_use]
pub fn page_body(items: &[u8], next: &str, count: Option<Count>) -> Vec<u8> {
    let mut body = Vec::with_capacity(items.len() + next.len() + 24);
    body.extend_from_slice(b"{\"items\":");
    body.extend_from_slice(items);
    body.extend_from_slice(b",\"next\":");
    write_string(&mut body, next);
    match count {
        None => {}
        Some(Count::Exact(rows)) => body.extend_from_slice(format!(",\"count\":{rows}").as_bytes()),
        Some(Count::More) => body.extend_from_slice(b",\"count\":null"),
    }
    body.push(b'}');
    body
}

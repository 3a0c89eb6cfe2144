//! Values of `types` in an update: what is sent of one is merged into what the row has (RFC 7396).

use std::sync::Arc;

use expression::{RecordId, Row, Schema, Type, Value};
use model::model::{Assigns, Operation};

use super::row;
use crate::call::{InputValues, Member, Members};
use crate::problem::{FieldError, Problem, code};

/// The inputs with whole values: members that are not sent are those of the row.
///
/// # Errors
/// 422 where there was no value before, and what is sent is not enough for one.
pub(crate) fn merged(
    schema: &Schema,
    operation: &Operation,
    input: &InputValues,
    row: Option<&Row>,
) -> Result<InputValues, Problem> {
    let mut values = input.values.clone();
    let mut merge = Merge { schema, errors: Vec::new() };
    for (at, members) in &input.merges {
        let parameter = operation.input.parameters.get(*at);
        let (Some(parameter), Some(slot)) = (parameter, values.get_mut(*at)) else { continue };
        let (Assigns::Field(field), Type::Record(record)) =
            (&parameter.assigns, parameter.ty.required())
        else {
            continue;
        };
        let before = row.map(|row| row::field(row, *field));
        let pointer = format!("/{}", parameter.name);
        *slot = Some(merge.record(before, *record, members, &pointer));
    }
    if merge.errors.is_empty() {
        return Ok(InputValues::of(values));
    }
    Err(Problem { errors: merge.errors, ..Problem::new(&code::VALIDATION_FAILED) })
}

struct Merge<'s> {
    schema: &'s Schema,
    errors: Vec<FieldError>,
}

impl Merge<'_> {
    /// A value with what is sent of it. What is no value is like one without members.
    fn record(
        &mut self,
        before: Option<&Value>,
        record: RecordId,
        members: &Members,
        pointer: &str,
    ) -> Value {
        let before: Option<&[Value]> = match before {
            Some(Value::Record(values)) => Some(values),
            _ => None,
        };
        let mut values = Vec::with_capacity(members.len());
        for ((at, field), member) in (0u16..).zip(&self.schema.record(record).fields).zip(members) {
            let old = before.and_then(|before| before.get(usize::from(at)));
            let pointer = format!("{pointer}/{}", field.name);
            values.push(match (member, field.ty.required()) {
                (Some(Member::Value(value)), _) => value.clone(),
                (Some(Member::Merge(inner)), Type::Record(record)) => {
                    self.record(old, *record, inner, &pointer)
                }
                _ => match old {
                    Some(old) => old.clone(),
                    None => self.first((record, at), &field.ty, pointer),
                },
            });
        }
        Value::Record(values.into())
    }

    /// The value of a member that was never written.
    fn first(&mut self, member: (RecordId, u16), ty: &Type, pointer: String) -> Value {
        match (self.schema.defaults.get(&member), ty) {
            (Some(default), _) => default.clone(),
            (None, Type::Optional(_) | Type::Null) => Value::Null,
            (None, Type::List { min: 0, .. }) => Value::List(Arc::from([])),
            (None, _) => {
                let detail = "The property is required: there is no value yet.".to_owned();
                self.errors.push(FieldError { pointer, code: "required".into(), detail });
                Value::Null
            }
        }
    }
}

/// Visits each value that is sent, with its type and its pointer.
pub(crate) fn sent(
    members: &Members,
    record: RecordId,
    schema: &Schema,
    pointer: &str,
    visit: &mut impl FnMut(&Value, &Type, String),
) {
    for (field, member) in schema.record(record).fields.iter().zip(members) {
        let pointer = format!("{pointer}/{}", field.name);
        match (member, field.ty.required()) {
            (Some(Member::Value(value)), _) => visit(value, &field.ty, pointer),
            (Some(Member::Merge(inner)), Type::Record(record)) => {
                sent(inner, *record, schema, &pointer, visit);
            }
            _ => {}
        }
    }
}

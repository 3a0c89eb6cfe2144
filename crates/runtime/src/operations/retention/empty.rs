//! What stands in the place of personal data that was emptied.

use std::sync::Arc;

use expression::types::TextFormat;
use expression::{
    Money, Row, Schema, Type, Value, row_id,
    value::{File, Geo},
};
use jiff::civil;
use model::Model;
use model::model::{BuiltIn, Field};
use rust_decimal::Decimal;

use crate::operations::row;

/// The row without what it says about a person; none if it says nothing.
pub(super) fn emptied(model: &Model, row: &Arc<Row>) -> Option<Row> {
    let entity = model.entity(row.entity);
    let id = row_id(&Value::Row(row.clone()))?;
    let mut empty = Row::clone(row);
    for (field, value) in entity.fields.iter().zip(&mut empty.fields) {
        clear(model, field, id, value);
    }
    for (part, rows) in entity.parts.iter().zip(&mut empty.parts) {
        if !part.fields.iter().any(|field| about_person(&model.schema, field)) {
            continue;
        }
        for (at, values) in rows.iter_mut().enumerate() {
            let mut changed: Vec<Value> = values.to_vec();
            // Values of a unique field differ from row to row.
            let number = id.wrapping_add(at as u128);
            for (field, value) in part.fields.iter().zip(&mut changed) {
                clear(model, field, number, value);
            }
            *values = changed.into();
        }
    }
    if empty == **row {
        return None;
    }
    if let Some(field) = entity.built_in(BuiltIn::Version)
        && let Some(slot) = empty.fields.get_mut(usize::from(field.0))
    {
        *slot = Value::Int(row::version(model, row).unwrap_or(0).saturating_add(1));
    }
    Some(empty)
}

/// Whether a person's erasure empties a field.
pub(super) fn about_person(schema: &Schema, field: &Field) -> bool {
    let owned = matches!(field.ty.required(), Type::Reference(_)) || field.built_in.is_some();
    !owned && (decide::retention::personal(schema, field) || field.modifiers.sensitive)
}

fn clear(model: &Model, field: &Field, id: u128, value: &mut Value) {
    if about_person(&model.schema, field) && !value.is_null() {
        *value = nothing(&model.schema, &field.ty, id, value);
    }
}

/// A value of the type that says nothing: null where there may be none.
fn nothing(schema: &Schema, ty: &Type, id: u128, old: &Value) -> Value {
    match ty {
        Type::Optional(_) => Value::Null,
        Type::Text { format, min, max } => Value::text(text(*format, *min, *max, id)),
        Type::Enum(members) => members.first().map_or(Value::Null, |of| Value::text(of.as_str())),
        Type::Bool => Value::Bool(false),
        Type::Int { min, max } => Value::Int(0.clamp(*min, *max)),
        Type::Decimal { .. } => Value::Decimal(Decimal::ZERO),
        Type::Money { min, .. } => {
            let currency = match old {
                Value::Money(money) => money.currency.clone(),
                _ => schema.settings.currency().clone(),
            };
            let amount = min.unwrap_or(Decimal::ZERO).max(Decimal::ZERO);
            Value::Money(Money { amount, currency })
        }
        Type::Float => Value::Float(0.0),
        Type::Date => Value::Date(civil::date(1, 1, 1)),
        Type::Time => Value::Time(civil::Time::midnight()),
        Type::Timestamp => Value::Timestamp(0),
        Type::Duration => Value::Duration(0),
        Type::Uuid => Value::Uuid(id),
        Type::Geo => Value::Geo(Geo { latitude: 0.0, longitude: 0.0 }),
        Type::Json => Value::Json(Arc::new(serde_json::Value::Object(serde_json::Map::new()))),
        Type::List { of, min, .. } => {
            let item = nothing(schema, of, id, &Value::Null);
            Value::List(vec![item; *min as usize].into())
        }
        Type::Record(record) => {
            let fields = schema.record(*record).fields.iter();
            Value::Record(fields.map(|of| nothing(schema, &of.ty, id, &Value::Null)).collect())
        }
        // A file without content.
        Type::File { .. } => Value::File(Arc::new(File {
            media_type: "application/octet-stream".to_owned(),
            ..File::default()
        })),
        Type::Reference(_) | Type::Part(_) | Type::Null => old.clone(),
    }
}

/// A text of the format and length. It holds the row's id as far as that fits, so that those of a
/// unique field differ.
fn text(format: TextFormat, min: u32, max: u32, id: u128) -> String {
    let id = uuid::Uuid::from_u128(id).simple().to_string();
    match format {
        // RFC 2606, section 2: nobody is ever reached there.
        TextFormat::Email => format!("{id}@erased.invalid"),
        TextFormat::Url => format!("https://erased.invalid/{id}"),
        // E.164 has no country 999; fifteen digits at most.
        TextFormat::Phone => {
            let digits = u128::from_str_radix(&id, 16).unwrap_or_default() % 10_u128.pow(12);
            format!("+999{digits:012}")
        }
        TextFormat::String | TextFormat::Text | TextFormat::Markdown => {
            let mut text: String = id.chars().rev().take(max as usize).collect();
            while text.len() < min as usize {
                text.push('-');
            }
            text
        }
    }
}

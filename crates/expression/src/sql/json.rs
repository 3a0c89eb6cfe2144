//! Lists, records, json and files as they are stored: JSON text. Numbers that JSON readers could
//! bend are strings, ids are 32 hexadecimal digits, so that membership can be asked in SQL.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use crate::schema::{FieldShape, Schema};
use crate::types::Type;
use crate::value::{File, Geo, Money, Value};

/// The stored form of a value inside JSON.
#[must_use]
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) | Value::Timestamp(number) | Value::Duration(number) => json!(number),
        Value::Decimal(number) => json!(number.normalize().to_string()),
        Value::Money(money) => json!([money.amount.to_string(), &*money.currency]),
        Value::Float(number) => json!(number),
        Value::Text(text) => json!(&**text),
        Value::Date(date) => json!(date.to_string()),
        Value::Time(time) => json!(time.to_string()),
        Value::Uuid(id) => json!(format!("{id:032x}")),
        Value::Geo(place) => json!([place.latitude, place.longitude]),
        Value::Json(json) => (**json).clone(),
        Value::File(file) => {
            json!([file.key, file.media_type, file.bytes, file.name, file.sha256])
        }
        Value::Row(row) => row.fields.first().map_or(Json::Null, to_json),
        Value::List(items) | Value::Record(items) => {
            Json::Array(items.iter().map(to_json).collect())
        }
    }
}

/// The value of a stored form; `None` if the type has no such value.
#[must_use]
pub fn from_json(json: Json, ty: &Type, schema: &Schema) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    let decimal = |json: &Json| json.as_str()?.parse::<Decimal>().ok();
    Some(match ty.required() {
        Type::Bool => Value::Bool(json.as_bool()?),
        Type::Int { .. } => Value::Int(json.as_i64()?),
        Type::Timestamp => Value::Timestamp(json.as_i64()?),
        Type::Duration => Value::Duration(json.as_i64()?),
        Type::Decimal { .. } => Value::Decimal(decimal(&json)?),
        Type::Money { .. } => Value::Money(Money {
            amount: decimal(json.get(0)?)?,
            currency: json.get(1)?.as_str()?.into(),
        }),
        Type::Float => Value::Float(json.as_f64()?),
        Type::Text { .. } | Type::Enum(_) => Value::text(json.as_str()?),
        Type::Date => Value::Date(json.as_str()?.parse().ok()?),
        Type::Time => Value::Time(json.as_str()?.parse().ok()?),
        Type::Uuid | Type::Reference(_) => {
            Value::Uuid(u128::from_str_radix(json.as_str()?, 16).ok()?)
        }
        Type::Geo => {
            Value::Geo(Geo { latitude: json.get(0)?.as_f64()?, longitude: json.get(1)?.as_f64()? })
        }
        Type::Json => Value::Json(Arc::new(json)),
        Type::File { .. } => Value::File(Arc::new(File {
            key: json.get(0)?.as_str()?.to_owned(),
            media_type: json.get(1)?.as_str()?.to_owned(),
            bytes: json.get(2)?.as_u64()?,
            name: json.get(3)?.as_str()?.to_owned(),
            sha256: json.get(4)?.as_str()?.to_owned(),
        })),
        Type::Part(part) => record(json, &schema.part(*part).fields, schema)?,
        Type::Record(record_id) => record(json, &schema.record(*record_id).fields, schema)?,
        Type::List { of, .. } => {
            let Json::Array(items) = json else { return None };
            let items = items.into_iter().map(|item| from_json(item, of, schema));
            Value::List(items.collect::<Option<Vec<Value>>>()?.into())
        }
        Type::Null | Type::Optional(_) => return None,
    })
}

/// Fields that were added to the record since it was stored are null.
fn record(json: Json, fields: &[FieldShape], schema: &Schema) -> Option<Value> {
    let Json::Array(values) = json else { return None };
    let mut values = values.into_iter();
    let mut next = |field: &FieldShape| {
        values.next().map_or(Some(Value::Null), |json| from_json(json, &field.ty, schema))
    };
    let values = fields.iter().map(&mut next).collect::<Option<Vec<Value>>>()?;
    Some(Value::Record(values.into()))
}

//! What other systems answer: read tolerantly, then held to the stated output.

use std::sync::Arc;

use expression::{RecordId, Schema, Type, Value, assign, json_text, value::Money};
use serde_json::Value as Json;

use crate::json::from_text;

/// A record of the output's type; properties that it does not have are ignored.
pub(crate) fn read_record(json: &Json, record: RecordId, schema: &Schema) -> Option<Value> {
    let object = json.as_object()?;
    let fields = schema.record(record).fields.iter();
    let values = fields.map(|field| read(object.get(&field.name), &field.ty, schema));
    Some(Value::Record(values.collect::<Option<Arc<[Value]>>>()?))
}

fn read(json: Option<&Json>, ty: &Type, schema: &Schema) -> Option<Value> {
    let value = match (json, ty.required()) {
        (None, Type::List { .. }) => Value::List(Arc::from([])),
        (None | Some(Json::Null), _) => Value::Null,
        (Some(json), Type::Record(record)) => read_record(json, *record, schema)?,
        (Some(json), Type::List { of, .. }) => {
            let items = json.as_array()?.iter().map(|item| read(Some(item), of, schema));
            Value::List(items.collect::<Option<Arc<[Value]>>>()?)
        }
        (Some(json), Type::Json) => Value::Json(Arc::new(json.clone())),
        (Some(json), Type::Money { .. }) => {
            let amount = json.get("amount")?;
            let text = amount.as_str().map_or_else(|| json_text::write(amount), str::to_owned);
            let currency = json.get("currency")?.as_str()?;
            Value::Money(Money { amount: text.parse().ok()?, currency: currency.into() })
        }
        (Some(json), Type::Geo) => {
            let degrees = |name: &str| json_text::write(json.get(name)?).parse::<f64>().ok();
            Value::Geo(expression::value::Geo {
                latitude: degrees("lat")?,
                longitude: degrees("lon")?,
            })
        }
        (Some(Json::Bool(value)), Type::Bool) => Value::Bool(*value),
        (Some(Json::String(text)), ty) => from_text(ty, text).ok()?,
        (Some(json), ty) if json_text::digits(json).is_some() => {
            from_text(ty, json_text::digits(json)?).ok()?
        }
        (Some(Json::Number(number)), ty) => from_text(ty, &number.to_string()).ok()?,
        _ => return None,
    };
    assign(value, ty, schema).ok()
}

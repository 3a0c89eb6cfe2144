//! Values as a job remembers them: tagged, so that they come back without their type.

use std::sync::Arc;

use expression::{
    Value, row_id,
    value::{File, Geo, Money},
};
use jiff::civil;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

/// A value, with rows as their ids.
pub(crate) fn encode(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Text(value) => json!(&**value),
        Value::Decimal(value) => json!({ "decimal": value.to_string() }),
        Value::Money(value) => {
            json!({ "money": value.amount.to_string(), "currency": &*value.currency })
        }
        Value::Float(value) => json!({ "float": value }),
        Value::Date(value) => json!({ "date": value.to_string() }),
        Value::Time(value) => json!({ "time": value.to_string() }),
        Value::Timestamp(value) => json!({ "timestamp": value }),
        Value::Duration(value) => json!({ "duration": value }),
        Value::Uuid(value) => json!({ "id": format!("{value:032x}") }),
        Value::Row(_) => row_id(value).map_or(Json::Null, |id| encode(&Value::Uuid(id))),
        Value::Geo(value) => json!({ "geo": [value.latitude, value.longitude] }),
        Value::Json(value) => json!({ "json": &**value }),
        Value::File(file) => {
            json!({ "file": [file.key, file.media_type, file.bytes, file.name, file.sha256] })
        }
        Value::List(items) => json!({ "list": items.iter().map(encode).collect::<Vec<_>>() }),
        Value::Record(items) => json!({ "record": items.iter().map(encode).collect::<Vec<_>>() }),
    }
}

/// The value that was encoded; `None` where the text is damaged.
pub(crate) fn decode(json: &Json) -> Option<Value> {
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(value) => Some(Value::Bool(*value)),
        Json::Number(value) => value.as_i64().map(Value::Int),
        Json::String(value) => Some(Value::text(value.as_str())),
        Json::Array(_) => None,
        Json::Object(object) => {
            let (tag, inner) = object.iter().next()?;
            tagged(tag, inner, object.get("currency"))
        }
    }
}

fn tagged(tag: &str, inner: &Json, currency: Option<&Json>) -> Option<Value> {
    let text = || inner.as_str();
    let items = || inner.as_array()?.iter().map(decode).collect::<Option<Arc<[Value]>>>();
    Some(match tag {
        "decimal" => Value::Decimal(text()?.parse::<Decimal>().ok()?),
        "money" => {
            let currency = currency?.as_str()?.into();
            Value::Money(Money { amount: text()?.parse().ok()?, currency })
        }
        "float" => Value::Float(inner.as_f64()?),
        "date" => Value::Date(text()?.parse::<civil::Date>().ok()?),
        "time" => Value::Time(text()?.parse::<civil::Time>().ok()?),
        "timestamp" => Value::Timestamp(inner.as_i64()?),
        "duration" => Value::Duration(inner.as_i64()?),
        "id" => Value::Uuid(u128::from_str_radix(text()?, 16).ok()?),
        "geo" => {
            let [latitude, longitude] = inner.as_array()?.as_slice() else { return None };
            Value::Geo(Geo { latitude: latitude.as_f64()?, longitude: longitude.as_f64()? })
        }
        "json" => Value::Json(Arc::new(inner.clone())),
        "file" => Value::File(Arc::new(file(inner)?)),
        "list" => Value::List(items()?),
        "record" => Value::Record(items()?),
        _ => return None,
    })
}

fn file(json: &Json) -> Option<File> {
    let text = |at: usize| json.get(at)?.as_str().map(str::to_owned);
    let bytes = json.get(2)?.as_u64()?;
    let (key, media_type) = (text(0)?, text(1)?);
    Some(File { key, media_type, bytes, name: text(3)?, sha256: text(4)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let money = Money { amount: Decimal::new(1250, 2), currency: "EUR".into() };
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Int(-7),
            Value::text("{\"id\": 1}"),
            Value::Decimal(Decimal::new(-15, 1)),
            Value::Money(money),
            Value::Float(0.5),
            Value::Date(civil::date(2026, 12, 31)),
            Value::Time(civil::time(14, 30, 0, 0)),
            Value::Timestamp(1_700_000_000_000_000),
            Value::Duration(-3),
            Value::Uuid(u128::MAX - 1),
            Value::Geo(Geo { latitude: 52.5, longitude: -13.25 }),
            Value::Json(Arc::new(json!({ "list": [1, { "a": null }] }))),
            Value::File(Arc::new(File {
                key: "ab".to_owned(),
                media_type: "image/png".to_owned(),
                bytes: 7,
                name: "a.png".to_owned(),
                sha256: "cd".to_owned(),
            })),
        ];
        let nested = Value::List([Value::Record(values.clone().into())].into());
        for value in values.iter().chain([&nested]) {
            let text = encode(value).to_string();
            let read: Json = serde_json::from_str(&text).unwrap();
            assert_eq!(decode(&read).as_ref(), Some(value), "{text}");
        }
    }

    #[test]
    fn damaged_text_is_no_value() {
        for text in ["[]", "{}", "1.5", r#"{"id":"x"}"#, r#"{"decimal":1}"#, r#"{"new":1}"#] {
            assert_eq!(decode(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }
}

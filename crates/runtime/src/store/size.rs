//! How large rows are in memory, roughly: what pages are bounded by.

use expression::Value;
use serde_json::Value as Json;

/// Bytes of a value that has none of its own beside it.
const PLAIN: usize = 16;

/// Bytes of values.
pub fn of(values: &[Value]) -> usize {
    values.iter().map(of_value).sum()
}

fn of_value(value: &Value) -> usize {
    PLAIN
        + match value {
            Value::Text(text) => text.len(),
            Value::Json(json) => of_json(json),
            Value::List(values) | Value::Record(values) => of(values),
            _ => 0,
        }
}

/// No deeper than what was read as JSON, which is bounded.
fn of_json(json: &Json) -> usize {
    PLAIN
        + match json {
            Json::String(text) => text.len(),
            Json::Array(items) => items.iter().map(of_json).sum(),
            Json::Object(items) => {
                items.iter().map(|(name, value)| name.len() + of_json(value)).sum()
            }
            _ => 0,
        }
}

//! Assignment: a value becomes the value of a field, rounded to its scale and checked against its
//! range.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::currency;
use crate::evaluate::{round, row_id, to_float};
use crate::format;
use crate::interval::{DURATION_LIMIT, TIMESTAMPS, money_bounds};
use crate::schema::{FieldShape, Schema};
use crate::sql::json;
use crate::types::Type;
use crate::value::{Geo, Money, Value};

/// Why a value cannot be assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignError {
    /// Stable code, kebab-case: `required`, `invalid-type`, `out-of-range`, `too-long`,
    /// `too-short`, `too-many-items`, `too-few-items`, `unknown-member`, `invalid-format`,
    /// `currency-mismatch`.
    pub code: &'static str,
    /// One sentence for people: what would have been right.
    pub message: String,
}

impl fmt::Display for AssignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AssignError {}

type Result<T> = std::result::Result<T, AssignError>;

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T> {
    Err(AssignError { code, message: message.into() })
}

/// The value as a field of this type holds it: rounded half away from zero to the type's scale,
/// within its range and length, rows replaced by their ids.
///
/// # Errors
/// Where the type has no such value.
pub fn assign(value: Value, ty: &Type, schema: &Schema) -> Result<Value> {
    if value.is_null() {
        return if ty.is_optional() {
            Ok(Value::Null)
        } else {
            refuse("required", "a value is required")
        };
    }
    match (ty.required(), value) {
        (Type::Int { min, max }, Value::Int(number)) => {
            within(number, *min, *max)?;
            Ok(Value::Int(number))
        }
        (Type::Decimal { precision, scale }, value @ (Value::Int(_) | Value::Decimal(_))) => {
            decimal(&value, *precision, *scale)
        }
        (Type::Money { min, max }, Value::Money(money)) => amount(money, *min, *max, schema),
        (Type::Float, value @ (Value::Float(_) | Value::Int(_) | Value::Decimal(_))) => {
            match to_float(&value).filter(|number| number.is_finite()) {
                Some(number) => Ok(Value::Float(number)),
                None => refuse("out-of-range", "must be a finite number"),
            }
        }
        (Type::Text { format, min, max }, Value::Text(text)) => {
            format::check(&text, *format, *min, *max)?;
            Ok(Value::Text(text))
        }
        (Type::Enum(members), Value::Text(text)) => member(text, members),
        (
            ty @ (Type::Date | Type::Time | Type::Timestamp | Type::Duration),
            value @ (Value::Date(_) | Value::Time(_) | Value::Timestamp(_) | Value::Duration(_)),
        ) => time(ty, value),
        (Type::Reference(_), value @ (Value::Uuid(_) | Value::Row(_))) => match row_id(&value) {
            Some(id) => Ok(Value::Uuid(id)),
            None => refuse("invalid-type", "must be a row with an id"),
        },
        (Type::Geo, Value::Geo(place)) => geo(place),
        (Type::File { max_bytes }, Value::File(file)) => {
            if file.bytes > *max_bytes {
                return refuse("too-long", format!("must have at most {max_bytes} bytes"));
            }
            Ok(Value::File(file))
        }
        (Type::Json, value @ Value::Json(_)) => Ok(value),
        (Type::Json, value) => Ok(Value::Json(Arc::new(json::to_json(&value)))),
        (Type::List { of, min, max }, Value::List(items)) => list(&items, of, *min, *max, schema),
        (Type::Part(part), Value::Record(values)) => {
            record(&values, &schema.part(*part).fields, schema)
        }
        (Type::Record(id), Value::Record(values)) => {
            record(&values, &schema.record(*id).fields, schema)
        }
        (Type::Bool, value @ Value::Bool(_)) | (Type::Uuid, value @ Value::Uuid(_)) => Ok(value),
        (ty, _) => refuse("invalid-type", format!("must be a value of {}", ty.describe(schema))),
    }
}

/// Dates and times within the years 1 to 9999, to the microsecond.
fn time(ty: &Type, value: Value) -> Result<Value> {
    match (ty, value) {
        (Type::Date, Value::Date(date)) => {
            within(i64::from(date.year()), 1, 9999)?;
            Ok(Value::Date(date))
        }
        (Type::Time, Value::Time(time)) => {
            let nanos = time.subsec_nanosecond() / 1000 * 1000;
            let time = time.with().subsec_nanosecond(nanos).build();
            time.map(Value::Time).or_else(|_| refuse("out-of-range", "must be a time of day"))
        }
        (Type::Timestamp, Value::Timestamp(micros)) => {
            if !(TIMESTAMPS.0..=TIMESTAMPS.1).contains(&micros) {
                return refuse("out-of-range", "must lie in the years 1 to 9999");
            }
            Ok(Value::Timestamp(micros))
        }
        (Type::Duration, Value::Duration(micros)) => {
            if !(-DURATION_LIMIT..=DURATION_LIMIT).contains(&micros) {
                return refuse("out-of-range", "must be at most ten thousand years");
            }
            Ok(Value::Duration(micros))
        }
        _ => refuse("invalid-type", "must be a date or time of the right kind"),
    }
}

fn within(number: i64, min: i64, max: i64) -> Result<()> {
    if (min..=max).contains(&number) {
        return Ok(());
    }
    refuse("out-of-range", format!("must be {min} to {max}, not {number}"))
}

fn decimal(value: &Value, precision: u8, scale: u8) -> Result<Value> {
    let number = match value {
        Value::Int(number) => Decimal::from(*number),
        Value::Decimal(number) => *number,
        _ => return refuse("invalid-type", "must be a number"),
    };
    let mut number = round(number, u32::from(scale));
    let digits = precision.saturating_sub(scale);
    let limit = 10i128.checked_pow(u32::from(digits)).unwrap_or(i128::MAX);
    if number.trunc().mantissa().abs() >= limit {
        return refuse(
            "out-of-range",
            format!(
                "must have at most {digits} digit{} before the point",
                if digits == 1 { "" } else { "s" }
            ),
        );
    }
    number.rescale(u32::from(scale));
    Ok(Value::Decimal(number))
}

fn amount(
    money: Money,
    min: Option<Decimal>,
    max: Option<Decimal>,
    schema: &Schema,
) -> Result<Value> {
    let currencies = &schema.settings.currencies;
    if !currencies.contains(&money.currency) {
        let known = base::one_of(currencies.iter().map(|code| &**code));
        return refuse("currency-mismatch", format!("the currency must be {known}"));
    }
    let digits = currency::exponent(&money.currency);
    let exponent = u32::from(digits);
    let mut amount = round(money.amount, exponent);
    amount.rescale(exponent);
    let (least, most) = money_bounds(min, max, digits);
    let fits = amount.scale() == exponent && (least..=most).contains(&amount.mantissa());
    if !fits {
        let bound = |minor: i128| Decimal::from_i128_with_scale(minor, exponent);
        let range = format!("must be {} to {}", bound(least), bound(most));
        return refuse("out-of-range", format!("{range}, not {amount}"));
    }
    Ok(Value::Money(Money { amount, currency: money.currency }))
}

fn member(text: Arc<str>, members: &[String]) -> Result<Value> {
    if members.iter().any(|member| **member == *text) {
        return Ok(Value::Text(text));
    }
    let members = base::one_of(members.iter().map(String::as_str));
    refuse("unknown-member", format!("must be {members}"))
}

fn geo(place: Geo) -> Result<Value> {
    if place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0 {
        return Ok(Value::Geo(place));
    }
    refuse("out-of-range", "the latitude must be -90 to 90 and the longitude -180 to 180")
}

fn list(items: &[Value], of: &Type, min: u32, max: u32, schema: &Schema) -> Result<Value> {
    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
    if count < min {
        return refuse("too-few-items", format!("must have at least {min} items, not {count}"));
    }
    if count > max {
        return refuse("too-many-items", format!("must have at most {max} items, not {count}"));
    }
    let items = items.iter().map(|item| assign(item.clone(), of, schema));
    Ok(Value::List(items.collect::<Result<Vec<Value>>>()?.into()))
}

/// The values of a record in field order; values that are not there are null.
fn record(values: &[Value], fields: &[FieldShape], schema: &Schema) -> Result<Value> {
    let mut assigned = Vec::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        let value = values.get(at).cloned().unwrap_or_default();
        let value = assign(value, &field.ty, schema).map_err(|error| AssignError {
            code: error.code,
            message: format!("{}: {}", field.name, error.message),
        })?;
        assigned.push(value);
    }
    Ok(Value::Record(assigned.into()))
}

//! Functions of one or two values.

use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::{EvaluationError, Result, number, to_float};
use crate::ir::{Expression, Function};
use crate::schema::Schema;
use crate::types::{INT_LIMIT, Type};
use crate::value::{Geo, Money, Value};

/// Mean radius of the earth in metres (IUGG).
pub const EARTH_RADIUS: f64 = 6_371_008.8;

pub(super) fn call(
    function: Function,
    first: &Value,
    second: Option<&Value>,
    whole: &Expression,
    schema: &Schema,
) -> Result<Value> {
    let fail = |code| EvaluationError::failed(code, whole.span);
    let value = match (function, first, second) {
        (Function::Size, Value::Text(text), _) => {
            Value::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
        }
        (Function::StartsWith, Value::Text(text), Some(Value::Text(other))) => {
            Value::Bool(text.starts_with(&**other))
        }
        (Function::EndsWith, Value::Text(text), Some(Value::Text(other))) => {
            Value::Bool(text.ends_with(&**other))
        }
        (Function::Contains, Value::Text(text), Some(Value::Text(other))) => {
            Value::Bool(text.contains(&**other))
        }
        (Function::Lower, Value::Text(text), _) => Value::text(text.to_lowercase()),
        (Function::Trim, Value::Text(text), _) => Value::text(text.trim()),
        (Function::Amount, Value::Money(money), _) => Value::Decimal(money.amount),
        (Function::Currency, Value::Money(money), _) => Value::Text(money.currency.clone()),
        (Function::MakeMoney, amount, Some(Value::Text(code))) => {
            let known = schema.settings.currencies.iter().find(|currency| *currency == code);
            let currency = known.ok_or(fail("currency-mismatch"))?.clone();
            let amount = to_decimal(amount).ok_or(fail("missing-value"))?;
            Value::Money(Money { amount, currency })
        }
        (Function::Abs | Function::Round | Function::ToDecimal | Function::ToInt, _, _) => {
            return numeric(function, first, whole);
        }
        (Function::ToDate, Value::Timestamp(micros), _) => {
            let time = Timestamp::from_microsecond(*micros).map_err(|_| fail("out-of-range"))?;
            Value::Date(schema.settings.time_zone.to_datetime(time).date())
        }
        (Function::AddDays, Value::Date(date), Some(Value::Int(days))) => {
            let days = i32::try_from(*days).ok().filter(|days| days.abs() < 4_000_000);
            let days = days.ok_or(fail("out-of-range"))?;
            let date = date.checked_add(days.days()).map_err(|_| fail("out-of-range"))?;
            Value::Date(Some(date).filter(|date| date.year() > 0).ok_or(fail("out-of-range"))?)
        }
        (Function::MakeGeo, latitude, Some(longitude)) => {
            let degrees = |value: &Value, limit: f64| {
                to_float(value).filter(|degrees| degrees.abs() <= limit)
            };
            let latitude = degrees(latitude, 90.0).ok_or(fail("out-of-range"))?;
            let longitude = degrees(longitude, 180.0).ok_or(fail("out-of-range"))?;
            Value::Geo(Geo { latitude, longitude })
        }
        (Function::Distance, Value::Geo(a), Some(Value::Geo(b))) => Value::Float(distance(a, b)),
        _ => return Err(fail("missing-value")),
    };
    Ok(value)
}

fn to_decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(number) => Some(Decimal::from(*number)),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

fn numeric(function: Function, value: &Value, whole: &Expression) -> Result<Value> {
    let fail = |code| EvaluationError::failed(code, whole.span);
    Ok(match (function, value) {
        (Function::Abs, Value::Int(number)) => {
            Value::Int(number.checked_abs().ok_or(fail("overflow"))?)
        }
        (Function::Abs, Value::Decimal(number)) => Value::Decimal(number.abs()),
        (Function::Abs, Value::Money(money)) => {
            Value::Money(Money { amount: money.amount.abs(), currency: money.currency.clone() })
        }
        (Function::ToInt, Value::Int(number)) => Value::Int(*number),
        (Function::ToInt, Value::Decimal(number)) => {
            Value::Int(number.trunc().to_i64().ok_or(fail("out-of-range"))?)
        }
        (Function::ToInt, Value::Float(number)) => {
            let whole = Decimal::from_f64(number.trunc()).and_then(|number| number.to_i64());
            let within = whole.filter(|number| number.abs() <= INT_LIMIT);
            Value::Int(within.ok_or(fail("out-of-range"))?)
        }
        (Function::ToDecimal, Value::Float(float)) => {
            let Type::Decimal { precision, scale } = whole.ty else {
                return Err(fail("missing-value"));
            };
            let rounded = Decimal::from_f64(*float).map(|n| number::round(n, u32::from(scale)));
            let limit = Decimal::from(10i64.pow(u32::from(precision.min(18) - scale.min(18))));
            let within = rounded.filter(|number| number.abs() < limit);
            Value::Decimal(within.ok_or(fail("out-of-range"))?)
        }
        (Function::Round, _) => {
            let Type::Decimal { scale, .. } = whole.ty else { return Err(fail("missing-value")) };
            let decimal = to_decimal(value).ok_or(fail("missing-value"))?;
            Value::Decimal(number::round(decimal, u32::from(scale)))
        }
        (_, _) => Value::Decimal(to_decimal(value).ok_or(fail("missing-value"))?),
    })
}

/// The great-circle distance in metres, by the haversine formula.
#[must_use]
pub fn distance(a: &Geo, b: &Geo) -> f64 {
    let (first, second) = (a.latitude.to_radians(), b.latitude.to_radians());
    let across = ((b.latitude - a.latitude).to_radians() / 2.0).sin();
    let along = ((b.longitude - a.longitude).to_radians() / 2.0).sin();
    let chord = across * across + first.cos() * second.cos() * along * along;
    2.0 * EARTH_RADIUS * chord.sqrt().min(1.0).asin()
}

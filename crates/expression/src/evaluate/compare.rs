//! Equality and order of values.

use std::cmp::Ordering;
use std::sync::Arc;

use base::Span;
use jiff::civil;
use rust_decimal::Decimal;

use super::{EvaluationError, Result, row_id, to_float};
use crate::ir::Binary;
use crate::value::Value;

/// Null equals null, a row its id, numbers across int and decimal; money of two currencies is
/// never equal.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Decimal(b)) | (Value::Decimal(b), Value::Int(a)) => {
            Decimal::from(*a) == *b
        }
        (Value::Row(_) | Value::Uuid(_), Value::Row(_) | Value::Uuid(_)) => row_id(a) == row_id(b),
        (Value::Text(a), Value::Text(b)) => a == b,
        _ => a == b,
    }
}

pub(super) fn order(a: &Value, b: &Value, span: Span) -> Result<Ordering> {
    let fail = |code| Err(EvaluationError::failed(code, span));
    Ok(match (a, b) {
        (Value::Int(a), Value::Int(b))
        | (Value::Timestamp(a), Value::Timestamp(b))
        | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Int(a), Value::Decimal(b)) => Decimal::from(*a).cmp(b),
        (Value::Decimal(a), Value::Int(b)) => a.cmp(&Decimal::from(*b)),
        (Value::Money(a), Value::Money(b)) if a.currency == b.currency => a.amount.cmp(&b.amount),
        (Value::Money(_), Value::Money(_)) => return fail("currency-mismatch"),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Float(_), _) | (_, Value::Float(_)) => {
            let (Some(a), Some(b)) = (to_float(a), to_float(b)) else {
                return fail("missing-value");
            };
            match a.partial_cmp(&b) {
                Some(order) => order,
                None => return fail("out-of-range"),
            }
        }
        _ => return fail("missing-value"),
    })
}

pub(super) fn ordered(operator: Binary, a: &Value, b: &Value, span: Span) -> Result<bool> {
    let order = order(a, b, span)?;
    Ok(match operator {
        Binary::Less => order.is_lt(),
        Binary::LessOrEqual => order.is_le(),
        Binary::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// A value that can be told apart from others of its type, in some order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Other,
    Bool(bool),
    Integer(i64),
    Decimal(Decimal),
    Money(Decimal, Arc<str>),
    Text(Arc<str>),
    Date(civil::Date),
    Time(civil::Time),
    Id(u128),
}

impl Key {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(n) | Value::Timestamp(n) | Value::Duration(n) => Self::Integer(*n),
            Value::Decimal(number) => Self::Decimal(*number),
            Value::Money(money) => Self::Money(money.amount, money.currency.clone()),
            Value::Text(text) => Self::Text(text.clone()),
            Value::Date(date) => Self::Date(*date),
            Value::Time(time) => Self::Time(*time),
            Value::Uuid(_) | Value::Row(_) => row_id(value).map_or(Self::Other, Self::Id),
            _ => Self::Other,
        }
    }
}

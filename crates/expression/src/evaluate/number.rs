//! Arithmetic: exact, checked. The checker has proven that nothing overflows; what was stored
//! outside its type is an error all the same, never a panic.

use base::Span;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{EvaluationError, Result};
use crate::ir::{Binary, Expression};
use crate::types::Type;
use crate::value::{Money, Value};

/// The nearest float of a number.
pub(crate) fn to_float(value: &Value) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "floats are measurements")]
        Value::Int(number) => Some(*number as f64),
        Value::Decimal(number) => number.to_string().parse().ok(),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// Half away from zero.
pub(crate) fn round(number: Decimal, scale: u32) -> Decimal {
    number.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero)
}

pub(super) fn negate(value: &Value, span: Span) -> Result<Value> {
    Ok(match value {
        Value::Int(number) => Value::Int(number.checked_neg().ok_or(overflow(span))?),
        Value::Duration(micros) => Value::Duration(micros.checked_neg().ok_or(overflow(span))?),
        Value::Decimal(number) => Value::Decimal(-*number),
        Value::Money(money) => {
            Value::Money(Money { amount: -money.amount, currency: money.currency.clone() })
        }
        _ => return Err(EvaluationError::failed("missing-value", span)),
    })
}

const fn overflow(span: Span) -> EvaluationError {
    EvaluationError::failed("overflow", span)
}

pub(super) fn arithmetic(
    operator: Binary,
    left: &Value,
    right: &Value,
    whole: &Expression,
) -> Result<Value> {
    let span = whole.span;
    Ok(match (left, right) {
        (Value::Int(a), Value::Int(b)) => Value::Int(integer(operator, *a, *b, span)?),
        (Value::Decimal(a), Value::Decimal(b)) => Value::Decimal(decimal(operator, *a, *b, whole)?),
        (Value::Int(a), Value::Decimal(b)) => {
            Value::Decimal(decimal(operator, Decimal::from(*a), *b, whole)?)
        }
        (Value::Decimal(a), Value::Int(b)) => {
            Value::Decimal(decimal(operator, *a, Decimal::from(*b), whole)?)
        }
        (Value::Money(a), Value::Money(b)) => {
            if a.currency != b.currency {
                return Err(EvaluationError::failed("currency-mismatch", span));
            }
            let amount = decimal(operator, a.amount, b.amount, whole)?;
            if operator == Binary::Divide {
                return Ok(Value::Decimal(amount));
            }
            Value::Money(Money { amount, currency: a.currency.clone() })
        }
        (Value::Money(money), factor) | (factor, Value::Money(money)) => {
            let factor = match factor {
                Value::Int(factor) => Decimal::from(*factor),
                Value::Decimal(factor) => *factor,
                _ => return Err(EvaluationError::failed("missing-value", span)),
            };
            let amount = decimal(operator, money.amount, factor, whole)?;
            Value::Money(Money { amount, currency: money.currency.clone() })
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => {
            Value::Duration(integer(operator, *a, *b, span)?)
        }
        (Value::Timestamp(a), Value::Duration(b)) | (Value::Duration(a), Value::Timestamp(b)) => {
            Value::Timestamp(integer(operator, *a, *b, span)?)
        }
        (Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(integer(operator, *a, *b, span)?)
        }
        (Value::Text(a), Value::Text(b)) => Value::text([&**a, &**b].concat()),
        _ => return Err(EvaluationError::failed("missing-value", span)),
    })
}

fn integer(operator: Binary, a: i64, b: i64, span: Span) -> Result<i64> {
    let result = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        _ if b == 0 => return Err(EvaluationError::failed("division-by-zero", span)),
        Binary::Divide => a.checked_div(b),
        // The remainder of the least number by -1 is 0, which `checked_rem` counts as overflow.
        _ => Some(a.wrapping_rem(b)),
    };
    result.ok_or(overflow(span))
}

fn decimal(operator: Binary, a: Decimal, b: Decimal, whole: &Expression) -> Result<Decimal> {
    let span = whole.span;
    let result = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        _ if b.is_zero() => return Err(EvaluationError::failed("division-by-zero", span)),
        Binary::Divide => {
            let Type::Decimal { scale, .. } = whole.ty.required() else {
                return Err(overflow(span));
            };
            quotient(a, b, u32::from(*scale))
        }
        _ => a.checked_rem(b),
    };
    result.ok_or(overflow(span))
}

/// `a / b` rounded half away from zero to `scale` digits: exactly, where 128 bits suffice.
fn quotient(a: Decimal, b: Decimal, scale: u32) -> Option<Decimal> {
    exact_quotient(a, b, scale).or_else(|| a.checked_div(b).map(|quotient| round(quotient, scale)))
}

fn exact_quotient(a: Decimal, b: Decimal, scale: u32) -> Option<Decimal> {
    let shift = (scale + b.scale()).checked_sub(a.scale())?;
    let numerator = a.mantissa().checked_mul(10i128.checked_pow(shift)?)?;
    let (divisor, negative) = (b.mantissa(), (numerator < 0) != (b.mantissa() < 0));
    let (whole, rest) = (numerator / divisor, numerator % divisor);
    let up = rest.unsigned_abs().checked_mul(2)? >= divisor.unsigned_abs();
    let rounded = match (up, negative) {
        (false, _) => whole,
        (true, false) => whole + 1,
        (true, true) => whole - 1,
    };
    Decimal::try_from_i128_with_scale(rounded, scale).ok()
}

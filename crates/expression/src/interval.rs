//! Bounds of numbers: what proves that arithmetic cannot overflow, and how SQL must scale.
//!
//! A bound counts units of 10^-scale; for money the unit is the minor unit of its currency, so
//! that a scale of 0 is an amount as stored. A list has the bounds of its items.

use crate::currency;
use crate::ir::{Binary, Comprehension, Expression, Function, Kind, VariableIndex};
use crate::schema::Schema;
use crate::sql::wide;
use crate::types::Type;
use crate::value::Value;
use rust_decimal::Decimal;

/// Most digits that a decimal or an amount may reach.
pub(crate) const MAX_DIGITS: u32 = 28;
/// Most digits of a stored amount, in minor units.
const MONEY_DIGITS: u32 = 18;
/// Most digits where the model states no bound: ten trillion euros. Amounts that could have more
/// could hardly be multiplied by anything.
const UNBOUNDED_MONEY_DIGITS: u32 = 15;
/// Digits after the point that a quotient has at least, if they fit.
const QUOTIENT_SCALE: u8 = 10;
/// The years 1 to 9999, in microseconds since 1970.
pub(crate) const TIMESTAMPS: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_999);
/// Ten thousand years in microseconds.
pub(crate) const DURATION_LIMIT: i64 = 10_000 * 31_536_000 * 1_000_000;

/// `min..=max` units of 10^-scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub min: i128,
    pub max: i128,
    pub scale: u8,
}

/// Bounds of comprehension variables.
pub(crate) type Variables = Vec<(VariableIndex, Option<Interval>)>;

impl Interval {
    pub const fn new(min: i128, max: i128, scale: u8) -> Self {
        Self { min, max, scale }
    }

    const fn symmetric(limit: i128, scale: u8) -> Self {
        Self::new(-limit, limit, scale)
    }

    /// The largest magnitude.
    pub fn magnitude(self) -> i128 {
        self.min.saturating_abs().max(self.max.saturating_abs())
    }

    /// The same bounds in finer units.
    pub fn at_scale(self, scale: u8) -> Option<Self> {
        let factor = power(scale.checked_sub(self.scale)?)?;
        Some(Self::new(self.min.checked_mul(factor)?, self.max.checked_mul(factor)?, scale))
    }

    fn aligned(self, other: Self) -> Option<(Self, Self)> {
        let scale = self.scale.max(other.scale);
        Some((self.at_scale(scale)?, other.at_scale(scale)?))
    }

    fn union(self, other: Self) -> Option<Self> {
        let (a, b) = self.aligned(other)?;
        Some(Self::new(a.min.min(b.min), a.max.max(b.max), a.scale))
    }

    fn add(self, other: Self) -> Option<Self> {
        let (a, b) = self.aligned(other)?;
        Some(Self::new(a.min.checked_add(b.min)?, a.max.checked_add(b.max)?, a.scale))
    }

    fn negate(self) -> Option<Self> {
        Some(Self::new(self.max.checked_neg()?, self.min.checked_neg()?, self.scale))
    }

    fn multiply(self, other: Self) -> Option<Self> {
        let mut products = [0; 4];
        let pairs = [(self.min, other.min), (self.min, other.max), (self.max, other.min)];
        for (product, (a, b)) in
            products.iter_mut().zip(pairs.into_iter().chain([(self.max, other.max)]))
        {
            *product = a.checked_mul(b)?;
        }
        let scale = self.scale.checked_add(other.scale)?;
        Some(Self::new(*products.iter().min()?, *products.iter().max()?, scale))
    }

    /// The bounds that a quotient's magnitude stays in, `scale` digits after the point.
    fn divide(self, other: Self, scale: u8) -> Option<Self> {
        // The smallest divisor is one unit: |a| / 10^-s.
        let limit =
            self.magnitude().checked_mul(power(scale)?)?.checked_mul(power(other.scale)?)?;
        let limit = limit / power(self.scale)?;
        let positive = self.min >= 0 && other.min >= 0;
        Some(Self::new(if positive { 0 } else { -limit }, limit, scale))
    }

    fn remainder(self, other: Self) -> Option<Self> {
        let (a, b) = self.aligned(other)?;
        let limit = a.magnitude().min(b.magnitude());
        Some(Self::new(if a.min < 0 { -limit } else { 0 }, limit.min(a.max.max(0)), a.scale))
    }

    fn sum(self, min_items: u32, max_items: u32) -> Option<Self> {
        let times = |bound: i128, more: bool| {
            bound.checked_mul(i128::from(if more { max_items } else { min_items }))
        };
        Some(Self::new(times(self.min, self.min < 0)?, times(self.max, self.max >= 0)?, self.scale))
    }

    fn absolute(self) -> Self {
        let min = if self.min > 0 { self.min } else { (-self.max).max(0) };
        Self::new(min, self.magnitude(), self.scale)
    }

    /// Bounds after rounding to `scale` digits, in whichever direction.
    fn rounded(self, scale: u8) -> Option<Self> {
        if scale >= self.scale {
            return Some(self);
        }
        let factor = power(self.scale - scale)?;
        let min = self.min.div_euclid(factor);
        let max = self.max.div_euclid(factor).checked_add(1)?;
        Some(Self::new(min, max, scale))
    }

    /// The decimal type that has room for it.
    pub fn decimal_type(self) -> Type {
        let digits = digits(self.magnitude()).max(u32::from(self.scale)).max(1);
        let precision = u8::try_from(digits).unwrap_or(u8::MAX);
        Type::Decimal { precision, scale: self.scale }
    }
}

pub(crate) fn power(exponent: u8) -> Option<i128> {
    10i128.checked_pow(u32::from(exponent))
}

fn digits(number: i128) -> u32 {
    number.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1)
}

/// The scale of the quotient of two decimals (or amounts): ten digits, or those of the operands,
/// as far as 28 digits reach.
pub(crate) fn quotient_scale(left: Interval, right: Interval) -> u8 {
    let wanted = left.scale.max(right.scale).max(QUOTIENT_SCALE);
    let least = left.scale.max(right.scale);
    (least..=wanted)
        .rev()
        .find(|&scale| left.divide(right, scale).is_some_and(fits_decimal))
        .unwrap_or(wanted)
}

fn fits_decimal(interval: Interval) -> bool {
    digits(interval.magnitude()) <= MAX_DIGITS && u32::from(interval.scale) <= MAX_DIGITS
}

/// The bounds of an expression that is a number (or a time, in microseconds) or a list of such.
/// `None` for other types, and where the bounds exceed what the type can hold: then the expression
/// may overflow.
pub(crate) fn interval(
    expression: &Expression,
    schema: &Schema,
    variables: &mut Variables,
) -> Option<Interval> {
    let interval = match &expression.kind {
        Kind::Literal(value) => of_value(value),
        Kind::Variable(variable) => {
            match variables.iter().rev().find(|(bound, _)| bound == variable) {
                Some((_, interval)) => *interval,
                None => of_type(&expression.ty, schema),
            }
        }
        Kind::Negate(inner) => interval(inner, schema, variables)?.negate(),
        Kind::Binary(operator, left, right) => {
            let (a, b) = (interval(left, schema, variables)?, interval(right, schema, variables)?);
            binary(*operator, a, b, &expression.ty)
        }
        Kind::Conditional(_, then, otherwise) => either(then, otherwise, schema, variables),
        Kind::Call(function, arguments) => {
            call(*function, arguments, &expression.ty, schema, variables)
        }
        Kind::List(items) => {
            let mut items = items.iter();
            let first = interval(items.next()?, schema, variables)?;
            items.try_fold(first, |all, item| all.union(interval(item, schema, variables)?))
        }
        Kind::Comprehend { what: Comprehension::Filter, range, .. } => {
            interval(range, schema, variables)
        }
        Kind::Comprehend { what: Comprehension::Map, range, variable, body } => {
            let items = interval(range, schema, variables);
            variables.push((*variable, items));
            let result = interval(body, schema, variables);
            variables.pop();
            result
        }
        Kind::Field { .. } => of_type(&expression.ty, schema),
        Kind::PartRows { .. } | Kind::EntityRows(_) | Kind::Not(_) | Kind::Comprehend { .. } => {
            None
        }
    };
    interval.filter(|interval| holds(&expression.ty, *interval))
}

fn either(
    then: &Expression,
    otherwise: &Expression,
    schema: &Schema,
    variables: &mut Variables,
) -> Option<Interval> {
    match (&then.ty, &otherwise.ty) {
        (Type::Null, _) => interval(otherwise, schema, variables),
        (_, Type::Null) => interval(then, schema, variables),
        _ => interval(then, schema, variables)?.union(interval(otherwise, schema, variables)?),
    }
}

/// Whether a value of the type can hold all of the interval while computing.
fn holds(ty: &Type, interval: Interval) -> bool {
    match ty.required() {
        Type::List { of, .. } => holds(of, interval),
        Type::Decimal { .. } | Type::Money { .. } => fits_decimal(interval),
        _ => i64::try_from(interval.min).is_ok() && i64::try_from(interval.max).is_ok(),
    }
}

fn of_value(value: &Value) -> Option<Interval> {
    let point = |number: i128, scale| Some(Interval::new(number, number, scale));
    match value {
        Value::Int(number) | Value::Timestamp(number) | Value::Duration(number) => {
            point(i128::from(*number), 0)
        }
        Value::Decimal(number) => {
            let scale = u8::try_from(number.normalize().scale()).ok()?;
            point(wide::scaled(number, scale)?, scale)
        }
        Value::Money(money) => {
            let exponent = currency::exponent(&money.currency);
            let scale = u8::try_from(money.amount.normalize().scale()).ok()?.max(exponent);
            point(wide::scaled(&money.amount, scale)?, scale - exponent)
        }
        _ => None,
    }
}

/// The bounds that every value of a type has.
pub(crate) fn of_type(ty: &Type, schema: &Schema) -> Option<Interval> {
    match ty {
        Type::Optional(inner) => of_type(inner, schema),
        Type::List { of, .. } => of_type(of, schema),
        Type::Int { min, max } => Some(Interval::new(i128::from(*min), i128::from(*max), 0)),
        Type::Decimal { precision, scale } => {
            Some(Interval::symmetric(power(*precision)? - 1, *scale))
        }
        Type::Money { min, max } => {
            let (min, max) = money_bounds(*min, *max, currency::largest_exponent(schema));
            Some(Interval::new(min, max, 0))
        }
        Type::Timestamp => {
            Some(Interval::new(i128::from(TIMESTAMPS.0), i128::from(TIMESTAMPS.1), 0))
        }
        Type::Duration => Some(Interval::symmetric(i128::from(DURATION_LIMIT), 0)),
        _ => None,
    }
}

/// Least and greatest amount in minor units, of which the currency has `exponent` digits.
pub(crate) fn money_bounds(
    min: Option<Decimal>,
    max: Option<Decimal>,
    exponent: u8,
) -> (i128, i128) {
    let limit = 10i128.pow(MONEY_DIGITS) - 1;
    let usual = 10i128.pow(UNBOUNDED_MONEY_DIGITS) - 1;
    let bound = |bound: Decimal| {
        let bound = bound.round_dp(u32::from(exponent));
        wide::scaled(&bound, exponent).unwrap_or(i128::MAX).clamp(-limit, limit)
    };
    let (min, max) = (min.map(bound), max.map(bound));
    (
        min.unwrap_or(if max.is_some_and(|max| max < -usual) { -limit } else { -usual }),
        max.unwrap_or(if min.is_some_and(|min| min > usual) { limit } else { usual }),
    )
}

fn binary(operator: Binary, a: Interval, b: Interval, ty: &Type) -> Option<Interval> {
    match operator {
        Binary::Add => a.add(b),
        Binary::Subtract => a.add(b.negate()?),
        Binary::Multiply => a.multiply(b),
        Binary::Remainder => a.remainder(b),
        Binary::Divide if matches!(ty, Type::Int { .. }) => a.divide(b, 0),
        Binary::Divide => a.divide(b, quotient_scale(a, b)),
        _ => None,
    }
}

fn call(
    function: Function,
    arguments: &[Expression],
    ty: &Type,
    schema: &Schema,
    variables: &mut Variables,
) -> Option<Interval> {
    let first = arguments.first()?;
    let mut of = |expression: &Expression| interval(expression, schema, variables);
    match function {
        Function::Sum => {
            let Type::List { min, max, .. } = first.ty.required() else { return None };
            of(first)?.sum(*min, *max)
        }
        Function::Min | Function::Max | Function::Distinct | Function::Item => of(first),
        Function::Abs => Some(of(first)?.absolute()),
        Function::ToDecimal => of(first).or_else(|| of_type(ty, schema)),
        Function::Round => {
            let Type::Decimal { scale, .. } = ty else { return None };
            of(first)?.rounded(*scale)
        }
        Function::ToInt => match first.ty {
            Type::Float => of_type(ty, schema),
            _ => {
                let interval = of(first)?;
                let factor = power(interval.scale)?;
                Some(Interval::new(interval.min / factor, interval.max / factor, 0))
            }
        },
        Function::MakeMoney => make_money(of(first)?, arguments.get(1)?),
        Function::Amount => {
            let (least, most) = exponents(schema);
            let amount = of(first)?;
            let amount = amount.at_scale(amount.scale + (most - least))?;
            Some(Interval { scale: amount.scale.checked_add(least)?, ..amount })
        }
        _ => of_type(ty, schema),
    }
}

/// Decimal to minor units; a currency that is not known yet may have no digits, or four.
fn make_money(amount: Interval, currency: &Expression) -> Option<Interval> {
    let (least, most) = match &currency.kind {
        Kind::Literal(Value::Text(code)) => (currency::exponent(code), currency::exponent(code)),
        _ => (0, 4),
    };
    let scale = amount.scale.max(least);
    let fine = amount.at_scale(scale)?.at_scale(scale + (most - least))?;
    Some(Interval { scale: scale - least, ..fine })
}

fn exponents(schema: &Schema) -> (u8, u8) {
    let exponents = schema.settings.currencies.iter().map(|code| currency::exponent(code));
    (exponents.min().unwrap_or(2), currency::largest_exponent(schema))
}

//! Numbers: in PostgreSQL as they are; in SQLite integers times a power of ten, whose scales must
//! be aligned and whose size proven. What may not fit 64 bits is computed wide.

use super::compile::{Compiler, Result, refuse};
use super::encoding::CURRENCY_SUFFIX;
use super::{Dialect, Encoding, wide};
use crate::currency;
use crate::interval::interval;
use crate::ir::{Binary, Expression, Function, Kind};
use crate::types::Type;
use crate::value::Value;

impl Compiler<'_> {
    /// Both sides of a comparison, in the same units.
    pub(super) fn aligned(
        &mut self,
        left: &Expression,
        right: &Expression,
    ) -> Result<(String, String)> {
        let scale = self.scale(left)?.max(self.scale(right)?);
        let wide = !(self.is_narrow(left, scale) && self.is_narrow(right, scale));
        Ok((self.number(left, scale, wide)?, self.number(right, scale, wide)?))
    }

    /// Whether computing it in units of 10^-scale stays within 64 bits.
    fn is_narrow(&self, expression: &Expression, scale: u8) -> bool {
        let bounds = interval(expression, self.schema(), &mut Vec::new());
        let Some(bounds) = bounds.and_then(|bounds| bounds.at_scale(scale)) else { return false };
        let itself = i64::try_from(bounds.min).is_ok() && i64::try_from(bounds.max).is_ok();
        let natural =
            |part: &Expression| self.scale(part).is_ok_and(|scale| self.is_narrow(part, scale));
        itself
            && match &expression.kind {
                _ if self.is_constant(expression) => true,
                Kind::Negate(inner) => self.is_narrow(inner, scale),
                Kind::Binary(Binary::Add | Binary::Subtract, left, right) => {
                    self.is_narrow(left, scale) && self.is_narrow(right, scale)
                }
                Kind::Binary(_, left, right) => natural(left) && natural(right),
                Kind::Conditional(_, then, otherwise) => {
                    self.is_narrow(then, scale) && self.is_narrow(otherwise, scale)
                }
                _ => true,
            }
    }

    /// A number in units of 10^-scale, for money of 10^-scale minor units; PostgreSQL: as it is.
    /// `wide`: in SQLite a blob.
    pub(super) fn number(
        &mut self,
        expression: &Expression,
        scale: u8,
        wide: bool,
    ) -> Result<String> {
        if self.is_constant(expression) {
            let encoding = self.number_encoding(expression, scale, wide);
            return Ok(self.parameter(expression, encoding));
        }
        if self.dialect == Dialect::Sqlite && wide && self.is_narrow(expression, scale) {
            return Ok(format!("{}({})", wide::WIDEN, self.number(expression, scale, false)?));
        }
        if self.dialect == Dialect::Sqlite && !wide && !self.is_narrow(expression, scale) {
            return refuse(expression.span, "the value may have more than 64 bits");
        }
        let span = expression.span;
        let sql = match &expression.kind {
            Kind::Field { of, field } => {
                let column = self.field(of, *field, "", span)?;
                let stored = self.scale(expression)?;
                self.scaled_up(column, scale - stored.min(scale), wide)
            }
            Kind::Negate(inner) => {
                let inner = self.number(inner, scale, wide)?;
                self.apply(Binary::Subtract, "0", &inner, wide)
            }
            Kind::Binary(operator @ (Binary::Add | Binary::Subtract), left, right) => {
                let (a, b) = (self.number(left, scale, wide)?, self.number(right, scale, wide)?);
                let sum = self.apply(*operator, &a, &b, wide);
                self.one_currency(left, right, sum)?
            }
            Kind::Binary(Binary::Multiply, left, right) => {
                let (a, b) = (self.scale(left)?, self.scale(right)?);
                let (left, right) = (self.number(left, a, wide)?, self.number(right, b, wide)?);
                let product = self.apply(Binary::Multiply, &left, &right, wide);
                self.scaled_up(product, scale - (a + b).min(scale), wide)
            }
            Kind::Binary(operator, ..) => {
                return refuse(span, format!("`{}` over rows has no SQL", operator.symbol()));
            }
            Kind::Conditional(condition, then, otherwise) => {
                let test = self.condition(condition)?;
                let then = self.number(then, scale, wide)?;
                let otherwise = self.number(otherwise, scale, wide)?;
                format!("({})", self.case(condition, &test, &then, &otherwise))
            }
            Kind::Call(function, arguments) => {
                return self.number_call(*function, arguments, expression, scale, wide);
            }
            Kind::Literal(Value::Null) => "NULL".to_owned(),
            _ => return refuse(span, "this number has no SQL"),
        };
        self.bounded(sql, span)
    }

    fn number_encoding(&self, expression: &Expression, scale: u8, wide: bool) -> Encoding {
        let money = matches!(expression.ty.required(), Type::Money { .. });
        match (self.dialect, money, wide) {
            (Dialect::PostgreSql, true, _) => Encoding::Minor(scale),
            (Dialect::PostgreSql, false, _) => match expression.ty.required() {
                Type::Int { .. } => Encoding::Scaled(0),
                _ => Encoding::Numeric,
            },
            (Dialect::Sqlite, true, false) => Encoding::Minor(scale),
            (Dialect::Sqlite, true, true) => Encoding::WideMinor(scale),
            (Dialect::Sqlite, false, false) => Encoding::Scaled(scale),
            (Dialect::Sqlite, false, true) => Encoding::WideScaled(scale),
        }
    }

    fn number_call(
        &mut self,
        function: Function,
        arguments: &[Expression],
        whole: &Expression,
        scale: u8,
        wide: bool,
    ) -> Result<String> {
        let Some(first) = arguments.first() else { return refuse(whole.span, "this has no SQL") };
        match function {
            Function::Size => {
                let size = self.size(first)?;
                Ok(self.scaled_up(size, scale, wide))
            }
            Function::ToDecimal if first.ty != Type::Float => self.number(first, scale, wide),
            Function::Abs if !wide => Ok(format!("abs({})", self.number(first, scale, false)?)),
            Function::Amount if !self.several_currencies() => {
                let exponent = currency::largest_exponent(self.schema());
                match scale.checked_sub(exponent) {
                    Some(scale) => self.number(first, scale, wide),
                    None => refuse(whole.span, "this has no SQL"),
                }
            }
            Function::MakeMoney if !self.several_currencies() => {
                let exponent = currency::largest_exponent(self.schema());
                self.number(first, scale + exponent, wide)
            }
            Function::Sum | Function::Min | Function::Max => {
                refuse(whole.span, "sums and extremes over rows have no SQL: keep them in a field")
            }
            _ => refuse(whole.span, "this function has no SQL over rows"),
        }
    }

    fn apply(&self, operator: Binary, a: &str, b: &str, wide: bool) -> String {
        let function = match operator {
            Binary::Add => "firm_add",
            Binary::Subtract => "firm_subtract",
            _ => "firm_multiply",
        };
        if wide && self.dialect == Dialect::Sqlite {
            format!("{function}({a}, {b})")
        } else {
            format!("({a} {} {b})", operator.symbol())
        }
    }

    /// Times a power of ten, where SQLite needs it.
    fn scaled_up(&self, sql: String, digits: u8, wide: bool) -> String {
        if self.dialect == Dialect::PostgreSql {
            return sql;
        }
        let mut sql = sql;
        let mut left = digits;
        while left > 0 {
            let step = left.min(18);
            let factor = 10i64.pow(u32::from(step));
            sql = self.apply(Binary::Multiply, &sql, &factor.to_string(), wide);
            left -= step;
        }
        sql
    }

    /// A sum of money in two currencies is NULL.
    fn one_currency(
        &mut self,
        left: &Expression,
        right: &Expression,
        sum: String,
    ) -> Result<String> {
        if !(matches!(left.ty, Type::Money { .. }) && self.several_currencies()) {
            return Ok(sum);
        }
        let (a, b) = (self.currency(left)?, self.currency(right)?);
        Ok(format!("(CASE WHEN {a} = {b} THEN {sum} END)"))
    }

    /// The currency of an amount.
    pub(super) fn currency(&mut self, money: &Expression) -> Result<String> {
        if self.is_constant(money) || !self.several_currencies() {
            if self.is_constant(money) {
                return Ok(self.parameter(money, Encoding::Currency));
            }
            let code = self.schema().settings.currency().clone();
            let literal = Expression {
                kind: Kind::Literal(Value::Text(code)),
                ty: Type::string(3),
                span: money.span,
            };
            return Ok(self.parameter(&literal, Encoding::Text));
        }
        match &money.kind {
            Kind::Field { of, field } => self.field(of, *field, CURRENCY_SUFFIX, money.span),
            Kind::Negate(inner) => self.currency(inner),
            Kind::Binary(_, left, right) => {
                let of = if matches!(left.ty, Type::Money { .. }) { left } else { right };
                self.currency(of)
            }
            Kind::Conditional(condition, then, otherwise) => {
                let test = self.condition(condition)?;
                let (then, otherwise) = (self.currency(then)?, self.currency(otherwise)?);
                Ok(format!("({})", self.case(condition, &test, &then, &otherwise)))
            }
            Kind::Call(Function::Abs, arguments) => match arguments.first() {
                Some(inner) => self.currency(inner),
                None => refuse(money.span, "this has no SQL"),
            },
            _ => refuse(money.span, "its currency has no SQL"),
        }
    }
}

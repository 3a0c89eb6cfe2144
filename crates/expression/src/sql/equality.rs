//! `==` and `in`, where null is a value like others.

use super::compile::{Compiler, Result, refuse};
use super::{Dialect, Encoding};
use crate::ir::{Comprehension, Expression, Kind};
use crate::types::Type;
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn equal(&mut self, left: &Expression, right: &Expression) -> Result<String> {
        let is_null = |side: &Expression| matches!(side.kind, Kind::Literal(Value::Null));
        if is_null(left) || is_null(right) {
            let other = if is_null(left) { right } else { left };
            return match (other.ty.is_optional(), self.may_fail(other)) {
                (true, _) => self.is_null(other),
                (false, false) => Ok("FALSE".to_owned()),
                // Never null, but perhaps missing.
                (false, true) => {
                    let missing = self.is_null(other)?;
                    Ok(format!("(CASE WHEN NOT {missing} THEN FALSE END)"))
                }
            };
        }
        let (a, b) = self.operands(left, right)?;
        let money = matches!(left.ty.required(), Type::Money { .. });
        let currencies = if money && self.several_currencies() {
            Some((self.currency(left)?, self.currency(right)?))
        } else {
            None
        };
        let fails = self.may_fail(left) || self.may_fail(right);
        let same = |a: &str, b: &str, operator: &str| match &currencies {
            // Another currency is unequal, but an amount that failed stays a failure.
            Some((c, d)) if fails => format!(
                "CASE WHEN {c} {operator} {d} THEN {a} {operator} {b} \
                 WHEN ({a} = {b}) IS NOT NULL THEN FALSE END"
            ),
            Some((c, d)) => format!("({a} {operator} {b} AND {c} {operator} {d})"),
            None => format!("{a} {operator} {b}"),
        };
        let optional = (left.ty.is_optional(), right.ty.is_optional());
        let sql = match optional {
            (false, false) => format!("({})", same(&a, &b, "=")),
            (true, true) => {
                let operator = match self.dialect {
                    Dialect::Sqlite => "IS",
                    Dialect::PostgreSql => "IS NOT DISTINCT FROM",
                };
                format!("({})", same(&a, &b, operator))
            }
            (true, false) => self.half_optional(&a, &b, right, &same(&a, &b, "=")),
            (false, true) => self.half_optional(&b, &a, left, &same(&a, &b, "=")),
        };
        self.bounded(sql, left.span)
    }

    /// One side may be null, the other cannot: plain equality stays usable by an index.
    fn half_optional(&self, maybe: &str, never: &str, other: &Expression, same: &str) -> String {
        let present = format!("({maybe} IS NOT NULL AND {same})");
        if self.may_fail(other) {
            return format!("({present} OR ({never} IS NULL AND NULL))");
        }
        present
    }

    fn operands(&mut self, left: &Expression, right: &Expression) -> Result<(String, String)> {
        match (left.ty.required(), right.ty.required()) {
            (Type::Int { .. } | Type::Decimal { .. } | Type::Money { .. }, _) => {
                self.aligned(left, right)
            }
            (Type::Bool, _) => Ok((self.condition(left)?, self.condition(right)?)),
            _ => Ok((self.scalar(left)?, self.scalar(right)?)),
        }
    }

    fn is_null(&mut self, value: &Expression) -> Result<String> {
        if self.is_constant(value) {
            return self.constant_is_null(value);
        }
        match &value.kind {
            Kind::Field { of, field } => {
                let suffix = match value.ty.required() {
                    Type::Geo if !self.is_encrypted(of, *field) => super::encoding::LATITUDE_SUFFIX,
                    _ => "",
                };
                Ok(format!("({} IS NULL)", self.column(of, *field, suffix, value.span)?))
            }
            Kind::PartRows { .. } => {
                let rows = self.rows(value, None)?;
                Ok(format!("(NOT EXISTS (SELECT 1 {rows}))"))
            }
            _ => match value.ty.required() {
                Type::Int { .. } | Type::Decimal { .. } | Type::Money { .. } => {
                    let scale = self.scale(value)?;
                    Ok(format!("({} IS NULL)", self.number(value, scale, false)?))
                }
                Type::Bool => Ok(format!("({} IS NULL)", self.condition(value)?)),
                Type::Float => Ok(format!("({} IS NULL)", self.real(value)?)),
                _ => Ok(format!("({} IS NULL)", self.scalar(value)?)),
            },
        }
    }

    fn constant_is_null(&mut self, value: &Expression) -> Result<String> {
        let null =
            Expression { kind: Kind::Literal(Value::Null), ty: Type::Null, span: value.span };
        let kind = Kind::Binary(crate::ir::Binary::Equal, Box::new(value.clone()), Box::new(null));
        let test = Expression { kind, ty: Type::Bool, span: value.span };
        Ok(self.parameter(&test, Encoding::Bool))
    }

    pub(super) fn membership(&mut self, item: &Expression, list: &Expression) -> Result<String> {
        match &list.kind {
            Kind::List(items) if items.is_empty() => Ok("FALSE".to_owned()),
            Kind::List(items) => {
                let tests = items.iter().map(|other| self.equal(item, other));
                let tests = tests.collect::<Result<Vec<String>>>()?;
                self.bounded(format!("({})", tests.join(" OR ")), list.span)
            }
            Kind::Comprehend { what: Comprehension::Map, range, variable, body }
                if !self.is_constant(list) =>
            {
                let known = self.sources.len();
                let from = self.from(range, Some(*variable));
                let equal = from.and_then(|from| Ok((from, self.equal(item, body)?)));
                let may_fail = self.may_fail(body) || self.may_fail(item);
                self.sources.truncate(known);
                let ((from, mut tests), equal) = equal?;
                if may_fail {
                    return refuse(list.span, "an item of the list may fail to have a value");
                }
                tests.push(equal);
                Ok(format!("EXISTS (SELECT 1 {from} WHERE {})", tests.join(" AND ")))
            }
            _ => self.json_membership(item, list),
        }
    }

    /// Lists that are bound or stored are JSON.
    fn json_membership(&mut self, item: &Expression, list: &Expression) -> Result<String> {
        let (sqlite, postgresql) = match item.ty.required() {
            Type::Text { .. } | Type::Enum(_) => ("value", "value"),
            Type::Int { .. } if self.scale(item)? == 0 => ("value", "value::bigint"),
            Type::Duration => ("value", "value::bigint"),
            Type::Bool => ("value", "value::boolean"),
            Type::Date => ("value", "value::date"),
            Type::Time => ("value", "value::time"),
            Type::Uuid | Type::Reference(_) => ("unhex(value)", "value::uuid"),
            other => {
                let name = other.describe(self.schema());
                return refuse(list.span, format!("a list of {name} has no SQL"));
            }
        };
        let array = if self.is_constant(list) {
            self.parameter(list, Encoding::Json)
        } else if let Kind::Field { of, field } = &list.kind {
            self.field(of, *field, "", list.span)?
        } else {
            return refuse(list.span, "only lists that are stored or given have SQL");
        };
        let item = match item.ty.required() {
            Type::Int { .. } => self.number(item, 0, false)?,
            Type::Bool => self.condition(item)?,
            _ => self.scalar(item)?,
        };
        Ok(match self.dialect {
            Dialect::Sqlite => format!("({item} IN (SELECT {sqlite} FROM json_each({array})))"),
            Dialect::PostgreSql => format!(
                "({item} IN (SELECT {postgresql} FROM jsonb_array_elements_text({array}) AS value))"
            ),
        })
    }
}

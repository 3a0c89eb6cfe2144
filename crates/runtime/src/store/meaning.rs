//! What the columns mean: the same bits under another type would be another value.

use std::collections::BTreeMap;

use decide::tables::TENANT_COLUMN;
use decide::{Design, sealed, tenancy};
use expression::sql::{Dialect, encoding};
use expression::{FieldShape, Schema, Type, Value};
use jiff::Timestamp;
use model::model::{BuiltIn, Default, Entity, Field};

/// Meanings by table (`context_table`) and column.
pub type Columns = BTreeMap<(String, String), String>;

/// Writes a value as SQL; nothing where it has no such text.
type Literal = fn(&Value, encoding::Encoding) -> Option<String>;

/// What the design says about its columns.
#[derive(Debug, Default)]
pub struct Meanings {
    /// What each holds.
    pub columns: Columns,
    /// What rows get that were there before their column, as SQL, where it may not be null.
    pub defaults: BTreeMap<(String, String), String>,
    /// What people call each table: `catalog.Product`, `ordering.Order.lines`.
    pub called: BTreeMap<String, String>,
}

impl Meanings {
    /// The meanings of all columns of the design; `now` (microseconds since the Unix epoch) is what
    /// a default of `now` becomes.
    #[must_use]
    pub fn of(design: &Design, now: i64, literal: Literal) -> Self {
        let mut all = Self::default();
        let schema = &design.model.schema;
        for (table, entity) in design.tables.iter().zip(&design.model.entities) {
            let shape = schema.entity(table.entity);
            let called = format!("{}.{}", shape.context, shape.name);
            let name = format!("{}_{}", table.schema, table.name);
            let defaults =
                |at: usize| entity.fields.get(at).and_then(|of| first(of, entity, now, schema));
            let stored = sealed::stored(&design.model, table.entity);
            all.add(schema, literal, &called, (&name, &stored, &table.columns), defaults);
            all.add_sealed(&name, &entity.fields, &table.columns);
            let pooled = tenancy::pooled(design, table.entity);
            all.add_tenant(&name, pooled);
            let parts = table.parts.iter().zip(&shape.parts).zip(&entity.parts);
            for (at, ((part, part_shape), of)) in parts.enumerate() {
                let name = format!("{}_{}", table.schema, part.name);
                let called = format!("{called}.{}", part_shape.name);
                let defaults =
                    |at: usize| of.fields.get(at).and_then(|of| first(of, entity, now, schema));
                let stored = sealed::stored_part(&design.model, table.entity, at);
                all.add(schema, literal, &called, (&name, &stored, &part.columns), defaults);
                all.add_sealed(&name, &of.fields, &part.columns);
                all.add_tenant(&name, pooled);
            }
        }
        all
    }

    /// Whose a row is, is never forgotten: rows of several tenants do not become everybody's.
    fn add_tenant(&mut self, table: &str, pooled: bool) {
        if pooled {
            let key = (table.to_owned(), TENANT_COLUMN.to_owned());
            self.columns.insert(key, "the tenant whose row it is".to_owned());
        }
    }

    /// What is encrypted is read as nothing else, and what is not is not read as encrypted. Rows
    /// that were there before get no value: a default would stand there in the clear.
    fn add_sealed(&mut self, table: &str, fields: &[Field], names: &[String]) {
        for (_, base) in fields.iter().zip(names).filter(|(field, _)| sealed::is_sealed(field)) {
            let key = (table.to_owned(), base.clone());
            self.defaults.remove(&key);
            self.columns.insert(key, "an encrypted value".to_owned());
        }
    }

    fn add(
        &mut self,
        schema: &Schema,
        literal: Literal,
        called: &str,
        (table, fields, names): (&str, &[FieldShape], &[String]),
        default: impl Fn(usize) -> Option<Value>,
    ) {
        self.called.insert(table.to_owned(), called.to_owned());
        for (at, (field, base)) in fields.iter().zip(names).enumerate() {
            let default = default(at);
            for column in encoding::columns(&field.ty, schema) {
                let key = (table.to_owned(), format!("{base}{}", column.suffix));
                let default = default.as_ref().and_then(|value| literal(value, column.encoding));
                if let Some(default) = default {
                    self.defaults.insert(key.clone(), default);
                }
                self.columns.insert(key, meaning(&field.ty, schema));
            }
        }
    }

    /// What people call a table.
    #[must_use]
    pub fn called<'a>(&'a self, table: &'a str) -> &'a str {
        self.called.get(table).map_or(table, String::as_str)
    }
}

/// What a field holds in rows that were there before it.
fn first(field: &Field, entity: &Entity, now: i64, schema: &Schema) -> Option<Value> {
    match (&field.default, field.built_in) {
        (Some(Default::Value(value)), _) => Some(value.clone()),
        (Some(Default::Now), _) | (None, Some(BuiltIn::CreatedAt | BuiltIn::UpdatedAt)) => {
            Some(at(&field.ty, now, schema))
        }
        (None, Some(BuiltIn::Version)) => Some(Value::Int(1)),
        (None, Some(BuiltIn::Status)) => {
            entity.states.as_ref()?.states.first().map(|(state, _)| Value::text(&*state.value))
        }
        (None, _) => matches!(field.ty, Type::List { min: 0, .. }).then(|| Value::List([].into())),
    }
}

fn at(ty: &Type, now: i64, schema: &Schema) -> Value {
    let zone = &schema.settings.time_zone;
    let date = || Timestamp::from_microsecond(now).map(|now| zone.to_datetime(now).date());
    match ty.required() {
        Type::Timestamp => Value::Timestamp(now),
        Type::Date => date().map_or(Value::Null, Value::Date),
        _ => Value::Null,
    }
}

/// What a column of this type means, in words that differ where stored values would.
fn meaning(ty: &Type, schema: &Schema) -> String {
    match ty.required() {
        Type::Text { .. } | Type::Enum(_) => "text".to_owned(),
        Type::Decimal { scale, .. } => format!("{}{scale}{}", DECIMAL.0, DECIMAL.1),
        Type::Money { .. } if schema.settings.currencies.len() > 1 => "money".to_owned(),
        Type::Money { .. } => format!("{MONEY_IN}{}", schema.settings.currency()),
        Type::Reference(entity) => {
            let shape = schema.entity(*entity);
            format!("reference to {}.{}", shape.context, shape.name)
        }
        Type::List { of, .. } => format!("list of {}", meaning(of, schema)),
        Type::Record(record) => fields(&schema.record(*record).fields, schema),
        Type::Part(part) => fields(&schema.part(*part).fields, schema),
        other => other.describe(schema),
    }
}

fn fields(fields: &[FieldShape], schema: &Schema) -> String {
    let each = fields.iter().map(|field| {
        let optional = if field.ty.is_optional() { "?" } else { "" };
        format!("{}: {}{optional}", field.name, meaning(&field.ty, schema))
    });
    format!("({})", each.collect::<Vec<_>>().join(", "))
}

/// Whether what was stored under the old meaning is right under the new one, as it is or as
/// [`converted`] makes it: the same, or fields that may be null were added at the end, decimals have
/// more digits after the point, money may be in other currencies too.
#[must_use]
pub fn extends(before: &str, after: &str) -> bool {
    if before == after {
        return true;
    }
    let before = widened(before, after);
    before == after || appended(&before, after)
}

fn appended(before: &str, after: &str) -> bool {
    let Some(added) = after.strip_prefix(before.trim_end_matches(')')) else { return false };
    before.ends_with(')')
        && added
            .trim_end_matches(')')
            .split(", ")
            .filter(|field| !field.is_empty())
            .all(|field| field.ends_with('?'))
}

/// Whether fields that may be null were added at the end, and nothing else changed.
#[must_use]
pub fn appends(before: &str, after: &str) -> bool {
    before == after || appended(before, after)
}

/// How a decimal is described, around its digits.
const DECIMAL: (&str, &str) = ("decimal with ", " digits after the point");
/// How money is described that is all in one currency, before its code.
const MONEY_IN: &str = "money in ";

/// The meaning before, with as many digits and currencies as the one after has in the same place,
/// where those are more.
fn widened(before: &str, after: &str) -> String {
    let mut made = String::with_capacity(after.len());
    let (mut before, mut after) = (before, after);
    while let (Some(was), Some(is)) = (before.chars().next(), after.chars().next()) {
        let more = more_digits(before, after).or_else(|| more_currencies(before, after));
        let (was, is) = match more {
            Some(rests) => rests,
            None if was == is => (skip(before, was), skip(after, is)),
            None => break,
        };
        made.push_str(after.get(..after.len() - is.len()).unwrap_or_default());
        (before, after) = (was, is);
    }
    made + before
}

fn skip(text: &str, first: char) -> &str {
    text.strip_prefix(first).unwrap_or_default()
}

/// What follows decimals with which both begin.
fn more_digits<'t>(before: &'t str, after: &'t str) -> Option<(&'t str, &'t str)> {
    let ((was, was_rest), (is, is_rest)) = (digits(before)?, digits(after)?);
    (was <= is).then_some((was_rest, is_rest))
}

/// What follows money with which both begin, where the one after may be in several currencies.
fn more_currencies<'t>(before: &'t str, after: &'t str) -> Option<(&'t str, &'t str)> {
    let was_rest = before.strip_prefix(MONEY_IN)?.get(3..)?;
    let is_rest = after.strip_prefix("money")?;
    (!is_rest.starts_with(" in ")).then_some((was_rest, is_rest))
}

fn digits(text: &str) -> Option<(u8, &str)> {
    let (number, rest) = text.strip_prefix(DECIMAL.0)?.split_once(DECIMAL.1)?;
    Some((number.parse().ok()?, rest))
}

/// What reads the values of a column (quoted) as its new meaning has them, where they are not the
/// same as they stand there. Inside of JSON they are.
#[must_use]
pub fn converted(before: &str, after: &str, column: &str, dialect: Dialect) -> Option<String> {
    let ((was, ""), (is, "")) = (digits(before)?, digits(after)?) else { return None };
    let times = 10_u64.checked_pow(u32::from(is.checked_sub(was)?))?;
    (dialect == Dialect::Sqlite && times > 1).then(|| format!("({column} * {times})"))
}

/// The one currency in which all money of a column was, where it may be in others now.
#[must_use]
pub fn only_currency<'b>(before: &'b str, after: &str) -> Option<&'b str> {
    before.strip_prefix(MONEY_IN).filter(|_| after == "money")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_may_grow_by_what_may_be_null() {
        assert!(extends("(a: int)", "(a: int, b: text?)"));
        assert!(!extends("(a: int)", "(a: int, b: text)"));
        assert!(!extends("(a: int)", "(b: text?, a: int)"));
        assert!(extends("list of (a: int)", "list of (a: int, b: text?)"));
        assert!(!extends("int", "text"));
    }
    #[test]
    fn decimals_get_digits_and_money_gets_currencies() {
        let decimal = |digits: u8| format!("decimal with {digits} digits after the point");
        assert!(extends(&decimal(3), &decimal(4)) && !extends(&decimal(4), &decimal(3)));
        assert!(extends("money in EUR", "money") && !extends("money", "money in EUR"));
        assert!(!extends("money in EUR", "money in USD"));
        let record = |digits, money: &str, more: &str| {
            format!("list of (a: {}, b: {money}?, c: {}{more})", decimal(digits), decimal(digits))
        };
        assert!(extends(&record(3, "money in EUR", ""), &record(10, "money", ", d: text?")));
        assert!(!extends(&record(3, "money in EUR", ""), &record(4, "money", ", d: text")));
        assert!(!extends(&record(4, "money in EUR", ""), &record(3, "money", "")));
        let made = converted(&decimal(3), &decimal(5), "\"a\"", Dialect::Sqlite);
        assert_eq!(made.as_deref(), Some("(\"a\" * 100)"));
        assert_eq!(converted(&decimal(3), &decimal(5), "\"a\"", Dialect::PostgreSql), None);
        assert_eq!(only_currency("money in EUR", "money"), Some("EUR"));
    }
}

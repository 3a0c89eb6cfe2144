//! The columns of a field, with what the database itself can hold them to.

use decide::Design;
use expression::{
    FieldShape, Money, Type, Value,
    sql::{
        Dialect,
        encoding::{Column, Encoding, column_type, columns},
    },
};
use rust_decimal::Decimal;

use super::text::{constant, literal, quoted};

/// One line for each column: name, type, `NOT NULL`, `CHECK`.
pub fn definitions(
    design: &Design,
    field: &FieldShape,
    base: &str,
    dialect: Dialect,
) -> Vec<String> {
    let schema = &design.model.schema;
    let all = columns(&field.ty, schema);
    let define = |column: &Column| {
        let name = quoted(&format!("{base}{}", column.suffix));
        let mut line = format!("{name} {}", column_type(column, &field.ty, schema, dialect));
        if !field.ty.is_optional() {
            line += " NOT NULL";
        }
        let checks = checks(design, &field.ty, column, &name, dialect);
        if !checks.is_empty() {
            line += &format!(" CHECK ({})", checks.join(" AND "));
        }
        line
    };
    all.iter().map(define).collect()
}

/// The names of the columns of a field, quoted.
pub fn names(design: &Design, ty: &Type, base: &str) -> Vec<String> {
    let columns = columns(ty, &design.model.schema);
    columns.iter().map(|column| quoted(&format!("{base}{}", column.suffix))).collect()
}

/// The same in the order in which rows are sorted by them, as an index has them.
pub fn sorted_names(design: &Design, ty: &Type, base: &str) -> Vec<String> {
    let mut columns = columns(ty, &design.model.schema);
    columns.sort_by_key(|column| !column.encoding.leads());
    columns.iter().map(|column| quoted(&format!("{base}{}", column.suffix))).collect()
}

/// Conditions that each value of a column fulfils. A `CHECK` lets null pass.
fn checks(
    design: &Design,
    ty: &Type,
    column: &Column,
    name: &str,
    dialect: Dialect,
) -> Vec<String> {
    let sqlite = dialect == Dialect::Sqlite;
    match (ty.required(), column.encoding) {
        (Type::Bool, _) if sqlite => vec![format!("{name} IN (0, 1)")],
        (Type::Int { min, max }, _) => range(name, int(*min), int(*max)),
        (Type::Decimal { precision, .. }, _) if sqlite => {
            let limit = 10i128.pow(u32::from(*precision).min(30)) - 1;
            range(name, Some((-limit).to_string()), Some(limit.to_string()))
        }
        (Type::Money { .. }, Encoding::Currency) => {
            let codes: Vec<String> =
                design.model.schema.settings.currencies.iter().map(|code| literal(code)).collect();
            vec![format!("{name} IN ({})", codes.join(", "))]
        }
        (Type::Money { min, max }, _) => {
            let bound = |bound: &Option<Decimal>| amount(design, (*bound)?, dialect);
            range(name, bound(min), bound(max))
        }
        (Type::Text { min, max, .. }, _) => {
            let length = if sqlite { "length" } else { "char_length" };
            let least = (*min > 0).then(|| min.to_string());
            range(&format!("{length}({name})"), least, Some(max.to_string()))
        }
        (Type::Enum(members), _) => {
            let members: Vec<String> = members.iter().map(|member| literal(member)).collect();
            vec![format!("{name} IN ({})", members.join(", "))]
        }
        (Type::Uuid | Type::Reference(_), _) if sqlite => vec![format!("length({name}) = 16")],
        (Type::Geo, Encoding::Latitude) => vec![format!("{name} BETWEEN -90 AND 90")],
        (Type::Geo, Encoding::Longitude) => vec![format!("{name} BETWEEN -180 AND 180")],
        (Type::List { min, max, .. }, _) => list(name, *min, *max, dialect),
        (Type::Json | Type::File { .. } | Type::Record(_), _) if sqlite => {
            // Older SQLite has `json_valid(NULL)` false.
            vec![format!("{name} IS NULL OR json_valid({name})")]
        }
        _ => Vec::new(),
    }
}

/// Bounds that the language adds to every integer are left to the program.
fn int(bound: i64) -> Option<String> {
    (bound.abs() < expression::types::INT_LIMIT).then(|| bound.to_string())
}

/// A bound in the unit that amounts are stored in. Where each row has its own currency only zero
/// is the same in all of them.
fn amount(design: &Design, bound: Decimal, dialect: Dialect) -> Option<String> {
    let settings = &design.model.schema.settings;
    let several = settings.currencies.len() > 1;
    if several && dialect == Dialect::Sqlite && !bound.is_zero() {
        return None;
    }
    let money = Value::Money(Money { amount: bound, currency: settings.currency().clone() });
    let text = constant(&money, Encoding::Minor(0), dialect)?;
    Some(text.trim_matches('\'').to_owned())
}

fn list(name: &str, min: u32, max: u32, dialect: Dialect) -> Vec<String> {
    let length = match dialect {
        Dialect::Sqlite => format!("json_array_length({name})"),
        Dialect::PostgreSql => format!("jsonb_array_length({name})"),
    };
    range(&length, (min > 0).then(|| min.to_string()), Some(max.to_string()))
}

fn range(what: &str, least: Option<String>, most: Option<String>) -> Vec<String> {
    match (least, most) {
        (Some(least), Some(most)) if least == most => vec![format!("{what} = {least}")],
        (Some(least), Some(most)) => vec![format!("{what} BETWEEN {least} AND {most}")],
        (Some(least), None) => vec![format!("{what} >= {least}")],
        (None, Some(most)) => vec![format!("{what} <= {most}")],
        (None, None) => Vec::new(),
    }
}

//! Keys against overlapping ranges, on PostgreSQL. SQLite has no constraint for them: there the
//! runtime looks after each write.

use decide::{Design, design::Table, tables::TENANT_COLUMN};
use expression::{FieldIndex, Type, sql::Dialect};
use model::model::Exclusive;

use super::columns::names;
use super::indexes::predicate;
use super::tenants;
use super::text::{quoted, table as table_name};

/// What compares scalars in a GiST index; `None` where no key needs it.
pub fn extension(design: &Design) -> Option<String> {
    let mut keys = design.model.entities.iter().flat_map(|entity| &entity.exclusive);
    keys.any(|key| !key.same.is_empty() || design.model.system.tenancy.is_some())
        .then(|| "CREATE EXTENSION IF NOT EXISTS btree_gist".to_owned())
}

/// The constraints of a table.
pub fn constraints(design: &Design, table: &Table) -> Vec<String> {
    let keys = design.model.entity(table.entity).exclusive.iter();
    keys.filter_map(|key| constraint(design, table, key)).collect()
}

/// The name of the constraint of a key, by the key's code.
#[must_use]
pub fn name(table: &Table, code: &str) -> String {
    format!("{}_{}_key", table.name, code.replace('-', "_"))
}

fn constraint(design: &Design, table: &Table, key: &Exclusive) -> Option<String> {
    let entity = design.model.entity(table.entity);
    let range = range(design, table, key.overlap)?;
    let same = key.same.iter().flat_map(|field| columns(design, table, *field));
    let tenant = tenants::pooled(design, table).then(|| quoted(TENANT_COLUMN));
    let same = tenant.into_iter().chain(same);
    let mut parts: Vec<String> = same.map(|column| format!("{column} WITH =")).collect();
    parts.push(format!("{range} WITH &&"));
    let name = quoted(&name(table, &key.code.value));
    let on = table_name(&table.schema, &table.name, Dialect::PostgreSql);
    let condition = key.condition.as_ref();
    let rows = predicate(design, table, entity.soft_delete, condition, Dialect::PostgreSql);
    let rows = rows.map_or_else(String::new, |rows| format!(" WHERE ({rows})"));
    let parts = parts.join(", ");
    Some(format!("ALTER TABLE {on} ADD CONSTRAINT {name} EXCLUDE USING gist ({parts}){rows}"))
}

/// A half-open range: without an end it goes on, without a start it overlaps nothing.
fn range(design: &Design, table: &Table, (start, end): (FieldIndex, FieldIndex)) -> Option<String> {
    let shape = design.model.shape(table.entity);
    let first = |field| columns(design, table, field).into_iter().next();
    let (from, to) = (first(start)?, first(end)?);
    let seconds = |column: &str| format!("extract(epoch FROM {column})");
    let range = match shape.fields.get(usize::from(start.0))?.ty.required() {
        Type::Timestamp => format!("tstzrange({from}, {to})"),
        Type::Date => format!("daterange({from}, {to})"),
        Type::Time => format!("numrange({}, {})", seconds(&from), seconds(&to)),
        _ => format!("int8range({from}, {to})"),
    };
    // A bound that is null is none, to PostgreSQL.
    Some(match shape.fields.get(usize::from(start.0))?.ty.is_optional() {
        true => format!("(CASE WHEN {from} IS NULL THEN NULL ELSE {range} END)"),
        false => range,
    })
}

fn columns(design: &Design, table: &Table, field: FieldIndex) -> Vec<String> {
    let at = usize::from(field.0);
    let shape = design.model.shape(table.entity).fields.get(at);
    let base = table.columns.get(at);
    shape.zip(base).map(|(field, base)| names(design, &field.ty, base)).unwrap_or_default()
}

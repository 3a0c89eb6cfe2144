//! The tables: names that PostgreSQL and SQLite both take, one table an entity and one a part.
//!
//! Names are quoted wherever they are written, so reserved words need no care. What does need it:
//! length (63 bytes), the names that the engines keep for themselves, and that SQLite has neither
//! schemas nor a namespace of its own for indexes.

use expression::{EntityId, FieldIndex, FieldShape, Schema, sql::encoding};
use model::{
    Model,
    model::{ContextId, Entity},
};

use crate::bridge::EVERYBODY;
use crate::design::{PartTable, Table};
use crate::naming::{Names, snake};
use crate::sealed;

/// Schemas that are not ours to create in.
const RESERVED_SCHEMAS: [&str; 5] = ["public", "information_schema", "firmitas", "main", EVERYBODY];

/// Columns that an engine has on every table.
const RESERVED_COLUMNS: [&str; 9] =
    ["rowid", "oid", "_rowid_", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// The column that says whose row it is, where rows of several tenants share a table.
pub const TENANT_COLUMN: &str = "tenant_id";

/// Columns of a part's table besides its fields.
const PART_COLUMNS: [&str; 3] = ["owner_id", "position", TENANT_COLUMN];

/// The table of every entity, without its secondary indexes.
#[must_use]
pub fn tables(model: &Model) -> Vec<Table> {
    let schemas = schemas(model);
    // SQLite keeps all tables, and the ones that serve full-text search, in one namespace.
    let mut names = Names::default();
    let mut tables: Vec<Table> = by_name(model)
        .map(|(id, entity)| {
            table(model, id, entity, schema_of(&schemas, entity.context), &mut names)
        })
        .collect();
    tables.sort_by_key(|table| table.entity);
    tables
}

/// Entities in an order that does not depend on where they are written, so that numbered names do
/// not either.
fn by_name(model: &Model) -> impl Iterator<Item = (EntityId, &Entity)> {
    let mut all: Vec<(EntityId, &Entity)> = model.entities().collect();
    all.sort_by_key(|(_, entity)| {
        (model.context(entity.context).name.value.as_str(), entity.name.value.as_str())
    });
    all.into_iter()
}

fn schemas(model: &Model) -> Vec<String> {
    let mut names = Names::reserving(RESERVED_SCHEMAS);
    let mut schema = |context: &model::model::Context| {
        let name = snake(&context.name);
        // PostgreSQL keeps `pg_` for itself, also of roles (`pg_service`), and SQLite `sqlite_`.
        let kept = name == "pg" || name.starts_with("pg_") || name.starts_with("sqlite");
        names.take(&if kept { format!("context_{name}") } else { name })
    };
    let mut order: Vec<usize> = (0..model.contexts.len()).collect();
    order.sort_by_key(|&at| model.contexts.get(at).map(|context| context.name.value.as_str()));
    let mut named: Vec<(usize, String)> =
        order.into_iter().filter_map(|at| Some((at, schema(model.contexts.get(at)?)))).collect();
    named.sort();
    named.into_iter().map(|(_, name)| name).collect()
}

fn schema_of(schemas: &[String], context: ContextId) -> &str {
    schemas.get(usize::from(context.0)).map_or("", String::as_str)
}

fn table(model: &Model, id: EntityId, entity: &Entity, schema: &str, names: &mut Names) -> Table {
    let shape = model.shape(id);
    let name = take_table(names, schema, &snake(&entity.plural));
    let parts = shape.parts.iter().enumerate().map(|(at, part)| PartTable {
        name: take_table(names, schema, &format!("{name}_{}", snake(&part.name))),
        columns: columns(&model.schema, &sealed::stored_part(model, id, at), &PART_COLUMNS),
        indexes: Vec::new(),
    });
    Table {
        entity: id,
        schema: schema.to_owned(),
        columns: columns(&model.schema, &sealed::stored(model, id), &[TENANT_COLUMN]),
        parts: parts.collect(),
        indexes: Vec::new(),
        search: search(entity),
        name,
    }
}

/// A name for a table that is free with and without its schema in front, for itself and for its
/// full-text index and what that stores.
fn take_table(names: &mut Names, schema: &str, wanted: &str) -> String {
    let suffixes =
        ["", "_search", "_search_data", "_search_idx", "_search_docsize", "_search_config"];
    names.take_all(wanted, |name| {
        suffixes.iter().map(|suffix| format!("{schema}_{name}{suffix}")).collect()
    })
}

fn columns(schema: &Schema, fields: &[FieldShape], others: &[&str]) -> Vec<String> {
    let mut names = Names::reserving(RESERVED_COLUMNS.into_iter().chain(others.iter().copied()));
    let column = |field: &FieldShape| {
        let columns = encoding::columns(&field.ty, schema);
        names.take_all(&snake(&field.name), |name| {
            columns.iter().map(|column| format!("{name}{}", column.suffix)).collect()
        })
    };
    fields.iter().map(column).collect()
}

fn search(entity: &Entity) -> Vec<FieldIndex> {
    entity.fields().filter(|(_, field)| field.modifiers.search).map(|(at, _)| at).collect()
}

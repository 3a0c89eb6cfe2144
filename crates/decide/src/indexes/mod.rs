//! Which indexes each table has: unique keys and foreign keys always, and what lists ask for where
//! the table is large enough to need one.
//!
//! Columns are ordered equality, range or sort, then `id` to break ties. Conditions on the row
//! alone become the predicate of a partial index, as "not soft-deleted" does. An index that is a
//! prefix of another is left out.

mod conditions;
mod plan;
mod wants;

use expression::{EntityId, FieldIndex, Type};
use model::model::OperationId;

use crate::design::{Index, Table};
use crate::naming::{Names, snake};
use crate::{
    facts::{self, Facts},
    numbers,
};
pub use conditions::mentions;
pub use wants::Want;

/// What became of the index that an operation wanted.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it wanted.
    pub want: Want,
    /// The table's entity.
    pub entity: EntityId,
    /// What it got.
    pub fate: Fate,
}

/// Whether a wanted index exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It does, under this name: its own, or one that begins with it.
    Served(String),
    /// A unique key leads to at most one row: nothing is left to order.
    Unique(String),
    /// The table is small.
    SmallTable(f64),
    /// The table has as many as it may.
    TooMany(f64),
    /// The model says that the operation has none.
    Overridden,
}

/// Adds the indexes to every table; what became of every wish comes back, by operation.
pub fn add(model: Facts<'_>, tables: &mut [Table], none: &[OperationId]) -> Vec<Outcome> {
    let mut names = Names::reserving(
        tables.iter().flat_map(all_names).collect::<Vec<_>>().iter().map(String::as_str),
    );
    let mut outcomes = Vec::new();
    let mut wanted = wants::all(model).into_iter();
    let writes = facts::writes(model);
    for (table, writes) in tables.iter_mut().zip(writes) {
        let entity = table.entity;
        let mut indexes = unique_keys(model, entity);
        indexes.extend(exclusive_keys(model, entity));
        let foreign = foreign_keys(model, entity);
        let wanted = wanted.next().unwrap_or_default();
        let wishes = plan::plan(
            model,
            entity,
            &mut indexes,
            wanted,
            foreign,
            (none, allowance(model, writes)),
        );
        for index in &mut indexes {
            index.name = name(&mut names, &table.schema, &table.name, &table.columns, index);
        }
        outcomes.extend(wishes.into_iter().map(|wish| wish.settle(entity, &indexes)));
        table.indexes = indexes;
        let shape = model.shape(entity);
        for (part, fields) in table.parts.iter_mut().zip(&shape.parts) {
            part.indexes = part_foreign_keys(model, entity, &fields.fields);
            for index in &mut part.indexes {
                index.name = name(&mut names, &table.schema, &part.name, &part.columns, index);
            }
        }
    }
    // In the order in which decisions ask for them; among those of one operation, as they were.
    outcomes.sort_by_key(|outcome: &Outcome| outcome.want.operation);
    outcomes
}

/// SQLite has one namespace for tables and indexes.
fn all_names(table: &Table) -> Vec<String> {
    let parts = table.parts.iter().map(|part| &part.name);
    let tables = std::iter::once(&table.name).chain(parts);
    tables.map(|name| format!("{}_{name}", table.schema)).collect()
}

fn name(names: &mut Names, schema: &str, table: &str, columns: &[String], index: &Index) -> String {
    let base = match &index.unique {
        Some(code) => format!("{table}_{}_key", snake(code)),
        None => {
            let of = |(field, _): &(FieldIndex, bool)| columns.get(usize::from(field.0)).cloned();
            let fields: Vec<String> = index.fields.iter().filter_map(of).collect();
            format!("{table}_{}_index", fields.join("_"))
        }
    };
    names.take_all(&base, |name| vec![format!("{schema}_{name}")])
}

fn unique_keys(model: Facts<'_>, entity: EntityId) -> Vec<Index> {
    let of = model.entity(entity);
    let key = |unique: &model::model::Unique| Index {
        name: String::new(),
        fields: unique.fields.iter().map(|&field| (field, false)).collect(),
        unique: Some(unique.code.value.clone()),
        condition: unique.condition.clone(),
        live_only: of.soft_delete,
        because: vec![format!("unique key {}", unique.code)],
    };
    let mut keys: Vec<Index> = of.unique.iter().map(key).collect();
    keys.sort_by(|a, b| a.unique.cmp(&b.unique));
    keys
}

/// What a key against overlaps reads: the rows that agree, by their start.
fn exclusive_keys(model: Facts<'_>, entity: EntityId) -> Vec<Index> {
    let of = model.entity(entity);
    let key = |exclusive: &model::model::Exclusive| {
        let same = exclusive.same.iter().copied();
        Index {
            name: String::new(),
            fields: same.chain([exclusive.overlap.0]).map(|field| (field, false)).collect(),
            unique: None,
            condition: exclusive.condition.clone(),
            live_only: of.soft_delete,
            because: vec![format!("exclusive key {}", exclusive.code)],
        }
    };
    let mut keys: Vec<Index> = of.exclusive.iter().map(key).collect();
    keys.sort_by(|a, b| a.because.cmp(&b.because));
    keys
}

/// References inside the context: deleting a referenced row looks for the rows that refer to it.
fn foreign_keys(model: Facts<'_>, entity: EntityId) -> Vec<Index> {
    foreign_fields(model, entity, &model.shape(entity).fields)
}

fn part_foreign_keys(
    model: Facts<'_>,
    entity: EntityId,
    fields: &[expression::FieldShape],
) -> Vec<Index> {
    foreign_fields(model, entity, fields)
}

fn foreign_fields(
    model: Facts<'_>,
    entity: EntityId,
    fields: &[expression::FieldShape],
) -> Vec<Index> {
    let context = model.entity(entity).context;
    let foreign = (0u16..).map(FieldIndex).zip(fields).filter(|(at, field)| {
        let built_in = model.entity(entity).fields.get(usize::from(at.0));
        let id = built_in.is_some_and(|of| of.built_in.is_some() && *of.name == field.name);
        match field.ty.required() {
            Type::Reference(target) => !id && model.entity(*target).context == context,
            _ => false,
        }
    });
    let index = |(at, field): (FieldIndex, &expression::FieldShape)| Index {
        name: String::new(),
        fields: vec![(at, false)],
        unique: None,
        condition: None,
        live_only: false,
        because: vec![format!("foreign key {}", field.name)],
    };
    foreign.map(index).collect()
}

/// Rows at which a table counts as small, if its volume is stated.
fn small(model: Facts<'_>, entity: EntityId) -> Option<f64> {
    let rows = facts::rows_at_horizon(model, entity)?.value;
    (rows <= model.value(&numbers::INDEX_ROWS)).then_some(rows)
}

/// How many secondary indexes a table with this many writes a second may have.
fn allowance(model: Facts<'_>, writes: f64) -> f64 {
    if writes > model.value(&numbers::BUSY_WRITES) {
        model.value(&numbers::INDEXES_PER_BUSY_TABLE)
    } else {
        model.value(&numbers::INDEXES_PER_TABLE)
    }
}

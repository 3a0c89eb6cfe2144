//! What has to change, and what must not.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::super::plan::quoted;
use super::object::Object;
use crate::store::StoreError;
use crate::store::meaning::{Columns, Meanings, extends};

/// What happens to a table of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is new.
    Create(String),
    /// It holds nothing and is not wanted any more.
    Drop(String),
    /// Columns that may be null are added, by their definitions.
    AddColumns(String, Vec<String>),
    /// It is made anew and its rows are copied.
    Rebuild(String),
}

impl Change {
    /// The table, if its indexes and triggers go with the old one.
    pub fn replaces(&self) -> Option<&str> {
        match self {
            Self::Drop(table) | Self::Rebuild(table) => Some(table),
            Self::Create(_) | Self::AddColumns(..) => None,
        }
    }
}

/// The changes, and what stands against them.
pub(super) fn plan(
    connection: &Connection,
    installed: &[Object],
    wanted: &[Object],
    remembered: &Columns,
    meanings: &Meanings,
) -> Result<(Vec<Change>, Vec<String>), StoreError> {
    let (mut changes, mut differences) = (Vec::new(), Vec::new());
    let tables = |objects: &[Object]| -> BTreeMap<String, Object> {
        let tables = objects.iter().filter(|object| object.is_table());
        tables.map(|table| (table.name.clone(), table.clone())).collect()
    };
    let (old, new) = (tables(installed), tables(wanted));
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        match count(connection, &format!("SELECT count(*) FROM {}", quoted(name)))? {
            0 => changes.push(Change::Drop(name.clone())),
            rows => differences.push(format!(
                "the table `{name}` holds {rows} rows that the model has no place for any more; \
                 keep the entity or part, or delete the rows first"
            )),
        }
    }
    for (name, table) in &new {
        let Some(before) = old.get(name) else {
            changes.push(Change::Create(name.clone()));
            continue;
        };
        let found = compare(connection, name, remembered, meanings)?;
        if found.is_empty() && before.sql != table.sql {
            changes.push(match added(&before.sql, &table.sql) {
                Some(added) => Change::AddColumns(name.clone(), added),
                None => Change::Rebuild(name.clone()),
            });
        }
        differences.extend(found);
    }
    Ok((changes, differences))
}

/// What stands against changing a table that stays.
fn compare(
    connection: &Connection,
    table: &str,
    remembered: &Columns,
    meanings: &Meanings,
) -> Result<Vec<String>, StoreError> {
    let mut differences = Vec::new();
    let called = meanings.called(table);
    let of = |columns: &Columns| -> BTreeMap<String, String> {
        let own = columns.iter().filter(|((of, _), _)| of == table);
        own.map(|((_, name), meaning)| (name.clone(), meaning.clone())).collect()
    };
    let (old, new) = (of(remembered), of(&meanings.columns));
    for (column, before) in &old {
        let values =
            format!("SELECT count(*) FROM {} WHERE {} IS NOT NULL", quoted(table), quoted(column));
        match new.get(column) {
            Some(after) if extends(before, after) => {}
            Some(after) if count(connection, &values)? > 0 => differences.push(format!(
                "{called}: the column `{table}.{column}` holds {before}, the model now wants \
                 {after}; give the field another name, or keep its type"
            )),
            None if count(connection, &values)? > 0 => differences.push(format!(
                "{called}: the column `{table}.{column}` ({before}) holds values that the model \
                 has no field for any more; keep the field (`internal` hides it)"
            )),
            _ => {}
        }
    }
    Ok(differences)
}

/// The definitions of the columns that were added, if nothing else changed and each may be null.
fn added(before: &str, after: &str) -> Option<Vec<String>> {
    let lines = |sql: &str| -> Option<(String, Vec<String>, String)> {
        let (head, rest) = sql.split_once("(\n  ")?;
        let (body, tail) = rest.rsplit_once("\n)")?;
        Some((head.to_owned(), body.split(",\n  ").map(str::to_owned).collect(), tail.to_owned()))
    };
    let (old_head, old, old_tail) = lines(before)?;
    let (new_head, new, new_tail) = lines(after)?;
    let mut kept = old.iter().peekable();
    let added: Vec<String> =
        new.into_iter().filter(|line| kept.next_if_eq(&line).is_none()).collect();
    let nullable = |line: &String| {
        line.starts_with('"') && !line.contains(" NOT NULL") && !line.contains("PRIMARY KEY")
    };
    let all_kept = kept.next().is_none() && old_head == new_head && old_tail == new_tail;
    (all_kept && added.iter().all(nullable)).then_some(added)
}

pub(super) fn count(connection: &Connection, sql: &str) -> Result<i64, StoreError> {
    Ok(connection.query_row(sql, (), |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_columns_that_may_be_null_need_no_rebuild() {
        let before = "CREATE TABLE \"t\" (\n  \"a\" TEXT NOT NULL,\n  UNIQUE (\"a\")\n) STRICT";
        let after = before.replace("  UNIQUE", "  \"b\" INTEGER CHECK (\"b\" > 0),\n  UNIQUE");
        assert_eq!(added(before, &after), Some(vec!["\"b\" INTEGER CHECK (\"b\" > 0)".to_owned()]));
        assert_eq!(added(before, &before.replace("TEXT", "INTEGER")), None);
        assert_eq!(added(before, &after.replace("CHECK", "NOT NULL CHECK")), None);
        assert_eq!(added(&after, before), None);
    }
}

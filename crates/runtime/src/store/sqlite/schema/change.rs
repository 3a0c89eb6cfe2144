//! What has to change, and what must not.

use std::collections::BTreeMap;

use expression::sql::Dialect;
use expression::sql::encoding::CURRENCY_SUFFIX;
use rusqlite::Connection;

use super::super::plan::quoted;
use super::object::Object;
use super::{There, Wanted};
use crate::store::demands::new_required;
use crate::store::meaning::{appends, converted, extends, only_currency};
use crate::store::{StoreError, differences as told};

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

/// The changes, and what stands against them. Where a `later` design has its tables here, what it
/// has appended to values is not read.
pub(super) fn plan(
    connection: &Connection,
    there: &There,
    wanted: &Wanted<'_>,
    later: bool,
) -> Result<(Vec<Change>, Vec<String>), StoreError> {
    let (mut changes, mut differences) = (Vec::new(), Vec::new());
    let tables = |objects: &[Object]| -> BTreeMap<String, Object> {
        let tables = objects.iter().filter(|object| object.is_table());
        tables.map(|table| (table.name.clone(), table.clone())).collect()
    };
    let (old, new) = (tables(&there.objects), tables(&wanted.objects));
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        match count(connection, &format!("SELECT count(*) FROM {}", quoted(name)))? {
            0 => changes.push(Change::Drop(name.clone())),
            rows if wanted.elsewhere.contains(name) => {
                differences.push(told::no_file(name, rows));
            }
            rows => differences.push(told::no_table(name, rows)),
        }
    }
    for (name, table) in &new {
        let Some(before) = old.get(name) else {
            changes.push(Change::Create(name.clone()));
            continue;
        };
        let mut found = compare(connection, name, (there, wanted), later)?;
        if before.sql != table.sql {
            found.extend(unfilled(connection, name, (&before.sql, &table.sql), wanted)?);
        }
        if found.is_empty() && before.sql != table.sql {
            let added = added(&before.sql, &table.sql).filter(|_| !is_carried(name, there, wanted));
            changes.push(match added {
                Some(added) => Change::AddColumns(name.clone(), added),
                None => Change::Rebuild(name.clone()),
            });
        }
        differences.extend(found);
    }
    differences.extend(keys(connection, there, wanted));
    Ok((changes, differences))
}

/// Which rows share values of keys that are new. Where a key is of new columns, that shows when its
/// index is built.
fn keys(connection: &Connection, there: &There, wanted: &Wanted<'_>) -> Vec<String> {
    let new = wanted.objects.iter().filter(|object| {
        let table = |of: &&Object| of.is_table() && of.name == object.on_table;
        object.kind == "index"
            && !there.objects.contains(object)
            && there.objects.iter().any(|of| table(&of))
    });
    let shared = |key: &Object| {
        let (rows, example): (i64, Option<[u8; 16]>) =
            connection.query_row(&shared(key)?, (), |row| Ok((row.get(0)?, row.get(1)?))).ok()?;
        let called = wanted.meanings.called(&key.on_table);
        let found = (rows, example.map(u128::from_be_bytes));
        (rows > 0).then(|| told::shared_key(called, &key.on_table, &key.name, Some(found)))
    };
    new.filter_map(shared).collect()
}

/// Counts the rows that share values of a unique key, with the id of one of them.
fn shared(key: &Object) -> Option<String> {
    let (_, rest) = key.sql.strip_prefix("CREATE UNIQUE INDEX ")?.split_once(" (")?;
    let (columns, rows) = match rest.split_once(") WHERE ") {
        Some((columns, rows)) => (columns, format!(" WHERE {rows}")),
        None => (rest.strip_suffix(')')?, String::new()),
    };
    let columns = columns.replace(" DESC", "");
    // Nulls differ from each other.
    let values: String =
        columns.split(", ").map(|column| format!(" AND {column} IS NOT NULL")).collect();
    Some(format!(
        "SELECT coalesce(sum(count), 0), min(id) FROM (SELECT count(*) AS count, min(\"id\") AS id \
         FROM {}{rows} GROUP BY {columns} HAVING count(*) > 1{values})",
        quoted(&key.on_table)
    ))
}

/// What stands against changing a table that stays.
fn compare(
    connection: &Connection,
    table: &str,
    (there, wanted): (&There, &Wanted<'_>),
    later: bool,
) -> Result<Vec<String>, StoreError> {
    let mut differences = Vec::new();
    let called = wanted.meanings.called(table);
    let stays = wanted.objects.iter().find(|object| object.is_table() && object.name == table);
    let fits =
        |before: &str, after: &str| extends(before, after) || later && appends(after, before);
    for (key, before) in there.columns.iter().filter(|((of, _), _)| of == table) {
        let column = &key.1;
        let values =
            format!("SELECT count(*) FROM {} WHERE {} IS NOT NULL", quoted(table), quoted(column));
        match wanted.meanings.columns.get(key) {
            Some(after) if fits(before, after) => {}
            Some(after) if count(connection, &values)? > 0 => {
                let column = format!("{table}.{column}");
                differences.push(told::another_meaning(called, &column, before, after));
            }
            // What a later design has added stays.
            None if later && stays.is_some_and(|of| has_column(&of.sql, column)) => {}
            None => {
                // What every row got when the column came is no loss.
                let given = there.defaults.get(key).map_or_else(String::new, |value| {
                    format!(" AND {} IS NOT {value}", quoted(column))
                });
                let rows = count(connection, &format!("{values}{given}"))?;
                if rows > 0 {
                    differences.push(told::no_field(called, table, column, before, Some(rows)));
                }
            }
            Some(_) => {}
        }
    }
    Ok(differences)
}

/// The columns that are demanded of rows which are there without.
fn unfilled(
    connection: &Connection,
    table: &str,
    (before, after): (&str, &str),
    wanted: &Wanted<'_>,
) -> Result<Vec<String>, StoreError> {
    let given = |column: &String| {
        wanted.meanings.defaults.contains_key(&(table.to_owned(), column.clone()))
    };
    // What a later design has added has its default in its definition, and is there.
    let missing = new_required(before, after).into_iter().filter(|column| !given(column));
    let missing: Vec<String> =
        missing.filter(|column| !column.ends_with(CURRENCY_SUFFIX)).collect();
    if missing.is_empty()
        || count(connection, &format!("SELECT count(*) FROM {}", quoted(table)))? == 0
    {
        return Ok(Vec::new());
    }
    let called = wanted.meanings.called(table);
    Ok(missing.iter().map(|column| told::no_value(called, table, column)).collect())
}

/// Whether values of a table are not carried over as they are, or a new column is not the same in
/// all rows.
fn is_carried(table: &str, there: &There, wanted: &Wanted<'_>) -> bool {
    let of = there.columns.iter().filter(|((of, _), _)| of == table);
    of.into_iter().any(|(key, before)| {
        let after = wanted.meanings.columns.get(key);
        after.is_some_and(|after| {
            converted(before, after, "", Dialect::Sqlite).is_some()
                || only_currency(before, after).is_some()
        })
    })
}

/// Whether a table's definition has a column.
fn has_column(sql: &str, column: &str) -> bool {
    sql.contains(&format!("\n  {} ", quoted(column)))
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

//! Applies changes, all in the transaction that it is given.

use std::collections::BTreeSet;

use expression::sql::Dialect;
use rusqlite::{Connection, Error};

use super::super::failure;
use super::super::plan::quoted;
use super::change::{Change, count};
use super::object::Object;
use super::{There, Wanted};
use crate::store::StoreError;
use crate::store::demands::{beside_amount, currency};
use crate::store::differences::{no_value, shared_key};
use crate::store::meaning::{Columns, Meanings, converted};

/// The name of a table while it is rebuilt.
const REBUILT: &str = "firmitas_rebuilt";

/// Makes what is wanted of what is installed.
pub(super) fn apply(
    connection: &Connection,
    there: &There,
    wants: &Wanted<'_>,
    changes: &[Change],
) -> Result<(), StoreError> {
    let (installed, wanted, meanings) = (&there.objects, &wants.objects, &wants.meanings);
    let replaced: BTreeSet<&str> = changes.iter().filter_map(Change::replaces).collect();
    let stays =
        |object: &Object| wanted.contains(object) && !replaced.contains(object.on_table.as_str());
    let follows = |object: &&Object| !object.is_table();
    for object in installed.iter().filter(follows).filter(|object| !stays(object)) {
        let kind = &object.kind;
        connection.execute_batch(&format!("DROP {kind} IF EXISTS {}", quoted(&object.name)))?;
    }
    for change in changes {
        table(connection, change, there, wants)?;
    }
    let kept = |object: &Object| installed.contains(object) && stays(object);
    for object in wanted.iter().filter(follows).filter(|object| !kept(object)) {
        connection.execute_batch(&object.sql).map_err(|error| refused(object, &error, meanings))?;
        if object.is_virtual() {
            fill(connection, &object.name)?;
        }
    }
    check_references(connection, meanings)
}

fn table(
    connection: &Connection,
    change: &Change,
    there: &There,
    wanted: &Wanted<'_>,
) -> Result<(), StoreError> {
    let object = |name: &str| {
        wanted.objects.iter().find(|object| object.is_table() && object.name == name).ok_or_else(
            || StoreError::Internal { message: format!("a change of an unknown table {name}") },
        )
    };
    match change {
        Change::Create(name) => connection.execute_batch(&object(name)?.sql)?,
        Change::Drop(name) => connection.execute_batch(&format!("DROP TABLE {}", quoted(name)))?,
        Change::AddColumns(name, columns) => {
            for column in columns {
                connection
                    .execute_batch(&format!("ALTER TABLE {} ADD COLUMN {column}", quoted(name)))?;
            }
        }
        Change::Rebuild(name) => {
            rebuild(connection, object(name)?, &there.columns, &wanted.meanings)?;
        }
    }
    Ok(())
}

/// A new table with the old one's rows; SQLite has no other way to change a constraint.
fn rebuild(
    connection: &Connection,
    table: &Object,
    meant: &Columns,
    meanings: &Meanings,
) -> Result<(), StoreError> {
    let name = quoted(&table.name);
    let create = table.sql.replacen(&name, REBUILT, 1);
    let refuse = |error: Error| refused(table, &error, meanings);
    connection.execute_batch(&create).map_err(refuse)?;
    let before = columns(connection, &table.name)?;
    let (mut into, mut from) = (Vec::new(), Vec::new());
    for column in columns(connection, REBUILT)? {
        let key = (table.name.clone(), column.clone());
        let default = meanings.defaults.get(&key);
        let column_name = quoted(&column);
        let means = meant.get(&key).zip(meanings.columns.get(&key));
        let was = means.and_then(|(was, is)| converted(was, is, &column_name, Dialect::Sqlite));
        let was = was.unwrap_or_else(|| column_name.clone());
        match (before.contains(&column), default) {
            (true, Some(default)) => from.push(format!("coalesce({was}, {default})")),
            (true, None) => from.push(was),
            (false, Some(default)) => from.push(default.clone()),
            (false, None) => match currency(meant, meanings, &table.name, &column) {
                Some(currency) => from.push(beside_amount(currency, &column)),
                None => continue,
            },
        }
        into.push(column_name);
    }
    connection
        .execute_batch(&format!(
            "INSERT INTO {REBUILT} ({}) SELECT {} FROM {name};
             DROP TABLE {name};
             ALTER TABLE {REBUILT} RENAME TO {name};",
            into.join(", "),
            from.join(", ")
        ))
        .map_err(refuse)
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1)")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Fills a full-text index from the rows that are there. From a row that is deleted or changed it
/// takes its words at once; else they would stay until the parts that hold them are merged.
fn fill(connection: &Connection, index: &str) -> Result<(), StoreError> {
    let index = quoted(index);
    Ok(connection.execute_batch(&format!(
        "INSERT INTO {index} ({index}, rank) VALUES ('secure-delete', 1);
         INSERT INTO {index} ({index}) VALUES ('rebuild')"
    ))?)
}

/// Stored rows that stand against a change, in the words of the model.
fn refused(object: &Object, error: &Error, meanings: &Meanings) -> StoreError {
    if failure::violation(error).is_none() {
        return failure::plain(error);
    }
    let called = meanings.called(&object.on_table);
    let difference = match object.kind.as_str() {
        "index" => shared_key(called, &object.on_table, &object.name, None),
        _ => broken(called, object, &error.to_string()),
    };
    StoreError::Incompatible { differences: vec![difference] }
}

/// What a constraint of the table that was to be says about the rows of the old one.
fn broken(called: &str, object: &Object, error: &str) -> String {
    let missing = format!("NOT NULL constraint failed: {REBUILT}.");
    match error.strip_prefix(&missing) {
        Some(column) => no_value(called, &object.name, column),
        None => format!(
            "{called}: stored rows of `{}` break what the model now demands ({error}); widen the \
             range, or change the rows first",
            object.name
        ),
    }
}

fn check_references(connection: &Connection, meanings: &Meanings) -> Result<(), StoreError> {
    if count(connection, "SELECT count(*) FROM pragma_foreign_key_check")? == 0 {
        return Ok(());
    }
    let mut statement = connection.prepare(
        "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2",
    )?;
    let broken = statement.query_map((), |row| {
        let (table, parent, rows): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!(
            "{}: {rows} rows of `{table}` refer to rows of `{parent}` that do not exist",
            meanings.called(&table)
        ))
    })?;
    Err(StoreError::Incompatible { differences: broken.collect::<Result<_, _>>()? })
}

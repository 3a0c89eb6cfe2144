//! What each column of the installed tables means, what was demanded of rows and which designs had
//! their tables here, as the database remembers it.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::store::StoreError;
use crate::store::demands::Texts;
use crate::store::meaning::Columns;

/// The meanings of the installed columns.
pub(super) fn columns(connection: &Connection) -> Result<Columns, StoreError> {
    read(connection, "SELECT on_table, name, meaning FROM firmitas_columns")
}

/// Replaces what is remembered.
pub(super) fn put_columns(connection: &Connection, columns: &Columns) -> Result<(), StoreError> {
    connection.execute("DELETE FROM firmitas_columns", ())?;
    let mut insert = connection
        .prepare("INSERT INTO firmitas_columns (on_table, name, meaning) VALUES (?1, ?2, ?3)")?;
    for ((table, name), meaning) in columns {
        insert.execute(params![table, name, meaning])?;
    }
    Ok(())
}

/// What was demanded of the rows of the installed tables.
pub(super) fn demands(connection: &Connection) -> Result<Texts, StoreError> {
    read(connection, "SELECT on_table, name, demand FROM firmitas_demands")
}

/// Replaces what is remembered.
pub(super) fn put_demands(connection: &Connection, demands: &Texts) -> Result<(), StoreError> {
    connection.execute("DELETE FROM firmitas_demands", ())?;
    let mut insert = connection
        .prepare("INSERT INTO firmitas_demands (on_table, name, demand) VALUES (?1, ?2, ?3)")?;
    for ((table, name), demand) in demands {
        insert.execute(params![table, name, demand])?;
    }
    Ok(())
}

/// What rows got in columns that they did not have, as SQL.
pub(super) fn defaults(connection: &Connection) -> Result<Columns, StoreError> {
    read(connection, "SELECT on_table, name, value FROM firmitas_defaults")
}

/// Replaces what is remembered.
pub(super) fn put_defaults(connection: &Connection, defaults: &Columns) -> Result<(), StoreError> {
    connection.execute("DELETE FROM firmitas_defaults", ())?;
    let mut insert = connection
        .prepare("INSERT INTO firmitas_defaults (on_table, name, value) VALUES (?1, ?2, ?3)")?;
    for ((table, name), value) in defaults {
        insert.execute(params![table, name, value])?;
    }
    Ok(())
}

fn read(connection: &Connection, sql: &str) -> Result<Columns, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let all = statement.query_map((), |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(all.collect::<Result<_, _>>()?)
}

/// Since when a later design has its tables here (microseconds since the Unix epoch); nothing where
/// this one is the latest, or new.
pub(super) fn later(connection: &Connection, version: &str) -> Result<Option<i64>, StoreError> {
    let asked = "SELECT last.at FROM firmitas_versions AS own, firmitas_versions AS last \
                 WHERE own.fingerprint = ?1 AND last.number > own.number \
                 ORDER BY last.number DESC LIMIT 1";
    Ok(connection.query_row(asked, [version], |row| row.get(0)).optional()?)
}

/// Remembers that a design has its tables here.
pub(super) fn record(connection: &Connection, version: &str, now: i64) -> Result<(), StoreError> {
    let insert = "INSERT OR IGNORE INTO firmitas_versions (fingerprint, at) VALUES (?1, ?2)";
    connection.execute(insert, params![version, now])?;
    Ok(())
}

//! What each column of the installed tables means, as the database remembers it.

use rusqlite::{Connection, params};

use crate::store::StoreError;
use crate::store::meaning::Columns;

/// The meanings of the installed columns.
pub(super) fn columns(connection: &Connection) -> Result<Columns, StoreError> {
    let mut statement =
        connection.prepare("SELECT on_table, name, meaning FROM firmitas_columns")?;
    let columns = statement.query_map((), |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(columns.collect::<Result<_, _>>()?)
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

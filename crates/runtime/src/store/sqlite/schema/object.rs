//! Tables, indexes and triggers, by the statements that made them.

use rusqlite::{Connection, params};

use super::super::functions;
use crate::store::StoreError;

/// Something that a `CREATE` made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// `table`, `index`, `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table that it is on; its own name for tables.
    pub on_table: String,
    /// The statement.
    pub sql: String,
}

impl Object {
    /// A table of the model's rows: neither an index nor one that serves full-text search.
    pub fn is_table(&self) -> bool {
        self.kind == "table" && !self.is_virtual()
    }

    /// A table whose contents follow from other tables.
    pub fn is_virtual(&self) -> bool {
        self.kind == "table" && self.sql.starts_with("CREATE VIRTUAL")
    }
}

/// What the statements make: SQLite is asked, in memory.
pub(super) fn of_statements(statements: &[String]) -> Result<Vec<Object>, StoreError> {
    let memory = Connection::open_in_memory()?;
    functions::register(&memory)?;
    for statement in statements {
        memory.execute_batch(statement).map_err(|error| StoreError::Internal {
            message: format!("SQLite does not take the statement `{statement}`: {error}"),
        })?;
    }
    read(
        &memory,
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') \
         ORDER BY rowid",
    )
}

/// What was installed.
pub(super) fn installed(connection: &Connection) -> Result<Vec<Object>, StoreError> {
    read(connection, "SELECT kind, name, on_table, sql FROM firmitas_schema ORDER BY position")
}

fn read(connection: &Connection, sql: &str) -> Result<Vec<Object>, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let objects = statement.query_map((), |row| {
        Ok(Object { kind: row.get(0)?, name: row.get(1)?, on_table: row.get(2)?, sql: row.get(3)? })
    })?;
    Ok(objects.collect::<Result<_, _>>()?)
}

/// Replaces what is remembered as installed.
pub(super) fn remember(connection: &Connection, objects: &[Object]) -> Result<(), StoreError> {
    connection.execute("DELETE FROM firmitas_schema", ())?;
    let mut insert = connection.prepare(
        "INSERT INTO firmitas_schema (kind, name, on_table, sql) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for object in objects {
        insert.execute(params![object.kind, object.name, object.on_table, object.sql])?;
    }
    Ok(())
}

//! Connections and what is set on them.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::functions;
use crate::store::StoreError;

/// Statements that stay prepared on each connection.
const STATEMENTS: usize = 1024;

/// What every connection has. `trusted_schema` off: a database file cannot make us call functions.
/// Each keeps 8 MiB of pages of its own, the system's cache serves the rest.
const COMMON: &str = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
                      PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;";

/// Durable once answered: each commit flushes the log (`FULL`). The log is folded into the
/// database every 4000 pages, and shrunk again to 64 MiB after a burst. What is deleted is
/// overwritten: nobody who reads the file finds it there.
const DURABLE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; \
                       PRAGMA cache_size = -65536; PRAGMA secure_delete = ON;";

/// The connection that writes; it creates the file where there is none.
pub(super) fn writer(database: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    set_up(&connection)?;
    connection.execute_batch(DURABLE)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reader(database: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    set_up(&connection)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA mmap_size = 268435456;")?;
    Ok(connection)
}

/// Attaches the file of a tenant, whose tables statements name like those of the database itself.
pub(super) fn attach(connection: &Connection, file: &Path, writes: bool) -> Result<(), StoreError> {
    connection.execute("ATTACH DATABASE ?1 AS silo", [file.to_string_lossy()])?;
    // There may be many such connections.
    connection.execute_batch("PRAGMA cache_size = -2048; PRAGMA silo.cache_size = -2048;")?;
    if writes {
        connection.execute_batch(
            "PRAGMA silo.synchronous = FULL; \
             PRAGMA silo.journal_size_limit = 67108864; PRAGMA silo.secure_delete = ON;",
        )?;
    }
    Ok(())
}

/// Attaches what is shared to a connection to the file of a tenant.
pub(super) fn attach_shared(connection: &Connection, database: &Path) -> Result<(), StoreError> {
    connection.execute("ATTACH DATABASE ?1 AS shared", [database.to_string_lossy()])?;
    Ok(())
}

fn set_up(connection: &Connection) -> Result<(), StoreError> {
    // Only a backup or an operator's shell may hold a lock, and only for a moment.
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it, SQLite plans a statement anew for each value that a partial index could serve.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    functions::register(connection)?;
    connection.execute_batch(COMMON)?;
    Ok(())
}

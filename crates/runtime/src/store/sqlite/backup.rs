//! Backups: a consistent copy of a database that goes on being written.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::directory::{self, Directory};
use super::silos::images;
use super::{connect, digest, failure};
use crate::private;
use crate::store::StoreError;

/// Pages copied between two pauses.
const STEP: std::ffi::c_int = 2048;

/// Copies the database of a data directory, whether or not a process serves it.
///
/// # Errors
/// Where there is no database, or the copy cannot be written; an existing file is not replaced.
pub fn backup(data_directory: &Path, to: &Path) -> Result<(), StoreError> {
    let database = directory::database(data_directory);
    if !database.is_file() {
        return Err(StoreError::Unusable {
            message: format!("there is no database in `{}`", data_directory.display()),
        });
    }
    copy(&database, to)
}

/// Copies a database file to a new one, which appears under its name when it is complete.
pub(super) fn copy(database: &Path, to: &Path) -> Result<(), StoreError> {
    let doing = |what: &str| format!("{what} the backup `{}`", to.display());
    if to.exists() {
        return Err(StoreError::Unusable {
            message: format!("`{}` exists already; name another file", to.display()),
        });
    }
    let partial = partial(to);
    let written = images::save(database, &partial)
        .and_then(|()| digest::add(&partial).map_err(|error| failure::io(&doing("ending"), &error)))
        .and_then(|()| File::open(&partial).map_err(|error| failure::io(&doing("opening"), &error)))
        .and_then(|file| file.sync_all().map_err(|error| failure::io(&doing("flushing"), &error)))
        .and_then(|()| {
            fs::rename(&partial, to).map_err(|error| failure::io(&doing("naming"), &error))
        });
    if written.is_err() {
        // What is left is worthless, and it may be what filled the disk.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Puts a copy where the database of a data directory is to be; there must be none yet.
///
/// # Errors
/// [`StoreError::Unusable`] where there is a database, or where the file is none of this program;
/// [`StoreError::Corrupt`] where it is damaged.
pub fn restore(from: &Path, data_directory: &Path) -> Result<(), StoreError> {
    if !from.is_file() {
        let message = format!("there is no file `{}`", from.display());
        return Err(StoreError::Unusable { message });
    }
    let directory = Directory::hold(data_directory)?;
    let database = directory.database();
    if database.exists() {
        return Err(StoreError::Unusable {
            message: format!(
                "there is a database in `{}` already; move it away, or give another folder",
                data_directory.display()
            ),
        });
    }
    let checked = connect::reader(from)?;
    super::schema::check_ours(&checked)?;
    let whole =
        digest::is_right(from).map_err(|error| failure::io("reading the backup", &error))?;
    if !whole {
        let message = "the backup is not what was written: its end is missing, or its digest is \
                       another";
        return Err(StoreError::Corrupt { message: message.to_owned() });
    }
    let found: String = checked.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    if found != "ok" {
        return Err(StoreError::Corrupt { message: format!("the backup: {found}") });
    }
    drop(checked);
    images::load(from, &database)
}

pub(super) fn partial(to: &Path) -> PathBuf {
    let mut name = to.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".partial");
    to.with_file_name(name)
}

/// Copies one database file as it is at one moment.
pub(super) fn write(database: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        fs::remove_file(to).map_err(|error| failure::io("removing a broken backup", &error))?;
    }
    private::file(to).map_err(|error| failure::io("making the backup", &error))?;
    let source = connect::reader(database)?;
    let mut target = Connection::open(to)?;
    // An open read transaction pins one snapshot: writers cannot make the copy start anew.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
    Backup::new(&source, &mut target)?.run_to_completion(STEP, Duration::ZERO, None)?;
    source.execute_batch("ROLLBACK")?;
    // A backup is one file: no log beside it.
    target.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;")?;
    target.close().map_err(|(_, error)| error.into())
}

//! What SQLite and the file system say, in the store's words.

use std::fmt::Display;

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::StoreError;

/// A failure to read or write a file.
pub(super) fn io(doing: &str, error: &impl Display) -> StoreError {
    StoreError::Failed { message: format!("{doing}: {error}") }
}

/// A value in the database that no writer of ours has put there.
pub(super) fn damaged(message: impl Into<String>) -> StoreError {
    StoreError::Corrupt { message: message.into() }
}

/// An error of SQLite that has no meaning in the model.
pub(super) fn plain(error: &Error) -> StoreError {
    let message = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DiskFull) => StoreError::Full { message },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { message }
        }
        _ => StoreError::Failed { message },
    }
}

/// What a constraint violation is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// A unique index or primary key: what SQLite names in its message.
    Unique(String),
    /// A foreign key.
    ForeignKey,
    /// Anything else.
    Other,
}

/// The violated constraint, if the error is one.
pub(super) fn violation(error: &Error) -> Option<Violation> {
    let Error::SqliteFailure(failure, message) = error else { return None };
    if failure.code != ErrorCode::ConstraintViolation {
        return None;
    }
    Some(match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => {
            let message = message.as_deref().unwrap_or_default();
            let named = message.strip_prefix("UNIQUE constraint failed: ").unwrap_or(message);
            Violation::Unique(named.to_owned())
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Violation::ForeignKey,
        _ => Violation::Other,
    })
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        plain(&error)
    }
}

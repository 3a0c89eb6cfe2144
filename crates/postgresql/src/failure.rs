//! What PostgreSQL and the network say, in the store's words.

use runtime::store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

/// An error that has no meaning in the model.
pub(crate) fn plain(error: &Error) -> StoreError {
    let Some(said) = error.as_db_error() else {
        return StoreError::Unreachable { message: with_causes(error) };
    };
    let message = || format!("{} ({})", said.message(), said.code().code());
    match said.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
            StoreError::Conflict
        }
        &SqlState::LOCK_NOT_AVAILABLE
        | &SqlState::QUERY_CANCELED
        | &SqlState::TOO_MANY_CONNECTIONS
        | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => StoreError::Busy,
        &SqlState::DISK_FULL => StoreError::Full { message: message() },
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => {
            StoreError::Corrupt { message: message() }
        }
        &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::Unreachable { message: message() },
        _ => StoreError::Failed { message: message() },
    }
}

/// The error with what caused it; it names no password.
fn with_causes(error: &Error) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        message += &format!(": {why}");
        cause = why.source();
    }
    message
}

/// What a constraint violation is about.
pub(crate) enum Violation<'e> {
    /// A unique index, a primary key or an exclusion constraint, by its name.
    Unique(&'e str),
    /// A foreign key.
    ForeignKey,
}

/// The violated constraint, if the error is one.
pub(crate) fn violation(error: &Error) -> Option<Violation<'_>> {
    let said: &DbError = error.as_db_error()?;
    match said.code() {
        &SqlState::UNIQUE_VIOLATION | &SqlState::EXCLUSION_VIOLATION => {
            Some(Violation::Unique(said.constraint().unwrap_or_default()))
        }
        &SqlState::FOREIGN_KEY_VIOLATION | &SqlState::RESTRICT_VIOLATION => {
            Some(Violation::ForeignKey)
        }
        _ => None,
    }
}

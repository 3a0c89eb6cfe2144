//! What PostgreSQL and the network say, in the store's words.

use runtime::store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::connection::Refusal;

/// An error that has no meaning in the model.
pub(crate) fn plain(error: &Error) -> StoreError {
    match error.as_db_error() {
        Some(said) => of(said.code(), said.message()),
        None => StoreError::Unreachable { message: with_causes(error) },
    }
}

/// The same of what the database has said.
pub(crate) fn refused(refusal: &Refusal) -> StoreError {
    of(&SqlState::from_code(&refusal.code), &refusal.message)
}

fn of(code: &SqlState, said: &str) -> StoreError {
    let message = || format!("{said} ({})", code.code());
    match code {
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
pub(crate) fn violation(refusal: &Refusal) -> Option<Violation<'_>> {
    match SqlState::from_code(&refusal.code) {
        SqlState::UNIQUE_VIOLATION | SqlState::EXCLUSION_VIOLATION => {
            Some(Violation::Unique(&refusal.constraint))
        }
        SqlState::FOREIGN_KEY_VIOLATION | SqlState::RESTRICT_VIOLATION => {
            Some(Violation::ForeignKey)
        }
        _ => None,
    }
}

/// A statement that must change exactly one row, and is refused where it changes none.
pub(crate) fn exactly_one(change: &str) -> String {
    format!("WITH changed AS ({change} RETURNING 1) {}", one_found("changed"))
}

/// A statement that is refused unless there is one row of this: what stands behind `FROM`.
pub(crate) fn one_found(rows: &str) -> String {
    format!(
        "SELECT CASE count(*) WHEN 1 THEN 1 ELSE ('{VANISHED}' || count(*))::bigint END FROM {rows}"
    )
}

/// What no number begins with.
const VANISHED: &str = "firmitas: rows: ";

/// Whether a statement of [`exactly_one`] has changed none, or one of [`one_found`] found none.
pub(crate) fn vanished(refusal: &Refusal) -> bool {
    let code = SqlState::INVALID_TEXT_REPRESENTATION;
    refusal.code == code.code() && refusal.message.contains(VANISHED)
}

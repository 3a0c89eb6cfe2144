//! What can go wrong in a store.

use expression::EntityId;

/// Why the store did not do what was asked. Nothing was changed by the transaction it ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another row holds the unique (or exclusive) key.
    #[error("the key `{code}` is taken")]
    Unique {
        /// The key's name in the model: the error code (409).
        code: String,
    },
    /// A reference names a row that does not exist.
    #[error("a referenced row does not exist")]
    MissingReference {
        /// The entity of the row that was written.
        entity: EntityId,
    },
    /// The row cannot be deleted: others refer to it.
    #[error("the row is still referenced")]
    StillReferenced {
        /// The entity of the row.
        entity: EntityId,
    },
    /// The row to be written does not exist any more.
    #[error("the row does not exist")]
    Vanished {
        /// The entity of the row.
        entity: EntityId,
    },
    /// Too much work is waiting; try again later (503).
    #[error("the store is busy")]
    Busy,
    /// Rows of all tenants are asked for at once, whose databases cannot answer together: it has to
    /// be asked for one (400).
    #[error("tenants have databases of their own: one has to be named")]
    Apart,
    /// Another transaction was in the way (a deadlock, a serialization failure): the same work may
    /// be done again at once.
    #[error("another transaction was in the way")]
    Conflict,
    /// More was asked than one question, where that was all
    /// ([`Terms::single`](super::Terms::single)): the same work may be done again without it.
    #[error("more than one question was asked")]
    Several,
    /// The database cannot be reached, or the connection was lost. Where that was while it was
    /// committing, nobody knows whether it did; the message says so.
    #[error("the database cannot be reached: {message}")]
    Unreachable {
        /// What the system said.
        message: String,
    },
    /// The disk is full (507 for operators, 503 for clients).
    #[error("the disk is full: {message}")]
    Full {
        /// What the database said.
        message: String,
    },
    /// The database file is damaged; restore a backup.
    #[error("the database is damaged: {message}")]
    Corrupt {
        /// What the database said.
        message: String,
    },
    /// Reading or writing failed.
    #[error("the store failed: {message}")]
    Failed {
        /// What was tried and what the system said.
        message: String,
    },
    /// The data directory cannot be used as it is: held by another process, of another format.
    #[error("{message}")]
    Unusable {
        /// What is in the way and what to do.
        message: String,
    },
    /// The model does not fit the rows that are stored; nothing was changed.
    #[error("the stored rows do not fit the model:\n{}", differences.join("\n"))]
    Incompatible {
        /// One line for each difference: what, where, and what to do.
        differences: Vec<String>,
    },
    /// A condition does not translate to SQL.
    #[error("the condition does not translate to SQL: {message}")]
    Unsupported {
        /// Which part, and why.
        message: String,
    },
    /// A defect of the program: work that waits for something else, a panic in work.
    #[error("internal error: {message}")]
    Internal {
        /// What happened.
        message: String,
    },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Most differences that are told of one start.
    const TOLD: usize = 50;

    /// Both results as one: the differences of both where rows do not fit, else the first error.
    ///
    /// # Errors
    /// That.
    pub fn with(one: Result<(), Self>, other: Result<(), Self>) -> Result<(), Self> {
        match (one, other) {
            (
                Err(Self::Incompatible { mut differences }),
                Err(Self::Incompatible { differences: more }),
            ) => {
                let room = Self::TOLD.saturating_sub(differences.len());
                differences.extend(more.into_iter().take(room));
                Err(Self::Incompatible { differences })
            }
            (Ok(()), other) => other,
            (one, _) => one,
        }
    }
}

//! Backups: one file with all rows of a database, as they were at one moment, and what makes their
//! tables. Neither the model nor a program of PostgreSQL is needed to write or to read one.
//!
//! The file begins with [`format::MAGIC`]. Frames follow, each a letter, a length of four bytes, the
//! highest first, and so many bytes:
//!
//! | letter | what |
//! |---|---|
//! | `H` | JSON: the statements that make the tables (`own`, `statements`) |
//! | `T` | JSON: a table begins (`table`, `columns`, quoted) |
//! | `D` | rows of it, in the text format of `COPY` |
//! | `E` | JSON: it ends (`rows`, `sha256` of its rows) |
//! | `S` | JSON: where counters are (`table`, `column`, `last`, `called`) |
//! | `M` | JSON, last: what was written (`tables` with their `rows` and `sha256`), and the `sha256` of all bytes before |

mod format;
mod load;
mod save;

use std::path::Path;

use runtime::store::StoreError;

pub use load::restore;
pub use save::backup;

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tables.
    pub tables: u64,
    /// Rows of all of them.
    pub rows: u64,
}

fn io(doing: &str, path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed { message: format!("{doing} `{}`: {error}", path.display()) }
}

fn unusable(message: impl Into<String>) -> StoreError {
    StoreError::Unusable { message: message.into() }
}

//! The data directory: one process at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::failure;
use crate::private;
use crate::store::StoreError;

/// A data directory that this process holds. The system lets go of it when the process ends,
/// however it ends.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Creates the directory where there is none, and takes hold of it.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if another process holds it.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        let doing = |what: &str| format!("{what} `{}`", path.display());
        private::folder(path)
            .map_err(|error| failure::io(&doing("creating the data directory"), &error))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("firmitas.lock"))
            .map_err(|error| failure::io(&doing("opening the lock in"), &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unusable {
                message: format!(
                    "the data directory `{}` is in use by another process; stop that one, or \
                     give another directory with --data",
                    path.display()
                ),
            }),
            Err(TryLockError::Error(error)) => Err(failure::io(&doing("locking"), &error)),
        }
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        database(&self.path)
    }
}

/// The database file in a data directory.
pub(super) fn database(directory: &Path) -> PathBuf {
    directory.join("firmitas.db")
}

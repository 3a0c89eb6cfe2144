//! Folders and files that belong to the user of this process alone: rows, keys, hashes of passwords
//! and uploads are nobody else's business.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a folder, and those that it lies in, where there is none. One that is there keeps its
/// rights: whoever made it said who may look into it.
///
/// # Errors
/// What the system says.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates an empty file where there is none.
///
/// # Errors
/// What the system says; there may be a file already.
pub fn file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn nobody_else_looks_into_what_is_made() {
        let top = std::env::temp_dir().join(format!("firm-private-{}", uuid::Uuid::new_v4()));
        let inner = top.join("a/b");
        folder(&inner).unwrap();
        folder(&inner).unwrap();
        let rights = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(rights(&inner), 0o700);
        let made = inner.join("c");
        file(&made).unwrap();
        assert_eq!(rights(&made), 0o600);
        assert!(file(&made).is_err());
        std::fs::remove_dir_all(&top).unwrap();
    }
}

//! The digest at the end of a backup: what is not what was written is not restored. `SQLite` itself
//! looks at no more bytes than the first page says there are.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// What comes before it.
const MARK: &str = "\nfirmitas backup, sha256 ";
/// Bytes behind the database.
const LENGTH: u64 = MARK.len() as u64 + 64;

/// Adds it to a file.
pub(super) fn add(file: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).open(file)?;
    let length = file.metadata()?.len();
    let end = end(&mut file, length)?;
    file.write_all(end.as_bytes())
}

/// Whether a file ends in the digest of what comes before.
pub(super) fn is_right(file: &Path) -> io::Result<bool> {
    let mut file = File::open(file)?;
    let Some(length) = file.metadata()?.len().checked_sub(LENGTH) else { return Ok(false) };
    let expected = end(&mut file, length)?;
    let mut found = Vec::new();
    file.take(LENGTH).read_to_end(&mut found)?;
    Ok(found == expected.as_bytes())
}

/// The digest of so many bytes, as it is written behind them.
fn end(file: &mut File, length: u64) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut digest = Sha256::new();
    io::copy(&mut io::Read::by_ref(file).take(length), &mut digest)?;
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{MARK}{digest}"))
}

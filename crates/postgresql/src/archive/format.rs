//! The frames of a backup.

use std::fmt::Write as _;
use std::io::{Read, Write};

use runtime::store::StoreError;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::unusable;

/// How a backup begins.
pub(super) const MAGIC: &[u8] = b"FIRMITAS BACKUP 1\n";
/// The largest frame: PostgreSQL's largest value, and what stands around it.
const LARGEST: u32 = 1 << 30;

pub(super) const HEADER: u8 = b'H';
pub(super) const TABLE: u8 = b'T';
pub(super) const ROWS: u8 = b'D';
pub(super) const END: u8 = b'E';
pub(super) const COUNTERS: u8 = b'S';
pub(super) const MANIFEST: u8 = b'M';

/// A digest, written out.
pub(super) fn hex(digest: Sha256) -> String {
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes frames.
pub(super) struct Writer<W> {
    out: W,
    all: Sha256,
}

impl<W: Write> Writer<W> {
    pub fn new(out: W) -> std::io::Result<Self> {
        let mut writer = Self { out, all: Sha256::new() };
        writer.put(MAGIC)?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.all.update(bytes);
        self.out.write_all(bytes)
    }

    pub fn frame(&mut self, kind: u8, bytes: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LARGEST);
        let length = length.ok_or_else(|| std::io::Error::other("a row is too large"))?;
        self.put(&[kind])?;
        self.put(&length.to_be_bytes())?;
        self.put(bytes)
    }

    pub fn json(&mut self, kind: u8, json: &Value) -> std::io::Result<()> {
        self.frame(kind, json.to_string().as_bytes())
    }

    /// Ends the file; what it was written to.
    pub fn finish(mut self, mut manifest: Value) -> std::io::Result<W> {
        manifest["sha256"] = hex(self.all.clone()).into();
        self.json(MANIFEST, &manifest)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads frames.
pub(super) struct Reader<R> {
    input: R,
    all: Sha256,
}

impl<R: Read> Reader<R> {
    /// # Errors
    /// [`StoreError::Unusable`] for what is no backup of a version that is known.
    pub fn new(input: R) -> Result<Self, StoreError> {
        let mut reader = Self { input, all: Sha256::new() };
        let mut magic = [0; MAGIC.len()];
        let read = reader.input.read_exact(&mut magic);
        if read.is_err() || magic != MAGIC {
            return Err(unusable("it is no backup of a PostgreSQL database by `firm backup`"));
        }
        reader.all.update(magic);
        Ok(reader)
    }

    /// The next frame; of the last one, whether all before it is what was written is known already.
    pub fn next(&mut self) -> Result<(u8, Vec<u8>), StoreError> {
        let before = self.all.clone();
        let mut head = [0; 5];
        self.read(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > LARGEST {
            return Err(damaged("a frame is too large"));
        }
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(u64::from(length)).read_to_end(&mut bytes);
        if read.is_err() || bytes.len() != usize::try_from(length).unwrap_or(usize::MAX) {
            return Err(damaged("it ends in the middle of a frame"));
        }
        self.all.update(&bytes);
        if kind == MANIFEST {
            let said = json(&bytes)?;
            if said["sha256"].as_str() != Some(&hex(before)) {
                return Err(damaged("its digest is another than that of what was written"));
            }
        }
        Ok((kind, bytes))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), StoreError> {
        let read = self.input.read_exact(bytes);
        read.map_err(|_| damaged("it has no end: writing it was broken off"))?;
        self.all.update(&*bytes);
        Ok(())
    }
}

/// A backup that is not what was written.
pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Corrupt { message: format!("the backup: {what}") }
}

/// What a frame says.
pub(super) fn json(bytes: &[u8]) -> Result<Value, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| damaged("a frame says nothing that is known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_written_is_not_read() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer.frame(ROWS, b"1\tone\n").unwrap();
        let file = writer.finish(serde_json::json!({ "tables": {} })).unwrap();
        let read = |file: &[u8]| -> Result<usize, StoreError> {
            let mut reader = Reader::new(file)?;
            for count in 1.. {
                if reader.next()?.0 == MANIFEST {
                    return Ok(count);
                }
            }
            unreachable!()
        };
        assert_eq!(read(&file), Ok(2));
        for at in 0..file.len() {
            assert!(read(&file[..at]).is_err(), "cut at {at}");
        }
        // What the manifest says besides is compared with what was restored.
        for at in 0..MAGIC.len() + 5 + b"1\tone\n".len() {
            let mut bent = file.clone();
            bent[at] ^= 1;
            assert!(read(&bent).is_err(), "bent at {at}");
        }
    }
}

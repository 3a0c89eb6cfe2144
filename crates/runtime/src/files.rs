//! What rows and those who keep contents agree on about files.
//!
//! A file is uploaded first, then named by what writes a row. From then on rows refer to its
//! content, which is counted in the transaction that writes them; once none does, it is released.
//! Contents are removed after that, by whoever keeps them: never one that a row refers to.

use std::sync::Arc;

use expression::value::File;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::call::{Body, Caller};
use crate::json::write_string;
use crate::store::{Record, StoreError};

/// Records of contents that no row refers to yet. Their keys begin with the time.
pub const UPLOAD: &str = "file-upload";
/// Records of contents that rows refer to.
pub const HELD: &str = "file";
/// Records of contents that are to be removed.
pub const RELEASED: &str = "file-released";

/// How long an upload waits for the row that names it, in microseconds: an hour.
pub const PATIENCE: i64 = 3_600_000_000;

/// What stands where an address belongs until the answer is given, before the key of the file. JSON
/// has no such character but escaped (RFC 8259, section 7).
const MARK: u8 = 0x1A;
/// Hexadecimal digits of a key.
const KEY: usize = 32;

/// A content that arrives, or has arrived and waits for the row that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Who may use it: as [`uploader`] says.
    pub by: String,
    /// Whether all of it is there.
    pub arrived: bool,
    /// Until when it can be used, in microseconds since the Unix epoch.
    pub until: i64,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Name that it had.
    pub name: String,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// A content that rows refer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How often.
    pub references: u64,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Name that it had.
    pub name: String,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

fn record<T: Serialize>(kind: &str, key: &str, owner: &str, value: &T) -> Record {
    Record {
        kind: kind.to_owned(),
        key: key.to_owned(),
        owner: owner.to_owned(),
        value: serde_json::to_string(value).unwrap_or_default(),
        // Whoever removes the content removes the record: no record, no content.
        expires: None,
    }
}

fn read<T: for<'de> Deserialize<'de>>(record: &Record) -> Result<T, StoreError> {
    let damaged = |_| StoreError::Internal { message: format!("damaged record: {}", record.kind) };
    serde_json::from_str(&record.value).map_err(damaged)
}

impl Upload {
    /// As it is kept, counted for an owner.
    #[must_use]
    pub fn to_record(&self, key: &str, owner: &str) -> Record {
        record(UPLOAD, key, owner, self)
    }

    /// As it was kept.
    ///
    /// # Errors
    /// A record that is damaged.
    pub fn of_record(record: &Record) -> Result<Self, StoreError> {
        read(record)
    }

    /// As a row knows it.
    #[must_use]
    pub fn file(&self, key: &str) -> File {
        File {
            key: key.to_owned(),
            media_type: self.media_type.clone(),
            bytes: self.bytes,
            name: self.name.clone(),
            sha256: self.sha256.clone(),
        }
    }
}

impl Held {
    /// What rows refer to so often.
    #[must_use]
    pub fn of(file: &File, references: u64) -> Self {
        Self {
            references,
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            name: file.name.clone(),
            sha256: file.sha256.clone(),
        }
    }

    /// As it is kept.
    #[must_use]
    pub fn to_record(&self, key: &str) -> Record {
        record(HELD, key, "", self)
    }

    /// As it was kept.
    ///
    /// # Errors
    /// A record that is damaged.
    pub fn of_record(record: &Record) -> Result<Self, StoreError> {
        read(record)
    }
}

/// The record of a content that is to be removed.
#[must_use]
pub fn released(key: &str) -> Record {
    record(RELEASED, key, "", &serde_json::json!({}))
}

/// By what uploads are told apart: who the caller proved to be, and the host and tenant that it
/// asks at. Everybody who proves nothing is the same: there the id alone, which nobody can guess,
/// admits.
#[must_use]
pub fn uploader(caller: &Caller) -> String {
    let identity = caller.identity.as_ref();
    let tenant = &caller.tenant;
    let parts = [
        identity.map_or("", |who| &who.issuer),
        identity.map_or("", |who| &who.subject),
        tenant.host.as_deref().unwrap_or(""),
        &tenant.claim.map(|id| format!("{id:032x}")).unwrap_or_default(),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who knows under which address a content can be fetched for a while.
pub trait Links: Send + Sync {
    /// The address of a content, by its key.
    fn link(&self, key: &str) -> String;
}

/// Appends what an address is put in place of; null where there is no content.
pub(crate) fn write_mark(out: &mut Vec<u8>, file: &File) {
    if file.key.len() == KEY {
        out.push(MARK);
        out.extend_from_slice(file.key.as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Puts addresses in place of the marks of an answer; null where nobody knows any.
pub(crate) fn fill(body: &mut Body, links: Option<&Arc<dyn Links>>) {
    match body {
        Body::Json(json) | Body::Page { items: json, .. } => {
            if let Some(filled) = filled(json, links) {
                *json = filled;
            }
        }
        Body::Empty => {}
    }
}

fn filled(json: &[u8], links: Option<&Arc<dyn Links>>) -> Option<Vec<u8>> {
    let first = json.iter().position(|&byte| byte == MARK)?;
    let mut out = Vec::with_capacity(json.len() + 512);
    let (before, mut rest) = json.split_at(first);
    out.extend_from_slice(before);
    while let Some((_, after)) = rest.split_first() {
        let (key, after) = after.split_at(after.len().min(KEY));
        let key = std::str::from_utf8(key).unwrap_or_default();
        match links {
            Some(links) => write_string(&mut out, &links.link(key)),
            None => out.extend_from_slice(b"null"),
        }
        let next = after.iter().position(|&byte| byte == MARK).unwrap_or(after.len());
        let (plain, marked) = after.split_at(next);
        out.extend_from_slice(plain);
        rest = marked;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Numbered;

    impl Links for Numbered {
        fn link(&self, key: &str) -> String {
            format!("/files/{key}")
        }
    }

    #[test]
    fn marks_become_addresses() {
        let file = |digit: &str| File { key: digit.repeat(32), ..File::default() };
        let mut json = b"[".to_vec();
        write_mark(&mut json, &file("a"));
        json.push(b',');
        write_mark(&mut json, &File::default());
        json.push(b',');
        write_mark(&mut json, &file("b"));
        json.push(b']');
        let mut body = Body::Json(json.clone());
        fill(&mut body, Some(&(Arc::new(Numbered) as Arc<dyn Links>)));
        let expected = format!(r#"["/files/{}",null,"/files/{}"]"#, "a".repeat(32), "b".repeat(32));
        assert_eq!(body, Body::Json(expected.into_bytes()));
        let mut body = Body::Json(json);
        fill(&mut body, None);
        assert_eq!(body, Body::Json(b"[null,null,null]".to_vec()));
        let mut plain = Body::Json(br#"{"a":"\u001a"}"#.to_vec());
        fill(&mut plain, None);
        assert_eq!(plain, Body::Json(br#"{"a":"\u001a"}"#.to_vec()));
    }

    #[test]
    fn an_upload_is_of_whoever_sent_it() {
        let who = |issuer: &str, subject: &str| Caller {
            identity: Some(crate::call::Identity {
                issuer: issuer.into(),
                subject: subject.into(),
                ..Default::default()
            }),
            ..Caller::default()
        };
        assert_eq!(uploader(&who("a", "b")), uploader(&who("a", "b")));
        assert_ne!(uploader(&who("a", "b")), uploader(&who("ab", "")));
        assert_ne!(uploader(&who("a", "b")), uploader(&Caller::default()));
    }
}

//! Documents that are known by a name: those of a list that the operator gives, and those that
//! clients have registered by their hash.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// Most documents that clients may have registered.
const REGISTERED: usize = 1_000;
/// Longest document that is registered, in bytes.
const LENGTH: usize = 16 * 1024;
/// Largest list, in bytes.
const LIST: u64 = 16 * 1024 * 1024;

/// Documents by name.
#[derive(Debug, Default)]
pub struct Persisted {
    listed: BTreeMap<String, Arc<str>>,
    only: bool,
    registered: Mutex<BTreeMap<String, Arc<str>>>,
}

/// Why a list cannot be used.
#[derive(Debug)]
pub struct PersistedError(String);

impl std::fmt::Display for PersistedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PersistedError {}

impl Persisted {
    /// Reads a list: a JSON object of documents by name, usually the SHA-256 of each in
    /// hexadecimal. With `only`, nothing but these documents is executed.
    ///
    /// # Errors
    /// The file cannot be read, or is not such an object.
    pub fn read(path: &Path, only: bool) -> Result<Self, PersistedError> {
        let failed = |why: String| PersistedError(format!("{}: {why}", path.display()));
        let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
        if size > LIST {
            return Err(failed("the list is larger than 16 MiB".to_owned()));
        }
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let listed: BTreeMap<String, String> =
            serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
        let mut all = BTreeMap::new();
        for (name, text) in listed {
            let text: Arc<str> = text.into();
            all.insert(hash(&text), text.clone());
            all.insert(name, text);
        }
        Ok(Self { listed: all, only, registered: Mutex::default() })
    }

    /// Whether a document may be executed.
    pub(crate) fn admits(&self, text: &str) -> bool {
        !self.only || self.listed.contains_key(&hash(text))
    }

    /// The document of a name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<str>> {
        let registered =
            || self.registered.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        self.listed.get(name).cloned().or_else(registered)
    }

    /// Registers a document under its hash; false where the hash is another's.
    pub(crate) fn register(&self, name: &str, text: &str) -> bool {
        if hash(text) != name {
            return false;
        }
        if !self.only && text.len() <= LENGTH {
            let mut all = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= REGISTERED && !all.contains_key(name) {
                // Whoever needs one that is gone sends it again.
                all.pop_first();
            }
            all.insert(name.to_owned(), text.into());
        }
        true
    }
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

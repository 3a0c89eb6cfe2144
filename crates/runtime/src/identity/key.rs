//! The key pair of the built-in issuer: made at first use, kept in one file that only its owner
//! can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The file in the data directory.
const FILE: &str = "identity.key";
/// PKCS#8 (RFC 8410) of an Ed25519 private key: everything before the 32 bytes of its seed.
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const HEAD_LINE: &str = "-----BEGIN PRIVATE KEY-----";
const TAIL_LINE: &str = "-----END PRIVATE KEY-----";

/// Why tokens cannot be issued or verified.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file holds something else.
    #[error("{path} is not an Ed25519 private key; move it away to have a new one made")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// Others could read the key.
    #[error("{path} can be read by others than its owner: run `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The system has no randomness to offer.
    #[error("cannot make a key: {0}")]
    Randomness(String),
    /// A token cannot be signed.
    #[error("cannot sign a token: {0}")]
    Signing(String),
}

/// The private key in PKCS#8.
pub(super) struct PrivateKey(pub(super) [u8; 48]);

impl PrivateKey {
    /// Reads the key of a data directory, or makes it.
    pub(super) fn open(data: &Path) -> Result<Self, IdentityError> {
        let path = data.join(FILE);
        let failed = |source| IdentityError::File { path: path.clone(), source };
        crate::private::folder(data).map_err(failed)?;
        if !path.try_exists().map_err(failed)? {
            create(data, &path)?;
        }
        let text = fs::read_to_string(&path).map_err(failed)?;
        refuse_exposed(&path)?;
        decode(&text).ok_or(IdentityError::NotAKey { path })
    }
}

/// Written aside and linked into place, so that two processes that start at once agree on one key
/// and neither reads half of it.
fn create(data: &Path, path: &Path) -> Result<(), IdentityError> {
    let failed = |source| IdentityError::File { path: path.to_owned(), source };
    let mut key = [0; 48];
    let (head, seed) = key.split_at_mut(PKCS8_HEAD.len());
    head.copy_from_slice(&PKCS8_HEAD);
    getrandom::fill(seed).map_err(|error| IdentityError::Randomness(error.to_string()))?;
    let aside = data.join(format!("{FILE}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = format!("{HEAD_LINE}\n{}\n{TAIL_LINE}\n", STANDARD.encode(key));
    let written = options
        .open(&aside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::hard_link(&aside, path));
    drop(fs::remove_file(&aside));
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn decode(text: &str) -> Option<PrivateKey> {
    let body = text.trim().strip_prefix(HEAD_LINE)?.strip_suffix(TAIL_LINE)?;
    let bytes = STANDARD.decode(body.trim()).ok()?;
    let key: [u8; 48] = bytes.try_into().ok()?;
    key.starts_with(&PKCS8_HEAD).then_some(PrivateKey(key))
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path)
        .map_err(|source| IdentityError::File { path: path.to_owned(), source })?;
    // Mounted secrets may belong to a group that the process is in; nobody else may read them.
    if metadata.permissions().mode() & 0o007 == 0 {
        return Ok(());
    }
    Err(IdentityError::Exposed { path: path.to_owned() })
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), IdentityError> {
    Ok(())
}

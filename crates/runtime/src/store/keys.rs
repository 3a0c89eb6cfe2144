//! The keys under which single values are encrypted before the database sees them: AES-256-GCM
//! (NIST SP 800-38D), a new nonce for each value.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Most keys at once.
const MOST: usize = 100;
/// Most characters of a key's name.
const NAME: usize = 32;

/// The keys, newest first: that one encrypts, all of them decrypt.
pub struct Keys {
    newest: Named,
    older: Vec<Named>,
}

struct Named {
    name: String,
    cipher: Aes256Gcm,
}

/// Why there are no keys. It never holds one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// A line that is none of `NAME KEY`.
    #[error("line {0} is not a name and 32 bytes in base64url")]
    Line(usize),
    /// Two keys of one name.
    #[error("line {0} repeats the name of another key")]
    Repeated(usize),
    /// No key at all.
    #[error("there is no key in it")]
    Empty,
    /// Too many keys.
    #[error("there are more than {MOST} keys in it")]
    TooMany,
    /// The file cannot be read or written.
    #[error("{0}")]
    File(String),
    /// Others could read the keys.
    #[error("others than its owner can read it: run `chmod 600` on it")]
    Exposed,
    /// The system has no randomness to offer.
    #[error("the system has no randomness to offer")]
    Randomness,
}

/// Why a value cannot be encrypted or decrypted. It never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was encrypted under a key that is not here.
    #[error("it is encrypted under the key `{0}`, which is not among those given")]
    UnknownKey(String),
    /// It was changed, or belongs somewhere else.
    #[error("it was not encrypted here, or was changed")]
    Damaged,
    /// The system has no randomness to offer.
    #[error("the system has no randomness to offer")]
    Randomness,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|key| &key.name)).finish()
    }
}

impl Keys {
    /// Keys from a text: one on a line, `NAME KEY`, newest first, the key as 32 bytes in base64url.
    /// Empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// Which line is wrong.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut all: Vec<Named> = Vec::new();
        let lines = (1..).zip(text.lines().map(str::trim));
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let (name, key) = line.split_once(char::is_whitespace).ok_or(KeysError::Line(at))?;
            let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.len() > NAME || !name.chars().all(named) {
                return Err(KeysError::Line(at));
            }
            let key = URL_SAFE_NO_PAD.decode(key.trim().trim_end_matches('=')).ok();
            let key: [u8; 32] =
                key.and_then(|key| key.try_into().ok()).ok_or(KeysError::Line(at))?;
            if all.iter().any(|known| known.name == name) {
                return Err(KeysError::Repeated(at));
            }
            let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
            all.push(Named { name: name.to_owned(), cipher });
        }
        if all.len() > MOST {
            return Err(KeysError::TooMany);
        }
        let mut all = all.into_iter();
        let newest = all.next().ok_or(KeysError::Empty)?;
        Ok(Self { newest, older: all.collect() })
    }

    /// The keys of a file that its owner alone can read.
    ///
    /// # Errors
    /// As [`Self::parse`], and where the file cannot be read or trusted.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        refuse_exposed(path)?;
        let text = fs::read_to_string(path).map_err(|error| KeysError::File(error.to_string()))?;
        Self::parse(&text)
    }

    /// The keys of a file, which is made with one key if there is none.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        let failed = |error: std::io::Error| KeysError::File(error.to_string());
        if !path.try_exists().map_err(failed)? {
            create(path)?;
        }
        Self::read(path)
    }

    /// Puts a new key in front of those of a file, which is made if there is none; its name. What
    /// is encrypted from the next start on is under it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn add(path: &Path) -> Result<String, KeysError> {
        let failed = |error: std::io::Error| KeysError::File(error.to_string());
        if !path.try_exists().map_err(failed)? {
            create(path)?;
            return Ok(Self::read(path)?.newest.name);
        }
        let known = Self::read(path)?;
        if known.older.len() + 1 >= MOST {
            return Err(KeysError::TooMany);
        }
        let (name, line) = made()?;
        let before = fs::read_to_string(path).map_err(failed)?;
        let mode = fs::metadata(path).map_err(failed)?.permissions();
        let aside = written(path, &format!("{line}\n{before}"))?;
        let renamed = fs::set_permissions(&aside, mode).and_then(|()| fs::rename(&aside, path));
        renamed.map_err(|error| {
            drop(fs::remove_file(&aside));
            failed(error)
        })?;
        Ok(name)
    }

    /// The name of the key that encrypts.
    #[must_use]
    pub fn newest(&self) -> &str {
        &self.newest.name
    }

    fn all(&self) -> impl Iterator<Item = &Named> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// The bytes encrypted under the newest key, for a place: `KEY.NONCE+CIPHERTEXT`, the latter in
    /// base64url. Nowhere else can they be decrypted.
    ///
    /// # Errors
    /// The system has no randomness to offer.
    pub fn seal(&self, place: &[u8], bytes: &[u8]) -> Result<String, SealError> {
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).map_err(|_| SealError::Randomness)?;
        let payload = Payload { msg: bytes, aad: place };
        let sealed = self.newest.cipher.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| SealError::Damaged)?;
        let text = URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat());
        Ok(format!("{}.{text}", self.newest.name))
    }

    /// What was encrypted for this place.
    ///
    /// # Errors
    /// It was not, or under a key that is not here.
    pub fn open_sealed(&self, place: &[u8], sealed: &str) -> Result<Vec<u8>, SealError> {
        let (name, text) = sealed.split_once('.').ok_or(SealError::Damaged)?;
        let key = self.all().find(|key| key.name == name);
        let key = key.ok_or_else(|| SealError::UnknownKey(name.chars().take(NAME).collect()))?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Damaged)?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or(SealError::Damaged)?;
        let payload = Payload { msg: sealed, aad: place };
        key.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealError::Damaged)
    }
}

/// A new key: its name, and its line.
fn made() -> Result<(String, String), KeysError> {
    let mut key = [0; 32];
    let mut name = [0; 4];
    getrandom::fill(&mut key).map_err(|_| KeysError::Randomness)?;
    getrandom::fill(&mut name).map_err(|_| KeysError::Randomness)?;
    let name = format!("{:08x}", u32::from_be_bytes(name));
    let line = format!("{name} {}", URL_SAFE_NO_PAD.encode(key));
    Ok((name, line))
}

/// Linked into place, so that two processes that start at once agree on one key.
fn create(path: &Path) -> Result<(), KeysError> {
    let (_, line) = made()?;
    let text = format!(
        "# Keys of encrypted fields, newest first: without them the values are lost.\n{line}\n"
    );
    let aside = written(path, &text)?;
    let linked = fs::hard_link(&aside, path);
    drop(fs::remove_file(&aside));
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(KeysError::File(error.to_string()))
        }
        _ => Ok(()),
    }
}

/// A file beside another one with this text, which is on the disk and its owner's alone.
fn written(path: &Path, text: &str) -> Result<PathBuf, KeysError> {
    let aside = path.with_extension(std::process::id().to_string());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&aside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        drop(fs::remove_file(&aside));
        KeysError::File(error.to_string())
    })?;
    Ok(aside)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), KeysError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path).map_err(|error| KeysError::File(error.to_string()))?;
    // Mounted secrets may belong to a group that the process is in; nobody else may read them.
    if metadata.permissions().mode() & 0o007 == 0 { Ok(()) } else { Err(KeysError::Exposed) }
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), KeysError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, byte: u8) -> String {
        format!("{name} {}\n", URL_SAFE_NO_PAD.encode([byte; 32]))
    }

    #[test]
    fn the_newest_key_encrypts_and_all_decrypt() {
        let old = Keys::parse(&key("one", 1)).unwrap();
        let sealed = old.seal(b"here", b"secret").unwrap();
        let both =
            Keys::parse(&format!("# rotated\n\n{}{}", key("two", 2), key("one", 1))).unwrap();
        assert_eq!(both.open_sealed(b"here", &sealed).unwrap(), b"secret");
        let newer = both.seal(b"here", b"secret").unwrap();
        assert!(newer.starts_with("two."));
        assert_eq!(old.open_sealed(b"here", &newer), Err(SealError::UnknownKey("two".to_owned())));
        assert_ne!(newer, both.seal(b"here", b"secret").unwrap());
        assert_eq!(format!("{both:?}"), r#"["two", "one"]"#);
    }

    #[test]
    fn a_value_opens_in_its_place_and_unchanged_alone() {
        let keys = Keys::parse(&key("one", 1)).unwrap();
        let sealed = keys.seal(b"here", b"secret").unwrap();
        assert_eq!(keys.open_sealed(b"there", &sealed), Err(SealError::Damaged));
        for at in "one.".len()..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(keys.open_sealed(b"here", &changed).is_err(), "{at}");
        }
    }

    #[test]
    fn what_are_no_keys_is_refused_without_being_repeated() {
        for (text, error) in [
            (String::new(), KeysError::Empty),
            ("one".to_owned(), KeysError::Line(1)),
            ("one c2hvcnQ".to_owned(), KeysError::Line(1)),
            (key("a.b", 1), KeysError::Line(1)),
            (key("one", 1) + &key("one", 2), KeysError::Repeated(2)),
        ] {
            assert_eq!(Keys::parse(&text).unwrap_err(), error);
        }
    }

    #[test]
    fn a_new_key_comes_before_those_of_a_file() {
        let folder = std::env::temp_dir().join(format!("firm-keys-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("fields.keys");
        let first = Keys::add(&path).unwrap();
        let sealed = Keys::read(&path).unwrap().seal(b"here", b"secret").unwrap();
        let second = Keys::add(&path).unwrap();
        let both = Keys::read(&path).unwrap();
        assert_eq!(
            (both.newest(), format!("{both:?}")),
            (&*second, format!("{:?}", [&second, &first]))
        );
        assert_eq!(both.open_sealed(b"here", &sealed).unwrap(), b"secret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        fs::write(&path, "no key").unwrap();
        assert_eq!(Keys::add(&path), Err(KeysError::Line(1)));
        fs::remove_dir_all(&folder).unwrap();
    }
}

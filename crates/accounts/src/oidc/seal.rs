//! What leaves our hands and must come back unread and unchanged.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// The system has no randomness to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system has no randomness to offer")]
pub struct NoRandomness;

/// SHA-256 in base64url, as PKCE and clients' secrets have it.
#[must_use]
pub fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// Encrypts and authenticates what leaves our hands: AES-256-GCM with a random nonce.
#[derive(Clone)]
pub struct Seal(Aes256Gcm);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// A seal with a key of its own.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)))
    }

    /// The text sealed for a purpose, in base64url.
    ///
    /// # Errors
    /// The system has no randomness to offer.
    pub fn close(&self, purpose: &str, text: &[u8]) -> Result<String, NoRandomness> {
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).map_err(|_| NoRandomness)?;
        let payload = Payload { msg: text, aad: purpose.as_bytes() };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| NoRandomness)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// What was sealed for this purpose; `None` where it was not, or was changed.
    #[must_use]
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>()?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        self.0.decrypt(&Nonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_unchanged_alone() {
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.close("consent", b"yes").unwrap();
        assert_eq!(seal.open("consent", &sealed).as_deref(), Some(&b"yes"[..]));
        assert_eq!(seal.open("key", &sealed), None);
        assert_eq!(Seal::new(&[8; 32]).open("consent", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(seal.open("consent", &changed), None, "{at}");
        }
        assert_ne!(sealed, seal.close("consent", b"yes").unwrap());
    }
}

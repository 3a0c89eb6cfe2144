//! Secrets: made at random, kept as hashes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _, digest::KeyInit};
use sha2::{Digest as _, Sha256};

use crate::AccountError;

/// 256 random bits as 43 characters that are safe in cookies, headers and URLs.
///
/// # Errors
/// The machine has no randomness to offer.
pub fn random() -> Result<String, AccountError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| AccountError::Machine(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// SHA-256 as 64 hexadecimal digits: what is kept of a secret that was [`random`] itself. Others,
/// which could be guessed, need a password hash.
#[must_use]
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// A token derived from a secret for one purpose: who has the secret can compute it, nobody else.
#[must_use]
pub fn derived(secret: &str, purpose: &str) -> String {
    let key: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    // A key of exactly one block, which HMAC takes without a way to fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(&key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(purpose.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Whether two texts are equal, in a time that tells nothing about where they differ.
#[must_use]
pub fn equal(one: &str, other: &str) -> bool {
    let difference = |(a, b): (u8, u8)| a ^ b;
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).map(difference).fold(0, |all, byte| all | byte) == 0
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_compared_as_wholes() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 43);
        assert!(!equal(&one, &other) && equal(&one, &one) && !equal(&one, &one[1..]));
        assert_ne!(derived(&one, "a"), derived(&one, "b"));
        assert_ne!(derived(&one, "a"), derived(&other, "a"));
        // FIPS 180-2, appendix B.1.
        assert!(sha256("abc").starts_with("ba7816bf8f01cfea"));
    }
}

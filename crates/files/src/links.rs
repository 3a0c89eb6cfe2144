//! Addresses that admit to a content for a while.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac as _};
use runtime::files::Links;
use sha2::Sha256;

/// How long an address is good, unless it is set: at most so long, at least two thirds of it.
pub const LIFE: Duration = Duration::from_mins(15);

/// Signs addresses, and knows its own.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
    life: u64,
    base: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("life", &self.life).field("base", &self.base).finish()
    }
}

impl Signer {
    /// With a key that all replicas share and nothing else uses, for addresses that are good for `life` at most
    /// (three seconds at least) and begin with `base`: a URL without a slash at its end, or nothing.
    #[must_use]
    pub fn new(key: [u8; 32], life: Duration, base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { key, life: life.as_secs().max(3), base }
    }

    /// The address of a content at a time in seconds since the Unix epoch. It stays the same for a
    /// third of its life, so that whoever holds the content need not fetch it again.
    #[must_use]
    pub fn address(&self, key: &str, now: u64) -> String {
        let step = self.life / 3;
        let end = (now / step + 3) * step;
        let id = u128::from_str_radix(key, 16).unwrap_or_default();
        let id = hyphenated(id);
        format!("{}/files/{id}?expires={end}&signature={}", self.base, self.signature(key, end))
    }

    fn signature(&self, key: &str, end: u64) -> String {
        URL_SAFE_NO_PAD.encode(self.signed(key, end).finalize().into_bytes())
    }

    fn signed(&self, key: &str, end: u64) -> Hmac<Sha256> {
        mac(&self.key, format!("{key} {end}").as_bytes())
    }

    /// Whether an address is one of these, whenever it ends. Takes as long for all that are not.
    #[must_use]
    pub fn admits(&self, key: &str, end: u64, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        self.signed(key, end).verify_slice(&signature).is_ok()
    }
}

impl Links for Signer {
    fn link(&self, key: &str) -> String {
        self.address(key, seconds())
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Microseconds since the Unix epoch.
pub(crate) fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// An id as people write it.
pub(crate) fn hyphenated(id: u128) -> String {
    let digits = format!("{id:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or(""));
    parts.join("-")
}

fn mac(key: &[u8; 32], text: &[u8]) -> Hmac<Sha256> {
    // A key of exactly one block, which HMAC takes without a way to fail.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(text);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0192f3a4b5c67d8e9f00112233445566";

    fn parts(address: &str) -> (String, u64, String) {
        let (path, query) = address.split_once('?').unwrap();
        let (end, signature) = query.split_once('&').unwrap();
        let end = end.strip_prefix("expires=").unwrap().parse().unwrap();
        (path.to_owned(), end, signature.strip_prefix("signature=").unwrap().to_owned())
    }

    #[test]
    fn an_address_admits_to_its_content_until_its_end_alone() {
        let signer = Signer::new([1; 32], LIFE, "https://files.example/");
        let (path, end, signature) = parts(&signer.address(KEY, 1_000_000));
        assert_eq!(path, "https://files.example/files/0192f3a4-b5c6-7d8e-9f00-112233445566");
        assert!(signer.admits(KEY, end, &signature));
        assert!(!signer.admits(KEY, end + 1, &signature));
        assert!(!signer.admits(&KEY.replace('0', "1"), end, &signature));
        assert!(!Signer::new([2; 32], LIFE, "").admits(KEY, end, &signature));
        for wrong in ["", "AAAA", &signature[1..], &format!("{signature}A"), "ä"] {
            assert!(!signer.admits(KEY, end, wrong), "{wrong}");
        }
    }

    #[test]
    fn addresses_live_as_long_as_they_are_meant_to() {
        let signer = Signer::new([1; 32], LIFE, "");
        for now in (1_000_000..1_001_000).step_by(7) {
            let (_, end, _) = parts(&signer.address(KEY, now));
            assert!((600..=900).contains(&(end - now)), "{now} {end}");
        }
    }
}

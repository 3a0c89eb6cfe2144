//! Proof Key for Code Exchange (RFC 7636): only S256, and never without.

use super::seal::digest;
use crate::secret;

/// Whether this can be the challenge of a verifier: SHA-256 in base64url.
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether the verifier is the one of the challenge.
#[must_use]
pub fn proves(verifier: &str, challenge: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && secret::equal(&digest(verifier), challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_proves_itself_and_nothing_else_does() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_challenge(challenge) && proves(verifier, challenge));
        // The method `plain` would take the challenge itself.
        assert!(!proves(challenge, challenge));
        assert!(!proves(&verifier[1..], challenge));
        assert!(!is_challenge("short") && !is_challenge(&challenge.replace('-', "+")));
    }
}

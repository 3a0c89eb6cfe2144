//! Who asks: the built-in issuer of tokens for local use, and their verification.
//!
//! A token is a JWT signed with Ed25519 by a key that never leaves the data directory. It names
//! the one actor of the model that it was issued for, with its roles; it admits to that actor and
//! to those that need no proof, and to nobody else.

mod authenticate;
mod issuer;
mod key;
mod token;

pub use authenticate::{Authenticate, Proof, bearer};
pub use issuer::{ISSUER, Issuer, TOKEN_LIFETIME};
pub use key::IdentityError;
pub use token::TokenRefused;

/// The name of an authenticator assurance level: `acr` in tokens, `acr_values` in what asks for it.
#[must_use]
pub fn assurance_name(level: u8) -> String {
    format!("{ASSURANCE}{}", level.clamp(1, 3))
}

/// The level of a name, if it is one.
#[must_use]
pub fn assurance_level(name: &str) -> Option<u8> {
    let level = name.strip_prefix(ASSURANCE)?.parse().ok()?;
    (1..=3).contains(&level).then_some(level)
}

const ASSURANCE: &str = "urn:firmitas:aal:";

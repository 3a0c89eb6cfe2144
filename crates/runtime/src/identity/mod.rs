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
pub use issuer::{Issuer, TOKEN_LIFETIME};
pub use key::IdentityError;
pub use token::TokenRefused;

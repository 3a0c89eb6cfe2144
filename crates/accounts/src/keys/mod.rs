//! API keys: for programs of others. A key is shown once; its SHA-256 is kept.

mod key;
mod store;

pub use key::{ApiKey, NewKey};
pub use store::Keys;

pub(crate) use key::looks_like_one;

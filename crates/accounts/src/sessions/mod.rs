//! Browser sessions: a random cookie, kept as its hash.

mod cookie;
mod session;
mod store;

pub use cookie::SessionCookie;
pub use session::{NewSession, Proven, Session};
pub use store::Sessions;

pub(crate) use cookie::of_request;
pub(crate) use store::{Live, SESSION};

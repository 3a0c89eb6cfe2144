//! Users, sessions, API keys, and the built-in OpenID Connect provider.
//!
//! [`Accounts`] is the one handle: cheap to clone as an `Arc`, the same over every store, because
//! it speaks to the store through the dyn-safe [`Records`]. What a page or a protocol needs of it:
//!
//! - who is signed in, how well and since when: [`Accounts::signed_in`] reads the session cookie of
//!   a request and answers with the [`SignedIn`] user and [`Session`];
//! - whether a password is right: [`Accounts::verify`], which counts failures, waits where there
//!   were too many, and answers alike for unknown users and wrong passwords;
//! - a new session: [`Accounts::open_session`], whose [`SessionCookie`] belongs into `Set-Cookie`;
//! - where people sign in: `/auth/sign-in?next=/path` shows a page and goes on at `next`;
//! - which actors of the model a user may be: [`Accounts::caller`];
//! - users by id or login: [`Accounts::users`];
//! - one more way to prove who one is: a [`Recognise`] given to [`Authenticators`].
//!
//! Everything is kept as [`runtime::store::Record`]s of these kinds:
//!
//! | kind | key | owner |
//! |---|---|---|
//! | `user` | id (UUID) | |
//! | `login` | email address or phone number | user |
//! | `session` | SHA-256 of the cookie | user |
//! | `sign-in-failures` | SHA-256 of the login | |
//! | `second-factor` | user | user |
//! | `invitation` | SHA-256 of the link's code | user |
//! | `api-key` | the key's prefix | whoever it belongs to |
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod accounts;
pub mod admin;
mod admission;
mod authenticate;
mod clock;
mod events;
mod factors;
mod failure;
mod http;
mod invitations;
pub mod issuers;
mod keys;
pub mod oidc;
mod password;
mod place;
mod records;
mod remembered;
mod second_factor;
pub mod secret;
mod sessions;
mod settings;
mod throttle;
mod users;

pub use accounts::{Accounts, ISSUER, SignedIn};
pub use authenticate::{Authenticators, Recognise};
pub use clock::Clock;
pub use failure::AccountError;
pub use http::SignIn;
pub use invitations::Invitation;
pub use keys::{ApiKey, Keys, NewKey};
pub use password::{Hasher, PasswordRules};
pub use place::is_this_machine;
pub use records::{Asking, Change, OverStore, RecordKey, Records, Unserved, decided};
pub use second_factor::{Enrolled, SharedSecret};
pub use sessions::{NewSession, Proven, Session, SessionCookie, Sessions};
pub use settings::Settings;
pub use users::{Login, NewUser, Revision, User, Users};

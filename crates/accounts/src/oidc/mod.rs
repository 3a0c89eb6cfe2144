//! The built-in OpenID Connect provider: people sign in once, here, and applications get tokens
//! that say so.
//!
//! Authorization code with PKCE is the one way for people (OAuth 2.1 leaves no other), client
//! credentials the one for services. Codes and refresh tokens are random, kept as hashes, and work
//! once; whoever uses one a second time ends everything that came of the first. Access tokens are
//! JWTs (RFC 9068) that this server alone reads: it asks the store every few seconds whether what
//! they came of still lives.

mod audited;
mod authorize;
mod claims;
mod client;
mod client_auth;
mod clients;
mod consent;
mod discovery;
mod error;
mod grants;
mod inspect;
pub mod jwt;
mod keys;
mod logout;
mod mount;
mod page;
mod parameters;
mod pkce;
mod provider;
mod redirect;
mod scope;
mod seal;
mod token;
mod userinfo;
mod verify;

pub use client::{Client, ClientAuthentication, Grant, read as read_clients};
pub use clients::Clients;
pub(crate) use consent::CONSENT;
pub use error::OAuthError;
pub use keys::{Rotation, rotate};
pub use mount::OpenIdMount;
pub use provider::{Provider, ProviderSettings};
pub(crate) use seal::Seal;
pub use seal::digest;
pub(crate) use verify::looks_like_one;
pub use verify::unproven_issuer;

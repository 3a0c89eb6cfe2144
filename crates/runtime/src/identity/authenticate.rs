//! Who asks, by whatever a request shows to prove it.

use std::future::Future;
use std::pin::Pin;

use hyper::http::request::Parts;

use super::Issuer;
use crate::call::Caller;
use crate::http::Peer;
use crate::problem::{Problem, code};

/// Tells who asks. What is shown but worth nothing is an error even where nothing is needed.
pub trait Authenticate: Send + Sync + 'static {
    /// Who a request comes from. Asked for every request: answers at once where it can.
    fn caller<'a>(&'a self, head: &'a Parts, peer: &'a Peer) -> Proof<'a>;
}

/// An answer now, or after somebody was asked.
#[expect(missing_debug_implementations, reason = "a future cannot be shown")]
pub enum Proof<'a> {
    /// Known at once.
    Now(Result<Caller, Problem>),
    /// The store, or another issuer, has to be asked.
    Later(Pin<Box<dyn Future<Output = Result<Caller, Problem>> + Send + 'a>>),
}

impl Proof<'_> {
    /// The answer.
    ///
    /// # Errors
    /// Why what was shown is worth nothing.
    pub async fn known(self) -> Result<Caller, Problem> {
        match self {
            Self::Now(known) => known,
            Self::Later(asking) => asking.await,
        }
    }
}

impl Authenticate for Issuer {
    /// Bearer tokens of the built-in issuer.
    fn caller<'a>(&'a self, head: &'a Parts, _peer: &'a Peer) -> Proof<'a> {
        Proof::Now(bearer(head).and_then(|token| match token {
            None => Ok(self.anonymous().clone()),
            Some(token) => Issuer::caller(self, token).map_err(Problem::from),
        }))
    }
}

/// The bearer token of a request, if it has one.
///
/// # Errors
/// Another scheme, or several headers.
pub fn bearer(head: &Parts) -> Result<Option<&str>, Problem> {
    let Some(value) = crate::http::single_header(&head.headers, &hyper::header::AUTHORIZATION)?
    else {
        return Ok(None);
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::new(&code::INVALID_TOKEN).detail("Expected `Authorization: Bearer`."));
    }
    Ok(Some(token.trim()))
}

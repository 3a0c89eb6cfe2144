//! Who asks, by whichever of the known ways a request proves it.

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HeaderName};
use hyper::http::request::Parts;
use runtime::http::{Peer, single_header};
use runtime::identity::{Authenticate, Issuer, Proof, bearer};
use runtime::problem::{Problem, code};

use crate::http::csrf;
use crate::place::Place;
use crate::{Accounts, keys, sessions};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// One more way to prove who one is: tokens of another issuer, client certificates.
pub trait Recognise: Send + Sync + 'static {
    /// Who a request comes from; `None` if it shows nothing that this is about. Asked for each
    /// request that does not carry an API key: say `None` quickly.
    fn recognise<'a>(&'a self, head: &'a Parts, peer: &'a Peer) -> Option<Proof<'a>>;
}

/// All ways to prove who one is: API keys, what others recognise, tokens of the built-in issuer, and
/// last the session cookie, which browsers send by themselves.
pub struct Authenticators {
    issuer: Issuer,
    accounts: Arc<Accounts>,
    further: Vec<Arc<dyn Recognise>>,
}

impl Authenticators {
    /// These ways, the further ones in this order.
    #[must_use]
    pub fn new(issuer: Issuer, accounts: Arc<Accounts>, further: Vec<Arc<dyn Recognise>>) -> Self {
        Self { issuer, accounts, further }
    }

    fn key<'a>(&'a self, text: &'a str) -> Proof<'a> {
        match self.accounts.keys().known(text) {
            Some(known) => Proof::Now(known),
            None => Proof::Later(Box::pin(self.accounts.keys().find(text))),
        }
    }

    /// Who a session cookie stands for. One that is over is no error: browsers send it until they
    /// are told otherwise, and whoever signs in anew starts with it.
    fn session<'a>(&'a self, head: &'a Parts, peer: &'a Peer) -> Proof<'a> {
        let anonymous = || Ok(self.issuer.anonymous().clone());
        let Some(token) = sessions::of_request(&head.headers, peer.secure) else {
            return Proof::Now(anonymous());
        };
        let host = Place::host(head);
        let admit = move |live: Option<Arc<sessions::Live>>| match live {
            // Without a session there is nobody whose rights another site could borrow.
            None => anonymous(),
            Some(live) => csrf::check(head, peer, token).map(|()| live.caller.clone()),
        };
        match self.accounts.sessions().known(token, &host) {
            Some(known) => Proof::Now(admit(known)),
            None => Proof::Later(Box::pin(async move {
                admit(self.accounts.sessions().find(token, &host).await?)
            })),
        }
    }
}

impl Authenticate for Authenticators {
    fn caller<'a>(&'a self, head: &'a Parts, peer: &'a Peer) -> Proof<'a> {
        let authorization = head.headers.contains_key(AUTHORIZATION);
        match single_header(&head.headers, &API_KEY) {
            Err(problem) => return Proof::Now(Err(problem)),
            Ok(Some(_)) if authorization => return Proof::Now(Err(twice())),
            Ok(Some(text)) => return self.key(text),
            Ok(None) => {}
        }
        if authorization {
            match bearer(head) {
                Ok(Some(token)) if keys::looks_like_one(token) => return self.key(token),
                _ => {}
            }
        }
        if let Some(proof) = self.further.iter().find_map(|known| known.recognise(head, peer)) {
            return proof;
        }
        if authorization {
            return Authenticate::caller(&self.issuer, head, peer);
        }
        self.session(head, peer)
    }
}

fn twice() -> Problem {
    Problem::new(&code::MALFORMED_REQUEST).detail("Show an API key or `Authorization`, not both.")
}

impl std::fmt::Debug for Authenticators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticators").field("further", &self.further.len()).finish()
    }
}

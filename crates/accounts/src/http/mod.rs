//! `/auth/…`: signing in and out with a browser.

mod body;
pub(crate) mod csrf;
mod factor_page;
mod invitation;
mod page;
mod routes;
mod second_factor;
mod sign_in;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::Request as HttpRequest;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use runtime::http::{Arrival, Mount, Reply, reply};

use crate::Accounts;

/// Where people sign in and out: a page, and JSON for pages of one's own.
pub struct SignIn {
    accounts: Arc<Accounts>,
}

impl SignIn {
    /// Signs users of these accounts in.
    #[must_use]
    pub const fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts }
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn")
    }
}

impl Mount for SignIn {
    fn name(&self) -> &'static str {
        "auth"
    }

    fn takes(&self, head: &Parts) -> bool {
        head.uri.path().starts_with("/auth/")
    }

    fn answer<'a>(
        &'a self,
        request: HttpRequest<Incoming>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let answered = routes::answer(&self.accounts, &head, body, &arrival).await;
            answered.unwrap_or_else(|problem| reply::problem(&problem))
        })
    }
}

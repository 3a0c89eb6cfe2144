//! The developer's page: what is served, documented, and to be tried in a browser.
//!
//! At `/`, for those who ask for HTML. Everything it shows comes from this server: its own files
//! below `/_page/`, what the model says, and the contracts. It has no rights of its own: what is
//! tried is an ordinary request, by a session, by a key that somebody pastes, or, on a machine for
//! development alone, by a token of [`mint`].

mod assets;
mod mint;
mod model;
mod words;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use base::SourceMap;
use decide::Design;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request};
use runtime::http::{Arrival, Edge, Mount, Reply, ServeOptions, reply};
use runtime::identity::Issuer;
use runtime::problem::{Problem, code};
use runtime::telemetry::AuditLog;

use assets::Asset;
use mint::Mint;

use crate::Failure;

/// The page.
#[derive(Clone, Debug, Default)]
pub struct PageSettings {
    /// What it may do; decided by where the server can be reached from if absent.
    pub mode: Option<PageMode>,
    /// The texts of the model, from which conditions are quoted; without, they are not shown.
    pub sources: Option<Arc<SourceMap>>,
}

/// What the page may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageMode {
    /// There is none.
    Off,
    /// It shows what is served.
    Docs,
    /// It also sends requests: of who is signed in here, or with what is pasted. Where only this
    /// machine reaches the server, also of any actor.
    Try,
}

impl PageMode {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Docs => "docs",
            Self::Try => "try",
        }
    }
}

/// Whether only this machine reaches a server: it listens on loopback, in the clear, for no proxy
/// and under no other name.
fn is_local(listen: SocketAddr, edge: &Edge, public_url: Option<&str>) -> bool {
    listen.ip().is_loopback()
        && edge.tls.is_none()
        && edge.proxies.is_empty()
        && public_url.is_none()
}

/// What the page is made for.
pub(crate) struct Surroundings<'s> {
    pub(crate) public_url: Option<&'s str>,
    pub(crate) accounts: bool,
    pub(crate) audit: AuditLog,
}

/// Serves the page of a design, if there is to be one. What is returned is the key with which it
/// gets tokens of any actor, where it may.
pub(crate) fn serve(
    design: &Arc<Design>,
    settings: &PageSettings,
    around: &Surroundings<'_>,
    issuer: impl FnOnce() -> Result<Issuer, Failure>,
    options: &mut ServeOptions,
) -> Result<Option<String>, Failure> {
    let local = is_local(options.listen, &options.edge, around.public_url);
    let mode = settings.mode.unwrap_or(if local { PageMode::Try } else { PageMode::Docs });
    if mode == PageMode::Off {
        return Ok(None);
    }
    let mint = match local && mode == PageMode::Try {
        true => Some(Mint::new(Arc::clone(design), issuer()?, around.audit.clone())),
        false => None,
    };
    let shown = model::Shown {
        mode,
        accounts: around.accounts,
        mints: mint.is_some(),
        everything: local,
        sources: settings.sources.as_deref(),
    };
    let model = Asset::made(model::document(design, &shown), "application/json");
    let key = mint.as_ref().map(|mint| mint.key().to_owned());
    options.mounts.push(Arc::new(Page { mint, model }));
    Ok(key)
}

/// The page, beside the operations.
pub(crate) struct Page {
    mint: Option<Mint>,
    model: Asset,
}

const ROOT: &str = "/_page/";
const READ: HeaderValue = HeaderValue::from_static("GET, HEAD");
const POST: HeaderValue = HeaderValue::from_static("POST");

impl Page {
    async fn reply(&self, head: &Parts, body: Incoming, arrival: &Arrival) -> Reply {
        let path = head.uri.path();
        let name = path.strip_prefix(ROOT).unwrap_or("index.html");
        if name == "token"
            && let Some(mint) = &self.mint
        {
            return match head.method {
                Method::POST => mint.answer(head, body, arrival).await,
                _ => other_method(POST),
            };
        }
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        match name {
            "model.json" | "who.json" if !reads => other_method(READ),
            "model.json" => self.model.reply(head),
            "who.json" => who(arrival),
            name => match assets::find(name) {
                Some(_) if !reads => other_method(READ),
                Some(asset) => asset.reply(head),
                None => reply::problem(&Problem::new(&code::UNKNOWN_ROUTE)),
            },
        }
    }
}

/// Whether the browser is signed in. Asked before `/auth/session`, which refuses who is not: a
/// refusal is a line in the console of the browser.
fn who(arrival: &Arrival) -> Reply {
    let known = arrival.caller.as_ref().is_ok_and(|caller| caller.identity.is_some());
    reply::json(200, format!("{{\"signed_in\":{known}}}"))
}

fn other_method(allow: HeaderValue) -> Reply {
    reply::not_allowed(&Problem::new(&code::METHOD_NOT_ALLOWED), allow)
}

/// Whether somebody wants to read rather than compute: browsers ask for HTML by name.
fn asks_for_html(head: &Parts) -> bool {
    let accept = head.headers.get_all(ACCEPT).iter();
    accept.filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}

impl Mount for Page {
    fn name(&self) -> &'static str {
        "page"
    }

    fn takes(&self, head: &Parts) -> bool {
        let path = head.uri.path();
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        path.starts_with(ROOT) || (path == "/" && reads && asks_for_html(head))
    }

    fn compresses(&self) -> bool {
        true
    }

    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            self.reply(&head, body, &arrival).await
        })
    }
}

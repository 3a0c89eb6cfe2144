//! Requests that another site makes a browser send (cross-site request forgery).
//!
//! `SameSite=Lax` keeps the cookie out of most of them. Beyond that, whatever changes something
//! must come from a page of this very origin, as the browser itself says, and show a token that
//! only such a page can read.

use hyper::Method;
use hyper::header::{HeaderName, ORIGIN};
use hyper::http::request::Parts;
use runtime::http::Peer;
use runtime::problem::{Problem, code};

use crate::place::Place;
use crate::secret;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The header of the token.
const TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// The token of a session: derived from its cookie, so that nothing has to be kept.
pub(crate) fn token(cookie: &str) -> String {
    secret::derived(cookie, "firmitas csrf")
}

/// Refuses a request with this session cookie that another site may have sent.
pub(crate) fn check(head: &Parts, peer: &Peer, cookie: &str) -> Result<(), Problem> {
    if matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    check_field(head, peer, cookie, None)
}

/// As [`check`], where a form may show the token as a field.
pub(crate) fn check_field(
    head: &Parts,
    peer: &Peer,
    cookie: &str,
    field: Option<&str>,
) -> Result<(), Problem> {
    let header = head.headers.get(TOKEN).and_then(|value| value.to_str().ok());
    let shown = header.or(field).unwrap_or_default();
    if origin(head, peer) == Origin::Other {
        return Err(forged("It comes from another site."));
    }
    if !secret::equal(shown, &token(cookie)) {
        return Err(forged(
            "`X-CSRF-Token` is missing or of another session: `GET /auth/session` tells it.",
        ));
    }
    Ok(())
}

fn forged(detail: &str) -> Problem {
    Problem::new(&code::FORGED_REQUEST).detail(detail)
}

/// Refuses a sign-in that another site may have sent, to sign somebody in as somebody else. Forms
/// come from browsers, which say where from.
pub(crate) fn check_sign_in(head: &Parts, peer: &Peer, form: bool) -> Result<(), Problem> {
    match origin(head, peer) {
        Origin::Own => Ok(()),
        Origin::Unsaid if !form => Ok(()),
        _ => Err(forged("It comes from another site.")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Own,
    Other,
    /// No browser, or one from before 2020.
    Unsaid,
}

fn origin(head: &Parts, peer: &Peer) -> Origin {
    let text = |name: &HeaderName| head.headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let site = text(&FETCH_SITE);
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Origin::Other;
    }
    match text(&ORIGIN) {
        Some(origin) => {
            let own = match origin.split_once("://") {
                Some(("https", host)) => host.eq_ignore_ascii_case(&Place::host(head)),
                // A proxy that is not known to encrypt may do so nevertheless; not the reverse.
                Some(("http", host)) => {
                    !peer.secure && host.eq_ignore_ascii_case(&Place::host(head))
                }
                _ => false,
            };
            if own { Origin::Own } else { Origin::Other }
        }
        None if site.is_some() => Origin::Own,
        None => Origin::Unsaid,
    }
}

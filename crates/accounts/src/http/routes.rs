//! What each address of `/auth/…` does.

use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use hyper::http::request::Parts;
use runtime::http::{Arrival, Peer, Reply, reply};
use runtime::problem::{Problem, code};
use serde_json::{Value, json};

use super::body::{Fields, query_texts};
use super::{csrf, invitation, page, second_factor, sign_in};
use crate::clock::SECOND;
use crate::events::Event;
use crate::{Accounts, Session, SessionCookie, SignedIn, sessions};

/// Answers a request.
pub(super) async fn answer(
    accounts: &Accounts,
    head: &Parts,
    body: Incoming,
    arrival: &Arrival,
) -> Result<Reply, Problem> {
    let peer = &arrival.peer;
    let path = head.uri.path().strip_prefix("/auth/").unwrap_or_default();
    // `HEAD` is answered like `GET`; what stands before takes the body away.
    let method = if head.method == Method::HEAD { &Method::GET } else { &head.method };
    match (path, method.as_str()) {
        ("sign-in", "GET") => {
            let query = query_texts(head.uri.query().unwrap_or_default()).unwrap_or_default();
            let next = query.get("next").map_or("/", String::as_str);
            Ok(page::sign_in(accounts.system(), "", page::own_path(next), None))
        }
        ("sign-in", "POST") => sign_in::answer(accounts, head, body, arrival).await,
        ("invitation", "GET") => invitation::shown(accounts, head).await,
        ("invitation", "POST") => invitation::answer(accounts, head, body, arrival).await,
        ("sign-out", "POST") => {
            let (mine, token) = signed_in(accounts, head, peer).await?;
            accounts.sessions().end(token).await?;
            accounts.tell(&Event::of_user("sign-out", &mine.user), &arrival.trace);
            Ok(signed_out(peer))
        }
        ("session", "GET") => {
            let (mine, token) = signed_in(accounts, head, peer).await?;
            Ok(told(accounts, &mine, token, None))
        }
        ("sessions", "GET") => {
            let (mine, _) = signed_in(accounts, head, peer).await?;
            let all = accounts.sessions().of(&mine.user.id).await?;
            let shown = |session: &Session| about(accounts, session, session.id == mine.session.id);
            let items: Vec<Value> = all.iter().map(shown).collect();
            Ok(document(200, &json!({ "items": items })))
        }
        ("sessions", "DELETE") => {
            let (mine, _) = signed_in(accounts, head, peer).await?;
            accounts.sessions().end_all(&mine.user.id).await?;
            accounts.tell(&Event::of_user("sign-out-everywhere", &mine.user), &arrival.trace);
            Ok(signed_out(peer))
        }
        ("password", "POST") => change_password(accounts, head, body, arrival).await,
        (path, "DELETE") if path.starts_with("sessions/") => {
            let (mine, _) = signed_in(accounts, head, peer).await?;
            let id = path.strip_prefix("sessions/").unwrap_or_default();
            accounts.sessions().end_one(&mine.user.id, id).await?;
            accounts.tell(&Event::of_user("end-session", &mine.user), &arrival.trace);
            Ok(reply::empty(204))
        }
        (path, method) => match (factor_path(path), methods(path)) {
            (Some(rest), Some(allow)) if allow.split(", ").any(|known| known == method) => {
                second_factor::answer(accounts, head, body, arrival, rest).await
            }
            (_, Some(allow)) => {
                let problem = Problem::new(&code::METHOD_NOT_ALLOWED);
                Ok(reply::not_allowed(&problem, HeaderValue::from_static(allow)))
            }
            (_, None) => Err(Problem::new(&code::UNKNOWN_ROUTE)),
        },
    }
}

/// What follows the address of the second factor.
fn factor_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("second-factor")?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// The methods of an address; none where there is nothing.
fn methods(path: &str) -> Option<&'static str> {
    match path {
        "sign-in" | "invitation" => Some("GET, HEAD, POST"),
        "session" => Some("GET, HEAD"),
        "sessions" => Some("GET, HEAD, DELETE"),
        "sign-out" | "password" => Some("POST"),
        path if path.starts_with("sessions/") => Some("DELETE"),
        path => factor_path(path).and_then(second_factor::methods),
    }
}

/// Who is signed in, with the cookie; and not on behalf of another site.
async fn signed_in<'h>(
    accounts: &Accounts,
    head: &'h Parts,
    peer: &Peer,
) -> Result<(SignedIn, &'h str), Problem> {
    let (mine, token) = own(accounts, head, peer).await?;
    csrf::check(head, peer, token)?;
    Ok((mine, token))
}

/// Who is signed in, with the cookie; who sends it is not looked at.
pub(super) async fn own<'h>(
    accounts: &Accounts,
    head: &'h Parts,
    peer: &Peer,
) -> Result<(SignedIn, &'h str), Problem> {
    let nobody = || Problem::new(&code::UNAUTHENTICATED);
    let token = sessions::of_request(&head.headers, peer.secure).ok_or_else(nobody)?;
    let mine = accounts.signed_in(head, peer).await?.ok_or_else(nobody)?;
    Ok((mine, token))
}

async fn change_password(
    accounts: &Accounts,
    head: &Parts,
    body: Incoming,
    arrival: &Arrival,
) -> Result<Reply, Problem> {
    let (peer, trace) = (&arrival.peer, &arrival.trace);
    let (mine, _) = signed_in(accounts, head, peer).await?;
    let fields = Fields::read(head, body).await?;
    let (current, new) = (fields.need("current")?, fields.need("new")?);
    let user = accounts.verify_user(mine.user, current, peer, trace).await?;
    let proven = accounts.proven(&user, fields.get("code"), peer, trace).await?;
    let user = accounts.set_password(&user, new.to_owned()).await?;
    accounts.tell(&Event::of_user("change-password", &user), trace);
    // All sessions have ended with the old password; this browser goes on in a new one.
    let (session, cookie) = accounts.open_session(&user, proven, head, peer).await?;
    let caller = accounts.caller(&user);
    let mut reply = told(accounts, &SignedIn { user, session, caller }, &cookie.token, None);
    reply.headers_mut().append(SET_COOKIE, cookie.header());
    Ok(reply)
}

fn signed_out(peer: &Peer) -> Reply {
    let mut reply = reply::empty(204);
    let headers = reply.headers_mut();
    headers.append(SET_COOKIE, SessionCookie::forget(peer.secure));
    // What browsers keep of somebody goes with them; not the cookies, of which others may be alive.
    let clear = hyper::header::HeaderName::from_static("clear-site-data");
    headers.insert(clear, HeaderValue::from_static("\"cache\""));
    reply
}

/// Who is signed in, as pages read it.
pub(super) fn told(
    accounts: &Accounts,
    mine: &SignedIn,
    token: &str,
    recovery_codes: Option<Value>,
) -> Reply {
    let SignedIn { user, session, caller } = mine;
    let logins = user.logins.iter();
    let logins: Vec<Value> = logins
        .map(|login| json!({ "address": login.address, "verified": login.verified }))
        .collect();
    let mut shown = json!({
        "user": { "id": user.id, "name": user.name, "logins": logins, "roles": user.roles },
        "actors": accounts.names(caller),
        "session": about(accounts, session, true),
        "csrf_token": csrf::token(token),
    });
    if let (Some(codes), Some(all)) = (recovery_codes, shown.as_object_mut()) {
        all.insert("recovery_codes".to_owned(), codes);
    }
    document(200, &shown)
}

/// A time to the second.
pub(super) fn time(micros: i64) -> Value {
    let mut out = Vec::new();
    runtime::json::write_timestamp(&mut out, micros - micros.rem_euclid(SECOND));
    serde_json::from_slice(&out).unwrap_or_default()
}

fn about(accounts: &Accounts, session: &Session, current: bool) -> Value {
    json!({
        "id": session.id,
        "current": current,
        "signed_in_at": time(session.begun),
        "expires_at": time(session.expires(accounts.sessions().idle(session.assurance))),
        "ends_at": time(session.ends),
        "assurance": session.assurance,
        "methods": session.methods,
        "browser": session.agent,
        "address": session.address,
    })
}

/// Says when to try again, where a problem does.
pub(super) fn retry_after(reply: &mut Reply, problem: &Problem) {
    if let Some(seconds) = problem.retry_after {
        reply.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
}

pub(super) fn document(status: u16, value: &Value) -> Reply {
    reply::json(status, value.to_string())
}

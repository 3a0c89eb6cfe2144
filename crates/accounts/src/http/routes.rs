//! What each address of `/auth/…` does.

use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;
use runtime::http::{Arrival, Peer, Reply, reply};
use runtime::problem::{Problem, code};
use serde_json::{Value, json};

use super::body::{Fields, query_texts};
use super::{csrf, page};
use crate::clock::SECOND;
use crate::events::Event;
use crate::{AccountError, Accounts, Session, SessionCookie, SignedIn, sessions};

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
        ("sign-in", "POST") => sign_in(accounts, head, body, arrival).await,
        ("sign-out", "POST") => {
            let (mine, token) = signed_in(accounts, head, peer).await?;
            accounts.sessions().end(token).await?;
            accounts.tell(&Event::of_user("sign-out", &mine.user), &arrival.trace);
            Ok(signed_out(peer))
        }
        ("session", "GET") => {
            let (mine, token) = signed_in(accounts, head, peer).await?;
            Ok(told(accounts, &mine, token))
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
        (path, _) => match methods(path) {
            Some(allow) => {
                let problem = Problem::new(&code::METHOD_NOT_ALLOWED);
                Ok(reply::not_allowed(&problem, HeaderValue::from_static(allow)))
            }
            None => Err(Problem::new(&code::UNKNOWN_ROUTE)),
        },
    }
}

/// The methods of an address; none where there is nothing.
fn methods(path: &str) -> Option<&'static str> {
    match path {
        "sign-in" => Some("GET, HEAD, POST"),
        "session" => Some("GET, HEAD"),
        "sessions" => Some("GET, HEAD, DELETE"),
        "sign-out" | "password" => Some("POST"),
        path if path.starts_with("sessions/") => Some("DELETE"),
        _ => None,
    }
}

/// Who is signed in, with the cookie; and not on behalf of another site.
async fn signed_in<'h>(
    accounts: &Accounts,
    head: &'h Parts,
    peer: &Peer,
) -> Result<(SignedIn, &'h str), Problem> {
    let nobody = || Problem::new(&code::UNAUTHENTICATED);
    let token = sessions::of_request(&head.headers, peer.secure).ok_or_else(nobody)?;
    let mine = accounts.signed_in(head, peer).await?.ok_or_else(nobody)?;
    csrf::check(head, peer, token)?;
    Ok((mine, token))
}

async fn sign_in(
    accounts: &Accounts,
    head: &Parts,
    body: Incoming,
    arrival: &Arrival,
) -> Result<Reply, Problem> {
    let peer = &arrival.peer;
    let fields = Fields::read(head, body).await?;
    csrf::check_sign_in(head, peer, fields.form)?;
    let (login, password) = (fields.need("login")?, fields.need("password")?);
    let next = page::own_path(fields.get("next").unwrap_or("/"));
    let opened = match accounts.verify(login, password, peer, &arrival.trace).await {
        Ok(user) => {
            let opened = accounts.open_session(&user, 1, head, peer).await;
            opened.map(|(session, cookie)| (user, session, cookie))
        }
        Err(error) => Err(error),
    };
    let (user, session, cookie) = match opened {
        Ok(opened) => opened,
        Err(error) if fields.form => return Ok(again(accounts, login, next, error)),
        Err(error) => return Err(error.into()),
    };
    // Whoever had this browser before is signed out of it: nobody goes on in a session that began
    // before the password was given.
    if let Some(before) = sessions::of_request(&head.headers, peer.secure) {
        accounts.sessions().end(before).await?;
    }
    let mut reply = match fields.form {
        true => page::go_on(next),
        false => {
            let caller = accounts.caller(&user);
            told(accounts, &SignedIn { user, session, caller }, &cookie.token)
        }
    };
    reply.headers_mut().append(SET_COOKIE, cookie.header());
    Ok(reply)
}

/// The page once more, with what was wrong.
fn again(accounts: &Accounts, login: &str, next: &str, error: AccountError) -> Reply {
    let text = error.to_string();
    let problem = Problem::from(error);
    let mut reply = page::sign_in(accounts.system(), login, next, Some((problem.status, &text)));
    if let Some(seconds) = problem.retry_after {
        reply.headers_mut().insert(hyper::header::RETRY_AFTER, seconds.into());
    }
    reply
}

async fn change_password(
    accounts: &Accounts,
    head: &Parts,
    body: Incoming,
    arrival: &Arrival,
) -> Result<Reply, Problem> {
    let peer = &arrival.peer;
    let (mine, _) = signed_in(accounts, head, peer).await?;
    let fields = Fields::read(head, body).await?;
    let (current, new) = (fields.need("current")?, fields.need("new")?);
    let user = accounts.verify_user(mine.user, current, peer, &arrival.trace).await?;
    let user = accounts.set_password(&user, new.to_owned()).await?;
    accounts.tell(&Event::of_user("change-password", &user), &arrival.trace);
    // All sessions have ended with the old password; this browser goes on in a new one.
    let (session, cookie) = accounts.open_session(&user, 1, head, peer).await?;
    let caller = accounts.caller(&user);
    let mut reply = told(accounts, &SignedIn { user, session, caller }, &cookie.token);
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
fn told(accounts: &Accounts, mine: &SignedIn, token: &str) -> Reply {
    let SignedIn { user, session, caller } = mine;
    let logins = user.logins.iter();
    let logins: Vec<Value> = logins
        .map(|login| json!({ "address": login.address, "verified": login.verified }))
        .collect();
    let shown = json!({
        "user": { "id": user.id, "name": user.name, "logins": logins, "roles": user.roles },
        "actors": accounts.names(caller),
        "session": about(accounts, session, true),
        "csrf_token": csrf::token(token),
    });
    document(200, &shown)
}

fn about(accounts: &Accounts, session: &Session, current: bool) -> Value {
    let time = |micros: i64| {
        let mut out = Vec::new();
        runtime::json::write_timestamp(&mut out, micros - micros.rem_euclid(SECOND));
        serde_json::from_slice::<Value>(&out).unwrap_or_default()
    };
    json!({
        "id": session.id,
        "current": current,
        "signed_in_at": time(session.begun),
        "expires_at": time(session.expires(accounts.sessions().idle())),
        "ends_at": time(session.ends),
        "assurance": session.assurance,
        "browser": session.agent,
        "address": session.address,
    })
}

fn document(status: u16, value: &Value) -> Reply {
    reply::json(status, value.to_string())
}

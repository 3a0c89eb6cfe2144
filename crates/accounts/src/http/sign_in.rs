//! Signing in: by a password, and by the code of a second factor where there is one.

use hyper::body::Incoming;
use hyper::header::SET_COOKIE;
use hyper::http::request::Parts;
use runtime::http::{Arrival, Reply};
use runtime::problem::Problem;

use super::body::Fields;
use super::routes::{retry_after, told};
use super::{csrf, factor_page, page};
use crate::{AccountError, Accounts, Proven, SignedIn, User, sessions};

/// Answers a sign-in.
pub(super) async fn answer(
    accounts: &Accounts,
    head: &Parts,
    body: Incoming,
    arrival: &Arrival,
) -> Result<Reply, Problem> {
    let fields = Fields::read(head, body).await?;
    csrf::check_sign_in(head, &arrival.peer, fields.form)?;
    if let Some(ticket) = fields.get("ticket").filter(|_| fields.form) {
        return by_code(accounts, head, arrival, ticket, fields.need("code")?).await;
    }
    let (peer, trace) = (&arrival.peer, &arrival.trace);
    let (login, password) = (fields.need("login")?, fields.need("password")?);
    let next = page::own_path(fields.get("next").unwrap_or("/"));
    let user = match accounts.verify(login, password, peer, trace).await {
        Ok(user) => user,
        Err(error) if fields.form => return Ok(again(accounts, login, next, error)),
        Err(error) => return Err(error.into()),
    };
    match accounts.proven(&user, fields.get("code"), peer, trace).await {
        Ok(proven) => {
            let next = fields.form.then_some(next);
            match open(accounts, head, arrival, user, proven, next).await {
                Err(error) if fields.form => Ok(again(accounts, login, next.unwrap_or("/"), error)),
                opened => Ok(opened?),
            }
        }
        Err(AccountError::CodeNeeded) if fields.form => {
            Ok(factor_page::code(&accounts.ticket(&user, next)?, None))
        }
        Err(error) => Err(error.into()),
    }
}

/// The second half of the page: the password was right.
async fn by_code(
    accounts: &Accounts,
    head: &Parts,
    arrival: &Arrival,
    ticket: &str,
    code: &str,
) -> Result<Reply, Problem> {
    let (peer, trace) = (&arrival.peer, &arrival.trace);
    let Some((user, next)) = accounts.of_ticket(ticket).await? else {
        let late = (401, "That took too long: enter your password again.");
        return Ok(page::sign_in(accounts.system(), "", "/", Some(late)));
    };
    match accounts.prove_second_factor(&user, code, peer, trace).await {
        Ok(proven) => Ok(open(accounts, head, arrival, user, proven, Some(&next)).await?),
        Err(AccountError::Store(error)) => Err(error.into()),
        Err(error) => {
            let text = error.to_string();
            let problem = Problem::from(error);
            let mut reply = factor_page::code(ticket, Some((problem.status, &text)));
            retry_after(&mut reply, &problem);
            Ok(reply)
        }
    }
}

/// Begins a session; `next` is where a page goes on.
async fn open(
    accounts: &Accounts,
    head: &Parts,
    arrival: &Arrival,
    user: User,
    proven: Proven,
    next: Option<&str>,
) -> Result<Reply, AccountError> {
    let peer = &arrival.peer;
    let (session, cookie) = accounts.open_session(&user, proven, head, peer).await?;
    // Whoever had this browser before is signed out of it: nobody goes on in a session that began
    // before the password was given.
    if let Some(before) = sessions::of_request(&head.headers, peer.secure) {
        accounts.sessions().end(before).await?;
    }
    let mut reply = match next {
        Some(next) if accounts.leads_to_factor(proven) => {
            let query =
                form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            page::go_on(&format!("/auth/second-factor?{query}"))
        }
        Some(next) => page::go_on(next),
        None => {
            let caller = accounts.caller(&user);
            told(accounts, &SignedIn { user, session, caller }, &cookie.token, None)
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
    retry_after(&mut reply, &problem);
    reply
}

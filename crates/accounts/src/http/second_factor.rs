//! `/auth/second-factor…`: a browser sets its user's second factor up, and looks after it.

use hyper::body::Incoming;
use hyper::header::{ACCEPT, SET_COOKIE};
use hyper::http::request::Parts;
use runtime::http::{Arrival, Peer, Reply};
use runtime::problem::{Problem, code};
use serde_json::json;

use super::body::{Fields, query_texts};
use super::page::{go_elsewhere, own_path};
use super::routes::{document, own, time, told};
use super::{csrf, factor_page as page};
use crate::clock::SECOND;
use crate::{AccountError, Accounts, Proven, SignedIn};

/// A sign-in may be this old where a second factor is set up: whoever finds a browser open must not
/// be able to, in seconds.
const RECENT: u32 = 15 * 60;

/// Answers a request to an address below `/auth/second-factor`, which has the method.
pub(super) async fn answer(
    accounts: &Accounts,
    head: &Parts,
    body: Incoming,
    arrival: &Arrival,
    path: &str,
) -> Result<Reply, Problem> {
    let peer = &arrival.peer;
    if path.is_empty() {
        return shown(accounts, head, peer).await;
    }
    let (mine, cookie) = own(accounts, head, peer).await?;
    let fields = Fields::read(head, body).await?;
    csrf::check_field(head, peer, cookie, fields.get("csrf_token"))?;
    let asked = Asked { accounts, head, arrival, mine, cookie, fields };
    match path {
        "enrol" => asked.enrol().await,
        "confirm" => asked.confirm().await,
        "recovery-codes" => asked.renew().await,
        _ => asked.remove().await,
    }
}

/// The methods of an address; none where there is nothing.
pub(super) fn methods(path: &str) -> Option<&'static str> {
    match path {
        "" => Some("GET, HEAD"),
        "enrol" | "confirm" | "recovery-codes" | "remove" => Some("POST"),
        _ => None,
    }
}

/// Whether somebody looks at it, rather than a program.
fn wants_page(head: &Parts) -> bool {
    let accept = head.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

async fn shown(accounts: &Accounts, head: &Parts, peer: &Peer) -> Result<Reply, Problem> {
    let query = query_texts(head.uri.query().unwrap_or_default()).unwrap_or_default();
    let next = own_path(query.get("next").map_or("/", String::as_str));
    let mine = own(accounts, head, peer).await;
    if !wants_page(head) {
        let factor = accounts.second_factor(&mine?.0.user).await?;
        return Ok(document(
            200,
            &match factor {
                Some(of) => json!({ "enrolled": true, "since": time(of.since),
                "recovery_codes": of.recovery_codes }),
                None => json!({ "enrolled": false }),
            },
        ));
    }
    let here = format!("/auth/second-factor?{}", query_of("next", next));
    let anew = || Ok(go_elsewhere(&format!("/auth/sign-in?{}", query_of("next", &here))));
    let Ok((mine, cookie)) = mine else { return anew() };
    let token = csrf::token(cookie);
    match accounts.second_factor(&mine.user).await? {
        Some(factor) if mine.session.assurance > 1 => Ok(page::enrolled(factor, &token, None)),
        // It began before there was a second factor.
        Some(_) => Ok(go_elsewhere(&format!("/auth/sign-in?{}", query_of("next", next)))),
        None if is_recent(accounts, &mine) => Ok(page::offer(&token, next)),
        None => anew(),
    }
}

fn query_of(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

fn is_recent(accounts: &Accounts, mine: &SignedIn) -> bool {
    accounts.now().saturating_sub(mine.session.begun) <= i64::from(RECENT) * SECOND
}

/// What somebody who is signed in asks for.
struct Asked<'r> {
    accounts: &'r Accounts,
    head: &'r Parts,
    arrival: &'r Arrival,
    mine: SignedIn,
    cookie: &'r str,
    fields: Fields,
}

impl Asked<'_> {
    fn next(&self) -> &str {
        own_path(self.fields.get("next").unwrap_or("/"))
    }

    async fn enrol(&self) -> Result<Reply, Problem> {
        if !is_recent(self.accounts, &self.mine) {
            let problem = Problem::new(&code::REAUTHENTICATION_REQUIRED);
            return Err(Problem { max_age: Some(RECENT), ..problem });
        }
        let shared = self.accounts.begin_second_factor(&self.mine.user).await?;
        if self.fields.form {
            return Ok(page::enrol(&shared, &csrf::token(self.cookie), self.next(), None));
        }
        Ok(document(201, &json!({ "secret": shared.secret, "uri": shared.uri })))
    }

    async fn confirm(&self) -> Result<Reply, Problem> {
        let (accounts, peer) = (self.accounts, &self.arrival.peer);
        let (user, given) = (&self.mine.user, self.fields.need("code")?);
        let confirmed =
            accounts.confirm_second_factor(user, given, peer, &self.arrival.trace).await;
        let codes = match confirmed {
            Ok(codes) => codes,
            Err(error @ (AccountError::WrongCode | AccountError::TooMany { .. }))
                if self.fields.form =>
            {
                let Some(shared) = accounts.begun_second_factor(user).await? else {
                    return Err(error.into());
                };
                let (text, token) = (error.to_string(), csrf::token(self.cookie));
                let wrong = Some((Problem::from(error).status, &*text));
                return Ok(page::enrol(&shared, &token, self.next(), wrong));
            }
            Err(error) => return Err(error.into()),
        };
        // All sessions have ended; this browser, which has shown both, goes on in a new one.
        self.go_on(Proven::ONE_TIME_CODE, Some(&codes)).await
    }

    async fn renew(&self) -> Result<Reply, Problem> {
        let (user, given) = (&self.mine.user, self.fields.need("code")?);
        let (peer, trace) = (&self.arrival.peer, &self.arrival.trace);
        match self.accounts.renew_recovery_codes(user, given, peer, trace).await {
            Ok(codes) if self.fields.form => Ok(page::recovery(&codes, self.next())),
            Ok(codes) => Ok(document(200, &json!({ "recovery_codes": codes }))),
            Err(error) => self.again(error).await,
        }
    }

    async fn remove(&self) -> Result<Reply, Problem> {
        let (user, given) = (&self.mine.user, self.fields.need("code")?);
        let (peer, trace) = (&self.arrival.peer, &self.arrival.trace);
        match self.accounts.prove_second_factor(user, given, peer, trace).await {
            Ok(_) => self.accounts.remove_second_factor(user, trace).await?,
            Err(error) => return self.again(error).await,
        }
        self.go_on(Proven::PASSWORD, None).await
    }

    /// The page once more, with what was wrong.
    async fn again(&self, error: AccountError) -> Result<Reply, Problem> {
        let factor = self.accounts.second_factor(&self.mine.user).await?;
        match factor.filter(|_| self.fields.form) {
            Some(factor) => {
                let (text, token) = (error.to_string(), csrf::token(self.cookie));
                let wrong = Some((Problem::from(error).status, &*text));
                Ok(page::enrolled(factor, &token, wrong))
            }
            None => Err(error.into()),
        }
    }

    /// A new session for this browser, with the codes where there are some to tell.
    async fn go_on(&self, proven: Proven, codes: Option<&[String]>) -> Result<Reply, Problem> {
        let (accounts, peer) = (self.accounts, &self.arrival.peer);
        let user = self.mine.user.clone();
        let (session, cookie) = accounts.open_session(&user, proven, self.head, peer).await?;
        let mut reply = match codes {
            Some(codes) if self.fields.form => page::recovery(codes, self.next()),
            None if self.fields.form => go_elsewhere("/auth/second-factor"),
            codes => {
                let caller = accounts.caller(&user);
                let mine = SignedIn { user, session, caller };
                told(accounts, &mine, &cookie.token, codes.map(|codes| json!(codes)))
            }
        };
        reply.headers_mut().append(SET_COOKIE, cookie.header());
        Ok(reply)
    }
}

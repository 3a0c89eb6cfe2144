//! What a client may know of a person (OpenID Connect Core 1.0, section 5.3).

use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use runtime::http::{Reply, reply};
use runtime::identity::bearer;
use runtime::problem::Problem;
use serde_json::{Map, Value as Json, json};

use super::jwt;
use super::provider::Provider;
use super::scope::{OPEN_ID, holds};
use crate::User;

impl Provider {
    /// Answers the bearer of an access token with `openid` among its scopes.
    pub(super) async fn user_info(&self, head: &Parts) -> Result<Reply, Problem> {
        let unauthenticated = || Problem::new(&runtime::problem::code::UNAUTHENTICATED);
        let token = bearer(head)?.ok_or_else(unauthenticated)?;
        let verified = self.access(token).await?;
        let scope = jwt::text(&verified.claims, "scope").unwrap_or_default();
        if !holds(scope, OPEN_ID) {
            let problem = Problem::new(&runtime::problem::code::FORBIDDEN);
            let mut answer = reply::problem(&problem.detail("The scope lacks `openid`."));
            let challenge = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            return Ok(answer);
        }
        let subject = jwt::text(&verified.claims, "sub").unwrap_or_default();
        let user = self.accounts.users().find(subject).await?.ok_or_else(unauthenticated)?;
        Ok(reply::json(200, Json::Object(about(&user, scope)).to_string()))
    }
}

/// What a scope lets somebody know of a person.
fn about(user: &User, scope: &str) -> Map<String, Json> {
    let mut all = Map::new();
    all.insert("sub".to_owned(), json!(user.id));
    if holds(scope, "profile")
        && let Some(name) = &user.name
    {
        all.insert("name".to_owned(), json!(name));
    }
    let address = |mail: bool| user.logins.iter().find(|of| of.address.contains('@') == mail);
    if holds(scope, "email")
        && let Some(login) = address(true)
    {
        all.insert("email".to_owned(), json!(login.address));
        all.insert("email_verified".to_owned(), json!(login.verified));
    }
    if holds(scope, "phone")
        && let Some(login) = address(false)
    {
        all.insert("phone_number".to_owned(), json!(login.address));
        all.insert("phone_number_verified".to_owned(), json!(login.verified));
    }
    all
}

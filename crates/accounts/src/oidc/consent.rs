//! People say whether an application of others may act for them.

use hyper::http::request::Parts;
use runtime::http::{Peer, Reply};
use runtime::store::Record;
use serde::{Deserialize, Serialize};

use super::authorize::{Request, Wanted};
use super::error::OAuthError;
use super::grants::{json, value};
use super::page::{self, escaped};
use super::parameters::Parameters;
use super::provider::Provider;
use super::scope::words;
use crate::secret::sha256;
use crate::{Change, SignedIn};

/// Kind of the record of what somebody agreed to; its owner is the user.
pub(crate) const CONSENT: &str = "oauth-consent";
/// Where the answer goes.
pub(super) const PATH: &str = "/oauth/consent";
/// What the question is sealed for.
const PURPOSE: &str = "consent";
/// For which a question may wait for its answer, in microseconds.
const PATIENCE: i64 = 10 * 60 * 1_000_000;
/// For how long it is remembered what somebody agreed to, in microseconds.
const REMEMBERED: i64 = 365 * 86_400 * 1_000_000;

/// What somebody is asked.
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request,
    pub(super) wanted: &'a Wanted,
    pub(super) signed_in: &'a SignedIn,
}

/// The question as it comes back with the answer. Nobody else can make one for this session: that
/// is what keeps others from answering in somebody's name.
#[derive(Serialize, Deserialize)]
struct Question {
    query: String,
    session: String,
    until: i64,
}

#[derive(Serialize, Deserialize)]
struct Agreed {
    client: String,
    scope: String,
}

impl Provider {
    /// Whether nobody needs to be asked (any more).
    pub(super) async fn consented(&self, asked: &Asked<'_>) -> Result<bool, OAuthError> {
        if asked.request.client.first_party {
            return Ok(true);
        }
        if asked.wanted.consent {
            return Ok(false);
        }
        let found = self.records.record(CONSENT, &key(asked), self.clock.now()).await?;
        let agreed: Option<Agreed> = found.as_ref().map(value).transpose()?;
        Ok(agreed.is_some_and(|agreed| {
            words(&asked.wanted.scope).all(|word| words(&agreed.scope).any(|had| had == word))
        }))
    }

    /// Remembers what somebody agreed to, with what it had agreed to before.
    pub(super) async fn remember_consent(&self, asked: &Asked<'_>) -> Result<(), OAuthError> {
        let now = self.clock.now();
        let key = key(asked);
        let client = asked.request.client.client_id.clone();
        let owner = asked.signed_in.user.id.clone();
        let wanted = asked.wanted.scope.clone();
        let locked = vec![(CONSENT, key.clone())];
        let change = move |found: &[Option<Record>]| {
            let before = found.first().and_then(Option::as_ref);
            let before: Option<Agreed> = before.map(value).transpose()?;
            let mut scope = before.map(|agreed| agreed.scope).unwrap_or_default();
            for word in words(&wanted) {
                if !words(&scope).any(|had| had == word) {
                    scope = format!("{scope} {word}");
                }
            }
            let value = json(&Agreed { client, scope: scope.trim().to_owned() })?;
            let expires = Some(now.saturating_add(REMEMBERED));
            let kind = CONSENT.to_owned();
            Ok(vec![Change::Put(Record { kind, key, owner, value, expires })])
        };
        Ok(self.records.change(locked, now, Box::new(change)).await?)
    }

    /// The page that asks.
    pub(super) fn ask(&self, asked: &Asked<'_>) -> Result<Reply, OAuthError> {
        let Asked { request, wanted, signed_in } = asked;
        let question = Question {
            query: request.parameters.query(),
            session: signed_in.session.id.clone(),
            until: self.clock.now().saturating_add(PATIENCE),
        };
        let sealed = self.seal.close(PURPOSE, json(&question)?.as_bytes())?;
        let items: String = words(&wanted.scope)
            .map(|word| format!("<li>{}</li>", escaped(&self.scopes.explained(word))))
            .collect();
        let host = reqwest::Url::parse(&request.redirect_uri).ok();
        let host = host.as_ref().and_then(|url| url.host_str()).unwrap_or("an app on this device");
        let name = escaped(request.client.name());
        let who = signed_in.user.logins.first().map_or("", |login| login.address.as_str());
        let body = format!(
            "<p><b>{name}</b> ({}) wants to:</p><ul>{items}</ul>\
             <p>You are signed in as {}.</p>\
             <form method=\"post\" action=\"{PATH}\">\
             <input type=\"hidden\" name=\"question\" value=\"{sealed}\">\
             <button class=\"main\" name=\"answer\" value=\"allow\">Allow</button>\
             <button name=\"answer\" value=\"deny\">Deny</button></form>",
            escaped(host),
            escaped(who),
        );
        let title = format!("Let {} in?", request.client.name());
        Ok(page::page(200, &title, &body, Some(&request.redirect_uri)))
    }

    /// Goes on after the answer.
    pub(super) async fn answered_question(
        &self,
        head: &Parts,
        peer: &Peer,
        form: &Parameters,
    ) -> Reply {
        let site = head.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
        if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
            return page::failure(403, "The answer does not come from our own page.");
        }
        let stale = "The question is no longer open. Go back to the application and try again.";
        let Ok(signed_in) = self.accounts.signed_in(head, peer).await else {
            return page::failure(503, "Try again in a moment.");
        };
        let opened = form.get("question").and_then(|sealed| self.seal.open(PURPOSE, sealed));
        let question = opened.and_then(|bytes| serde_json::from_slice::<Question>(&bytes).ok());
        let question = question.filter(|question| {
            question.until > self.clock.now()
                && signed_in.is_some_and(|of| of.session.id == question.session)
        });
        let Some(question) = question else { return page::failure(403, stale) };
        let proven = match Parameters::parse(&question.query) {
            Ok(parameters) => self.proven(parameters).await,
            Err(error) => Err(error),
        };
        let request = match proven {
            Ok(request) => request,
            Err(error) => return page::failure(error.status, &error.description),
        };
        if form.get("answer") != Some("allow") {
            let denied = OAuthError::new("access_denied", "The person said no.");
            return self.refused(&request, &denied);
        }
        match self.authorized(head, peer, &request, true).await {
            Ok(reply) => reply,
            Err(error) => self.refused(&request, &error),
        }
    }
}

fn key(asked: &Asked<'_>) -> String {
    sha256(&format!("{}\n{}", asked.signed_in.user.id, asked.request.client.client_id))
}

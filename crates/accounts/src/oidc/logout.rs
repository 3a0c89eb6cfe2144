//! Applications sign people out (OpenID Connect RP-Initiated Logout 1.0).

use hyper::header::SET_COOKIE;
use hyper::http::request::Parts;
use runtime::http::{Peer, Reply};
use serde::{Deserialize, Serialize};

use super::error::OAuthError;
use super::grants::json;
use super::page;
use super::parameters::Parameters;
use super::provider::Provider;
use super::redirect::{admits, with_parameters};
use crate::{SessionCookie, SignedIn};

/// Where this is.
pub(super) const PATH: &str = "/oauth/logout";
const PURPOSE: &str = "logout";
/// For which a question may wait for its answer, in microseconds.
const PATIENCE: i64 = 10 * 60 * 1_000_000;

/// The question whether to sign out, as it comes back with the answer.
#[derive(Serialize, Deserialize)]
struct Question {
    query: String,
    session: String,
    until: i64,
}

impl Provider {
    /// Signs out whoever is signed in: at once where the client shows an ID token of that person,
    /// else after asking, lest any page sign people out.
    pub(super) async fn log_out(&self, head: &Parts, peer: &Peer, parameters: Parameters) -> Reply {
        match self.logged_out(head, peer, parameters).await {
            Ok(reply) => reply,
            Err(error) => page::failure(error.status, &error.description),
        }
    }

    async fn logged_out(
        &self,
        head: &Parts,
        peer: &Peer,
        parameters: Parameters,
    ) -> Result<Reply, OAuthError> {
        let signed_in = self.accounts.signed_in(head, peer).await?;
        let (parameters, agreed) = match parameters.get("question") {
            Some(sealed) => (self.question(sealed, signed_in.as_ref())?, true),
            None => (parameters, false),
        };
        let hint = parameters.get("id_token_hint").map(|token| {
            let wrong = "`id_token_hint` is no ID token of ours.";
            self.hinted(token).ok_or_else(|| OAuthError::invalid(wrong))
        });
        let hint = hint.transpose()?;
        let client = hint.as_ref().map(|(_, client)| client.as_str());
        let named = parameters.get("client_id");
        if client.is_some() && named.is_some() && client != named {
            return Err(OAuthError::invalid("`client_id` is not the one of `id_token_hint`."));
        }
        let client = client.or(named);
        let target = self.target(&parameters, client).await?;
        let Some(signed_in) = signed_in else { return Ok(gone(target)) };
        let proven = hint.as_ref().is_some_and(|(subject, _)| *subject == signed_in.user.id);
        if !proven && !agreed {
            return self.ask_to_log_out(&parameters, &signed_in);
        }
        let (user, session) = (&signed_in.user.id, &signed_in.session.id);
        match self.accounts.sessions().end_one(user, session).await {
            // Ended by somebody else at the same moment is as good.
            Ok(()) | Err(crate::AccountError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(client) = client {
            self.grants().end_of(user, client, self.clock.now()).await?;
            self.forget();
        }
        let mut reply = gone(target);
        reply.headers_mut().insert(SET_COOKIE, SessionCookie::forget(peer.secure));
        Ok(reply)
    }

    /// Where the browser goes then: only where the client registered.
    async fn target(
        &self,
        parameters: &Parameters,
        client: Option<&str>,
    ) -> Result<Option<String>, OAuthError> {
        let Some(uri) = parameters.get("post_logout_redirect_uri") else { return Ok(None) };
        let found = match client {
            Some(id) => self.clients.find(id, self.clock.now()).await?,
            None => None,
        };
        let registered = found.is_some_and(|client| {
            client.post_logout_redirect_uris.iter().any(|known| admits(known, uri))
        });
        if !registered {
            let why = "The application did not register the address to go on at.";
            return Err(OAuthError::invalid(why));
        }
        Ok(Some(match parameters.get("state") {
            Some(state) => with_parameters(uri, &[("state", state)]),
            None => uri.to_owned(),
        }))
    }

    fn question(
        &self,
        sealed: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<Parameters, OAuthError> {
        let opened = self.seal.open(PURPOSE, sealed);
        let question = opened.and_then(|bytes| serde_json::from_slice::<Question>(&bytes).ok());
        let question = question.filter(|question| {
            question.until > self.clock.now()
                && signed_in.is_none_or(|of| of.session.id == question.session)
        });
        let question = question.ok_or_else(|| OAuthError {
            status: 403,
            ..OAuthError::invalid("The question is no longer open.")
        })?;
        Parameters::parse(&question.query)
    }

    fn ask_to_log_out(
        &self,
        parameters: &Parameters,
        signed_in: &SignedIn,
    ) -> Result<Reply, OAuthError> {
        let question = Question {
            query: parameters.query(),
            session: signed_in.session.id.clone(),
            until: self.clock.now().saturating_add(PATIENCE),
        };
        let sealed = self.seal.close(PURPOSE, json(&question)?.as_bytes())?;
        let body = format!(
            "<form method=\"post\" action=\"{PATH}\">\
             <input type=\"hidden\" name=\"question\" value=\"{sealed}\">\
             <button class=\"main\">Sign out</button></form>"
        );
        let target = parameters.get("post_logout_redirect_uri");
        Ok(page::page(200, "Sign out?", &body, target))
    }
}

fn gone(target: Option<String>) -> Reply {
    match target {
        Some(uri) => page::redirect(&uri),
        None => page::page(200, "You are signed out", "<p>You can close this page.</p>", None),
    }
}

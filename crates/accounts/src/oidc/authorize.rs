//! The authorization endpoint: a person who is signed in lets a client act (RFC 6749, section 4.1,
//! with RFC 7636, RFC 9207, RFC 9700 and OpenID Connect Core 1.0, section 3.1.2).
//!
//! Until client and address are proven, nobody is sent anywhere: that is what makes an open
//! redirector.

use std::sync::Arc;

use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use runtime::http::{Peer, Reply};
use runtime::identity::assurance_level;

use super::client::{Client, Grant};
use super::consent::Asked;
use super::error::OAuthError;
use super::grants::Granted;
use super::page;
use super::parameters::Parameters;
use super::provider::Provider;
use super::redirect::{admits, with_parameters};
use super::scope::{OPEN_ID, words};
use super::{claims, jwt, pkce};
use crate::SignedIn;

/// Where people sign in.
const SIGN_IN: &str = "/auth/sign-in";
/// Where they set a second factor up.
const SECOND_FACTOR: &str = "/auth/second-factor";
/// Where this is.
pub(super) const PATH: &str = "/oauth/authorize";
/// Added by us when people are sent to sign in anew: the time after which they have to have done
/// so, in microseconds since the Unix epoch.
const SIGNED_IN_AFTER: &str = "signed_in_after";
/// Most characters of `state` and `nonce`.
const LONGEST: usize = 2048;

/// A request whose client and address are proven.
pub(super) struct Request {
    pub(super) client: Arc<Client>,
    pub(super) redirect_uri: String,
    pub(super) parameters: Parameters,
}

/// What a sound request asks for.
pub(super) struct Wanted {
    pub(super) scope: String,
    challenge: String,
    nonce: Option<String>,
    /// No page may be shown.
    silent: bool,
    /// The person is to be asked again.
    pub(super) consent: bool,
    /// Sign-ins before this time do not count, in microseconds since the Unix epoch.
    after: Option<i64>,
    /// How well the person has to have proved who it is.
    assurance: u8,
}

impl Provider {
    /// Answers a request to sign in for a client.
    pub(super) async fn authorize(
        &self,
        head: &Parts,
        peer: &Peer,
        parameters: Parameters,
    ) -> Reply {
        let request = match self.proven(parameters).await {
            Ok(request) => request,
            Err(error) => return page::failure(error.status, &error.description),
        };
        match self.authorized(head, peer, &request, false).await {
            Ok(reply) => reply,
            Err(error) => self.refused(&request, &error),
        }
    }

    /// The client and the address that it may be answered at.
    pub(super) async fn proven(&self, parameters: Parameters) -> Result<Request, OAuthError> {
        let id = parameters.required("client_id")?;
        let found = self.clients.find(id, self.clock.now()).await?;
        let Some(client) = found.filter(|of| of.grant_types.contains(&Grant::AuthorizationCode))
        else {
            return Err(OAuthError::invalid("There is no such application."));
        };
        let asked = parameters.required("redirect_uri")?;
        if !client.redirect_uris.iter().any(|registered| admits(registered, asked)) {
            let why = "The application did not register the address it wants to be answered at.";
            return Err(OAuthError::invalid(why));
        }
        Ok(Request { redirect_uri: asked.to_owned(), client, parameters })
    }

    /// Sends a refusal to the client.
    pub(super) fn refused(&self, request: &Request, error: &OAuthError) -> Reply {
        self.answer(request, &[("error", error.code), ("error_description", &error.description)])
    }

    /// Sends an answer to the client, with its `state`, and with who answers (RFC 9207).
    fn answer(&self, request: &Request, answer: &[(&str, &str)]) -> Reply {
        let Ok(issuer) = self.issuer() else { return page::failure(503, "Not ready yet.") };
        let mut all = answer.to_vec();
        if let Some(state) = request.parameters.get("state").filter(|of| of.len() <= LONGEST) {
            all.push(("state", state));
        }
        all.push(("iss", issuer));
        page::redirect(&with_parameters(&request.redirect_uri, &all))
    }

    /// Goes on with a request whose client is proven; `agreed` once the person was asked.
    pub(super) async fn authorized(
        &self,
        head: &Parts,
        peer: &Peer,
        request: &Request,
        agreed: bool,
    ) -> Result<Reply, OAuthError> {
        if head.headers.contains_key(AUTHORIZATION) {
            return Err(OAuthError::invalid("People sign in with a browser, not by a token."));
        }
        let wanted = self.wanted(request)?;
        let signed_in = self.accounts.signed_in(head, peer).await?;
        let signed_in = signed_in.filter(|of| self.is_recent(of, request, &wanted));
        let Some(signed_in) = signed_in else {
            if wanted.silent {
                return Err(OAuthError::new("login_required", "Nobody is signed in."));
            }
            return Ok(away(SIGN_IN, request, &wanted));
        };
        if signed_in.session.assurance < wanted.assurance {
            if wanted.silent {
                let why = "The person has to show a second factor.";
                return Err(OAuthError::new("interaction_required", why));
            }
            return Ok(away(SECOND_FACTOR, request, &wanted));
        }
        let asked = Asked { request, wanted: &wanted, signed_in: &signed_in };
        if !agreed && !self.consented(&asked).await? {
            if wanted.silent {
                return Err(OAuthError::new("consent_required", "The person was not asked yet."));
            }
            return self.ask(&asked);
        }
        if agreed {
            self.remember_consent(&asked).await?;
        }
        let code = self.code(request, wanted, &signed_in).await?;
        Ok(self.answer(request, &[("code", &code)]))
    }

    async fn code(
        &self,
        request: &Request,
        wanted: Wanted,
        signed_in: &SignedIn,
    ) -> Result<String, OAuthError> {
        let now = self.clock.now();
        let micros =
            |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let session = &signed_in.session;
        let granted = Granted {
            client: request.client.client_id.clone(),
            subject: signed_in.user.id.clone(),
            scope: wanted.scope,
            authenticated_at: session.begun,
            assurance: session.assurance,
            methods: session.methods.clone(),
            // Rotation must not make a sign-in last longer than its level allows.
            ends: now.saturating_add(micros(self.lifetimes.refresh)).min(session.ends),
            rotations: 0,
        };
        let uri = request.redirect_uri.clone();
        self.grants().code(granted, uri, wanted.challenge, wanted.nonce, now).await
    }

    /// What the client wants, if it is said soundly.
    fn wanted(&self, request: &Request) -> Result<Wanted, OAuthError> {
        let of = &request.parameters;
        if of.get("request").is_some() || of.get("request_uri").is_some() {
            let code = if of.get("request").is_some() {
                "request_not_supported"
            } else {
                "request_uri_not_supported"
            };
            return Err(OAuthError::new(code, "Parameters are sent as they are."));
        }
        if of.required("response_type")? != "code" {
            return Err(OAuthError::new("unsupported_response_type", "Only `code` is."));
        }
        if of.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(OAuthError::invalid("Answers are sent in the query."));
        }
        if [of.get("state"), of.get("nonce")].into_iter().flatten().any(|of| of.len() > LONGEST) {
            return Err(OAuthError::invalid("`state` or `nonce` is too long."));
        }
        let challenge = of.required("code_challenge")?;
        if of.get("code_challenge_method") != Some("S256") || !pkce::is_challenge(challenge) {
            return Err(OAuthError::invalid("Expected PKCE with `code_challenge_method=S256`."));
        }
        let prompt = of.get("prompt").unwrap_or_default();
        let prompts = |what| words(prompt).any(|word| word == what);
        let silent = prompts("none");
        if silent && words(prompt).count() > 1 {
            return Err(OAuthError::invalid("`prompt=none` stands alone."));
        }
        Ok(Wanted {
            scope: self.scope(request)?,
            challenge: challenge.to_owned(),
            nonce: of.get("nonce").map(str::to_owned),
            silent,
            consent: prompts("consent"),
            after: self.after(of, prompts("login") || prompts("select_account"))?,
            assurance: self.assurance(of)?,
        })
    }

    /// What is asked for, once each, if the client may.
    fn scope(&self, request: &Request) -> Result<String, OAuthError> {
        let asked = request.parameters.get("scope").unwrap_or(OPEN_ID);
        let mut all: Vec<&str> = Vec::new();
        for word in words(asked) {
            let within = |own: &str| {
                own == word || word.strip_prefix(own).is_some_and(|rest| rest.starts_with('.'))
            };
            if !self.scopes.has(word) || !request.client.scopes().any(within) {
                let why = "The application asks for more than it is registered for.";
                return Err(OAuthError::new("invalid_scope", why));
            }
            if !all.contains(&word) {
                all.push(word);
            }
        }
        Ok(all.join(" "))
    }

    /// When the person has to have signed in at the earliest.
    fn after(&self, of: &Parameters, anew: bool) -> Result<Option<i64>, OAuthError> {
        let now = self.clock.now();
        let number = |name: &str| match of.get(name).map(str::parse::<i64>) {
            Some(Ok(number)) if number >= 0 => Ok(Some(number)),
            Some(_) => Err(OAuthError::invalid(format!("`{name}` is no number of seconds."))),
            None => Ok(None),
        };
        let age = number("max_age")?.map(|age| now.saturating_sub(age.saturating_mul(1_000_000)));
        // A time to come would never be reached.
        let told = number(SIGNED_IN_AFTER)?.map(|time| time.min(now));
        Ok([age, told, anew.then_some(now)].into_iter().flatten().max())
    }

    /// How well the person has to have proved who it is: as well as the client asks for (OpenID
    /// Connect Core 1.0, section 3.1.2.1; RFC 9470, section 5) and the model asks of all.
    fn assurance(&self, of: &Parameters) -> Result<u8, OAuthError> {
        let own = if self.accounts.leads_to_factor { 2 } else { 1 };
        let Some(asked) = of.get("acr_values") else { return Ok(own) };
        // Each is good enough, and what is above the least of them as well.
        match words(asked).filter_map(assurance_level).min() {
            Some(level) if level <= 2 => Ok(level.max(own)),
            _ => {
                let why = "Nobody can sign in here so well.";
                Err(OAuthError::new("unmet_authentication_requirements", why))
            }
        }
    }

    /// Whether a sign-in is recent enough, and of the person whom the client expects.
    fn is_recent(&self, signed_in: &SignedIn, request: &Request, wanted: &Wanted) -> bool {
        let expected = request.parameters.get("id_token_hint").map(|hint| self.hinted(hint));
        let recent = wanted.after.is_none_or(|after| signed_in.session.begun >= after);
        let same = expected
            .is_none_or(|hint| hint.is_some_and(|(subject, _)| subject == signed_in.user.id));
        recent && same
    }

    /// Subject and client of an ID token of ours, which may be over: a hint, not a proof.
    pub(super) fn hinted(&self, token: &str) -> Option<(String, String)> {
        use jsonwebtoken::Algorithm;
        let client = unproven_audience(token)?;
        let rules = jwt::Rules {
            algorithms: &[Algorithm::ES256, Algorithm::EdDSA],
            kinds: &["jwt"],
            issuer: self.issuer().ok()?,
            audience: &[&client],
            now: self.seconds(),
            leeway: 0,
            expired: true,
        };
        let claims = jwt::verify(token, self.keys().verifying(), &rules).ok()?;
        debug_assert_eq!(claims::ID, "JWT", "the kind that is looked for");
        Some((jwt::text(&claims, "sub")?.to_owned(), client))
    }
}

/// The audience that a token names, of which nothing is proven.
fn unproven_audience(token: &str) -> Option<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = (token.len() <= jwt::TOKEN_LIMIT).then(|| token.split('.').nth(1))??;
    let claims: jwt::Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    jwt::text(&claims, "aud").map(str::to_owned)
}

/// Sends people to prove who they are, and back here. What made them is replaced by a time, lest they sign in
/// again and again.
fn away(to: &str, request: &Request, wanted: &Wanted) -> Reply {
    let prompt: Vec<&str> = words(request.parameters.get("prompt").unwrap_or_default())
        .filter(|word| !matches!(*word, "login" | "select_account"))
        .collect();
    let prompt = Some(prompt.join(" ")).filter(|prompt| !prompt.is_empty());
    let after = wanted.after.map(|after| after.to_string());
    let again = request.parameters.clone();
    let again = again.with("prompt", prompt).with("max_age", None).with(SIGNED_IN_AFTER, after);
    let next = format!("{PATH}?{}", again.query());
    page::redirect(&with_parameters(to, &[("next", &next)]))
}

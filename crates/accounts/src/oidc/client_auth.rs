//! Clients prove who they are: not at all (public ones), by a secret (RFC 6749, section 2.3.1), or
//! by an assertion that they signed (RFC 7523). Exactly as they are registered, and in one way.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use jsonwebtoken::Algorithm;
use runtime::store::{Record, StoreError};

use super::client::{Client, ClientAuthentication};
use super::error::OAuthError;
use super::jwt::{self, Rules};
use super::parameters::Parameters;
use super::provider::Provider;
use super::seal::digest;
use super::verify::unproven_issuer;
use crate::Change;
use crate::secret::{equal, sha256};

/// Kind of the record of an assertion that was used.
pub(crate) const ASSERTION: &str = "oauth-assertion";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest life of an assertion, in seconds.
const LIFE: u64 = 5 * 60;
/// Tolerated difference of clocks, in seconds.
const LEEWAY: u64 = 10;
/// What clients may sign with.
pub(super) const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::PS256,
    Algorithm::RS256,
    Algorithm::RS512,
];

impl Provider {
    /// The client that sends a form.
    ///
    /// # Errors
    /// `invalid_client`, whatever the reason; `invalid_request` where it shows several proofs.
    pub(super) async fn client(
        &self,
        head: &Parts,
        form: &Parameters,
    ) -> Result<Arc<Client>, OAuthError> {
        if form.get("client_secret").is_some() {
            let why = "A secret travels by HTTP Basic, not in the form.";
            return Err(OAuthError { status: 401, ..OAuthError::new("invalid_client", why) });
        }
        let basic = head.headers.contains_key(AUTHORIZATION);
        let asserts = form.get("client_assertion").is_some();
        if basic && asserts {
            return Err(OAuthError::invalid("The client proves who it is in two ways."));
        }
        let client = if basic {
            self.by_secret(head).await?
        } else if asserts {
            self.by_assertion(form).await?
        } else {
            let id = form.get("client_id").ok_or_else(OAuthError::client)?;
            self.known(id, ClientAuthentication::None).await?
        };
        match form.get("client_id") {
            Some(id) if id != client.client_id => Err(OAuthError::client()),
            _ => Ok(client),
        }
    }

    async fn known(&self, id: &str, by: ClientAuthentication) -> Result<Arc<Client>, OAuthError> {
        let found = self.clients.find(id, self.clock.now()).await?;
        let found = found.filter(|client| client.token_endpoint_auth_method == by);
        found.ok_or_else(OAuthError::client)
    }

    async fn by_secret(&self, head: &Parts) -> Result<Arc<Client>, OAuthError> {
        let mut values = head.headers.get_all(AUTHORIZATION).iter();
        let value = values.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, encoded) = value.split_once(' ').ok_or_else(OAuthError::client)?;
        if !scheme.eq_ignore_ascii_case("basic") || values.next().is_some() {
            return Err(OAuthError::client());
        }
        let (id, secret) = credentials(encoded.trim()).ok_or_else(OAuthError::client)?;
        let client = self.known(&id, ClientAuthentication::ClientSecretBasic).await?;
        let hash = client.client_secret_sha256.as_deref().unwrap_or_default();
        if equal(&digest(&secret), hash) { Ok(client) } else { Err(OAuthError::client()) }
    }

    async fn by_assertion(&self, form: &Parameters) -> Result<Arc<Client>, OAuthError> {
        if form.get("client_assertion_type") != Some(JWT_BEARER) {
            return Err(OAuthError::invalid(format!("Expected the type {JWT_BEARER}.")));
        }
        let token = form.required("client_assertion")?;
        let id = unproven_issuer(token).ok_or_else(OAuthError::client)?;
        let client = self.known(&id, ClientAuthentication::PrivateKeyJwt).await?;
        let issuer = self.issuer()?;
        let endpoint = format!("{issuer}/oauth/token");
        let now = self.seconds();
        let rules = Rules {
            algorithms: &ALGORITHMS,
            kinds: &["", "jwt", "client-authentication+jwt"],
            issuer: &client.client_id,
            audience: &[issuer, &endpoint],
            now,
            leeway: LEEWAY,
            expired: false,
        };
        let keys = client.keys();
        let claims = jwt::verify(token, keys.iter(), &rules).map_err(|_| OAuthError::client())?;
        let expires = claims.get("exp").and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
        let id = jwt::text(&claims, "jti").filter(|id| (1..=256).contains(&id.len()));
        let itself = jwt::text(&claims, "sub") == Some(&client.client_id);
        let (Some(id), true, true) = (id, itself, expires <= now.saturating_add(LIFE + LEEWAY))
        else {
            return Err(OAuthError::client());
        };
        self.once(&client.client_id, id, expires).await?;
        Ok(client)
    }

    /// An assertion works once.
    async fn once(&self, client: &str, id: &str, expires: u64) -> Result<(), OAuthError> {
        let ends = i64::try_from(expires.saturating_add(LEEWAY)).unwrap_or(i64::MAX);
        let record = Record {
            kind: ASSERTION.to_owned(),
            key: sha256(&format!("{client}\n{id}")),
            owner: String::new(),
            value: "{}".to_owned(),
            expires: Some(ends.saturating_mul(1_000_000)),
        };
        let now = self.clock.now();
        let adding =
            self.records.change(Vec::new(), now, Box::new(move |_| Ok(vec![Change::Add(record)])));
        match adding.await {
            Ok(()) => Ok(()),
            Err(StoreError::Unique { .. }) => Err(OAuthError::client()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Id and secret, each encoded as in a form before they were joined.
fn credentials(encoded: &str) -> Option<(String, String)> {
    if encoded.len() > 2048 {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let pair = format!("x={text}");
        let mut pairs = form_urlencoded::parse(pair.as_bytes());
        let (_, value) = pairs.next()?;
        pairs.next().is_none().then(|| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}

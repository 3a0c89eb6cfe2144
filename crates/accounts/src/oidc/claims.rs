//! What the provider's tokens say.

use runtime::identity::assurance_name;
use serde_json::{Value as Json, json};

use super::client::Client;
use super::error::OAuthError;
use super::grants::Redeemed;
use super::jwt::Claims;
use super::keys::half_hash;
use super::provider::Provider;
use super::scope::{OPEN_ID, holds};

/// The kind (`typ`) of access tokens (RFC 9068, section 2.1).
pub const ACCESS: &str = "at+jwt";
/// The kind of ID tokens.
pub const ID: &str = "JWT";

/// How long tokens live, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Access and ID tokens.
    pub access: u64,
    /// All refresh tokens of one code together.
    pub refresh: u64,
}

impl Default for Lifetimes {
    /// 15 minutes, and 7 days unless people have to sign in anew before.
    fn default() -> Self {
        Self { access: 15 * 60, refresh: 7 * 86_400 }
    }
}

/// The tokens of one answer.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The access token.
    pub access: String,
    /// The ID token, where `openid` was asked for.
    pub id: Option<String>,
    /// What the access token is good for.
    pub scope: String,
}

impl Provider {
    /// Tokens for a person who granted them.
    ///
    /// # Errors
    /// There is no key, or no issuer yet.
    pub(super) fn issue(
        &self,
        client: &Client,
        redeemed: &Redeemed,
        scope: &str,
        roles: &[String],
    ) -> Result<Issued, OAuthError> {
        let granted = &redeemed.granted;
        let now = self.seconds();
        let signed_in = u64::try_from(granted.authenticated_at / 1_000_000).unwrap_or(0);
        let acr = assurance_name(granted.assurance);
        let mut access = self.access_claims(&granted.subject, client, scope)?;
        access.insert("auth_time".to_owned(), json!(signed_in));
        access.insert("acr".to_owned(), json!(acr));
        access.insert("amr".to_owned(), json!(granted.methods));
        access.insert("roles".to_owned(), json!(roles));
        access.insert("grant".to_owned(), json!(redeemed.family));
        let access = self.keys().sign("EdDSA", ACCESS, &access, self.clock.now())?;
        let id = if holds(scope, OPEN_ID) {
            let algorithm = &*client.id_token_signed_response_alg;
            let mut id = object(json!({
                "iss": &**self.issuer()?,
                "sub": granted.subject,
                "aud": client.client_id,
                "azp": client.client_id,
                "iat": now,
                "exp": now.saturating_add(self.lifetimes.access),
                "auth_time": signed_in,
                "acr": acr,
                "amr": granted.methods,
                "at_hash": half_hash(algorithm, &access),
            }));
            if let Some(nonce) = &redeemed.nonce {
                id.insert("nonce".to_owned(), json!(nonce));
            }
            Some(self.keys().sign(algorithm, ID, &id, self.clock.now())?)
        } else {
            None
        };
        Ok(Issued { access, id, scope: scope.to_owned() })
    }

    /// An access token for a client itself.
    ///
    /// # Errors
    /// There is no key, or no issuer yet.
    pub(super) fn issue_to(&self, client: &Client, scope: &str) -> Result<Issued, OAuthError> {
        let mut claims = self.access_claims(&client.client_id, client, scope)?;
        claims.insert("actor".to_owned(), json!(client.actor));
        claims.insert("roles".to_owned(), json!(client.roles));
        let access = self.keys().sign("EdDSA", ACCESS, &claims, self.clock.now())?;
        Ok(Issued { access, id: None, scope: scope.to_owned() })
    }

    /// What every access token says (RFC 9068, section 2.2).
    fn access_claims(
        &self,
        subject: &str,
        client: &Client,
        scope: &str,
    ) -> Result<Claims, OAuthError> {
        let now = self.seconds();
        Ok(object(json!({
            "iss": &**self.issuer()?,
            "sub": subject,
            "aud": self.audience,
            "client_id": client.client_id,
            "scope": scope,
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(self.lifetimes.access),
            "jti": uuid::Uuid::new_v4().to_string(),
        })))
    }
}

fn object(json: Json) -> Claims {
    match json {
        Json::Object(claims) => claims,
        _ => Claims::new(),
    }
}

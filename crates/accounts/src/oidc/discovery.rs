//! What clients can find out by themselves (OpenID Connect Discovery 1.0, RFC 8414, RFC 7517).

use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, HeaderValue};
use runtime::http::{Reply, reply};
use serde_json::{Value as Json, json};

use super::error::OAuthError;
use super::provider::Provider;
use super::scope::CLAIMS;

/// For which clients keep what they read: shorter than a next key is known before it signs.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

impl Provider {
    /// The document that names everything else.
    pub(super) fn metadata(&self) -> Result<Reply, OAuthError> {
        let issuer = self.issuer()?;
        let at = |path: &str| format!("{issuer}{path}");
        let scopes: Vec<&str> = CLAIMS.into_iter().chain(self.scopes.contexts()).collect();
        let methods = ["none", "client_secret_basic", "private_key_jwt"];
        let levels = [1, 2].map(runtime::identity::assurance_name);
        let signatures = ["EdDSA", "ES256", "ES384", "PS256", "RS256", "RS512"];
        Ok(public(&json!({
            "issuer": &**issuer,
            "authorization_endpoint": at("/oauth/authorize"),
            "token_endpoint": at("/oauth/token"),
            "userinfo_endpoint": at("/oauth/userinfo"),
            "jwks_uri": at("/.well-known/jwks.json"),
            "revocation_endpoint": at("/oauth/revoke"),
            "introspection_endpoint": at("/oauth/introspect"),
            "end_session_endpoint": at("/oauth/logout"),
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": signatures,
            "revocation_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_signing_alg_values_supported": signatures,
            "introspection_endpoint_auth_methods_supported": &methods[1..],
            "introspection_endpoint_auth_signing_alg_values_supported": signatures,
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "acr_values_supported": levels,
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash",
                "name", "email", "email_verified", "phone_number", "phone_number_verified",
            ],
            "authorization_response_iss_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "claims_parameter_supported": false,
        })))
    }

    /// The public keys; `local` is the one of tokens for local use.
    pub(super) fn key_set(&self, local: &Json) -> Reply {
        let mut keys = self.keys().public();
        keys.push(local.clone());
        public(&json!({ "keys": keys }))
    }
}

/// A document for everybody, pages of other origins among them.
fn public(document: &Json) -> Reply {
    let mut reply = reply::json(200, document.to_string());
    reply.headers_mut().insert(CACHE_CONTROL, KEPT);
    reply.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    reply
}

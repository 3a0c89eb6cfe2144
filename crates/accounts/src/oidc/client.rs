//! Applications that ask for tokens, in the words of RFC 7591.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::jwt::{self, PublicKey};
use super::redirect;
use super::scope::OPEN_ID;

/// How a client proves who it is (`token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// It cannot: a page or an app that everybody can take apart. PKCE ties the code to it.
    #[default]
    None,
    /// A secret, by HTTP Basic.
    ClientSecretBasic,
    /// An assertion signed with a key of its own (RFC 7523).
    PrivateKeyJwt,
}

/// What a client may ask tokens for (`grant_types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// A person signed in.
    AuthorizationCode,
    /// A person had signed in.
    RefreshToken,
    /// The client itself.
    ClientCredentials,
}

impl Grant {
    /// As it stands in a request.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

/// An application, as a file or the store describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// What it is known by.
    pub client_id: String,
    /// What people are told it is.
    #[serde(default)]
    pub client_name: String,
    /// How it proves who it is.
    #[serde(default)]
    pub token_endpoint_auth_method: ClientAuthentication,
    /// What it may ask tokens for.
    #[serde(default = "code_and_refresh")]
    pub grant_types: BTreeSet<Grant>,
    /// Where a code may be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after signing out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// The most that it may ask for, divided by spaces.
    #[serde(default = "openid")]
    pub scope: String,
    /// The signature of ID tokens; many libraries have no `EdDSA`.
    #[serde(default = "es256")]
    pub id_token_signed_response_alg: String,
    /// SHA-256 of its secret in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_sha256: Option<String>,
    /// Its public keys (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Json>,
    /// Whether it is ours: people are not asked whether it may act for them.
    #[serde(default)]
    pub first_party: bool,
    /// The actor of the model that it is when it asks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Roles that it has then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

fn code_and_refresh() -> BTreeSet<Grant> {
    [Grant::AuthorizationCode, Grant::RefreshToken].into()
}

fn openid() -> String {
    OPEN_ID.to_owned()
}

fn es256() -> String {
    "ES256".to_owned()
}

impl Client {
    /// Whether it can keep a secret.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        self.token_endpoint_auth_method != ClientAuthentication::None
    }

    /// What people are told it is.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.client_name.is_empty() { &self.client_id } else { &self.client_name }
    }

    /// Its public keys.
    #[must_use]
    pub fn keys(&self) -> Vec<PublicKey> {
        self.jwks.as_ref().map(|set| jwt::key_set(set, 16)).unwrap_or_default()
    }

    /// The scopes that it may ask for.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether it makes sense, and is safe.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub fn verify(&self) -> Result<(), String> {
        let id = &self.client_id;
        let refuse = |why: &str| Err(format!("the client `{id}` {why}"));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
            return refuse("needs an id of 1 to 64 letters, digits, `-`, `_` and `.`");
        }
        if self.client_name.chars().count() > 100 || self.client_name.chars().any(char::is_control)
        {
            return refuse("needs a name of at most 100 characters");
        }
        for uri in self.redirect_uris.iter().chain(&self.post_logout_redirect_uris) {
            redirect::acceptable(uri).map_err(|why| format!("the client `{id}`: {why}"))?;
        }
        if self.redirect_uris.len() > 50 || self.post_logout_redirect_uris.len() > 50 {
            return refuse("has more than 50 addresses");
        }
        let may = |grant| self.grant_types.contains(&grant);
        if may(Grant::AuthorizationCode) == self.redirect_uris.is_empty() {
            return refuse("needs `redirect_uris` for `authorization_code`, and for it alone");
        }
        if may(Grant::RefreshToken) && !may(Grant::AuthorizationCode) {
            return refuse("refreshes what it never gets: `authorization_code` is missing");
        }
        if may(Grant::ClientCredentials) && (!self.is_confidential() || self.actor.is_none()) {
            return refuse("needs a secret or key, and an `actor`, for `client_credentials`");
        }
        if !matches!(&*self.id_token_signed_response_alg, "ES256" | "EdDSA") {
            return refuse("may have its ID tokens signed by `ES256` or `EdDSA`");
        }
        match self.token_endpoint_auth_method {
            ClientAuthentication::ClientSecretBasic
                if self.client_secret_sha256.as_ref().is_none_or(|hash| hash.len() != 43) =>
            {
                refuse("needs `client_secret_sha256`: the SHA-256 of its secret in base64url")
            }
            ClientAuthentication::PrivateKeyJwt if self.keys().is_empty() => {
                refuse("needs `jwks` with a public key for EdDSA, ES256, ES384 or RSA")
            }
            _ => Ok(()),
        }
    }
}

/// Reads a file of clients: `{"clients": [..]}`.
///
/// # Errors
/// One line that says what is wrong.
pub fn read(text: &str) -> Result<Vec<Client>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        clients: Vec<Client>,
    }
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut ids = BTreeSet::new();
    for client in &file.clients {
        client.verify()?;
        if !ids.insert(&client.client_id) {
            return Err(format!("the client `{}` is there twice", client.client_id));
        }
    }
    Ok(file.clients)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(more: &str) -> Result<Vec<Client>, String> {
        read(&format!(r#"{{"clients": [{{"client_id": "a", {more}}}]}}"#))
    }

    #[test]
    fn a_client_says_what_it_needs() {
        let web = client(r#""redirect_uris": ["https://a.example/back"]"#).unwrap();
        assert!(!web[0].is_confidential() && !web[0].first_party);
        assert_eq!(web[0].name(), "a");
        for wrong in [
            r#""redirect_uris": []"#,
            r#""redirect_uris": ["http://a.example/back"]"#,
            r#""redirect_uris": ["https://a.example/back"], "typo": 1"#,
            r#""redirect_uris": ["https://a.example/b"], "id_token_signed_response_alg": "none""#,
            r#""redirect_uris": ["https://a.example/b"], "id_token_signed_response_alg": "HS256""#,
            r#""grant_types": ["client_credentials"], "actor": "warehouse""#,
            r#""grant_types": ["implicit"]"#,
            r#""grant_types": ["refresh_token"]"#,
            r#""redirect_uris": ["https://a.example/b"], "token_endpoint_auth_method": "client_secret_basic""#,
            r#""redirect_uris": ["https://a.example/b"], "token_endpoint_auth_method": "client_secret_post""#,
            r#""redirect_uris": ["https://a.example/b"], "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}"#,
        ] {
            assert!(client(wrong).is_err(), "{wrong}");
        }
    }
}

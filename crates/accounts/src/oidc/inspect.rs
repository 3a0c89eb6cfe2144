//! Tokens are ended (RFC 7009) and asked about (RFC 7662).

use hyper::http::request::Parts;
use runtime::http::{Reply, reply};
use serde_json::{Value as Json, json};

use super::error::OAuthError;
use super::jwt;
use super::parameters::Parameters;
use super::provider::Provider;

impl Provider {
    /// Ends a token of the client that asks. Tokens that are none are ended already.
    pub(super) async fn revoke(
        &self,
        head: &Parts,
        form: &Parameters,
    ) -> Result<Reply, OAuthError> {
        let client = self.client(head, form).await?;
        let token = form.required("token")?;
        let now = self.clock.now();
        if let Some(family) = self.grants().family(token, now).await? {
            let granted = self.grants().find(&family, now).await?;
            if granted.is_some_and(|granted| granted.client == client.client_id) {
                self.grants().end(&family, now).await?;
                self.forget();
            }
        } else if let Ok(verified) = self.access(token).await
            && jwt::text(&verified.claims, "client_id") == Some(&client.client_id)
        {
            self.revoke_access(&verified.claims).await?;
        }
        Ok(reply::empty(200))
    }

    /// Says what a token is worth, to clients that keep a secret. Whatever it is not worth is not
    /// said.
    pub(super) async fn introspect(
        &self,
        head: &Parts,
        form: &Parameters,
    ) -> Result<Reply, OAuthError> {
        let client = self.client(head, form).await?;
        if !client.is_confidential() {
            return Err(OAuthError::client());
        }
        let token = form.required("token")?;
        let found = self.described(token, &client.client_id).await?;
        let body = found.unwrap_or_else(|| json!({ "active": false }));
        Ok(reply::json(200, body.to_string()))
    }

    async fn described(&self, token: &str, asking: &str) -> Result<Option<Json>, OAuthError> {
        let now = self.clock.now();
        if let Some(family) = self.grants().family(token, now).await? {
            let Some(granted) = self.grants().find(&family, now).await? else { return Ok(None) };
            // Refresh tokens are nobody's business but the client's own.
            if granted.client != asking
                || self.user(&granted.subject, granted.authenticated_at).await?.is_none()
            {
                return Ok(None);
            }
            return Ok(Some(json!({
                "active": true,
                "token_type": "refresh_token",
                "iss": &**self.issuer()?,
                "sub": granted.subject,
                "client_id": granted.client,
                "scope": granted.scope,
                "exp": granted.ends / 1_000_000,
            })));
        }
        let verified = match self.access(token).await {
            Ok(verified) => verified,
            Err(problem) if problem.status == 401 => return Ok(None),
            Err(problem) => return Err(problem.into()),
        };
        let mut claims = verified.claims.clone();
        claims.remove("grant");
        claims.insert("active".to_owned(), json!(true));
        claims.insert("token_type".to_owned(), json!("Bearer"));
        Ok(Some(Json::Object(claims)))
    }
}

//! The token endpoint (RFC 6749, section 3.2).

use hyper::http::request::Parts;
use runtime::http::{Reply, reply};
use serde_json::json;

use super::claims::Issued;
use super::client::{Client, Grant};
use super::error::OAuthError;
use super::grants::{Redeemed, Shown};
use super::parameters::Parameters;
use super::provider::Provider;
use super::scope::{CLAIMS, words};

impl Provider {
    /// Answers a request for tokens.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn token(&self, head: &Parts, form: &Parameters) -> Result<Reply, OAuthError> {
        let client = self.client(head, form).await?;
        let asked = form.required("grant_type")?;
        let known = [Grant::AuthorizationCode, Grant::RefreshToken, Grant::ClientCredentials];
        let Some(grant) = known.into_iter().find(|grant| grant.name() == asked) else {
            let why = "Codes, refresh tokens and client credentials are exchanged here.";
            return Err(OAuthError::new("unsupported_grant_type", why));
        };
        if !client.grant_types.contains(&grant) {
            let why = format!("This client is not registered for `{asked}`.");
            return Err(OAuthError::new("unauthorized_client", why));
        }
        if form.get("resource").is_some_and(|resource| resource != self.audience) {
            let why = format!("Tokens are for `{}`.", self.audience);
            return Err(OAuthError::new("invalid_target", why));
        }
        match grant {
            Grant::AuthorizationCode => self.by_code(&client, form).await,
            Grant::RefreshToken => self.by_refresh(&client, form).await,
            Grant::ClientCredentials => self.by_itself(&client, form),
        }
    }

    async fn by_code(&self, client: &Client, form: &Parameters) -> Result<Reply, OAuthError> {
        let shown = Shown {
            code: form.required("code")?,
            client: &client.client_id,
            redirect_uri: form.required("redirect_uri")?,
            verifier: form.required("code_verifier")?,
            refreshes: client.grant_types.contains(&Grant::RefreshToken),
        };
        let redeemed = self.grants().redeem(shown, self.clock.now()).await;
        // A second use ended what came of the first.
        let redeemed = redeemed.inspect_err(|_| self.forget())?;
        let scope = redeemed.granted.scope.clone();
        self.answered(client, redeemed, &scope).await
    }

    async fn by_refresh(&self, client: &Client, form: &Parameters) -> Result<Reply, OAuthError> {
        let token = form.required("refresh_token")?;
        if let Some(asked) = form.get("scope") {
            // Looked at before the token is used up.
            let family = self.grants().family(token, self.clock.now()).await?;
            if let Some(family) = family
                && let Some(granted) = self.grants().find(&family, self.clock.now()).await?
            {
                narrowed(&granted.scope, Some(asked))?;
            }
        }
        let redeemed = self.grants().refresh(token, &client.client_id, self.clock.now()).await;
        let redeemed = redeemed.inspect_err(|_| self.forget())?;
        let scope = narrowed(&redeemed.granted.scope, form.get("scope"))?;
        self.answered(client, redeemed, &scope).await
    }

    fn by_itself(&self, client: &Client, form: &Parameters) -> Result<Reply, OAuthError> {
        let own: Vec<&str> = client.scopes().filter(|scope| !CLAIMS.contains(scope)).collect();
        let scope = match form.get("scope") {
            // Registered for whatever its actor may do: anything is less.
            Some(asked) if own.is_empty() && words(asked).all(|word| self.scopes.has(word)) => {
                asked.to_owned()
            }
            asked => narrowed(&own.join(" "), asked)?,
        };
        let issued = self.issue_to(client, &scope)?;
        Ok(self.granted(&issued, None))
    }

    /// Tokens of a person, unless something has happened to the account.
    async fn answered(
        &self,
        client: &Client,
        redeemed: Redeemed,
        scope: &str,
    ) -> Result<Reply, OAuthError> {
        let granted = &redeemed.granted;
        let Some(user) = self.user(&granted.subject, granted.authenticated_at).await? else {
            self.grants().end(&redeemed.family, self.clock.now()).await?;
            self.forget();
            return Err(OAuthError::grant());
        };
        let issued = self.issue(client, &redeemed, scope, &user.roles)?;
        Ok(self.granted(&issued, redeemed.refresh.as_deref()))
    }

    fn granted(&self, issued: &Issued, refresh: Option<&str>) -> Reply {
        let mut body = json!({
            "access_token": issued.access,
            "token_type": "Bearer",
            "expires_in": self.lifetimes.access,
            "scope": issued.scope,
        });
        if let Some(object) = body.as_object_mut() {
            if let Some(refresh) = refresh {
                object.insert("refresh_token".to_owned(), json!(refresh));
            }
            if let Some(id) = &issued.id {
                object.insert("id_token".to_owned(), json!(id));
            }
        }
        reply::json(200, body.to_string())
    }
}

/// What is asked for, if it was granted; all that was granted where nothing is asked for.
fn narrowed(granted: &str, asked: Option<&str>) -> Result<String, OAuthError> {
    let Some(asked) = asked else { return Ok(granted.to_owned()) };
    let held = |word: &str| {
        words(granted).any(|held| {
            held == word || word.strip_prefix(held).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    match words(asked).find(|word| !held(word)) {
        Some(_) => Err(OAuthError::new("invalid_scope", "More is asked for than was granted.")),
        None => Ok(words(asked).collect::<Vec<_>>().join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::narrowed;

    #[test]
    fn less_may_be_asked_for_than_was_granted_and_never_more() {
        assert_eq!(narrowed("openid ordering", None).unwrap(), "openid ordering");
        assert_eq!(narrowed("openid ordering", Some("ordering.place")).unwrap(), "ordering.place");
        assert!(narrowed("openid ordering.place", Some("ordering")).is_err());
        assert!(narrowed("openid", Some("openid orderings")).is_err());
        assert!(narrowed("ordering", Some("orderings.place")).is_err());
    }
}

//! Whose access tokens of the provider are.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use model::model::{Actor, ActorId, Authentication};
use runtime::call::{Caller, Identity};
use runtime::problem::{Problem, code};
use runtime::store::Record;

use super::claims::ACCESS;
use super::error::OAuthError;
use super::jwt::{self, Claims, Refused, Rules};
use super::provider::Provider;
use crate::Change;
use crate::secret::sha256;

/// Kind of the record of an access token that was revoked before its end.
pub(crate) const REVOKED: &str = "oauth-revoked";

/// An access token that is worth something.
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// Who its bearer is.
    pub caller: Caller,
}

impl Provider {
    /// Whether a token says that it is of this provider. Nothing of it is proven. How its head
    /// begins tells most others apart, which cost nothing so.
    #[must_use]
    pub fn issued(&self, token: &str) -> bool {
        looks_like_one(token)
            && self
                .issuer()
                .is_ok_and(|issuer| unproven_issuer(token).as_deref() == Some(&**issuer))
    }

    /// Who the bearer of an access token is, where that is known without the store.
    pub fn remembered(&self, token: &str) -> Option<Result<Caller, Problem>> {
        let verified = self.verified.get(token)?;
        if expires(&verified.claims) <= self.seconds() {
            return Some(Err(Problem::new(&code::TOKEN_EXPIRED)));
        }
        Some(Ok(verified.caller.clone()))
    }

    /// Who the bearer of an access token is.
    ///
    /// # Errors
    /// It is not, or no longer, worth anything.
    pub async fn bearer(&self, token: &str) -> Result<Caller, Problem> {
        match self.remembered(token) {
            Some(known) => known,
            None => Ok(self.access(token).await?.caller.clone()),
        }
    }

    /// An access token that is in order, was not revoked, and whose user may still sign in.
    ///
    /// # Errors
    /// It is not, or no longer, worth anything.
    pub(super) async fn access(&self, token: &str) -> Result<Arc<Verified>, Problem> {
        let claims = self.claims(token).map_err(|refused| match refused {
            Refused::Expired => Problem::new(&code::TOKEN_EXPIRED),
            Refused::Invalid => invalid(),
        })?;
        let asked = self.verified.ask();
        let (mut caller, ours) = self.living(&claims).await?.ok_or_else(invalid)?;
        let scope = jwt::text(&claims, "scope").unwrap_or_default();
        caller.scope = self.scopes.operations(scope, ours);
        let verified = Arc::new(Verified { claims, caller });
        self.verified.keep(token, Arc::clone(&verified), asked);
        Ok(verified)
    }

    /// Signature and claims.
    fn claims(&self, token: &str) -> Result<Claims, Refused> {
        let issuer = self.issuer().map_err(|_| Refused::Invalid)?;
        let rules = Rules {
            algorithms: &[Algorithm::EdDSA],
            kinds: &[ACCESS],
            issuer,
            audience: &[&self.audience],
            now: self.seconds(),
            leeway: 0,
            expired: false,
        };
        jwt::verify(token, self.keys().verifying(), &rules)
    }

    /// Who it is, if the store knows nothing against it; and whether the client is ours.
    async fn living(&self, claims: &Claims) -> Result<Option<(Caller, bool)>, OAuthError> {
        let now = self.clock.now();
        let id = jwt::text(claims, "jti").unwrap_or_default();
        if self.records.record(REVOKED, &sha256(id), now).await?.is_some() {
            return Ok(None);
        }
        match jwt::text(claims, "grant") {
            Some(family) => self.person(family, now).await,
            None => Ok(self.service(claims, now).await?.map(|caller| (caller, true))),
        }
    }

    /// The user of a family, while it lives, the client is known and nothing has happened to the
    /// account.
    async fn person(&self, family: &str, now: i64) -> Result<Option<(Caller, bool)>, OAuthError> {
        let Some(granted) = self.grants().find(family, now).await? else { return Ok(None) };
        let Some(client) = self.clients.find(&granted.client, now).await? else { return Ok(None) };
        let Some(user) = self.user(&granted.subject, granted.authenticated_at).await? else {
            return Ok(None);
        };
        let mut caller = self.accounts.caller(&user);
        if let Some(identity) = &mut caller.identity {
            identity.authenticated_at = Some(granted.authenticated_at);
            identity.assurance = Some(granted.assurance);
        }
        Ok(Some((caller, client.first_party)))
    }

    /// A user who may sign in, and has not changed its password since it did.
    pub(super) async fn user(
        &self,
        id: &str,
        signed_in: i64,
    ) -> Result<Option<crate::User>, OAuthError> {
        let user = self.accounts.users().find(id).await?;
        Ok(user.filter(|user| !user.disabled && user.password_changed <= signed_in))
    }

    /// A client that asked for itself.
    async fn service(&self, claims: &Claims, now: i64) -> Result<Option<Caller>, OAuthError> {
        let id = jwt::text(claims, "client_id").unwrap_or_default();
        let Some(client) = self.clients.find(id, now).await? else { return Ok(None) };
        let Some(name) = &client.actor else { return Ok(None) };
        let Some(actor) = self.service_actor(name, &client.roles) else { return Ok(None) };
        let mut caller = self.accounts.anonymous();
        caller.actors.insert(0, actor);
        caller.identity = Some(Identity {
            issuer: CLIENT_ISSUER.into(),
            subject: client.client_id.as_str().into(),
            ..Identity::default()
        });
        Ok(Some(caller))
    }

    /// The actor that a client may be, if its role is there.
    pub(super) fn service_actor(&self, name: &str, roles: &[String]) -> Option<ActorId> {
        let fits = |actor: &Actor| {
            let service = matches!(
                actor.authentication,
                Authentication::Service | Authentication::Certificate | Authentication::Key
            );
            service
                && actor.name.value == name
                && actor.role.as_ref().is_none_or(|role| roles.contains(role))
        };
        self.model.actors().find(|(_, actor)| fits(actor)).map(|(id, _)| id)
    }

    /// Ends an access token before its time.
    ///
    /// # Errors
    /// The store fails.
    pub(super) async fn revoke_access(&self, claims: &Claims) -> Result<(), OAuthError> {
        let now = self.clock.now();
        let ends = i64::try_from(expires(claims)).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let record = Record {
            kind: REVOKED.to_owned(),
            key: sha256(jwt::text(claims, "jti").unwrap_or_default()),
            owner: String::new(),
            value: "{}".to_owned(),
            expires: Some(ends),
        };
        self.records
            .change(Vec::new(), now, Box::new(move |_| Ok(vec![Change::Put(record)])))
            .await?;
        self.forget();
        Ok(())
    }

    /// Nothing that the store said before is believed any more.
    pub(super) fn forget(&self) {
        self.verified.forget_all();
    }
}

/// How access tokens of ours begin: `{"typ":"at+jwt"` in base64url.
const HEAD: &str = "eyJ0eXAiOiJhdCtqd3Qi";

/// Whether a token begins as access tokens of ours do.
#[must_use]
pub(crate) fn looks_like_one(token: &str) -> bool {
    token.starts_with(HEAD)
}

/// Who vouches for clients that act for themselves; never the same as for people, so that no
/// client can be somebody by its name.
const CLIENT_ISSUER: &str = "urn:firmitas:clients";

/// When it ends, in seconds since the Unix epoch.
fn expires(claims: &Claims) -> u64 {
    claims.get("exp").and_then(serde_json::Value::as_u64).unwrap_or(0)
}

/// The `iss` of a token, of which nothing is proven.
#[must_use]
pub fn unproven_issuer(token: &str) -> Option<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    if token.len() > jwt::TOKEN_LIMIT {
        return None;
    }
    let claims = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    jwt::text(&claims, "iss").map(str::to_owned)
}

fn invalid() -> Problem {
    Problem::new(&code::INVALID_TOKEN)
}

impl From<OAuthError> for Problem {
    fn from(error: OAuthError) -> Self {
        match error.status {
            503 => Self::new(&code::UNAVAILABLE).retry_after(1),
            _ => Self::new(&code::INTERNAL),
        }
    }
}

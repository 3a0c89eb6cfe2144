//! Issues tokens and tells who their bearers are.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use expression::format;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac as _};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use model::{
    Model,
    model::{ActorId, Authentication},
};
use sha2::Sha256;

use super::key::{IdentityError, PrivateKey};
use super::token::{self, Claims, TokenRefused};
use crate::call::{Caller, Identity, TenantHint};

/// How long tokens for local use are valid.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Who vouches for them.
/// The `iss` of its tokens.
pub const ISSUER: &str = "urn:firmitas:built-in";
/// Most verified tokens that are remembered; verifying one anew takes about 50 microseconds.
const REMEMBERED: u64 = 50_000;

/// The built-in issuer of one data directory.
pub struct Issuer {
    signing: EncodingKey,
    verifying: DecodingKey,
    public: Jwk,
    seal: [u8; 32],
    root: [u8; 32],
    validation: Validation,
    audience: String,
    model: Arc<Model>,
    issuer: Arc<str>,
    anonymous: Caller,
    verified: moka::sync::Cache<Box<str>, Arc<Verified>>,
}

struct Verified {
    /// Seconds since the epoch.
    expires: u64,
    caller: Caller,
}

impl std::fmt::Debug for Issuer {
    /// Without its keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl Issuer {
    /// The issuer of a data directory; its key is made if there is none.
    ///
    /// # Errors
    /// The key file cannot be read, written or trusted.
    pub fn open(data: &Path, model: Arc<Model>) -> Result<Self, IdentityError> {
        let key = PrivateKey::open(data)?;
        let signing = EncodingKey::from_ed_der(&key.0);
        let broken = |error: jsonwebtoken::errors::Error| IdentityError::Signing(error.to_string());
        let public = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(broken)?;
        let verifying = DecodingKey::from_jwk(&public).map_err(broken)?;
        let audience = format!("urn:firmitas:system:{}", model.system.name);
        let none = |authentication| authentication == Authentication::None;
        let everyone = model.actors().filter(|(_, actor)| none(actor.authentication));
        Ok(Self {
            seal: derive(&key.0, b"firmitas cursor"),
            root: derive(&key.0, b"firmitas derived keys"),
            validation: token::validation(ISSUER, &audience),
            issuer: ISSUER.into(),
            anonymous: Caller { actors: everyone.map(|(id, _)| id).collect(), ..Caller::default() },
            verified: moka::sync::Cache::new(REMEMBERED),
            signing,
            verifying,
            public,
            audience,
            model,
        })
    }

    /// A token by which its bearer is `subject` and may act as `actor`, with the role it needs. A
    /// subject that is an email address or a phone number counts as verified.
    ///
    /// # Errors
    /// No token exists for `system` and for actors that prove nothing.
    pub fn issue(
        &self,
        actor: ActorId,
        subject: &str,
        lifetime: Duration,
    ) -> Result<String, IdentityError> {
        self.issue_for(None, actor, subject, lifetime)
    }

    /// As [`Self::issue`], for somebody who is no row and acts for a tenant.
    ///
    /// # Errors
    /// As there.
    pub fn issue_for(
        &self,
        tenant: Option<u128>,
        actor: ActorId,
        subject: &str,
        lifetime: Duration,
    ) -> Result<String, IdentityError> {
        let declared = self.model.actor(actor);
        if matches!(declared.authentication, Authentication::None | Authentication::System) {
            let name = &declared.name;
            return Err(IdentityError::Signing(format!("`{name}` never proves who it is")));
        }
        let now = now();
        let claims = Claims {
            iss: Arc::clone(&self.issuer),
            aud: self.audience.clone(),
            sub: subject.into(),
            iat: now,
            nbf: now,
            exp: now.saturating_add(lifetime.as_secs()),
            actor: declared.name.value.clone(),
            roles: declared.role.iter().cloned().collect(),
            tenant: tenant.map(|id| uuid::Uuid::from_u128(id).to_string()),
            email: format::is_email(subject).then(|| subject.into()),
            phone_number: format::is_phone(subject).then(|| subject.into()),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.signing)
            .map_err(|error| IdentityError::Signing(error.to_string()))
    }

    /// Who a request comes from that carries no token.
    #[must_use]
    pub const fn anonymous(&self) -> &Caller {
        &self.anonymous
    }

    /// Who the bearer of a token is.
    ///
    /// # Errors
    /// The token is not, or no longer, worth anything.
    pub fn caller(&self, token: &str) -> Result<Caller, TokenRefused> {
        if let Some(verified) = self.verified.get(token) {
            if verified.expires > now() {
                return Ok(verified.caller.clone());
            }
            self.verified.invalidate(token);
            return Err(TokenRefused::Expired);
        }
        let claims = token::decode(token, &self.verifying, &self.validation)?;
        let expires = claims.exp;
        // On the second of its end it is over (RFC 7519, section 4.1.4); the library waits one more.
        if expires <= now() {
            return Err(TokenRefused::Expired);
        }
        let caller = self.admitted(claims)?;
        let verified = Arc::new(Verified { expires, caller: caller.clone() });
        self.verified.insert(token.into(), verified);
        Ok(caller)
    }

    /// The actor that the token names, if the model still has it and its role is there.
    fn admitted(&self, claims: Claims) -> Result<Caller, TokenRefused> {
        let fits = |(_, actor): &(ActorId, &model::model::Actor)| {
            let proof =
                !matches!(actor.authentication, Authentication::None | Authentication::System);
            let role = actor.role.as_ref().is_none_or(|role| claims.roles.contains(role));
            proof && role && actor.name.value == claims.actor
        };
        let (actor, _) = self.model.actors().find(fits).ok_or(TokenRefused::Invalid)?;
        let mut actors = vec![actor];
        actors.extend(&self.anonymous.actors);
        let logins = claims.email.into_iter().chain(claims.phone_number).collect();
        let issuer = Arc::clone(&self.issuer);
        // Whoever gets a token of this issuer proves who it is by that.
        let authenticated_at =
            i64::try_from(claims.iat).ok().map(|seconds| seconds.saturating_mul(1_000_000));
        let subject = claims.sub;
        let identity =
            // It is for whoever has the key itself, who could be anybody.
            Identity { issuer, subject, logins, authenticated_at, assurance: Some(3), sought: false };
        let id = |text: String| crate::json::parse_uuid(&text).ok_or(TokenRefused::Invalid);
        let claim = claims.tenant.map(id).transpose()?;
        let tenant = TenantHint { claim, ..TenantHint::default() };
        Ok(Caller { actors, identity: Some(identity), tenant, ..Caller::default() })
    }

    /// The public key, for others that verify tokens (RFC 7517).
    #[must_use]
    pub const fn public_key(&self) -> &Jwk {
        &self.public
    }

    /// A key of its own, derived from the private one, that seals cursors across restarts.
    #[must_use]
    pub const fn seal(&self) -> &[u8; 32] {
        &self.seal
    }

    /// Another key, derived for a purpose: the same for all who share the data folder's private
    /// key, and telling nothing about those for other purposes.
    #[must_use]
    pub fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        derive(&self.root, purpose)
    }
}

fn derive(key: &[u8], purpose: &[u8]) -> [u8; 32] {
    // A key of exactly one block, which HMAC takes without a way to fail.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(purpose);
    mac.finalize().into_bytes().into()
}

/// Seconds since the epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

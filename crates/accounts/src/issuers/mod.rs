//! Who asks, where others vouch for it: tokens of OpenID Connect issuers that are configured, and
//! certificates of services.

mod certificate;
mod fetch;
mod issuer;
mod mapping;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use hyper::http::request::Parts;
use model::Model;
use runtime::call::Caller;
use runtime::http::Peer;
use runtime::identity::{Proof, TokenRefused, bearer};
use runtime::problem::Problem;

use crate::oidc::jwt::Refused;
use crate::oidc::{Provider, looks_like_one, unproven_issuer};
use crate::{Clock, Recognise};

pub use certificate::Certificates;
pub use settings::IssuerSettings;

use issuer::Issuer;

/// For how long a token that was verified is believed: keys may be withdrawn.
const BELIEVED: Duration = Duration::from_secs(60);
/// Most tokens that are remembered.
const REMEMBERED: u64 = 50_000;

/// What keeps the issuers of others.
pub struct IssuerOptions {
    /// Which.
    pub issuers: Vec<IssuerSettings>,
    /// What time it is.
    pub clock: Clock,
    /// Told what operators should know.
    pub warn: Arc<dyn Fn(&str) + Send + Sync>,
    /// Between two looks at the keys of an issuer; a minute if absent.
    pub between: Option<Duration>,
}

/// Tokens: of the provider, and of issuers of others. Other tokens are left to whoever comes next.
pub struct Tokens {
    provider: Option<Arc<Provider>>,
    issuers: Vec<Arc<Issuer>>,
    anonymous: Caller,
    clock: Clock,
    verified: moka::sync::Cache<Box<str>, (Caller, u64)>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuers: Vec<&str> = self.issuers.iter().map(|of| of.name()).collect();
        f.debug_struct("Tokens").field("issuers", &issuers).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens of the provider and of these issuers, whose keys are fetched in the background. Needs
    /// a Tokio runtime.
    ///
    /// # Errors
    /// One line that says which issuer is configured wrongly.
    pub fn new(
        model: &Arc<Model>,
        anonymous: Caller,
        provider: Option<Arc<Provider>>,
        options: IssuerOptions,
    ) -> Result<Self, String> {
        let IssuerOptions { issuers: settings, clock, warn, between } = options;
        let mut issuers = Vec::new();
        if !settings.is_empty() {
            let client = fetch::client()?;
            for settings in settings {
                settings.verify()?;
                let (client, clock) = (client.clone(), clock.clone());
                let issuer = Arc::new(Issuer::new(settings, model, client, clock, between)?);
                tokio::spawn(issuer::keep_fresh(Arc::downgrade(&issuer), Arc::clone(&warn)));
                issuers.push(issuer);
            }
        }
        let verified =
            moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build();
        Ok(Self { provider, issuers, anonymous, clock, verified })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now() / 1_000_000).unwrap_or(0)
    }

    fn external<'a>(&'a self, token: &'a str) -> Option<Proof<'a>> {
        if self.issuers.is_empty() {
            return None;
        }
        if let Some((caller, expires)) = self.verified.get(token) {
            let over = || Err(Problem::from(TokenRefused::Expired));
            return Some(Proof::Now(if expires > self.now() { Ok(caller) } else { over() }));
        }
        let name = unproven_issuer(token)?;
        // Several may be configured for one issuer, each with its audience.
        let named: Vec<&Arc<Issuer>> = self.issuers.iter().filter(|of| of.name() == name).collect();
        if named.is_empty() {
            return None;
        }
        Some(Proof::Later(Box::pin(async move {
            let mut refused = Refused::Invalid;
            for issuer in named {
                match issuer.caller(token, &self.anonymous).await {
                    Ok((caller, expires)) => {
                        self.verified.insert(token.into(), (caller.clone(), expires));
                        return Ok(caller);
                    }
                    Err(Refused::Expired) => refused = Refused::Expired,
                    Err(Refused::Invalid) => {}
                }
            }
            Err(Problem::from(match refused {
                Refused::Expired => TokenRefused::Expired,
                Refused::Invalid => TokenRefused::Invalid,
            }))
        })))
    }
}

impl Recognise for Tokens {
    fn recognise<'a>(&'a self, head: &'a Parts, _peer: &'a Peer) -> Option<Proof<'a>> {
        // Another scheme, or several, is for whoever comes next to refuse.
        let token = bearer(head).ok().flatten()?;
        if let Some(provider) = self.provider.as_ref().filter(|_| looks_like_one(token)) {
            if let Some(known) = provider.remembered(token) {
                return Some(Proof::Now(known));
            }
            if provider.issued(token) {
                return Some(Proof::Later(Box::pin(provider.bearer(token))));
            }
        }
        self.external(token)
    }
}

impl Recognise for Certificates {
    fn recognise<'a>(&'a self, head: &'a Parts, peer: &'a Peer) -> Option<Proof<'a>> {
        // Who shows a token as well is whom the token says.
        if head.headers.contains_key(hyper::header::AUTHORIZATION) {
            return None;
        }
        Some(Proof::Now(Ok(self.caller(peer)?)))
    }
}

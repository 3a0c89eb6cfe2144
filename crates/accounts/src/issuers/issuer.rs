//! One issuer of others: its keys, fetched as rarely as possible, and what its tokens say.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::Algorithm;
use model::Model;
use runtime::call::Caller;
use serde_json::Value as Json;

use super::fetch;
use super::mapping::Mapping;
use super::settings::IssuerSettings;
use crate::Clock;
use crate::oidc::jwt::{self, Claims, PublicKey, Refused, Rules};

/// Between two looks at the keys of an issuer, whatever is asked: who sends tokens with keys that
/// do not exist makes nobody work.
const BETWEEN: Duration = Duration::from_secs(60);
/// After which keys are looked at anew although all that is needed is known.
const AGE: Duration = Duration::from_secs(3600);
/// Most keys of one issuer.
const MOST: usize = 64;

/// An issuer of others.
pub(super) struct Issuer {
    settings: IssuerSettings,
    algorithms: Vec<Algorithm>,
    mapping: Mapping,
    client: reqwest::Client,
    clock: Clock,
    keys: RwLock<Arc<Vec<PublicKey>>>,
    /// When it was last asked for its keys; held while it is.
    asked: tokio::sync::Mutex<Option<Instant>>,
    between: Duration,
}

impl Issuer {
    pub(super) fn new(
        settings: IssuerSettings,
        model: &Arc<Model>,
        client: reqwest::Client,
        clock: Clock,
        between: Option<Duration>,
    ) -> Result<Self, String> {
        Ok(Self {
            algorithms: settings.algorithms(),
            mapping: Mapping::of(&settings, model)?,
            settings,
            client,
            clock,
            keys: RwLock::default(),
            asked: tokio::sync::Mutex::new(None),
            between: between.unwrap_or(BETWEEN),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.issuer
    }

    fn known(&self) -> Arc<Vec<PublicKey>> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who the bearer of a token is, and until when it is good, in seconds since the Unix epoch.
    pub(super) async fn caller(
        &self,
        token: &str,
        anonymous: &Caller,
    ) -> Result<(Caller, u64), Refused> {
        let head = jwt::head(token)?;
        if !self.algorithms.contains(&head.algorithm) {
            return Err(Refused::Invalid);
        }
        let mut keys = self.known();
        if !keys.iter().any(|key| key.fits(&head)) {
            drop(self.refresh().await);
            keys = self.known();
        }
        let claims = self.verified(token, &keys)?;
        let expires = claims.get("exp").and_then(Json::as_u64).unwrap_or(0);
        let caller = self.mapping.caller(&claims, anonymous).ok_or(Refused::Invalid)?;
        Ok((caller, expires))
    }

    fn verified(&self, token: &str, keys: &[PublicKey]) -> Result<Claims, Refused> {
        let any = ["", "jwt", "at+jwt"];
        let one = [self.settings.r#type.as_deref().unwrap_or_default()];
        let rules = Rules {
            algorithms: &self.algorithms,
            kinds: if self.settings.r#type.is_some() { &one } else { &any },
            issuer: &self.settings.issuer,
            audience: &[&self.settings.audience],
            now: u64::try_from(self.clock.now() / 1_000_000).unwrap_or(0),
            leeway: self.settings.leeway_seconds,
            expired: false,
        };
        let claims = jwt::verify(token, keys.iter(), &rules)?;
        let party = jwt::text(&claims, "azp").or_else(|| jwt::text(&claims, "client_id"));
        let admitted = self.settings.authorized_parties.as_ref().is_none_or(|admitted| {
            party.is_some_and(|party| admitted.iter().any(|known| known == party))
        });
        if admitted { Ok(claims) } else { Err(Refused::Invalid) }
    }

    /// Asks for the keys, unless that was done just now. Those that are known stay good when it
    /// does not answer.
    ///
    /// # Errors
    /// One line that says why there are none.
    pub(super) async fn refresh(&self) -> Result<(), String> {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < self.between) {
            return Ok(());
        }
        *asked = Some(Instant::now());
        let found = self.fetch().await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        Ok(())
    }

    async fn fetch(&self) -> Result<Vec<PublicKey>, String> {
        let uri = match &self.settings.jwks_uri {
            Some(uri) => uri.clone(),
            None => self.discover().await?,
        };
        let document = fetch::document(&self.client, &uri).await;
        let document = document.map_err(|why| format!("its keys: {why}"))?;
        let keys = jwt::key_set(&document, MOST);
        if keys.is_empty() { Err("its keys: none that verifies".to_owned()) } else { Ok(keys) }
    }

    /// Where the keys are. Another host than the issuer's has to be configured.
    async fn discover(&self) -> Result<String, String> {
        let issuer = &self.settings.issuer;
        let base = issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let document = fetch::document(&self.client, &url).await;
        let document = document.map_err(|why| format!("its configuration: {why}"))?;
        if document.get("issuer").and_then(Json::as_str) != Some(issuer) {
            return Err("its configuration names another issuer".to_owned());
        }
        let uri = document.get("jwks_uri").and_then(Json::as_str).unwrap_or_default();
        let origin = |text: &str| reqwest::Url::parse(text).ok().map(|url| url.origin());
        if origin(uri).is_none() || origin(uri) != origin(issuer) {
            return Err("its keys are on another host: configure `jwks_uri`".to_owned());
        }
        Ok(uri.to_owned())
    }
}

/// Keeps the keys of an issuer fresh as long as there is one; says once that it does not answer.
pub(super) async fn keep_fresh(
    issuer: std::sync::Weak<Issuer>,
    warn: Arc<dyn Fn(&str) + Send + Sync>,
) {
    let mut silent = false;
    loop {
        let Some(of) = issuer.upgrade() else { return };
        let pause = match of.refresh().await {
            Ok(()) => {
                silent = false;
                AGE
            }
            Err(why) => {
                if !silent {
                    warn(&format!("the issuer {} does not answer: {why}", of.name()));
                }
                silent = true;
                BETWEEN
            }
        };
        drop(of);
        tokio::time::sleep(pause).await;
    }
}

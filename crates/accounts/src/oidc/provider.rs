//! The provider: what all of its endpoints share.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use model::Model;
use runtime::store::StoreError;

use super::claims::Lifetimes;
use super::client::Client;
use super::clients::Clients;
use super::error::OAuthError;
use super::grants::Grants;
use super::keys::{Keys, Rotation};
use super::scope::Scopes;
use super::seal::Seal;
use super::verify::Verified;
use crate::remembered::Remembered;
use crate::{Accounts, Clock, Records};

/// Between two looks at the keys in the store.
const KEYS_LOOKED_AT: Duration = Duration::from_secs(30);

/// What a provider is told.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Under which URL clients know it, without a slash at the end: the issuer of its tokens. If
    /// absent, [`Provider::listens_at`] says.
    pub issuer: Option<String>,
    /// Clients of a file.
    pub clients: Vec<Client>,
    /// What time it is.
    pub clock: Clock,
    /// For how long what the store said about a token is believed.
    pub remembered: Duration,
}

/// An OpenID Connect provider over the accounts of a store.
pub struct Provider {
    pub(super) records: Arc<dyn Records>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) model: Arc<Model>,
    pub(super) clients: Clients,
    pub(super) scopes: Scopes,
    pub(super) seal: Seal,
    pub(super) clock: Clock,
    pub(super) lifetimes: Lifetimes,
    /// Whom access tokens are for: this system.
    pub(super) audience: String,
    pub(super) verified: Remembered<Verified>,
    issuer: OnceLock<Arc<str>>,
    keys: RwLock<Keys>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer.get()).finish_non_exhaustive()
    }
}

impl Provider {
    /// A provider; its keys are made if there are none, and looked after from now on. `seal` is a
    /// secret of 32 bytes that all replicas share. Needs a Tokio runtime.
    ///
    /// # Errors
    /// The store fails, or its keys were sealed with another secret.
    pub async fn start(
        model: Arc<Model>,
        records: Arc<dyn Records>,
        accounts: Arc<Accounts>,
        seal: &[u8; 32],
        settings: ProviderSettings,
    ) -> Result<Arc<Self>, String> {
        let seal = Seal::new(seal);
        let keys = Keys::open(&*records, &seal, settings.clock.now(), Rotation::Due).await;
        let keys = keys.map_err(|_| {
            "the signing keys in the store cannot be read: another data folder's \
             `identity.key` made them"
                .to_owned()
        })?;
        let issuer = OnceLock::new();
        if let Some(url) = settings.issuer {
            let _ = issuer.set(url.trim_end_matches('/').into());
        }
        let provider = Arc::new(Self {
            clients: Clients::new(Arc::clone(&records), settings.clients),
            scopes: Scopes::of(Arc::clone(&model)),
            audience: format!("urn:firmitas:system:{}", model.system.name),
            lifetimes: Lifetimes::default(),
            verified: Remembered::new(settings.remembered),
            keys: RwLock::new(keys),
            clock: settings.clock,
            records,
            accounts,
            model,
            seal,
            issuer,
        });
        tokio::spawn(look_after(Arc::downgrade(&provider)));
        Ok(provider)
    }

    /// Tells it where it listens; without effect where an issuer is configured.
    pub fn listens_at(&self, address: std::net::SocketAddr, secure: bool) {
        let scheme = if secure { "https" } else { "http" };
        let _ = self.issuer.set(format!("{scheme}://{address}").into());
    }

    /// Its URL.
    ///
    /// # Errors
    /// It does not listen yet.
    pub(super) fn issuer(&self) -> Result<&Arc<str>, OAuthError> {
        self.issuer.get().ok_or_else(|| OAuthError::from(StoreError::Busy))
    }

    /// The keys, as they are known now.
    pub(super) fn keys(&self) -> Keys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn grants(&self) -> Grants<'_> {
        Grants(&*self.records)
    }

    /// Seconds since the Unix epoch.
    pub(super) fn seconds(&self) -> u64 {
        u64::try_from(self.clock.now() / 1_000_000).unwrap_or(0)
    }

    /// Changes the keys, or takes up what another process changed.
    ///
    /// # Errors
    /// The store fails.
    pub async fn rotate(&self, rotation: Rotation) -> Result<(), OAuthError> {
        let keys = Keys::open(&*self.records, &self.seal, self.clock.now(), rotation).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        if rotation == Rotation::Now {
            self.verified.forget_all();
        }
        Ok(())
    }
}

/// Looks after the keys as long as there is a provider. What fails now is tried again soon.
async fn look_after(provider: std::sync::Weak<Provider>) {
    let mut ticks = tokio::time::interval(KEYS_LOOKED_AT);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(provider) = provider.upgrade() else { return };
        drop(provider.rotate(Rotation::Due).await);
    }
}

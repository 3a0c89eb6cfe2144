//! Keys are made, found, used and revoked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use model::Model;
use model::model::{ActorId, Authentication};
use runtime::call::{Caller, Identity, TenantHint};
use runtime::problem::{Problem, code};
use runtime::store::StoreError;

use super::key::{self, API_KEY, ApiKey, NewKey};
use crate::admission::Admission;
use crate::clock::SECOND;
use crate::records::{Change, Records, decided};
use crate::remembered::Remembered;
use crate::{AccountError, Settings, secret};

/// Who vouches for callers with a key: the issuer of their [`Identity`]. Its subject is the owner.
const ISSUER: &str = "urn:firmitas:keys";
/// A use is written down once in this time.
const USED: i64 = 60 * SECOND;

/// A key that works.
struct Live {
    caller: Caller,
    expires: Option<i64>,
    used: AtomicI64,
    prefix: String,
}

/// The API keys of a store.
pub struct Keys {
    records: Arc<dyn Records>,
    settings: Settings,
    admission: Admission,
    remembered: Remembered<Live>,
}

impl Keys {
    pub(crate) fn new(records: Arc<dyn Records>, settings: Settings, admission: Admission) -> Self {
        let remembered = Remembered::new(settings.remembered);
        Self { records, settings, admission, remembered }
    }

    /// Makes a key: what is kept of it, and the key itself, which nobody can tell again.
    ///
    /// # Errors
    /// Actors or scopes that the model does not have, no randomness, or the store failed.
    pub async fn create(&self, new: NewKey) -> Result<(ApiKey, String), AccountError> {
        verify(self.admission.model(), &new)?;
        let secret = secret::random()?;
        let prefix = key::prefix_of(&secret::sha256(&secret::random()?));
        let text = key::written(&prefix, &secret);
        let hash = secret::sha256(&text);
        let created = self.settings.clock.now();
        let made = ApiKey { prefix, about: new, created, used: None, hash };
        let add = vec![Change::Add(made.record()?)];
        self.records.change(Vec::new(), created, Box::new(move |_| Ok(add))).await?;
        Ok((made.shown(), text))
    }

    /// At most `limit` keys in the order of their prefixes, after a prefix; all, or those of an
    /// owner.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(
        &self,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<ApiKey>, StoreError> {
        let records = self.records.records(API_KEY, owner, after, limit).await?;
        records.iter().map(|record| Ok(ApiKey::read(record)?.shown())).collect()
    }

    /// Revokes a key: at once in this process, in others when they ask the store again
    /// ([`Settings::remembered`]).
    ///
    /// # Errors
    /// [`AccountError::Missing`], or the store failed.
    pub async fn revoke(&self, prefix: &str) -> Result<(), AccountError> {
        let locked = vec![(API_KEY, prefix.to_owned())];
        let remove = Change::Remove((API_KEY, prefix.to_owned()));
        let found = decided(&*self.records, locked, i64::MIN, move |found| {
            Ok((vec![remove], found.first().is_some_and(Option::is_some)))
        });
        let found = found.await?;
        self.remembered.forget_all();
        if found { Ok(()) } else { Err(AccountError::Missing("key")) }
    }

    /// Who a key is, where that is remembered; asked before [`Self::find`].
    pub(crate) fn known(&self, text: &str) -> Option<Result<Caller, Problem>> {
        let live = self.remembered.get(&secret::sha256(text))?;
        Some(self.admit(&live))
    }

    /// Who a key is.
    ///
    /// # Errors
    /// It is not, or no longer, worth anything; or the store failed.
    pub(crate) async fn find(&self, text: &str) -> Result<Caller, Problem> {
        let invalid = || Problem::new(&code::INVALID_TOKEN);
        let prefix = key::prefix(text).ok_or_else(invalid)?;
        let hash = secret::sha256(text);
        let asked = self.remembered.ask();
        let record = self.records.record(API_KEY, prefix, i64::MIN).await?;
        let found = ApiKey::read(&record.ok_or_else(invalid)?)?;
        if !secret::equal(&found.hash, &hash) {
            return Err(invalid());
        }
        let live = Arc::new(Live {
            caller: self.caller(&found),
            expires: found.about.expires,
            used: AtomicI64::new(found.used.unwrap_or(i64::MIN)),
            prefix: found.prefix,
        });
        self.remembered.keep(&hash, Arc::clone(&live), asked);
        self.admit(&live)
    }

    /// Looks at the clock, and writes the use down now and then.
    fn admit(&self, live: &Live) -> Result<Caller, Problem> {
        let now = self.settings.clock.now();
        if live.expires.is_some_and(|expires| expires <= now) {
            return Err(Problem::new(&code::TOKEN_EXPIRED));
        }
        let used = live.used.load(Relaxed);
        let due = used.saturating_add(USED) <= now;
        if due && live.used.compare_exchange(used, now, Relaxed, Relaxed).is_ok() {
            tokio::spawn(write_use(Arc::clone(&self.records), live.prefix.clone(), now));
        }
        Ok(live.caller.clone())
    }

    fn caller(&self, key: &ApiKey) -> Caller {
        let model = self.admission.model();
        let named = |actor: &model::model::Actor| key.about.actors.contains(&actor.name.value);
        let admitted = |(_, actor): &(ActorId, &model::model::Actor)| {
            actor.authentication == Authentication::Key && named(actor)
        };
        let mut actors: Vec<ActorId> = model.actors().filter(admitted).map(|(id, _)| id).collect();
        actors.extend(self.admission.anonymous().actors);
        let identity = Identity {
            issuer: ISSUER.into(),
            subject: key.about.owner.as_str().into(),
            // Whoever makes keys vouches for their owners.
            logins: crate::Login::parse(&key.about.owner)
                .map(|login| login.as_str().into())
                .into_iter()
                .collect(),
            ..Identity::default()
        };
        let scope = key::operations(model, &key.about.scopes).map(Arc::new);
        let claim = key.about.tenant.as_deref().and_then(runtime::json::parse_uuid);
        let tenant = TenantHint { claim, ..TenantHint::default() };
        Caller { actors, identity: Some(identity), scope, tenant }
    }
}

/// Writes a use down; a key that was revoked meanwhile stays so.
async fn write_use(records: Arc<dyn Records>, prefix: String, now: i64) {
    let locked = vec![(API_KEY, prefix)];
    let used = records.change(
        locked,
        i64::MIN,
        Box::new(move |found| {
            let Some(record) = found.first().and_then(Option::as_ref) else {
                return Ok(Vec::new());
            };
            let key = ApiKey { used: Some(now), ..ApiKey::read(record)? };
            Ok(vec![Change::Put(key.record()?)])
        }),
    );
    // When it was last used is told to people alone: a store that fails says so elsewhere.
    drop(used.await);
}

/// Refuses actors and scopes that the model does not have.
fn verify(model: &Model, new: &NewKey) -> Result<(), AccountError> {
    let unknown = |what: String| Err(AccountError::Unknown(what));
    if new.owner.is_empty() || new.owner.len() > 254 || new.name.len() > 254 {
        return unknown("a key needs an owner; names have at most 254 characters".to_owned());
    }
    if new.actors.is_empty() {
        return unknown("a key is for at least one actor with `auth: key`".to_owned());
    }
    for name in &new.actors {
        let fits = |actor: &model::model::Actor| {
            actor.name.value == *name && actor.authentication == Authentication::Key
        };
        if !model.actors.iter().any(fits) {
            return unknown(format!("the model has no actor `{name}` with `auth: key`"));
        }
    }
    if let Some(tenant) = &new.tenant {
        if model.system.tenancy.is_none() {
            return unknown("the model has no tenants".to_owned());
        }
        if runtime::json::parse_uuid(tenant).is_none() {
            return unknown(format!("`{tenant}` is not the id of a tenant"));
        }
    }
    for scope in &new.scopes {
        let named = key::operations(model, std::slice::from_ref(scope));
        if named.is_none_or(|operations| operations.is_empty()) {
            return unknown(format!("`{scope}` is neither an operation nor a context"));
        }
    }
    Ok(())
}

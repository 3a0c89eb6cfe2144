//! The clients that are known: those of a file, which nobody changes while it runs, and those of
//! the store, which `firm client` changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use runtime::store::Record;

use super::client::Client;
use super::error::OAuthError;
use super::grants::{json, value};
use crate::{Change, Records};

/// Kind of the record of a client; its key is its id.
pub(crate) const CLIENT: &str = "oauth-client";

/// The clients that are known.
#[derive(Clone)]
pub struct Clients {
    records: Arc<dyn Records>,
    configured: Arc<BTreeMap<String, Arc<Client>>>,
}

impl Clients {
    /// Those of a file, and whatever the store has; a file wins.
    #[must_use]
    pub fn new(records: Arc<dyn Records>, configured: Vec<Client>) -> Self {
        let configured =
            configured.into_iter().map(|client| (client.client_id.clone(), Arc::new(client)));
        Self { records, configured: Arc::new(configured.collect()) }
    }

    /// A client.
    ///
    /// # Errors
    /// The store fails.
    pub async fn find(&self, id: &str, now: i64) -> Result<Option<Arc<Client>>, OAuthError> {
        if let Some(client) = self.configured.get(id) {
            return Ok(Some(Arc::clone(client)));
        }
        if id.len() > 64 {
            return Ok(None);
        }
        let found = self.records.record(CLIENT, id, now).await?;
        let found: Option<Client> = found.as_ref().map(value).transpose()?;
        // What is in the store was checked by another version, perhaps.
        Ok(found.filter(|client| client.verify().is_ok()).map(Arc::new))
    }

    /// Those of the store, in the order of their ids.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list(&self) -> Result<Vec<Client>, OAuthError> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let some = self.records.records(CLIENT, None, &after, 200).await?;
            let Some(last) = some.last() else { return Ok(all) };
            after.clone_from(&last.key);
            for record in &some {
                all.push(value(record)?);
            }
        }
    }

    /// Adds a client; `false` if there is one with its id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn add(&self, client: &Client, now: i64) -> Result<bool, OAuthError> {
        let record = Record {
            kind: CLIENT.to_owned(),
            key: client.client_id.clone(),
            owner: String::new(),
            value: json(client)?,
            expires: None,
        };
        let adding =
            self.records.change(Vec::new(), now, Box::new(move |_| Ok(vec![Change::Add(record)])));
        match adding.await {
            Ok(()) => Ok(true),
            Err(runtime::store::StoreError::Unique { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a client; whether there was one. What it was granted is worth nothing without it.
    ///
    /// # Errors
    /// The store fails.
    pub async fn remove(&self, id: &str, now: i64) -> Result<bool, OAuthError> {
        let key = (CLIENT, id.to_owned());
        let removed = crate::decided(&*self.records, vec![key.clone()], now, move |found| {
            let known = found.iter().any(Option::is_some);
            Ok((vec![Change::Remove(key)], known))
        });
        Ok(removed.await?)
    }
}

//! A key as it is kept.

use std::collections::BTreeSet;

use model::Model;
use model::model::OperationId;
use runtime::store::{Record, StoreError};
use serde::{Deserialize, Serialize};

/// Kind of its record.
pub(super) const API_KEY: &str = "api-key";
/// What every key begins with, so that scanners of leaked secrets know it.
const MARK: &str = "firm_";
/// Digits of the prefix by which a key is found.
const PREFIX: usize = 12;
/// Longest key that is looked at.
const LONGEST: usize = 128;

/// A key to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// Whose it is: all keys of one owner are one caller, so that a new one can replace an old one.
    pub owner: String,
    /// What it is for.
    pub name: String,
    /// Actors of the model with `auth: key`.
    pub actors: Vec<String>,
    /// Operations (`ordering.placeOrder`) and contexts (`ordering`) that it is good for; all that
    /// its actors may do if empty.
    pub scopes: Vec<String>,
    /// When it ends, in microseconds since the Unix epoch.
    pub expires: Option<i64>,
    /// The tenant that it acts for, where its owner is no row that belongs to one: its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// By which it is found, listed and revoked.
    #[serde(default)]
    pub prefix: String,
    /// See [`NewKey`].
    #[serde(flatten)]
    pub about: NewKey,
    /// When it was made.
    pub created: i64,
    /// When it was last used, to a minute.
    pub used: Option<i64>,
    /// SHA-256 of the whole key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) hash: String,
}

impl ApiKey {
    pub(super) fn read(record: &Record) -> Result<Self, StoreError> {
        let key: Self = serde_json::from_str(&record.value).map_err(|error| {
            StoreError::Corrupt { message: format!("the API key {}: {error}", record.key) }
        })?;
        Ok(Self { prefix: record.key.clone(), ..key })
    }

    pub(super) fn record(&self) -> Result<Record, StoreError> {
        let value = serde_json::to_string(self)
            .map_err(|error| StoreError::Internal { message: error.to_string() })?;
        Ok(Record {
            kind: API_KEY.to_owned(),
            key: self.prefix.clone(),
            owner: self.about.owner.clone(),
            value,
            expires: self.about.expires,
        })
    }

    /// The same without what is kept of its secret: for lists.
    pub(super) fn shown(self) -> Self {
        Self { hash: String::new(), ..self }
    }
}

/// Whether a bearer token is meant to be a key.
pub(crate) fn looks_like_one(text: &str) -> bool {
    text.starts_with(MARK)
}

/// A key from its prefix and secret.
pub(super) fn written(prefix: &str, secret: &str) -> String {
    format!("{MARK}{prefix}_{secret}")
}

/// The prefix of a key, if the text can be one.
pub(super) fn prefix(text: &str) -> Option<&str> {
    if text.len() > LONGEST {
        return None;
    }
    let (prefix, _) = text.strip_prefix(MARK)?.split_once('_')?;
    let sound = prefix.len() == PREFIX && prefix.bytes().all(|b| b.is_ascii_alphanumeric());
    sound.then_some(prefix)
}

/// A prefix from a hash of something random.
pub(super) fn prefix_of(hash: &str) -> String {
    hash.chars().take(PREFIX).collect()
}

/// The operations that scopes name; what the model does not have any more is good for nothing.
pub(super) fn operations(model: &Model, scopes: &[String]) -> Option<BTreeSet<OperationId>> {
    if scopes.is_empty() {
        return None;
    }
    let named = |name: &str| {
        let context = name.split('.').next().unwrap_or_default();
        scopes.iter().any(|scope| scope == name || scope == context)
    };
    let all = model.operations().map(|(id, _)| id);
    Some(all.filter(|id| named(&model.qualified_operation(*id))).collect())
}

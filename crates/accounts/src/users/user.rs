//! A user as it is kept.

use std::sync::Arc;

use runtime::store::{Record, StoreError};
use serde::{Deserialize, Serialize};

use super::{Login, USER};

/// Somebody to be added.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// Email address or phone number.
    pub login: String,
    /// Whether it is known to be theirs.
    pub verified: bool,
    /// Roles of the model.
    pub roles: Vec<String>,
    /// What people call them.
    pub name: Option<String>,
}

/// A user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// UUID; never changes, is never given again: the subject of their tokens.
    #[serde(skip)]
    pub id: String,
    /// Email addresses and phone numbers.
    pub logins: Vec<Address>,
    /// Argon2id in PHC format; nobody who has none signs in by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    /// Roles of the model that they have.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether they may not sign in any more.
    #[serde(default)]
    pub disabled: bool,
    /// When they were added; microseconds since the Unix epoch.
    pub created: i64,
    /// When the password was last changed.
    pub password_changed: i64,
}

/// An email address or a phone number of a user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// As [`Login`] has it.
    pub address: String,
    /// Whether it is known to be theirs: only then it links them to rows of the model.
    pub verified: bool,
}

impl std::fmt::Debug for User {
    /// Without the password's hash and without addresses.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("User");
        shown.field("id", &self.id).field("roles", &self.roles).field("disabled", &self.disabled);
        shown.finish_non_exhaustive()
    }
}

impl User {
    pub(super) fn new(new: NewUser, login: &Login, password: Option<String>, now: i64) -> Self {
        let address = Address { address: login.as_str().to_owned(), verified: new.verified };
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            logins: vec![address],
            password,
            roles: new.roles,
            name: new.name,
            disabled: false,
            created: now,
            password_changed: now,
        }
    }

    /// Addresses that are known to be theirs.
    #[must_use]
    pub fn verified(&self) -> Vec<Arc<str>> {
        let known = self.logins.iter().filter(|login| login.verified);
        known.map(|login| login.address.as_str().into()).collect()
    }

    pub(crate) fn read(record: &Record) -> Result<Self, StoreError> {
        let user: Self = serde_json::from_str(&record.value).map_err(|error| {
            StoreError::Corrupt { message: format!("the user {}: {error}", record.key) }
        })?;
        Ok(Self { id: record.key.clone(), ..user })
    }

    pub(crate) fn record(&self) -> Result<Record, StoreError> {
        let value = serde_json::to_string(self)
            .map_err(|error| StoreError::Internal { message: error.to_string() })?;
        Ok(Record {
            kind: USER.to_owned(),
            key: self.id.clone(),
            owner: String::new(),
            value,
            expires: None,
        })
    }
}

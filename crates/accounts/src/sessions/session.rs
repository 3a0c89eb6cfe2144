//! A session as it is kept.

use runtime::store::{Record, StoreError};
use serde::{Deserialize, Serialize};

/// Somebody who is signed in with a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// What people see of it, in the list of their sessions; not the cookie.
    pub id: String,
    /// The user.
    #[serde(skip)]
    pub user: String,
    /// When the password was given; microseconds since the Unix epoch, as all times.
    pub begun: i64,
    /// When it was last renewed by a use.
    pub seen: i64,
    /// When it ends at the latest.
    pub ends: i64,
    /// Authenticator assurance level (NIST SP 800-63B-4): 1 for a password, 2 with a second factor.
    pub assurance: u8,
    /// How it was proven (RFC 8176).
    #[serde(default = "password")]
    pub methods: Vec<String>,
    /// The host where it was begun, and alone works.
    pub host: String,
    /// What the browser calls itself, shortened.
    pub agent: String,
    /// Where it was begun, without its last part.
    pub address: String,
}

/// How sessions were begun before there was another way.
fn password() -> Vec<String> {
    Proven::PASSWORD.names()
}

/// How somebody proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Authenticator assurance level.
    pub assurance: u8,
    /// Names of what was shown (RFC 8176).
    pub methods: &'static [&'static str],
}

impl Proven {
    /// By a password alone.
    pub const PASSWORD: Self = Self { assurance: 1, methods: &["pwd"] };
    /// By a password and a code of an app.
    pub const ONE_TIME_CODE: Self = Self { assurance: 2, methods: &["pwd", "otp", "mfa"] };
    /// By a password and a recovery code.
    pub const RECOVERY_CODE: Self = Self { assurance: 2, methods: &["pwd", "mfa"] };

    pub(crate) fn names(self) -> Vec<String> {
        self.methods.iter().map(|&name| name.to_owned()).collect()
    }
}

impl Default for Proven {
    fn default() -> Self {
        Self::PASSWORD
    }
}

/// Where and how somebody signs in.
#[derive(Clone, Debug, Default)]
pub struct NewSession {
    /// How it is proven.
    pub proven: Proven,
    /// The host of the request.
    pub host: String,
    /// `User-Agent`.
    pub agent: String,
    /// Where from, masked.
    pub address: String,
    /// Whether the connection is encrypted.
    pub secure: bool,
}

impl Session {
    pub(super) fn read(record: &Record) -> Result<Self, StoreError> {
        let session: Self = serde_json::from_str(&record.value)
            .map_err(|error| StoreError::Corrupt { message: format!("a session: {error}") })?;
        Ok(Self { user: record.owner.clone(), ..session })
    }

    /// The record; gone when it has not been renewed in time.
    pub(super) fn record(&self, kind: &str, key: &str, idle: i64) -> Result<Record, StoreError> {
        let value = serde_json::to_string(self)
            .map_err(|error| StoreError::Internal { message: error.to_string() })?;
        Ok(Record {
            kind: kind.to_owned(),
            key: key.to_owned(),
            owner: self.user.clone(),
            value,
            expires: Some(self.expires(idle)),
        })
    }

    /// When it ends if it is not used; `idle` in microseconds.
    #[must_use]
    pub fn expires(&self, idle: i64) -> i64 {
        self.ends.min(self.seen.saturating_add(idle))
    }
}

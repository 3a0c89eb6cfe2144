//! A second factor as it is kept.

use runtime::store::{Record, StoreError};
use serde::{Deserialize, Serialize};

use super::{Enrolled, Right, SECOND_FACTOR, totp};
use crate::secret;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The secret, sealed.
    pub(super) sealed: String,
    /// When the first code was given; it protects nothing before.
    since: Option<i64>,
    /// The step of the last code that was used.
    pub(super) last: i64,
    /// Wrong codes in a row.
    pub(super) failures: u32,
    /// Hashes of the recovery codes that are left.
    pub(super) recovery: Vec<String>,
}

impl Kept {
    pub(super) const fn begun(sealed: String) -> Self {
        Self { sealed, since: None, last: -1, failures: 0, recovery: Vec::new() }
    }

    pub(super) fn confirm(&mut self, now: i64, step: i64, recovery: Vec<String>) {
        self.since = Some(now);
        self.last = step;
        self.recovery = recovery;
    }

    pub(super) fn enrolled(&self) -> Option<Enrolled> {
        let recovery_codes = self.recovery.len();
        self.since.map(|since| Enrolled { since, recovery_codes })
    }

    /// Uses a code up; counts it where it is wrong.
    pub(super) fn take(
        &mut self,
        key: &[u8; totp::SECRET],
        user: &str,
        code: &str,
        now: i64,
    ) -> Option<Right> {
        let right = if code.len() == totp::DIGITS {
            let step = totp::used(key, code, self.last, now);
            step.map(|step| {
                self.last = step;
                Right::OneTimeCode
            })
        } else {
            let given = hash(user, code);
            let at = self.recovery.iter().position(|known| secret::equal(known, &given));
            at.map(|at| {
                self.recovery.swap_remove(at);
                Right::RecoveryCode
            })
        };
        self.failures = if right.is_some() { 0 } else { self.failures.saturating_add(1) };
        right
    }

    pub(super) fn read(record: &Record) -> Result<Self, StoreError> {
        serde_json::from_str(&record.value)
            .map_err(|error| StoreError::Corrupt { message: format!("a second factor: {error}") })
    }

    pub(super) fn record(&self, user: &str) -> Result<Record, StoreError> {
        let value = serde_json::to_string(self)
            .map_err(|error| StoreError::Internal { message: error.to_string() })?;
        Ok(Record {
            kind: SECOND_FACTOR.to_owned(),
            key: user.to_owned(),
            owner: user.to_owned(),
            value,
            expires: None,
        })
    }
}

/// What is kept of a recovery code.
pub(super) fn hash(user: &str, code: &str) -> String {
    secret::sha256(&format!("{user}:{code}"))
}

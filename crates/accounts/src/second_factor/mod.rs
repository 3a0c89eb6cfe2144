//! The second factor: codes of an app that shares a secret with us (RFC 6238), and recovery codes
//! for who lost it.
//!
//! The secret is sealed (AES-256-GCM) with a key that comes from `identity.key`: a copy of the
//! database makes no codes. Recovery codes are random enough (80 bits) to be kept as plain hashes.
//! Each code works once: the record is locked while it is looked at.

mod kept;
mod totp;

use std::sync::Arc;

use runtime::store::{Record, StoreError};

use crate::oidc::Seal;
use crate::records::{Change, Records, decided};
use crate::sessions::SESSION;
use crate::{AccountError, Clock, User};
use kept::Kept;

/// Kind of the record of a user's second factor.
pub(crate) const SECOND_FACTOR: &str = "second-factor";
/// Recovery codes that are made at once.
const CODES: usize = 10;
/// Wrong codes in a row after which none is looked at any more (NIST SP 800-63B-4, section 3.2.2).
const MOST_FAILURES: u32 = 100;

/// A second factor as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Since when, in microseconds since the Unix epoch.
    pub since: i64,
    /// Recovery codes that were not used yet.
    pub recovery_codes: usize,
}

/// What an app needs to make codes: shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret {
    /// In base32, to be typed.
    pub secret: String,
    /// `otpauth://…`, to be scanned.
    pub uri: String,
}

/// How a code was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// It was of the app.
    OneTimeCode,
    /// It was a recovery code.
    RecoveryCode,
}

/// What came of a code.
enum Outcome<T> {
    Right(T),
    Wrong,
    Refused(AccountError),
}

/// The second factors of a store.
#[derive(Clone)]
pub(crate) struct SecondFactors {
    records: Arc<dyn Records>,
    clock: Clock,
    seal: Seal,
    system: String,
}

impl SecondFactors {
    pub(crate) fn new(records: Arc<dyn Records>, clock: Clock, seal: Seal, system: String) -> Self {
        Self { records, clock, seal, system }
    }

    async fn kept(&self, user: &str) -> Result<Option<Kept>, StoreError> {
        let record = self.records.record(SECOND_FACTOR, user, self.clock.now()).await?;
        record.as_ref().map(Kept::read).transpose()
    }

    /// The factor of a user, if there is a confirmed one.
    pub(crate) async fn of(&self, user: &str) -> Result<Option<Enrolled>, StoreError> {
        Ok(self.kept(user).await?.and_then(|kept| kept.enrolled()))
    }

    /// Makes a secret, in place of one that was never confirmed.
    pub(crate) async fn begin(&self, user: &User) -> Result<SharedSecret, AccountError> {
        let mut secret = [0; totp::SECRET];
        getrandom::fill(&mut secret).map_err(|error| AccountError::Machine(error.to_string()))?;
        let sealed = self.seal.close(&purpose(&user.id), totp::written(&secret).as_bytes());
        let sealed = sealed.map_err(|error| AccountError::Machine(error.to_string()))?;
        let record = Kept::begun(sealed).record(&user.id)?;
        let now = self.clock.now();
        let begun = decided(&*self.records, locked(&user.id), now, move |found| {
            Ok(match kept_in(found)?.and_then(|kept| kept.enrolled()) {
                Some(_) => (Vec::new(), false),
                None => (vec![Change::Put(record)], true),
            })
        });
        if !begun.await? {
            return Err(AccountError::Enrolled);
        }
        Ok(self.shared(user, &secret))
    }

    /// The secret of a factor that waits for its first code.
    pub(crate) async fn begun(&self, user: &User) -> Result<Option<SharedSecret>, AccountError> {
        let kept = self.kept(&user.id).await?.filter(|kept| kept.enrolled().is_none());
        let Some(kept) = kept else { return Ok(None) };
        let secret = opened(&self.seal, &user.id, &kept)?;
        Ok(Some(self.shared(user, &secret)))
    }

    fn shared(&self, user: &User, secret: &[u8; totp::SECRET]) -> SharedSecret {
        let secret = totp::base32(secret);
        let login = user.logins.first().map_or("", |login| login.address.as_str());
        let uri = totp::uri(&secret, &self.system, login);
        SharedSecret { secret, uri }
    }

    /// Takes the first code, which shows that app and server agree; ends all sessions, which were
    /// begun with less.
    pub(crate) async fn confirm(
        &self,
        user: &str,
        code: &str,
    ) -> Result<Vec<String>, AccountError> {
        let codes = recovery_codes()?;
        let (seal, code, owner) = (self.seal.clone(), normal(code), user.to_owned());
        let (hashes, now) = (hashed(user, &codes), self.clock.now());
        let outcome = decided(&*self.records, locked(user), now, move |found| {
            let refuse = |error| Ok((Vec::new(), Outcome::Refused(error)));
            let Some(mut kept) = kept_in(found)? else {
                return refuse(AccountError::NotEnrolled);
            };
            if kept.enrolled().is_some() {
                return refuse(AccountError::Enrolled);
            }
            let secret = opened(&seal, &owner, &kept)?;
            let Some(step) = totp::used(&secret, &code, kept.last, now) else {
                return Ok((Vec::new(), Outcome::Wrong));
            };
            kept.confirm(now, step, hashes);
            let confirmed = Change::Put(kept.record(&owner)?);
            Ok((vec![confirmed, Change::RemoveOwned(SESSION, owner)], Outcome::Right(())))
        });
        outcome.await?.told()?;
        Ok(codes)
    }

    /// Takes a code, of the app or for recovery: it is worth nothing afterwards.
    pub(crate) async fn prove(&self, user: &str, code: &str) -> Result<Right, AccountError> {
        self.with_code(user, code, |_, right| right).await
    }

    /// Takes a code, and makes other recovery codes.
    pub(crate) async fn renew(&self, user: &str, code: &str) -> Result<Vec<String>, AccountError> {
        let codes = recovery_codes()?;
        let hashes = hashed(user, &codes);
        self.with_code(user, code, move |kept, _| kept.recovery = hashes).await?;
        Ok(codes)
    }

    async fn with_code<T: Send + 'static>(
        &self,
        user: &str,
        code: &str,
        then: impl FnOnce(&mut Kept, Right) -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let (seal, code, owner) = (self.seal.clone(), normal(code), user.to_owned());
        let now = self.clock.now();
        let outcome = decided(&*self.records, locked(user), now, move |found| {
            let refuse = |error| Ok((Vec::new(), Outcome::Refused(error)));
            let kept = kept_in(found)?.filter(|kept| kept.enrolled().is_some());
            let Some(mut kept) = kept else { return refuse(AccountError::NotEnrolled) };
            if kept.failures >= MOST_FAILURES {
                return refuse(AccountError::FactorLocked);
            }
            let secret = opened(&seal, &owner, &kept)?;
            let outcome = match kept.take(&secret, &owner, &code, now) {
                Some(right) => Outcome::Right(then(&mut kept, right)),
                None => Outcome::Wrong,
            };
            Ok((vec![Change::Put(kept.record(&owner)?)], outcome))
        });
        outcome.await?.told()
    }

    /// Takes the factor away, and ends all sessions; whether there was one.
    pub(crate) async fn remove(&self, user: &str) -> Result<bool, StoreError> {
        let owner = user.to_owned();
        decided(&*self.records, locked(user), self.clock.now(), move |found| {
            let there = found.first().is_some_and(Option::is_some);
            let factor = Change::Remove((SECOND_FACTOR, owner.clone()));
            Ok((vec![factor, Change::RemoveOwned(SESSION, owner)], there))
        })
        .await
    }
}

impl<T> Outcome<T> {
    fn told(self) -> Result<T, AccountError> {
        match self {
            Self::Right(told) => Ok(told),
            Self::Wrong => Err(AccountError::WrongCode),
            Self::Refused(error) => Err(error),
        }
    }
}

fn locked(user: &str) -> Vec<(&'static str, String)> {
    vec![(SECOND_FACTOR, user.to_owned())]
}

fn kept_in(found: &[Option<Record>]) -> Result<Option<Kept>, StoreError> {
    found.first().and_then(Option::as_ref).map(Kept::read).transpose()
}

/// A secret is bound to its user: that of another one is worth nothing here.
fn purpose(user: &str) -> String {
    format!("second factor of {user}")
}

fn opened(seal: &Seal, user: &str, kept: &Kept) -> Result<[u8; totp::SECRET], StoreError> {
    let opened = seal.open(&purpose(user), &kept.sealed);
    opened.and_then(|bytes| totp::read(&bytes)).ok_or_else(|| StoreError::Corrupt {
        message: "a second factor that another `identity.key` sealed".to_owned(),
    })
}

/// As it is compared: people type blanks and hyphens, and capital letters.
fn normal(code: &str) -> String {
    let kept = code.chars().filter(|c| c.is_ascii_alphanumeric()).take(64);
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// Codes of 80 bits in four groups.
fn recovery_codes() -> Result<Vec<String>, AccountError> {
    let one = |_| {
        let mut bytes = [0; 10];
        getrandom::fill(&mut bytes).map_err(|error| AccountError::Machine(error.to_string()))?;
        let text = totp::base32(&bytes).to_ascii_lowercase();
        let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
        Ok(groups.collect::<Vec<_>>().join("-"))
    };
    (0..CODES).map(one).collect()
}

fn hashed(user: &str, codes: &[String]) -> Vec<String> {
    codes.iter().map(|code| kept::hash(user, &normal(code))).collect()
}

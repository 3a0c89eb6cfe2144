//! Guessing passwords gets slower, by account and by address; for accounts that do not exist as
//! well, so that nothing is told by it.
//!
//! Failures of a login are a record: they survive a restart and hold in all processes. It is
//! forgotten a quarter of an hour after the last one, and each costs a password hash, of which few
//! are computed at once; so strangers cannot fill the store with them. Failures of an address are
//! counted in memory, for at most as many addresses as there is room for.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use runtime::store::{Record, StoreError};
use serde::{Deserialize, Serialize};

use crate::clock::SECOND;
use crate::records::{Change, Records, decided};
use crate::{AccountError, Clock, secret};

/// Kind of the record of a login's failures.
const FAILURES: &str = "sign-in-failures";
/// Failures that are forgiven within [`WINDOW`]: people mistype.
const FREE: u32 = 5;
/// Failures of an address that are: many people may share one.
const FREE_OF_ADDRESS: u32 = 50;
/// Pause after the first failure beyond; twice as long after each further one.
const FIRST_PAUSE: i64 = 30 * SECOND;
/// Longest pause, and for how long failures are remembered after the last.
const WINDOW: i64 = 15 * 60 * SECOND;
/// Most addresses that are remembered.
const ADDRESSES: u64 = 100_000;

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Failures {
    count: u32,
    /// When the last one was.
    last: i64,
}

impl Failures {
    /// Microseconds until the next attempt is looked at.
    fn pause(self, free: u32, now: i64) -> i64 {
        let Some(beyond) = self.count.checked_sub(free) else { return 0 };
        let pause = FIRST_PAUSE.saturating_mul(1 << beyond.min(20)).min(WINDOW);
        self.last.saturating_add(pause).saturating_sub(now).clamp(0, WINDOW)
    }

    const fn and_one(self, now: i64) -> Self {
        let count = if now.saturating_sub(self.last) > WINDOW { 0 } else { self.count };
        Self { count: count.saturating_add(1), last: now }
    }
}

/// Counts failures.
pub(crate) struct Throttle {
    records: Arc<dyn Records>,
    clock: Clock,
    addresses: Cache<IpAddr, Arc<Mutex<Failures>>>,
}

impl Throttle {
    pub(crate) fn new(records: Arc<dyn Records>, clock: Clock) -> Self {
        let life = Duration::from_micros(WINDOW.unsigned_abs());
        let addresses = Cache::builder().max_capacity(ADDRESSES).time_to_idle(life).build();
        Self { records, clock, addresses }
    }

    /// Refuses an attempt that comes too soon after others failed, before anything is computed for
    /// it; a right password is refused as well, else it would be found by trying on.
    pub(crate) async fn admit(&self, login: &str, address: IpAddr) -> Result<(), AccountError> {
        let now = self.clock.now();
        let known = self.addresses.get(&network(address));
        let known = known.map_or_else(Failures::default, |failures| *lock(&failures));
        refuse(known.pause(FREE_OF_ADDRESS, now))?;
        let record = self.records.record(FAILURES, &secret::sha256(login), now).await?;
        refuse(failures(record.as_ref())?.pause(FREE, now))
    }

    /// Counts a failure.
    pub(crate) async fn failed(&self, login: &str, address: IpAddr) -> Result<(), StoreError> {
        let now = self.clock.now();
        let of_address = self.addresses.get_with(network(address), Arc::default);
        {
            let mut failures = lock(&of_address);
            *failures = failures.and_one(now);
        }
        let key = secret::sha256(login);
        let locked = vec![(FAILURES, key.clone())];
        decided(&*self.records, locked, now, move |found| {
            let counted = failures(found.first().and_then(Option::as_ref))?.and_one(now);
            let value = serde_json::to_string(&counted)
                .map_err(|error| StoreError::Internal { message: error.to_string() })?;
            let expires = Some(now.saturating_add(WINDOW));
            let kind = FAILURES.to_owned();
            let record = Record { kind, key, owner: String::new(), value, expires };
            Ok((vec![Change::Put(record)], ()))
        })
        .await
    }

    /// Forgets the failures of a login whose password was given. Those of the address stay: else
    /// an account of one's own would pay for guesses at others.
    pub(crate) async fn succeeded(&self, login: &str) -> Result<(), StoreError> {
        let key = secret::sha256(login);
        let now = self.clock.now();
        if self.records.record(FAILURES, &key, now).await?.is_none() {
            return Ok(());
        }
        let remove = vec![Change::Remove((FAILURES, key))];
        self.records.change(Vec::new(), now, Box::new(move |_| Ok(remove))).await
    }
}

fn failures(record: Option<&Record>) -> Result<Failures, StoreError> {
    let Some(record) = record else { return Ok(Failures::default()) };
    serde_json::from_str(&record.value)
        .map_err(|error| StoreError::Corrupt { message: format!("failed sign-ins: {error}") })
}

fn refuse(pause: i64) -> Result<(), AccountError> {
    if pause == 0 {
        return Ok(());
    }
    let seconds = u32::try_from((pause + SECOND - 1) / SECOND).unwrap_or(u32::MAX);
    Err(AccountError::TooMany { seconds })
}

fn lock(failures: &Mutex<Failures>) -> std::sync::MutexGuard<'_, Failures> {
    failures.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What counts as one address: of IPv6 the first 64 bits, which one household has all of.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let pause = |count| Failures { count, last: 0 }.pause(FREE, 0) / SECOND;
        let pauses: Vec<i64> = (0..=12).map(pause).collect();
        assert_eq!(pauses, [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(pause(u32::MAX), 900);
        let late = Failures { count: 9, last: 0 }.and_one(WINDOW + 1);
        assert_eq!(late.count, 1);
    }

    #[test]
    fn a_household_is_one_address() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(same("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(!same("10.0.0.1", "10.0.0.2"));
    }
}

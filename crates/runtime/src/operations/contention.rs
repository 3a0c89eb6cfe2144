//! Requests that are in each other's way.

use std::time::Duration;

use super::backend::Inner;
use super::idempotency::Once;
use crate::problem::{Problem, code};

/// Keeps a second request with the same idempotency key out until the first is answered.
pub(super) struct Held<'i, S> {
    inner: &'i Inner<S>,
    key: (String, String, String),
}

impl<'i, S> Held<'i, S> {
    pub(super) fn take(inner: &'i Inner<S>, once: &Once) -> Result<Self, Problem> {
        let key = once.key.clone();
        let key = (key.caller, key.operation, key.key);
        let free = inner.in_flight.lock().is_ok_and(|mut held| held.insert(key.clone()));
        if free {
            return Ok(Self { inner, key });
        }
        Err(Problem::new(&code::IDEMPOTENCY_IN_PROGRESS).retry_after(1))
    }
}

impl<S> Drop for Held<'_, S> {
    fn drop(&mut self) {
        if let Ok(mut held) = self.inner.in_flight.lock() {
            held.remove(&self.key);
        }
    }
}

/// Before the next attempt: up to 2 ms, then twice that each time, by chance, so that those who met
/// do not meet again.
pub(super) fn pause(attempt: u32) -> Duration {
    let most = 2_000u64 << attempt.min(8);
    let chance = u64::from(uuid::Uuid::new_v4().as_u128() as u16);
    Duration::from_micros(most * chance / u64::from(u16::MAX))
}

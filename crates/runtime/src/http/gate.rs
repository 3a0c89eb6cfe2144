//! How many requests are worked on at once, and what becomes of those that have to wait.
//!
//! Waiting is short: a queue that is never empty is no buffer but a delay for everybody, so whoever
//! comes then waits for a moment only (as CoDel, RFC 8289, and its use for servers by Maurer, "Fail
//! at Scale", 2015). How many are worked on shrinks while reads take far too long, and grows again
//! (additive increase, multiplicative decrease).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

/// For which a request may wait while the queue has been empty lately.
const INTERVAL: Duration = Duration::from_millis(100);
/// For which it may wait while it has not.
const TARGET: Duration = Duration::from_millis(5);
/// For which critical requests may wait.
const CRITICAL: Duration = Duration::from_millis(500);
/// The share of all places that is kept for critical requests: one in so many.
const KEPT: usize = 8;
/// Places that are never given up, whatever happens.
const LEAST: usize = 16;
/// Reads in good time after which one more request is let in.
const GOOD: u64 = 16;

/// Lets requests in.
#[derive(Debug)]
pub(super) struct Gate {
    places: Semaphore,
    kept: Semaphore,
    most: usize,
    waiting: AtomicUsize,
    started: Instant,
    /// Milliseconds since the start when nobody waited.
    empty: AtomicU64,
    /// Places that are to be given up when they are free.
    debt: AtomicUsize,
    /// Places that were given up.
    given_up: AtomicUsize,
    /// Milliseconds since the start when places were last given up.
    shrunk: AtomicU64,
    good: AtomicU64,
}

/// A place among the requests that are worked on, until it is dropped.
#[derive(Debug)]
pub struct Place<'a> {
    gate: &'a Gate,
    permit: Option<SemaphorePermit<'a>>,
    is_kept: bool,
}

impl Gate {
    /// At most so many at once.
    pub(super) fn new(most: usize) -> Self {
        Self {
            places: Semaphore::new(most),
            kept: Semaphore::new(most / KEPT),
            most,
            waiting: AtomicUsize::new(0),
            started: Instant::now(),
            empty: AtomicU64::new(0),
            debt: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
            shrunk: AtomicU64::new(0),
            good: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A place, after a short wait if need be; none under overload.
    pub(super) async fn enter(&self, critical: bool) -> Option<Place<'_>> {
        if let Ok(permit) = self.places.try_acquire() {
            return Some(self.place(permit, false));
        }
        if critical && let Ok(permit) = self.kept.try_acquire() {
            return Some(self.place(permit, true));
        }
        let before = self.waiting.fetch_add(1, Relaxed);
        let waiting = Waiting(self);
        if before >= self.most {
            return None;
        }
        if before == 0 {
            self.empty.store(self.now(), Relaxed);
        }
        let lately = self.now().saturating_sub(self.empty.load(Relaxed));
        let patience = match critical {
            true => CRITICAL,
            false if u128::from(lately) < INTERVAL.as_millis() => INTERVAL,
            false => TARGET,
        };
        let permit = timeout(patience, self.places.acquire()).await.ok()?.ok()?;
        drop(waiting);
        Some(self.place(permit, false))
    }

    const fn place<'a>(&'a self, permit: SemaphorePermit<'a>, is_kept: bool) -> Place<'a> {
        Place { gate: self, permit: Some(permit), is_kept }
    }

    /// Learns from a read how the store is doing: it took `time` of the `budget` that it had.
    pub(super) fn learn(&self, time: Duration, budget: Duration) {
        if time > budget / 2 {
            self.shrink();
        } else if self.given_up.load(Relaxed) > 0
            && self.good.fetch_add(1, Relaxed) % GOOD == GOOD - 1
        {
            let less = |many: usize| many.checked_sub(1);
            if self.given_up.fetch_update(Relaxed, Relaxed, less).is_ok() {
                self.places.add_permits(1);
            }
        }
    }

    /// Gives up a tenth of the places, at most once in an interval.
    fn shrink(&self) {
        let now = self.now();
        let last = self.shrunk.load(Relaxed);
        let soon = u128::from(now.saturating_sub(last)) < INTERVAL.as_millis();
        if (soon && last > 0)
            || self.shrunk.compare_exchange(last, now.max(1), Relaxed, Relaxed).is_err()
        {
            return;
        }
        let current = self.most.saturating_sub(self.given_up.load(Relaxed));
        let debt = (current / 10).min(current.saturating_sub(LEAST));
        // A debt that could not be paid meanwhile is not added to.
        self.debt.store(debt, Relaxed);
    }

    /// Requests that are worked on at once at most, now.
    pub(super) fn size(&self) -> usize {
        self.most.saturating_sub(self.given_up.load(Relaxed))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let less = |debt: usize| debt.checked_sub(1);
        if self.gate.debt.fetch_update(Relaxed, Relaxed, less).is_ok()
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
            self.gate.given_up.fetch_add(1, Relaxed);
        }
    }
}

/// Somebody who waits; also if he stops waiting because his client has gone.
struct Waiting<'a>(&'a Gate);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Relaxed) == 1 {
            self.0.empty.store(self.0.now(), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_waits_and_a_lasting_queue_does_not() {
        let gate = Gate::new(1);
        let held = gate.enter(false).await.expect("a place");
        let began = Instant::now();
        assert!(gate.enter(false).await.is_none());
        assert!(began.elapsed() >= INTERVAL);
        // Somebody has been waiting for longer than the interval: the queue is never empty.
        let first = async { gate.enter(true).await.is_none() };
        let later = async {
            tokio::time::sleep(INTERVAL * 2).await;
            let began = Instant::now();
            assert!(gate.enter(false).await.is_none());
            began.elapsed()
        };
        let (turned_away, waited) = tokio::join!(first, later);
        assert!(turned_away && waited < INTERVAL / 2, "{waited:?}");
        drop(held);
        assert!(gate.enter(false).await.is_some());
    }

    #[tokio::test]
    async fn critical_requests_have_places_of_their_own() {
        let gate = Gate::new(8);
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(gate.enter(false).await.expect("a place"));
        }
        assert!(gate.enter(false).await.is_none());
        assert!(gate.enter(true).await.is_some());
    }

    #[tokio::test]
    async fn slow_reads_make_it_smaller_and_fast_ones_larger_again() {
        let gate = Gate::new(32);
        let second = Duration::from_secs(1);
        for _ in 0..16 {
            tokio::time::sleep(INTERVAL + TARGET).await;
            gate.learn(second, second);
            for _ in 0..20 {
                drop(gate.enter(false).await);
            }
        }
        assert_eq!(gate.size(), LEAST);
        let mut held = Vec::new();
        for _ in 0..LEAST {
            held.push(gate.enter(false).await.expect("a place"));
        }
        assert!(gate.enter(false).await.is_none());
        drop(held);
        for _ in 0..(16 * GOOD) {
            gate.learn(Duration::ZERO, second);
        }
        assert_eq!(gate.size(), 32);
    }
}

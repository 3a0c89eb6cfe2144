//! What was decided about calls to externals (`resilience`), kept: how long an attempt may take, how
//! many are under way at once, how often a lookup is tried, and when nothing is asked for a while.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use decide::breaker::BreakerState;
use decide::crossings::End;
use decide::protection::{self, Protected, Protection};
use decide::{Design, numbers};
use model::model::{ExternalId, OperationId};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Most calls of an operation to one external, where nothing is decided about them.
const UNDECIDED: usize = 64;
/// How long an attempt may take there.
const UNDECIDED_TIMEOUT: Duration = Duration::from_secs(10);

/// Who calls what.
type Key = (OperationId, ExternalId, u16);

/// The guards of all calls to externals of this process: each counts for itself.
#[derive(Debug)]
pub(crate) struct Guards {
    each: BTreeMap<Key, Guard>,
    undecided: Guard,
}

/// That of the calls of one operation to one operation of an external.
#[derive(Debug)]
pub(crate) struct Guard {
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
    /// Attempts at a lookup, the first included.
    pub(crate) attempts: u32,
    backoff: (Duration, Duration),
    /// Tokens that a call adds, and the most there are.
    budget: (f64, f64),
    tokens: Mutex<f64>,
    bulkhead: Semaphore,
    /// Whether calls wait for their place there.
    waits: bool,
    breaker: Option<(Instant, Mutex<BreakerState>)>,
}

/// Why an attempt is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The breaker is open.
    Open,
    /// Too many are under way.
    Full,
}

impl Guards {
    pub(crate) fn of(design: &Design) -> Self {
        let burst = design.facts().value(&numbers::RETRY_BURST);
        let guard = |of: Protected| match (of.crossing.operation, of.crossing.to) {
            (Some(operation), End::External(external, at)) => {
                Some(((operation, external, at), Guard::of(&of, burst)))
            }
            _ => None,
        };
        let each = protection::of_design(design).into_iter().filter_map(guard).collect();
        Self { each, undecided: Guard::undecided() }
    }

    pub(crate) fn get(&self, caller: OperationId, external: ExternalId, at: u16) -> &Guard {
        self.each.get(&(caller, external, at)).unwrap_or(&self.undecided)
    }
}

impl Guard {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and one is the least"
    )]
    fn of(of: &Protected, burst: f64) -> Self {
        let seconds = |time: f64| Duration::try_from_secs_f64(time).unwrap_or_default();
        let Protection { timeout, attempts, backoff, backoff_most, bulkhead, .. } = of.protection;
        let breaker = || Mutex::new(BreakerState::new(of.protection.breaker.into()));
        Self {
            timeout: seconds(timeout),
            attempts: u32::try_from(attempts).unwrap_or(1).max(1),
            backoff: (seconds(backoff), seconds(backoff_most)),
            budget: (of.protection.retry_budget, burst),
            tokens: Mutex::new(burst),
            bulkhead: Semaphore::new((bulkhead.max(1.0) as usize).min(Semaphore::MAX_PERMITS)),
            waits: of.protection.durable,
            breaker: of.breaks().then(|| (Instant::now(), breaker())),
        }
    }

    fn undecided() -> Self {
        Self {
            timeout: UNDECIDED_TIMEOUT,
            attempts: 1,
            backoff: (Duration::ZERO, Duration::ZERO),
            budget: (0.0, 0.0),
            tokens: Mutex::new(0.0),
            bulkhead: Semaphore::new(UNDECIDED),
            waits: true,
            breaker: None,
        }
    }

    /// Begins an attempt, which is to be told how it ended. Whom somebody waits for is turned away
    /// where too many are under way; what nobody waits for, a durable call, waits for its place.
    pub(crate) async fn begin(&self, patience: Duration) -> Result<Attempt<'_>, Stopped> {
        let place = match self.waits {
            true => tokio::time::timeout(patience, self.bulkhead.acquire()).await.ok(),
            false => self.bulkhead.try_acquire().ok().map(Ok),
        };
        // That many ask at once is no failure of whom they ask: the breaker hears nothing of it.
        let place = place.and_then(Result::ok).ok_or(Stopped::Full)?;
        if let Some((since, breaker)) = &self.breaker
            && !breaker.lock().is_ok_and(|mut breaker| breaker.admits(nanoseconds(*since)))
        {
            return Err(Stopped::Open);
        }
        Ok(Attempt { guard: self, place: Some(place), well: false })
    }

    /// A lookup begins: it may be tried again as often as the budget of all of them allows.
    pub(crate) fn looked_up(&self) {
        if let Ok(mut tokens) = self.tokens.lock() {
            *tokens = (*tokens + self.budget.0).min(self.budget.1);
        }
    }

    /// How long to wait before a lookup is tried again after so many attempts; not at all where
    /// they were enough. `chance` is between zero and one.
    pub(crate) fn again(&self, attempts: u32, chance: f64) -> Option<Duration> {
        if attempts >= self.attempts {
            return None;
        }
        let mut tokens = self.tokens.lock().ok()?;
        if *tokens < 1.0 {
            return None;
        }
        *tokens -= 1.0;
        let doubled = self.backoff.0.saturating_mul(1 << attempts.saturating_sub(1).min(20));
        Some(doubled.min(self.backoff.1).mul_f64(chance.clamp(0.0, 1.0)))
    }
}

/// An attempt that is under way.
#[derive(Debug)]
pub(crate) struct Attempt<'g> {
    guard: &'g Guard,
    place: Option<SemaphorePermit<'g>>,
    well: bool,
}

impl Attempt<'_> {
    /// It was answered, be it with a refusal.
    pub(crate) const fn went_well(&mut self) {
        self.well = true;
    }
}

/// Whatever ends without an answer has failed, also what was given up.
impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.place = None;
        if let Some((since, breaker)) = &self.guard.breaker
            && let Ok(mut breaker) = breaker.lock()
        {
            breaker.ended(nanoseconds(*since), self.well);
        }
    }
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

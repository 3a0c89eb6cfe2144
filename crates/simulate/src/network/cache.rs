//! Answers that are kept: which keys are asked for, for how long an answer counts, how many are kept,
//! and whether those who miss the same one wait for the first of them.

use crate::kernel::Time;

/// A cache.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// Its name: what its random numbers are seeded by.
    pub name: String,
    /// What is asked for.
    pub keys: Keys,
    /// For how long an answer counts, in nanoseconds; for ever where there is none.
    pub time_to_live: Option<Time>,
    /// Most answers, the least recently used of which goes first; no bound where there is none.
    pub capacity: Option<u32>,
    /// Whether those who miss what is being fetched wait for it.
    pub single_flight: bool,
    /// As if it had been asked so often a second before the run began; empty where nothing is
    /// known. Only where answers live for a time, and as many as there are are kept.
    pub before: Option<Before>,
}

/// Which keys are asked for: the n-th in proportion to `n^-exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keys {
    /// How many there are.
    pub count: u64,
    /// How uneven they are.
    pub exponent: f64,
}

/// What came to a cache before the run began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// Requests a second, to all that stand in front of it where there are any.
    pub rate: f64,
    /// Caches in front, each with its share of requests and a time to live, in nanoseconds.
    pub fronts: Option<(u32, Time)>,
}

impl Before {
    /// Questions a second for a key that is so large a share of all: what the caches in front let
    /// through (each answers for its time after each question that it passes on).
    #[must_use]
    pub(crate) fn asked(self, share: f64) -> f64 {
        let rate = self.rate * share;
        let Some((count, time)) = self.fronts else { return rate };
        let each = rate / f64::from(count.max(1));
        rate / (1.0 + each * seconds(time))
    }
}

/// Nanoseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "times to live are far below 2^53 nanoseconds")]
pub(crate) const fn seconds(time: Time) -> f64 {
    time as f64 / 1e9
}

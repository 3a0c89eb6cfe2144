//! What retries do to load.

/// Retries of one call whose attempts fail independently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// Share of attempts that fail.
    pub failure: f64,
    /// Most retries after the first attempt.
    pub retries: u32,
}

impl Retries {
    /// Mean attempts per call: (1 - f^(r+1)) / (1 - f).
    #[must_use]
    pub fn mean_attempts(&self) -> f64 {
        (0..=self.retries).map(|attempt| self.failure.powf(f64::from(attempt))).sum()
    }

    /// Share of calls that succeed at last.
    #[must_use]
    pub fn success(&self) -> f64 {
        1.0 - self.failure.powf(f64::from(self.retries) + 1.0)
    }
}

/// Attempts at the innermost of `layers` layers per request of a user, when each layer tries
/// `attempts` times and all fail.
#[must_use]
pub fn attempts_at_leaf(layers: u32, attempts: u32) -> f64 {
    f64::from(attempts).powf(f64::from(layers))
}

/// Most load, as a multiple of the calls, when retries are limited to a share of them.
#[must_use]
pub fn load_with_budget(share: f64) -> f64 {
    1.0 + share
}

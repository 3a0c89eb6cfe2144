//! Availability arithmetic.

/// Availability of what needs all of its dependencies, which fail independently.
#[must_use]
pub fn series(availabilities: &[f64]) -> f64 {
    availabilities.iter().product()
}

/// Share of an error budget that is spent in `window` at a burn rate, when the budget is for
/// `period` (same unit).
#[must_use]
pub fn budget_spent(burn_rate: f64, window: f64, period: f64) -> f64 {
    burn_rate * window / period
}

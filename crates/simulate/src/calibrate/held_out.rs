//! How well a fit says what it was not fitted to.

use super::bins::{Bins, number};
use super::{HeldOut, Shape};

/// Percentiles that are compared.
const PERCENTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// How many must lie beyond a percentile for it to say anything.
const BEYOND: f64 = 5.0;

/// The percentiles of times beside those of a shape; none of those that too few lie beyond.
#[must_use]
pub fn errors(shape: &Shape, held_out: &Bins) -> Vec<HeldOut> {
    let count = number(held_out.count());
    let known = PERCENTILES.into_iter().filter(|share| count * (1.0 - share) >= BEYOND);
    let compared = |share: f64| {
        let measured = held_out.percentile(share)?;
        Some(HeldOut { share, fitted: shape.quantile(share), measured })
    };
    known.filter_map(compared).collect()
}

//! What each replication said, one by one: two networks that see the same random numbers are
//! compared replication by replication, and what both had in common cancels out.

use crate::statistics::Estimate;

use super::report::QUANTILES;

/// One number for each replication, in their order; none where one had nothing to tell.
pub type Samples = Vec<Option<f64>>;

/// What replications said of a source. Rates are per second, times in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceSamples {
    /// Requests that ended well per second.
    pub goodput: Samples,
    /// Share of the requests that ended which failed.
    pub failed: Samples,
    /// Quantiles of the time of those that ended well: [`QUANTILES`].
    pub quantiles: [Samples; QUANTILES.len()],
}

/// The difference of two measures, the second less the first, over the replications in which both
/// had something to tell; none where there are fewer than two, which tell no interval.
#[must_use]
pub fn difference(before: &[Option<f64>], after: &[Option<f64>]) -> Option<Estimate> {
    let pairs = before.iter().zip(after).filter_map(|pair| match pair {
        (Some(before), Some(after)) => Some(after - before),
        _ => None,
    });
    let differences: Vec<f64> = pairs.collect();
    Estimate::of(&differences).filter(|estimate| estimate.replications > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pairs_have_in_common_cancels_out() {
        let before = [Some(10.0), Some(20.0), None, Some(30.0), Some(5.0)];
        let after = [Some(11.0), Some(21.5), Some(1.0), Some(31.0), None];
        let difference = difference(&before, &after).unwrap();
        assert_eq!(difference.replications, 3);
        assert!((difference.value - 3.5 / 3.0).abs() < 1e-12);
        // Apart they vary by ten, their differences by a quarter.
        assert!(difference.error < 0.2, "{difference:?}");
        assert_eq!(super::difference(&[Some(1.0)], &[Some(2.0)]), None);
        assert_eq!(super::difference(&[], &[]), None);
    }
}

//! Times as how many lie between which bounds: what a histogram says, and what is left of single
//! times so that memory does not grow with their number.

use std::collections::BTreeMap;

/// Bins of single times: each a percent wide.
const PER_FACTOR_E: f64 = 100.0;
/// Times below this many seconds are one bin.
const LEAST: f64 = 1e-8;

/// A bin: more than `low`, at most `high` seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Lower bound.
    pub low: f64,
    /// Upper bound; infinite for what is beyond the last.
    pub high: f64,
    /// How many.
    pub count: u64,
}

/// Bins in rising order, with what is known of the sum.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bins {
    /// Those that are not empty.
    pub bins: Vec<Bin>,
    /// Sum of all times in seconds, where it is known.
    pub sum: Option<f64>,
}

impl Bins {
    /// From upper bounds with how many lie at or below each, in rising order of bounds, as
    /// Prometheus has them. Counts that fall count as those before them.
    #[must_use]
    pub fn cumulative(bounds: &[(f64, u64)], sum: Option<f64>) -> Self {
        let (mut low, mut below) = (0.0, 0);
        let mut bins = Vec::new();
        for &(high, count) in bounds {
            let inside = count.saturating_sub(below);
            if inside > 0 {
                bins.push(Bin { low, high, count: inside });
            }
            (low, below) = (high, below.max(count));
        }
        Self { bins, sum }
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.bins.iter().fold(0, |sum, bin| sum.saturating_add(bin.count))
    }

    /// Mean, where the sum is known and there are any.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let count = number(self.count());
        self.sum.filter(|sum| count > 0.0 && *sum > 0.0).map(|sum| sum / count)
    }

    /// Between which times a percentile lies: the bin that holds it.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<(f64, f64)> {
        let wanted = share * number(self.count());
        let mut below = 0.0;
        let bin = self.bins.iter().find(|bin| {
            below += number(bin.count);
            below >= wanted
        })?;
        Some((bin.low, bin.high))
    }
}

/// Gathers single times.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    counts: BTreeMap<i32, u64>,
    sum: f64,
}

impl Gathered {
    /// Takes a time in seconds.
    pub fn add(&mut self, time: f64) {
        let scaled = libm::ceil(libm::log(time.max(LEAST) / LEAST) * PER_FACTOR_E);
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let bin = scaled as i32;
        *self.counts.entry(bin).or_default() += 1;
        self.sum += time;
    }

    /// Those of two.
    #[must_use]
    pub fn together(one: &Self, other: &Self) -> Self {
        let mut both = one.clone();
        for (bin, count) in &other.counts {
            *both.counts.entry(*bin).or_default() += count;
        }
        both.sum += other.sum;
        both
    }

    /// As bins.
    #[must_use]
    pub fn bins(&self) -> Bins {
        let bound = |bin: i32| LEAST * libm::exp(f64::from(bin) / PER_FACTOR_E);
        let bin = |(bin, count): (&i32, &u64)| Bin {
            low: if *bin <= 0 { 0.0 } else { bound(bin - 1) },
            high: bound(*bin),
            count: *count,
        };
        Bins { bins: self.counts.iter().map(bin).collect(), sum: Some(self.sum) }
    }
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lie_between_their_bounds() {
        let bins = Bins::cumulative(&[(1.0, 2), (2.0, 2), (4.0, 10), (f64::INFINITY, 11)], None);
        let all = bins.bins.iter().map(|bin| (bin.low, bin.high, bin.count));
        assert_eq!(
            all.collect::<Vec<_>>(),
            [(0.0, 1.0, 2), (2.0, 4.0, 8), (4.0, f64::INFINITY, 1)]
        );
        assert_eq!(bins.percentile(0.5), Some((2.0, 4.0)));
        assert_eq!(bins.percentile(0.99), Some((4.0, f64::INFINITY)));
        assert_eq!(Bins::default().percentile(0.5), None);
    }

    #[test]
    fn single_times_lie_in_bins_a_percent_wide() {
        let mut gathered = Gathered::default();
        let times = [0.0, -1.0, 1e-9, 0.001, 0.5, 60.0, 1e12, f64::MAX];
        for time in times {
            gathered.add(time);
        }
        let bins = gathered.bins();
        assert_eq!(bins.count(), 8);
        for time in [0.001, 0.5, 60.0] {
            let found = bins.bins.iter().find(|bin| bin.low < time && time <= bin.high * 1.000_001);
            assert!(found.is_some_and(|bin| bin.high / bin.low < 1.011), "{time}");
        }
    }
}

//! Histograms of times with three significant digits (HDR), from a nanosecond to thirteen days.

use hdrhistogram::Histogram as Hdr;

/// The greatest time that is told apart from greater ones, in nanoseconds.
const GREATEST: u64 = 1 << 50;

/// Counts of times, with their exact sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    counts: Option<Hdr<u64>>,
    sum: u128,
}

impl Default for Histogram {
    fn default() -> Self {
        // The bounds are valid, so that there is always one.
        Self { counts: Hdr::new_with_bounds(1, GREATEST, 3).ok(), sum: 0 }
    }
}

impl Histogram {
    /// Counts a time in nanoseconds.
    #[inline]
    pub fn record(&mut self, time: u64) {
        self.sum += u128::from(time);
        if let Some(counts) = &mut self.counts {
            counts.saturating_record(time);
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.as_ref().map_or(0, Hdr::len)
    }

    /// Mean in seconds; none of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum as f64 / count as f64 / 1e9)
    }

    /// The time in seconds that a share lies at or below, within 0.1 %; none where fewer than
    /// `beyond` lie above it, since a quantile of a few is chance.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of a run")]
    pub fn quantile(&self, share: f64, beyond: u64) -> Option<f64> {
        let counts = self.counts.as_ref()?;
        let above = (1.0 - share) * counts.len() as f64;
        let enough = !counts.is_empty() && above + 1e-6 >= beyond as f64;
        // The middle of the bucket: its ends would be wrong by half of its width, all one way.
        enough.then(|| {
            let top = counts.value_at_quantile(share);
            counts.median_equivalent(top) as f64 / 1e9
        })
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        if let (Some(counts), Some(others)) = (&mut self.counts, &other.counts) {
            // Both have the same bounds, so that nothing can be out of range.
            let _ = counts.add(others);
        }
    }
}

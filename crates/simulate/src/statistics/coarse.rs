//! A histogram that is small enough to be kept for each of a thousand moments.

/// Parts of each power of two: a time is known to a sixteenth of itself, and quantiles are
/// interpolated within.
const PARTS: u64 = 16;
/// Their logarithm.
const BITS: u32 = PARTS.trailing_zeros();
/// Counters in all: times below [`PARTS`] nanoseconds have one each.
const COUNTERS: usize = ((64 - BITS as usize) + 1) * PARTS as usize;

/// How many times of which length; of no size until something is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coarse(Vec<u32>);

impl Coarse {
    /// Counts a time, in nanoseconds.
    #[inline]
    pub fn record(&mut self, time: u64) {
        if self.0.is_empty() {
            self.0.resize(COUNTERS, 0);
        }
        if let Some(counter) = self.0.get_mut(place(time)) {
            *counter = counter.saturating_add(1);
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (sum, count) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.saturating_add(*count);
        }
    }

    /// The time within which so large a share lies, in seconds; none where fewer than `beyond` lie
    /// beyond it.
    #[must_use]
    pub fn quantile(&self, share: f64, beyond: u64) -> Option<f64> {
        let total: u64 = self.0.iter().map(|count| u64::from(*count)).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of a run")]
        let (total, beyond) = (total as f64, beyond as f64);
        if total <= 0.0 || total * (1.0 - share) < beyond {
            return None;
        }
        let wanted = total * share;
        let mut seen = 0.0;
        for (at, count) in self.0.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = f64::from(*count);
            if seen + count >= wanted {
                let (from, to) = bounds(at);
                return Some((from + (to - from) * ((wanted - seen) / count)) / 1e9);
            }
            seen += count;
        }
        None
    }
}

/// Which counter counts a time.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "below the number of counters")]
const fn place(time: u64) -> usize {
    if time < PARTS {
        return time as usize;
    }
    let octave = 63 - time.leading_zeros() - BITS;
    (octave as u64 * PARTS + (time >> octave)) as usize
}

/// The times that a counter counts, in nanoseconds: from, to.
#[expect(clippy::cast_precision_loss, reason = "a sixteenth is known")]
fn bounds(at: usize) -> (f64, f64) {
    let at = at as u64;
    if at < PARTS {
        return (at as f64, at as f64);
    }
    let octave = (at / PARTS - 1).min(63);
    let from = (at - octave * PARTS) as f64;
    let unit = libm::ldexp(1.0, i32::try_from(octave).unwrap_or(0));
    (from * unit, (from + 1.0) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_counter_that_holds_it() {
        for time in [0, 1, 15, 16, 17, 31, 32, 33, 1_000, 123_456_789, u64::MAX >> 1, u64::MAX] {
            let at = place(time);
            assert!(at < COUNTERS, "{time}: {at}");
            let (from, to) = bounds(at);
            #[expect(
                clippy::cast_precision_loss,
                reason = "compared with bounds of that precision"
            )]
            let time = time as f64;
            assert!(from <= time && time <= to, "{time}: {from}..{to}");
            assert!(to - from <= from / 16.0, "{from}..{to}");
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_counted() {
        let (mut one, mut other) = (Coarse::default(), Coarse::default());
        assert_eq!(one.quantile(0.5, 0), None);
        (1..=500).for_each(|time| one.record(time * 1_000_000));
        (501..=1000).for_each(|time| other.record(time * 1_000_000));
        one.merge(&other);
        for (share, wanted) in [(0.5, 0.5), (0.95, 0.95), (0.99, 0.99)] {
            let found = one.quantile(share, 1).unwrap();
            assert!((found / wanted - 1.0).abs() < 0.01, "{share}: {found}");
        }
        assert_eq!(one.quantile(0.95, 51), None);
    }
}

//! Histograms of times with three significant digits, from a nanosecond to thirteen days. Buckets and
//! quantiles are those of HDR histograms (Tene 2014): one bucket a nanosecond at first, then 1,024 for
//! each doubling.

/// The greatest time that is told apart from greater ones, in nanoseconds.
const GREATEST: u64 = (1 << 51) - 1;

/// Buckets of each doubling, as a power of two.
const DIGITS: u32 = 10;
const BUCKETS: usize = 1 << DIGITS;

/// Times that are taken down before they are counted. Buckets of several histograms do not fit into
/// the processor's caches; a batch fetches many of them at once, where single times would wait for
/// memory one after the other.
const BATCH: usize = 32;

/// Counts of times, with their exact sum. Memory is taken for the doublings that occur.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The first bucket that is kept, a multiple of [`BUCKETS`].
    first: usize,
    counts: Vec<u64>,
    count: u64,
    sum: u128,
}

/// Takes times down for a histogram.
#[derive(Clone, Debug)]
pub struct Recorder {
    times: [u64; BATCH],
    next: usize,
    histogram: Histogram,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { times: [0; BATCH], next: 0, histogram: Histogram::default() }
    }
}

impl Recorder {
    /// Takes down a time in nanoseconds.
    #[inline]
    pub fn record(&mut self, time: u64) {
        if let Some(place) = self.times.get_mut(self.next) {
            *place = time;
            self.next += 1;
            return;
        }
        self.count();
        self.times[0] = time;
        self.next = 1;
    }

    /// The histogram of what was taken down since the last time.
    pub fn take(&mut self) -> Histogram {
        self.count();
        std::mem::take(&mut self.histogram)
    }

    #[inline(never)]
    fn count(&mut self) {
        let times = self.times.get(..self.next).unwrap_or_default();
        self.histogram.record_all(times);
        self.next = 0;
    }
}

/// The bucket of a time.
#[inline]
const fn bucket(time: u64) -> usize {
    let time = if time < GREATEST { time } else { GREATEST };
    // Below 2^11 each nanosecond has a bucket of its own.
    let doubling = (63 - (time | 1).leading_zeros()).saturating_sub(DIGITS);
    ((doubling as usize) << DIGITS) + (time >> doubling) as usize
}

/// The middle of a bucket: its ends would be wrong by half of its width, all one way.
#[expect(clippy::cast_possible_truncation, reason = "there are some forty thousand buckets")]
const fn middle(bucket: usize) -> u64 {
    let doubling = ((bucket >> DIGITS) as u32).saturating_sub(1);
    let low = (bucket - ((doubling as usize) << DIGITS)) as u64;
    (low << doubling) + (1 << doubling >> 1)
}

impl Histogram {
    fn record_all(&mut self, times: &[u64]) {
        self.count += times.len() as u64;
        for &time in times {
            self.sum += u128::from(time);
            let bucket = bucket(time);
            match bucket.checked_sub(self.first).and_then(|at| self.counts.get_mut(at)) {
                Some(count) => *count += 1,
                None => *self.make_room(bucket) += 1,
            }
        }
    }

    /// The count of a bucket of a doubling that did not occur before.
    fn make_room(&mut self, bucket: usize) -> &mut u64 {
        let doubling = bucket / BUCKETS * BUCKETS;
        if self.counts.is_empty() {
            self.first = doubling;
        }
        let before = self.first.saturating_sub(doubling);
        self.counts.splice(..0, std::iter::repeat_n(0, before));
        self.first -= before;
        let length = (doubling + BUCKETS - self.first).max(self.counts.len());
        self.counts.resize(length, 0);
        &mut self.counts[bucket - self.first]
    }

    /// How many were counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Mean in seconds; none of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 / 1e9)
    }

    /// The time in seconds that a share lies at or below, within 0.1 %; none where fewer than
    /// `beyond` lie above it, since a quantile of a few is chance.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of a run"
    )]
    pub fn quantile(&self, share: f64, beyond: u64) -> Option<f64> {
        let above = (1.0 - share) * self.count as f64;
        if self.count == 0 || above + 1e-6 < beyond as f64 {
            return None;
        }
        let wanted = ((share * self.count as f64).ceil() as u64).max(1);
        let mut sum = 0;
        let reached = self.counts.iter().position(|count| {
            sum += count;
            sum >= wanted
        })?;
        Some(middle(self.first + reached) as f64 / 1e9)
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
        if let Some(last) = other.counts.len().checked_sub(1) {
            self.make_room(other.first);
            self.make_room(other.first + last);
            let from = other.first - self.first;
            for (sum, count) in self.counts[from..].iter_mut().zip(&other.counts) {
                *sum += count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram as Hdr;

    use super::*;
    use crate::kernel::Random;

    /// Times of all lengths, most of them short.
    fn times(seed: u64) -> Vec<u64> {
        let mut random = Random::new(seed);
        let mut time = || random.bits() >> (14 + random.bits() % 50);
        (0..100_000).map(|_| time()).chain([0, 1, 2047, 2048, 2049, GREATEST, 1 << 60]).collect()
    }

    fn recorded(times: &[u64]) -> Histogram {
        let mut recorder = Recorder::default();
        times.iter().for_each(|time| recorder.record(*time));
        recorder.take()
    }

    #[test]
    fn quantiles_are_those_of_an_hdr_histogram() {
        let mut peer: Hdr<u64> = Hdr::new_with_bounds(1, GREATEST, 3).unwrap();
        let times = times(1);
        times.iter().for_each(|time| peer.saturating_record(*time));
        let found = recorded(&times);
        for share in [0.0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0] {
            let wanted = peer.median_equivalent(peer.value_at_quantile(share)) as f64 / 1e9;
            assert_eq!(found.quantile(share, 0).unwrap().to_bits(), wanted.to_bits(), "{share}");
        }
        assert_eq!((found.count(), found.quantile(0.999, 101)), (100_007, None));
    }

    #[test]
    fn two_together_are_one_of_both() {
        let (one, other) = (times(2), vec![1 << 40, 1 << 41]);
        for (first, second) in [(&one, &other), (&other, &one), (&one, &Vec::new())] {
            let mut merged = recorded(first);
            merged.merge(&recorded(second));
            let both = recorded(&[first.as_slice(), second].concat());
            assert_eq!((merged.mean(), merged.count()), (both.mean(), both.count()));
            assert_eq!(merged.quantile(0.5, 0), both.quantile(0.5, 0));
            assert_eq!(merged, both);
        }
        assert_eq!(Histogram::default().mean(), None);
        assert_eq!(Histogram::default().quantile(0.5, 0), None);
    }
}

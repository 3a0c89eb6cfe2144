//! How often something took how long, in buckets that rise by a factor of about two.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::Sample;

/// Upper bounds of the buckets with their names, in microseconds and seconds.
pub(super) const BUCKETS: [(u64, &str); 17] = [
    (50, "0.00005"),
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
];

/// Durations by bucket; whoever records them waits for nobody.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS.len()],
    longer: AtomicU64,
    nanoseconds: AtomicU64,
}

/// The three series of a histogram: those of its buckets, its sum and its count.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// Name that ends in `_bucket`.
    pub bucket: &'static str,
    /// Name that ends in `_sum`.
    pub sum: &'static str,
    /// Name that ends in `_count`.
    pub count: &'static str,
    /// What it is.
    pub help: &'static str,
}

impl Histogram {
    /// Counts something that took so long.
    pub fn record(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|&(bound, _)| nanoseconds <= bound * 1000);
        let bucket = bucket.and_then(|at| self.buckets.get(at)).unwrap_or(&self.longer);
        bucket.fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }

    /// Counts from now until the guard is dropped.
    #[must_use]
    pub fn begin(&self) -> Timing<'_> {
        Timing { began: Instant::now(), histogram: self }
    }

    /// What was counted, with labels; nothing of what never happened.
    pub fn samples(&self, of: Series, labels: &[(&str, &str)]) -> Vec<Sample> {
        let mut below = 0;
        let mut samples = Vec::with_capacity(BUCKETS.len() + 3);
        #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
        let sample = |name: &'static str, value: u64, bound: Option<&str>| {
            let sample = Sample::new(name, of.help, value as f64);
            let sample =
                labels.iter().fold(sample, |sample, (name, value)| sample.with(name, value));
            bound.into_iter().fold(sample, |sample, bound| sample.with("le", bound))
        };
        for ((_, bound), bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += bucket.load(Relaxed);
            samples.push(sample(of.bucket, below, Some(bound)));
        }
        let count = below + self.longer.load(Relaxed);
        if count == 0 {
            return Vec::new();
        }
        samples.push(sample(of.bucket, count, Some("+Inf")));
        let nanoseconds = self.nanoseconds.load(Relaxed);
        samples.push(sample(of.sum, nanoseconds, None));
        if let Some(sum) = samples.last_mut() {
            sum.value /= 1e9;
        }
        samples.push(sample(of.count, count, None));
        samples
    }
}

/// Something that is under way.
#[derive(Debug)]
pub struct Timing<'a> {
    began: Instant,
    histogram: &'a Histogram,
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        self.histogram.record(self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_rise_and_end_with_everything() {
        const NAMES: Series = Series {
            bucket: "a_seconds_bucket",
            sum: "a_seconds_sum",
            count: "a_seconds_count",
            help: "A.",
        };
        let histogram = Histogram::default();
        assert_eq!(histogram.samples(NAMES, &[]), []);
        histogram.record(Duration::from_micros(50));
        histogram.record(Duration::from_nanos(50_001));
        histogram.record(Duration::from_secs(60));
        let mut text = String::new();
        Sample::render(&mut text, &histogram.samples(NAMES, &[("operation", "b")]));
        for line in [
            "# TYPE a_seconds histogram",
            "a_seconds_bucket{operation=\"b\",le=\"0.00005\"} 1",
            "a_seconds_bucket{operation=\"b\",le=\"0.0001\"} 2",
            "a_seconds_bucket{operation=\"b\",le=\"10\"} 2",
            "a_seconds_bucket{operation=\"b\",le=\"+Inf\"} 3",
            "a_seconds_sum{operation=\"b\"} 60.000100001",
            "a_seconds_count{operation=\"b\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert_eq!(text.matches("# TYPE").count(), 1);
    }
}

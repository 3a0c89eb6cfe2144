//! Rate, errors and duration of every operation, in Prometheus' text format.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::exemplar::Slot;
use super::histogram::BUCKETS;
use super::{Count, Sample};

/// Classes of status that are counted.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// The numbers of one server.
#[derive(Debug, Default)]
pub struct Metrics {
    operations: Vec<OperationMetrics>,
    /// Most requests under way at once.
    limit: usize,
    in_flight: AtomicI64,
    /// Connections now open.
    connections: AtomicI64,
    /// Requests turned away because too many were under way.
    pub shed: AtomicU64,
    /// Connections closed at once because their address has too many.
    pub refused: AtomicU64,
    /// Requests turned away because their caller asked too often.
    pub limited: AtomicU64,
    /// Panics that were caught.
    pub panics: AtomicU64,
}

/// The numbers of one operation.
#[derive(Debug, Default)]
pub struct OperationMetrics {
    name: String,
    objectives: Vec<(f64, f64)>,
    /// From how many microseconds on a request is slower than promised.
    slow_after: u64,
    slow: AtomicU64,
    by_class: [AtomicU64; CLASSES.len()],
    buckets: [AtomicU64; BUCKETS.len()],
    exemplars: [Slot; BUCKETS.len()],
    micros: AtomicU64,
}

impl OperationMetrics {
    /// An operation by its qualified name, with its objective: percentiles (0 to 1) in seconds, and
    /// the time from which a request counts as slow.
    #[must_use]
    pub fn new(name: String, objectives: Vec<(f64, f64)>, slow_after: Duration) -> Self {
        let slow_after = u64::try_from(slow_after.as_micros()).unwrap_or(u64::MAX);
        Self { name, objectives, slow_after, ..Self::default() }
    }

    /// Counts a request; one whose trace is kept stands for others like it.
    pub fn record(&self, status: u16, duration: Duration, kept: Option<u128>) {
        let class = usize::from(status / 100).saturating_sub(2).min(CLASSES.len() - 1);
        self.by_class[class].fetch_add(1, Relaxed);
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Relaxed);
        if micros > self.slow_after {
            self.slow.fetch_add(1, Relaxed);
        }
        let Some(at) = BUCKETS.iter().position(|&(bound, _)| micros <= bound) else { return };
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Relaxed);
        }
        if let (Some(trace), Some(slot)) = (kept, self.exemplars.get(at)) {
            slot.put(trace, micros);
        }
    }

    /// From how many microseconds on a request is slower than promised.
    #[must_use]
    pub const fn slow_after(&self) -> u64 {
        self.slow_after
    }

    /// What counts for its objective.
    #[must_use]
    pub fn count(&self) -> Count {
        let all = self.by_class.iter().map(|class| class.load(Relaxed)).sum();
        let failed = self.by_class.last().map_or(0, |class| class.load(Relaxed));
        Count { all, failed, slow: self.slow.load(Relaxed) }
    }
}

/// Counts something as under way until it is dropped.
#[derive(Debug)]
pub struct InFlight<'a>(&'a AtomicI64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Metrics {
    /// The numbers of these operations, of which at most so many run at once.
    #[must_use]
    pub fn new(operations: Vec<OperationMetrics>, limit: usize) -> Self {
        Self { operations, limit, ..Self::default() }
    }

    /// The numbers of an operation, by the position it was given.
    #[must_use]
    pub fn operation(&self, at: usize) -> Option<&OperationMetrics> {
        self.operations.get(at)
    }

    /// A request begins.
    pub fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(&self.in_flight)
    }

    /// A connection opens.
    pub fn connect(&self) -> InFlight<'_> {
        self.connections.fetch_add(1, Relaxed);
        InFlight(&self.connections)
    }

    /// Everything in Prometheus' text format, with further numbers that others measure.
    #[must_use]
    pub fn render(&self, samples: &[Sample]) -> String {
        self.render_as(samples, false)
    }

    /// The same as OpenMetrics 1.0, where buckets name a trace each.
    #[must_use]
    pub fn render_open(&self, samples: &[Sample]) -> String {
        let text = self.render_as(samples, true);
        let mut out = String::with_capacity(text.len() + 8);
        for line in text.lines() {
            out.push_str(&family(line));
            out.push('\n');
        }
        out.push_str("# EOF\n");
        out
    }

    fn render_as(&self, samples: &[Sample], open: bool) -> String {
        let mut out = String::with_capacity(4096);
        self.render_operations(&mut out, open);
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let own = [
            ("http_server_requests_in_flight", "Requests under way.", self.in_flight.load(Relaxed)),
            ("http_server_connections", "Open connections.", self.connections.load(Relaxed)),
            ("http_server_requests_limit", "Most of them at once.", limit),
        ];
        for (name, help, value) in own {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        }
        let counted = [
            ("http_server_shed_total", "Requests turned away under overload.", &self.shed),
            (
                "http_server_connections_refused_total",
                "Connections beyond those of one address.",
                &self.refused,
            ),
            (
                "http_server_rate_limited_total",
                "Requests beyond the rate of their caller.",
                &self.limited,
            ),
            ("http_server_panics_total", "Defects that were caught.", &self.panics),
        ];
        for (name, help, value) in counted {
            let value = value.load(Relaxed);
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}\n");
        }
        Sample::render(&mut out, samples);
        out
    }

    fn render_operations(&self, out: &mut String, open: bool) {
        out.push_str(
            "# HELP http_server_requests_total Requests by operation and class of status.\n",
        );
        out.push_str("# TYPE http_server_requests_total counter\n");
        for operation in &self.operations {
            for (class, count) in CLASSES.iter().zip(&operation.by_class) {
                let (name, count) = (&operation.name, count.load(Relaxed));
                let _ = writeln!(
                    out,
                    "http_server_requests_total{{operation=\"{name}\",status=\"{class}\"}} {count}"
                );
            }
        }
        out.push_str("# HELP http_server_request_duration_seconds Time to answer.\n");
        out.push_str("# TYPE http_server_request_duration_seconds histogram\n");
        for operation in &self.operations {
            operation.render_histogram(out, open);
        }
        out.push_str("# HELP http_server_slow_requests_total Requests slower than promised.\n");
        out.push_str("# TYPE http_server_slow_requests_total counter\n");
        for operation in &self.operations {
            let (name, count) = (&operation.name, operation.slow.load(Relaxed));
            let _ =
                writeln!(out, "http_server_slow_requests_total{{operation=\"{name}\"}} {count}");
        }
        out.push_str("# HELP firmitas_objective_seconds What the model promises.\n");
        out.push_str("# TYPE firmitas_objective_seconds gauge\n");
        for operation in &self.operations {
            for (percentile, seconds) in &operation.objectives {
                let name = &operation.name;
                let _ = writeln!(
                    out,
                    "firmitas_objective_seconds{{operation=\"{name}\",quantile=\"{percentile}\"}} {seconds}"
                );
            }
        }
    }
}

/// OpenMetrics calls the family of a counter by its name without `_total`.
fn family(line: &str) -> Cow<'_, str> {
    let describes = line.starts_with("# HELP ") || line.starts_with("# TYPE ");
    match line.split_once("_total ") {
        Some((name, rest)) if describes => format!("{name} {rest}").into(),
        _ => line.into(),
    }
}

impl OperationMetrics {
    fn render_histogram(&self, out: &mut String, open: bool) {
        const NAME: &str = "http_server_request_duration_seconds";
        let operation = &self.name;
        let mut below = 0;
        let buckets = BUCKETS.iter().zip(&self.buckets).zip(&self.exemplars);
        for (((_, bound), bucket), exemplar) in buckets {
            below += bucket.load(Relaxed);
            let _ =
                write!(out, "{NAME}_bucket{{operation=\"{operation}\",le=\"{bound}\"}} {below}");
            if open {
                exemplar.render(out);
            }
            out.push('\n');
        }
        // A request that is counted between two of these reads must not make the total smaller
        // than a bucket.
        let count = self.by_class.iter().map(|c| c.load(Relaxed)).sum::<u64>().max(below);
        let micros = self.micros.load(Relaxed);
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        let _ = writeln!(out, "{NAME}_bucket{{operation=\"{operation}\",le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{NAME}_sum{{operation=\"{operation}\"}} {seconds}.{rest:06}");
        let _ = writeln!(out, "{NAME}_count{{operation=\"{operation}\"}} {count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_once_in_every_series() {
        let slow_after = Duration::from_millis(200);
        let operation = OperationMetrics::new("a.b".to_owned(), vec![(0.95, 0.2)], slow_after);
        let metrics = Metrics::new(vec![operation], 7);
        let operation = metrics.operation(0).expect("given above");
        operation.record(201, Duration::from_millis(3), Some(7));
        operation.record(404, Duration::from_secs(60), None);
        let text = metrics.render(&[
            Sample::new("calls_total", "Calls.", 4.0).with("to", "a").with("how", "well"),
            Sample::new("calls_total", "Calls.", 5.0).with("to", "b"),
        ]);
        for line in [
            "http_server_requests_total{operation=\"a.b\",status=\"2xx\"} 1",
            "http_server_requests_total{operation=\"a.b\",status=\"4xx\"} 1",
            "http_server_request_duration_seconds_bucket{operation=\"a.b\",le=\"0.0025\"} 0",
            "http_server_request_duration_seconds_bucket{operation=\"a.b\",le=\"0.005\"} 1",
            "http_server_request_duration_seconds_bucket{operation=\"a.b\",le=\"+Inf\"} 2",
            "http_server_request_duration_seconds_sum{operation=\"a.b\"} 60.003000",
            "firmitas_objective_seconds{operation=\"a.b\",quantile=\"0.95\"} 0.2",
            "http_server_slow_requests_total{operation=\"a.b\"} 1",
            "http_server_requests_limit 7",
            "calls_total{to=\"a\",how=\"well\"} 4",
            "calls_total{to=\"b\"} 5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert_eq!(text.matches("# TYPE calls_total counter").count(), 1);
    }
}

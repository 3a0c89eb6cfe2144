//! How fast each operation uses up what its objective allows to fail or to be slow, over the
//! windows that the alerts of the design look at (`decide::objectives`).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use decide::Design;
use decide::objectives::{self, BURNS};
use model::model::OperationId;

use super::Sample;

/// How often the counts are looked at; the shortest window is five times as long.
pub const EVERY: Duration = Duration::from_secs(60);
/// What is kept of the last hours: a look a minute for the windows up to six hours.
const MINUTES: usize = 6 * 60 + 1;
/// What is kept of the last days: a look an hour for the window of three days.
const HOURS: usize = 72 + 1;

/// Requests of an operation since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All.
    pub all: u64,
    /// Those that failed for a reason of ours (5xx).
    pub failed: u64,
    /// Those slower than promised.
    pub slow: u64,
}

/// What is promised of one operation, and how many requests broke it when.
#[derive(Debug)]
struct Watched {
    operation: OperationId,
    name: String,
    failed_budget: f64,
    slow_budget: f64,
}

/// The counts at one time, by operation.
#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    counts: Vec<Count>,
}

/// The objectives of a design and how they do.
#[derive(Debug)]
pub struct Burning {
    watched: Vec<Watched>,
    looks: Mutex<Looks>,
}

#[derive(Debug, Default)]
struct Looks {
    minutes: VecDeque<Look>,
    hours: VecDeque<Look>,
}

impl Burning {
    /// The objectives of a design; nothing has happened yet.
    #[must_use]
    pub fn new(design: &Design) -> Self {
        let watched = objectives::of_design(design).into_iter().map(|of| Watched {
            operation: of.operation,
            failed_budget: of.failed_budget(),
            slow_budget: of.slow_budget(),
            name: design.model.qualified_operation(of.operation),
        });
        Self { watched: watched.collect(), looks: Mutex::default() }
    }

    /// Looks at the counts, in any order of operations.
    pub fn look(&self, at: Instant, count: impl Fn(OperationId) -> Option<Count>) {
        let counts = self.counts(count);
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = looks.hours.back().is_none_or(|last| at - last.at >= EVERY * 60);
        let look = Look { at, counts };
        if hour {
            keep(&mut looks.hours, look.clone(), HOURS);
        }
        keep(&mut looks.minutes, look, MINUTES);
    }

    fn counts(&self, count: impl Fn(OperationId) -> Option<Count>) -> Vec<Count> {
        self.watched.iter().map(|of| count(of.operation).unwrap_or_default()).collect()
    }

    /// `firmitas_slo_burn_rate`: 1 uses the budget up exactly within its 30 days. A window that is
    /// longer than the server runs counts from its start.
    #[must_use]
    pub fn samples(
        &self,
        at: Instant,
        count: impl Fn(OperationId) -> Option<Count>,
    ) -> Vec<Sample> {
        const HELP: &str = "How many times faster than the objective allows its budget is used up.";
        let counts = self.counts(count);
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut samples = Vec::new();
        let mut windows: Vec<f64> =
            BURNS.iter().flat_map(|burn| [burn.short(), burn.long]).collect();
        windows.sort_by(f64::total_cmp);
        windows.dedup();
        for window in windows {
            let before = looks.before(at, Duration::from_secs_f64(window));
            let asked = self.watched.iter().zip(&counts).enumerate();
            for (position, (of, now)) in asked.filter(|(_, (_, now))| now.all > 0) {
                let then = before.and_then(|look| look.counts.get(position)).copied();
                let (failed, slow) = burn(of, *now, then.unwrap_or_default());
                for (objective, rate) in [("availability", failed), ("latency", slow)] {
                    let sample = Sample::new("firmitas_slo_burn_rate", HELP, rate)
                        .with("operation", &of.name)
                        .with("objective", objective)
                        .with("window", &named(window));
                    samples.push(sample);
                }
            }
        }
        samples
    }
}

impl Looks {
    /// The last look that is at least so long ago; none where the server is younger.
    fn before(&self, at: Instant, window: Duration) -> Option<&Look> {
        let old = |look: &&Look| at.saturating_duration_since(look.at) >= window;
        let minutes = self.minutes.iter().rev().find(old);
        minutes.or_else(|| self.hours.iter().rev().find(old))
    }
}

fn keep(looks: &mut VecDeque<Look>, look: Look, most: usize) {
    if looks.len() >= most {
        looks.pop_front();
    }
    looks.push_back(look);
}

/// Burn rates of failures and of slowness between two looks.
#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
fn burn(of: &Watched, now: Count, then: Count) -> (f64, f64) {
    let all = now.all.saturating_sub(then.all) as f64;
    let rate = |bad: u64, budget: f64| {
        if all > 0.0 && budget > 0.0 { bad as f64 / all / budget } else { 0.0 }
    };
    let failed = rate(now.failed.saturating_sub(then.failed), of.failed_budget);
    (failed, rate(now.slow.saturating_sub(then.slow), of.slow_budget))
}

/// `5m`, `1h`, `3d`.
fn named(seconds: f64) -> String {
    let (unit, size) = match seconds {
        seconds if seconds >= 86_400.0 => ("d", 86_400.0),
        seconds if seconds >= 3_600.0 => ("h", 3_600.0),
        _ => ("m", 60.0),
    };
    format!("{}{unit}", (seconds / size).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> Burning {
        let of = Watched {
            operation: OperationId(0),
            name: "a.b".to_owned(),
            failed_budget: 0.001,
            slow_budget: 0.05,
        };
        Burning { watched: vec![of], looks: Mutex::default() }
    }

    fn rate(samples: &[Sample], objective: &str, window: &str) -> f64 {
        let labels = format!("operation=\"a.b\",objective=\"{objective}\",window=\"{window}\"");
        samples.iter().find(|sample| sample.labels == labels).expect(&labels).value
    }

    #[test]
    fn a_budget_that_fails_as_promised_burns_at_one() {
        let burning = watched();
        let start = Instant::now();
        let count = |all, failed, slow| move |_| Some(Count { all, failed, slow });
        burning.look(start, count(0, 0, 0));
        let hour = start + EVERY * 60;
        burning.look(hour, count(100_000, 100, 5_000));
        let samples = burning.samples(hour, count(100_000, 100, 5_000));
        assert!((rate(&samples, "availability", "1h") - 1.0).abs() < 1e-9);
        assert!((rate(&samples, "latency", "1h") - 1.0).abs() < 1e-9);
        // Ten bad minutes after a good hour show in the short window first.
        let later = hour + EVERY * 10;
        let samples = burning.samples(later, count(101_000, 200, 5_000));
        assert!((rate(&samples, "availability", "5m") - 100.0).abs() < 1e-9);
        assert!(rate(&samples, "availability", "3d") < 3.0);
        assert!(rate(&samples, "latency", "5m").abs() < 1e-9);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let burning = watched();
        let start = Instant::now();
        for minute in 0..10_000u32 {
            burning.look(start + EVERY * minute, |_| Some(Count::default()));
        }
        let looks = burning.looks.lock().unwrap();
        assert_eq!((looks.minutes.len(), looks.hours.len()), (MINUTES, HOURS));
    }
}

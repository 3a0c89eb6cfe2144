//! The `limit` of an external: calls wait their turn rather than be refused there.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use model::model::External;

/// How much may come at once: the calls of a second, at least one.
const BURST: Duration = Duration::from_secs(1);

/// When the next call of each external may be made, as far as this process knows: several processes
/// share a limit only if each is told its share.
#[derive(Debug)]
pub(crate) struct Throttle(Option<Pace>);

#[derive(Debug)]
struct Pace {
    /// Time that one call takes up.
    each: Duration,
    /// When all calls so far are paid for, if they came evenly (the generic cell rate algorithm,
    /// ITU-T I.371).
    paid: Mutex<Option<Instant>>,
}

impl Throttle {
    /// `share` of the limit is used.
    pub(crate) fn of(external: &External, share: f64) -> Self {
        let rate = external.limit.as_ref().map(|limit| limit.value.peak.max(limit.value.mean));
        let rate = rate.map(|rate| rate * share);
        let each = rate.filter(|rate| *rate > 0.0).map(|rate| 1.0 / rate);
        let each = each.and_then(|each| Duration::try_from_secs_f64(each).ok());
        Self(each.map(|each| Pace { each, paid: Mutex::default() }))
    }

    /// Takes the next turn: how long until it comes. `None` where it does not come within
    /// `patience`; then no turn is taken.
    fn turn(&self, now: Instant, patience: Duration) -> Option<Duration> {
        let Some(pace) = &self.0 else { return Some(Duration::ZERO) };
        let mut paid = pace.paid.lock().ok()?;
        let from = paid.map_or(now, |paid| paid.max(now));
        let tolerated = BURST.saturating_sub(pace.each);
        let wait = from.saturating_duration_since(now).saturating_sub(tolerated);
        if wait > patience {
            return None;
        }
        *paid = from.checked_add(pace.each);
        Some(wait)
    }

    /// Waits for the next turn; what is left of the patience, if it came in time.
    pub(crate) async fn pass(&self, patience: Duration) -> Option<Duration> {
        let wait = self.turn(Instant::now(), patience)?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Some(patience.saturating_sub(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paced(each: Duration) -> Throttle {
        Throttle(Some(Pace { each, paid: Mutex::default() }))
    }

    #[test]
    fn in_any_second_after_a_burst_no_more_calls_are_made_than_the_limit_says() {
        let throttle = paced(Duration::from_millis(100));
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let turns = (0..40).map(|_| throttle.turn(start, second * 10).unwrap());
        let turns: Vec<Duration> = turns.collect();
        assert_eq!(turns.iter().filter(|wait| wait.is_zero()).count(), 10, "{turns:?}");
        for (at, wait) in turns.iter().enumerate().skip(10) {
            let earlier = turns.iter().take(at).filter(|other| **other + second > *wait).count();
            assert!(earlier < 20, "{wait:?}");
            assert_eq!(*wait, Duration::from_millis(100) * u32::try_from(at - 9).unwrap());
        }
    }

    #[test]
    fn who_cannot_wait_takes_no_turn() {
        let throttle = paced(Duration::from_secs(2));
        let start = Instant::now();
        assert_eq!(throttle.turn(start, Duration::ZERO), Some(Duration::ZERO));
        for _ in 0..100 {
            assert_eq!(throttle.turn(start, Duration::from_secs(1)), None);
        }
        let later = start + Duration::from_secs(2);
        assert_eq!(throttle.turn(later, Duration::ZERO), Some(Duration::ZERO));
    }

    #[test]
    fn an_external_without_a_limit_never_waits() {
        let throttle = Throttle(None);
        let start = Instant::now();
        assert!((0..1000).all(|_| throttle.turn(start, Duration::ZERO) == Some(Duration::ZERO)));
    }
}

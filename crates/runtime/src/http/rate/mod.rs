//! How often one caller may ask: token buckets, kept by the generic cell rate algorithm (GCRA,
//! ITU-T I.371), which needs one number for each.

mod buckets;
mod headers;
mod plan;

use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::time::Duration;

use crate::call::Identity;

pub use buckets::LocalBuckets;
pub(super) use headers::tell;
pub use plan::{RateOverride, RateSettings};
pub(super) use plan::{Rates, Told};

/// Keeps the buckets: in this process, or wherever several replicas share them.
pub trait RateLimiter: Send + Sync + 'static {
    /// Takes a token from a bucket, which is full the first time. Asked for every request: answers
    /// at once where it can. Whoever asks elsewhere bounds the wait, and goes on with buckets of
    /// this process ([`LocalBuckets`]) when nobody answers.
    fn take<'a>(&'a self, bucket: Bucket<'a>) -> Taken<'a>;
}

/// An answer now, or after somebody was asked.
#[expect(missing_debug_implementations, reason = "a future cannot be shown")]
pub enum Taken<'a> {
    /// Known at once.
    Now(Level),
    /// Others have to be asked.
    Later(Pin<Box<dyn Future<Output = Level> + Send + 'a>>),
}

impl Taken<'_> {
    /// The answer.
    pub async fn known(self) -> Level {
        match self {
            Self::Now(level) => level,
            Self::Later(asking) => asking.await,
        }
    }
}

/// Which bucket: of which limit, and whose.
#[derive(Clone, Copy, Debug)]
pub struct Bucket<'a> {
    /// The limit's name, the same in every replica: `actor->context`.
    pub limit: &'a str,
    /// Whose.
    pub who: Who<'a>,
    /// How it fills.
    pub quota: Quota,
}

/// Whose bucket.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// Somebody who proved who it is.
    Principal(&'a Identity),
    /// Everybody at an address, see [`neighbourhood`].
    Address(IpAddr),
}

/// How a bucket fills: one token in each interval, up to a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    interval: u64,
    burst: u64,
}

impl Quota {
    /// So many requests a second, and so many at once; at least one an hour, and one at once.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both are clamped before"
    )]
    pub fn new(rate: f64, burst: f64) -> Self {
        let interval = (1e9 / rate.max(1.0 / 3600.0)).clamp(1.0, 3600.0 * 1e9) as u64;
        Self { interval, burst: burst.clamp(1.0, 1e6).round() as u64 }
    }

    /// Nanoseconds in which a token comes back.
    #[must_use]
    pub const fn interval(self) -> u64 {
        self.interval
    }

    /// Tokens of a full bucket.
    #[must_use]
    pub const fn burst(self) -> u64 {
        self.burst
    }

    /// In which an empty bucket is full again.
    #[must_use]
    pub const fn window(self) -> Duration {
        Duration::from_nanos(self.interval.saturating_mul(self.burst))
    }

    /// One step of GCRA. `due` is when the bucket is full again, in nanoseconds since whatever
    /// `now` counts from; answers with the new `due`, which is the old one where there was no token.
    #[must_use]
    pub const fn step(self, due: u64, now: u64) -> (u64, Level) {
        let window = self.interval.saturating_mul(self.burst);
        let from = if due > now { due } else { now };
        let next = from.saturating_add(self.interval);
        let ahead = next - now;
        if ahead > window {
            let retry = Duration::from_nanos(ahead - window);
            let refilled = Duration::from_nanos(from - now);
            return (due, Level { allowed: false, left: 0, refilled, retry });
        }
        let left = (window - ahead) / self.interval;
        let refilled = Duration::from_nanos(ahead);
        (next, Level { allowed: true, left, refilled, retry: Duration::ZERO })
    }
}

/// What is in a bucket after somebody asked for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Whether there was one.
    pub allowed: bool,
    /// How many are left.
    pub left: u64,
    /// In how long it is full again.
    pub refilled: Duration,
    /// In how long there is one again, if there was none.
    pub retry: Duration,
}

/// What counts as one address: of IPv6 the first 64 bits, because whoever has one of these has all.
#[must_use]
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_is_followed_by_the_rate() {
        let quota = Quota::new(5.0, 10.0);
        let mut due = 0;
        for left in (0..10).rev() {
            let (next, level) = quota.step(due, SECOND);
            assert_eq!((level.allowed, level.left), (true, left));
            due = next;
        }
        let (same, level) = quota.step(due, SECOND);
        assert_eq!((same, level.allowed, level.left), (due, false, 0));
        assert_eq!(level.retry, Duration::from_millis(200));
        assert_eq!(level.refilled, Duration::from_secs(2));
        let (due, level) = quota.step(due, SECOND + SECOND / 5);
        assert!(level.allowed, "one came back");
        assert!(!quota.step(due, SECOND + SECOND / 5).1.allowed);
        assert_eq!(quota.step(due, SECOND * 9).1.left, 9, "never more than the burst");
    }

    #[test]
    fn any_quota_has_sound_numbers() {
        for rate in [0.0, -1.0, 1e-9, 1e30, f64::INFINITY, f64::NAN] {
            for burst in [0.0, -5.0, 1e30, f64::INFINITY, f64::NAN] {
                let quota = Quota::new(rate, burst);
                assert!(quota.interval >= 1, "{rate} {burst}");
                let mut due = 0;
                for at in 0..5 {
                    due = quota.step(due, at).0;
                }
                let _ = quota.step(u64::MAX, 0);
            }
        }
    }

    #[test]
    fn who_has_one_address_of_a_network_has_all() {
        let same = |a: &str, b: &str| {
            neighbourhood(a.parse().unwrap()) == neighbourhood(b.parse().unwrap())
        };
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
    }
}

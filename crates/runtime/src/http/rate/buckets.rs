//! The buckets of this process: tables of a fixed size, so that no flood makes them grow.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{Bucket, Level, Quota, RateLimiter, Taken, Who};

/// Buckets that share a lock; a new one takes the place of the one that is fullest.
const WAYS: usize = 8;
/// Groups of a table: 65,536 buckets, in a megabyte.
const GROUPS: usize = 8192;

/// Buckets of this process. Principals and addresses have tables of their own: however many
/// strangers come, nobody who signed in is forgotten.
#[expect(missing_debug_implementations, reason = "a million numbers say nothing")]
pub struct LocalBuckets {
    /// Unknown to clients, so that nobody can aim at the group of another.
    hashing: RandomState,
    started: Instant,
    principals: Table,
    addresses: Table,
}

type Table = Box<[Mutex<[Slot; WAYS]>]>;

/// A bucket, named by its hash: two that share one of 64 bits would share their tokens.
#[derive(Clone, Copy, Default)]
struct Slot {
    name: u64,
    /// When it is full again, in nanoseconds since the start.
    due: u64,
}

impl Default for LocalBuckets {
    fn default() -> Self {
        let table = || (0..GROUPS).map(|_| Mutex::default()).collect();
        Self {
            hashing: RandomState::new(),
            started: Instant::now(),
            principals: table(),
            addresses: table(),
        }
    }
}

impl LocalBuckets {
    /// Takes a token, in well under a microsecond and without allocating.
    #[must_use]
    pub fn take(&self, bucket: &Bucket<'_>) -> Level {
        let mut hasher = self.hashing.build_hasher();
        bucket.limit.hash(&mut hasher);
        let table = match bucket.who {
            Who::Principal(identity) => {
                (&identity.issuer, &identity.subject).hash(&mut hasher);
                &self.principals
            }
            Who::Address(address) => {
                address.hash(&mut hasher);
                &self.addresses
            }
        };
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        step(table, hasher.finish(), bucket.quota, now)
    }
}

impl RateLimiter for LocalBuckets {
    fn take<'a>(&'a self, bucket: Bucket<'a>) -> Taken<'a> {
        Taken::Now(Self::take(self, &bucket))
    }
}

fn step(table: &Table, name: u64, quota: Quota, now: u64) -> Level {
    let at = usize::try_from(name % GROUPS as u64).unwrap_or(0);
    let Some(group) = table.get(at) else { return quota.step(0, now).1 };
    // A panic while it was held leaves nothing half done.
    let mut group = group.lock().unwrap_or_else(PoisonError::into_inner);
    let known = group.iter().position(|slot| slot.name == name);
    let fullest = || group.iter().enumerate().min_by_key(|(_, slot)| slot.due).map(|(at, _)| at);
    let Some(slot) = known.or_else(fullest).and_then(|at| group.get_mut(at)) else {
        return quota.step(0, now).1;
    };
    if known.is_none() {
        *slot = Slot { name, due: 0 };
    }
    let (due, level) = quota.step(slot.due, now);
    slot.due = due;
    level
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::call::Identity;

    fn identity(subject: &str) -> Identity {
        Identity { issuer: "here".into(), subject: subject.into(), ..Identity::default() }
    }

    #[test]
    fn callers_and_limits_have_buckets_of_their_own() {
        let buckets = LocalBuckets::default();
        let (ann, bob) = (identity("ann"), identity("bob"));
        let quota = Quota::new(1.0, 2.0);
        let take = |limit, who| buckets.take(&Bucket { limit, who, quota }).allowed;
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for (limit, who) in [
            ("a", Who::Principal(&ann)),
            ("a", Who::Principal(&bob)),
            ("b", Who::Principal(&ann)),
            ("a", Who::Address(address)),
        ] {
            assert!(take(limit, who) && take(limit, who));
            assert!(!take(limit, who), "{limit} {who:?}");
        }
    }

    #[test]
    fn a_flood_of_addresses_frees_nobody_who_signed_in() {
        let buckets = LocalBuckets::default();
        let ann = identity("ann");
        let quota = Quota::new(0.001, 1.0);
        let hers = Bucket { limit: "a", who: Who::Principal(&ann), quota };
        assert!(buckets.take(&hers).allowed);
        for at in 0..200_000_u32 {
            let who = Who::Address(Ipv4Addr::from_bits(at).into());
            let _ = buckets.take(&Bucket { limit: "a", who, quota });
        }
        assert!(!buckets.take(&hers).allowed);
    }
}

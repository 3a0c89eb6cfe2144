//! Rate limits that all replicas share: one script for each question (GCRA).

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use redis::{Pipeline, Script};
use runtime::cache::Key;
use runtime::http::{Bucket, Level, LocalBuckets, RateLimiter, Taken, Who, neighbourhood};

use crate::Link;

/// A step of GCRA by Redis' own clock, so that replicas need not agree on the time. In
/// microseconds: numbers of Lua are exact up to 2^53, which they reach in 2255.
const STEP: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local window = interval * burst
local ahead = due + interval - now
if ahead > window then
  return {0, 0, due - now, ahead - window}
end
redis.call('SET', KEYS[1], string.format('%.0f', due + interval), 'PX', math.ceil(ahead / 1000))
return {1, math.floor((window - ahead) / interval), ahead, 0}
";

/// Buckets in Redis or Valkey; while it is away, buckets of this process.
pub struct SharedLimits {
    link: Arc<Link>,
    /// Before every name.
    system: String,
    script: Script,
    local: LocalBuckets,
}

impl fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLimits").field("system", &self.system).finish_non_exhaustive()
    }
}

impl SharedLimits {
    /// The limits of a system, which every version of its model shares.
    #[must_use]
    pub fn new(link: Arc<Link>, system: &str) -> Self {
        let local = LocalBuckets::default();
        Self { link, system: system.to_owned(), script: Script::new(STEP), local }
    }

    /// Of a bucket. Who it is of is hashed: what stands in Redis names nobody.
    fn name(&self, bucket: &Bucket<'_>) -> String {
        let mut name = format!("firm:{}:r:{}:", self.system, bucket.limit);
        match bucket.who {
            Who::Principal(identity) => {
                let who = Key::of_parts(&[&identity.issuer, &identity.subject]);
                name.push_str(&who.text());
            }
            Who::Address(address) => {
                let _ = write!(name, "{}", neighbourhood(address));
            }
        }
        name
    }

    async fn ask(&self, bucket: Bucket<'_>) -> Option<Level> {
        // Redis counts microseconds: nothing is granted more often than once in one.
        let interval = bucket.quota.interval().div_ceil(1_000);
        let name = self.name(&bucket);
        let mut pipeline = Pipeline::new();
        pipeline.cmd("EVALSHA").arg(self.script.get_hash()).arg(1).arg(&name);
        pipeline.arg(interval).arg(bucket.quota.burst());
        let answered = match self.link.try_ask(&pipeline).await {
            Some(Ok(answered)) => answered,
            // It was started anew and does not know the script.
            Some(Err(_)) => {
                let mut pipeline = Pipeline::new();
                pipeline.cmd("EVAL").arg(STEP).arg(1).arg(&name);
                pipeline.arg(interval).arg(bucket.quota.burst());
                self.link.ask(&pipeline).await?
            }
            None => return None,
        };
        let ((allowed, left, refilled, retry),): ((u8, u64, u64, u64),) = answered;
        Some(Level {
            allowed: allowed == 1,
            left,
            refilled: Duration::from_micros(refilled),
            retry: Duration::from_micros(retry),
        })
    }
}

impl RateLimiter for SharedLimits {
    fn take<'a>(&'a self, bucket: Bucket<'a>) -> Taken<'a> {
        if !self.link.is_up() {
            return Taken::Now(self.local.take(&bucket));
        }
        Taken::Later(Box::pin(async move {
            match self.ask(bucket).await {
                Some(level) => level,
                None => self.local.take(&bucket),
            }
        }))
    }
}

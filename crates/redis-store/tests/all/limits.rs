//! Buckets that replicas share.

use std::sync::Arc;
use std::time::Duration;

use redis_store::{Address, Link, SharedLimits};
use runtime::call::Identity;
use runtime::http::{Bucket, Quota, RateLimiter as _, Who};

use crate::server::Redis;

async fn limits(redis: &Redis) -> (SharedLimits, Arc<Link>) {
    let link = Arc::new(Link::open(&Address::parse(&redis.url()).unwrap()).await);
    (SharedLimits::new(link.clone(), "shop"), link)
}

/// How many of so many questions were granted.
async fn granted(limits: &[&SharedLimits], who: Who<'_>, asked: u64) -> u64 {
    let quota = Quota::new(0.5, 10.0);
    let mut granted = 0;
    for limit in limits.iter().cycle().take(usize::try_from(asked).unwrap()) {
        let level = limit.take(Bucket { limit: "guest->shop", who, quota }).known().await;
        assert_eq!(level.allowed, level.retry.is_zero(), "{level:?}");
        assert!(level.left < 10 && level.refilled <= Duration::from_secs(20), "{level:?}");
        granted += u64::from(level.allowed);
    }
    granted
}

fn without_answer(links: &[&Link]) -> f64 {
    let all = links.iter().flat_map(|link| link.samples());
    all.filter(|of| of.name == "redis_errors_total").map(|of| of.value).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_grant_together_what_one_would() {
    let Some(mut redis) = Redis::start() else { return };
    let ((one, first), (two, second)) = (limits(&redis).await, limits(&redis).await);
    let ann = Identity { issuer: "here".into(), subject: "ann".into(), ..Identity::default() };
    let here = "127.0.0.1".parse().unwrap();
    for who in [Who::Principal(&ann), Who::Address(here)] {
        let granted = granted(&[&one, &two], who, 30).await;
        // The first question of each finds a Redis that does not know the script. On a slow
        // machine Redis may be late: then a bucket of the process is asked.
        let late = without_answer(&[&first, &second]);
        assert!(granted >= 10, "{granted}");
        if late <= 2.0 {
            assert!(granted <= 12, "{granted}");
        }
    }
    redis.stop();
    // Each by itself, without an error.
    let bob = Identity { issuer: "here".into(), subject: "bob".into(), ..Identity::default() };
    let alone = granted(&[&one], Who::Principal(&bob), 30).await;
    assert!((10..=12).contains(&alone), "{alone}");
}

//! What replicas keep for each other.

use std::time::{Duration, Instant};

use crate::server::Redis;
use crate::world::World;

/// Until it holds, for some seconds at most.
async fn soon(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_has_read_others_need_not_and_a_write_ends_it_for_all() {
    let Some(redis) = Redis::start() else { return };
    let world = World::new("1h");
    let (one, two) =
        (world.replica(Some(&redis.url())).await, world.replica(Some(&redis.url())).await);
    soon("both listen", async || one.metric("redis_up") + two.metric("redis_up") == 2.0).await;
    let row = one.add("a").await;
    assert_eq!((one.view(row).await, two.view(row).await), (0, 0));
    assert_eq!((one.metric("cache_loads_total"), two.metric("cache_loads_total")), (1.0, 0.0));
    assert_eq!(two.metric("cache_shared_hits_total"), 1.0);
    // What is shared is as new as the last write at once, of whichever replica.
    assert_eq!(one.count(row).await, 1);
    assert_eq!((two.view(row).await, two.find("a").await), (1, Some(1)));
    assert_eq!(two.count(row).await, 2);
    assert_eq!((one.view(row).await, one.find("a").await), (2, Some(2)));
    // What each keeps for itself is dropped when it hears of the write.
    assert_eq!((one.list().await, two.list().await), (vec![2], vec![2]));
    assert_eq!(one.count(row).await, 3);
    assert_eq!(one.list().await, [3]);
    soon("the other hears of it", async || two.list().await == [3]).await;
    // A name that is not there is asked for again once it is.
    assert_eq!(two.find("b").await, None);
    one.add("b").await;
    assert_eq!(two.find("b").await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_everything_is_served_and_it_is_used_once_it_is_there() {
    let Some(mut redis) = Redis::start() else { return };
    redis.stop();
    let world = World::new("1h");
    let (one, two) =
        (world.replica(Some(&redis.url())).await, world.replica(Some(&redis.url())).await);
    let row = one.add("a").await;
    let began = Instant::now();
    for number in 1..50 {
        assert_eq!(one.count(row).await, number);
        assert_eq!(one.view(row).await, number);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(one.metric("redis_errors_total") > 0.0);
    redis.restart();
    soon("it is used", async || one.metric("redis_up") + two.metric("redis_up") == 2.0).await;
    assert_eq!((one.count(row).await, two.view(row).await), (50, 50));
    redis.command(&["FLUSHALL"]);
    assert_eq!((two.view(row).await, one.view(row).await), (50, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_told_is_made_good_when_redis_is_back() {
    let Some(redis) = Redis::start() else { return };
    let world = World::new("1h");
    let (one, two) =
        (world.replica(Some(&redis.url())).await, world.replica(Some(&redis.url())).await);
    soon("both are up", async || one.metric("redis_up") + two.metric("redis_up") == 2.0).await;
    let row = one.add("a").await;
    assert_eq!((one.view(row).await, two.view(row).await), (0, 0));
    // It keeps what it has, and answers nobody.
    let sleeper = std::thread::spawn(move || {
        redis.command(&["DEBUG", "SLEEP", "2"]);
        redis
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    assert_eq!(one.count(row).await, 1);
    assert_eq!(one.view(row).await, 1);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let _redis = sleeper.join().unwrap();
    soon("the writer is up again", async || one.metric("redis_up") == 1.0).await;
    assert_eq!(one.find("a").await, Some(1));
    soon("the other is up again", async || two.metric("redis_up") == 1.0).await;
    assert_eq!(two.view(row).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_listens_costs_no_request_its_answer() {
    let world = World::new("1h");
    let url = format!("redis://127.0.0.1:{}", Redis::nowhere());
    let one = world.replica(Some(&url)).await;
    let row = one.add("a").await;
    let began = Instant::now();
    for _ in 0..200 {
        assert_eq!(one.view(row).await, 0);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!((one.metric("redis_up"), one.metric("cache_loads_total")), (0.0, 1.0));
}

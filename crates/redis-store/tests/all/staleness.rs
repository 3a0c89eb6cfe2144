//! No answer is older than the model lets it be, whatever happens between replicas.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::server::Redis;
use crate::world::{Replica, World};

const STALE: Duration = Duration::from_secs(2);
/// For how long it is tried.
const TRIED: Duration = Duration::from_secs(5);

/// When each number of a counter was committed, at the latest.
#[derive(Default)]
struct History(Mutex<Vec<Instant>>);

impl History {
    fn committed(&self, number: i64) {
        let mut history = self.0.lock().unwrap();
        let at = usize::try_from(number).unwrap();
        let now = Instant::now();
        let length = history.len().max(at + 1);
        history.resize(length, now);
        history[at] = history[at].min(now);
    }

    /// An answer to who asked at `asked`: whatever came after it is younger than may be missed.
    fn check(&self, asked: Instant, number: i64) {
        let history = self.0.lock().unwrap();
        let next = usize::try_from(number + 1).unwrap();
        if let Some(replaced) = history.get(next) {
            let age = asked.saturating_duration_since(*replaced);
            assert!(age < STALE, "{number} was replaced {age:?} before somebody asked");
        }
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Everything that one client does until the time is up: how often it was answered.
async fn client(
    seed: u64,
    replicas: Arc<Vec<Replica>>,
    rows: Arc<Vec<(u128, History)>>,
    over: Arc<AtomicBool>,
    slowest: Arc<AtomicU64>,
) -> u32 {
    let mut dice = Dice(seed);
    let mut asked = 0;
    while !over.load(Relaxed) {
        let replica = &replicas[usize::try_from(dice.roll(replicas.len() as u64)).unwrap()];
        let at = usize::try_from(dice.roll(rows.len() as u64)).unwrap();
        let (row, history) = &rows[at];
        let began = Instant::now();
        match dice.roll(12) {
            0 => {
                let number = replica.count(*row).await;
                history.committed(number);
                // Who writes sees what it wrote, where it wrote it.
                let seen = replica.view(*row).await;
                assert!(seen >= number, "wrote {number}, saw {seen}");
            }
            1..=4 => history.check(began, replica.view(*row).await),
            5..=8 => {
                let found = replica.find(&format!("c{at}")).await;
                history.check(began, found.unwrap());
            }
            _ => {
                let all = replica.list().await;
                rows.iter()
                    .zip(all)
                    .for_each(|((_, history), number)| history.check(began, number));
            }
        }
        slowest.fetch_max(u64::try_from(began.elapsed().as_millis()).unwrap(), Relaxed);
        asked += 1;
        tokio::time::sleep(Duration::from_millis(dice.roll(5))).await;
    }
    asked
}

async fn tried(redis: Option<&str>, mut meanwhile: impl AsyncFnMut()) -> (u32, Arc<Vec<Replica>>) {
    let world = World::new("2s");
    let replicas = Arc::new(vec![world.replica(redis).await, world.replica(redis).await]);
    let mut rows = Vec::new();
    for at in 0..4 {
        let history = History::default();
        history.committed(0);
        rows.push((replicas[0].add(&format!("c{at}")).await, history));
    }
    let (rows, over, slowest) = (Arc::new(rows), Arc::new(AtomicBool::new(false)), Arc::default());
    let begin = |seed| {
        let of = (replicas.clone(), rows.clone(), over.clone(), Arc::clone(&slowest));
        tokio::spawn(client(seed, of.0, of.1, of.2, of.3))
    };
    let clients: Vec<_> = (1..9).map(begin).collect();
    let began = Instant::now();
    meanwhile().await;
    tokio::time::sleep(TRIED.saturating_sub(began.elapsed())).await;
    over.store(true, Relaxed);
    let mut asked = 0;
    for client in clients {
        asked += client.await.unwrap();
    }
    let slowest = slowest.load(Relaxed);
    eprintln!("{asked} requests, the slowest took {slowest} ms");
    assert!(asked > 200 && slowest < 2_000, "{asked} {slowest}");
    (asked, replicas)
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_know_nothing_of_each_other_keep_the_bound() {
    let (_, replicas) = tried(None, async || {}).await;
    assert!(replicas[0].metric("cache_hits_total") > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_share_keep_the_bound_whatever_becomes_of_redis() {
    let Some(mut redis) = Redis::start() else { return };
    let url = redis.url();
    let pause = || tokio::time::sleep(Duration::from_millis(700));
    let (_, replicas) = tried(Some(&url), async || {
        pause().await;
        redis.command(&["FLUSHALL"]);
        pause().await;
        redis.stop();
        pause().await;
        redis.restart();
        pause().await;
        redis.command(&["DEBUG", "SLEEP", "1"]);
        pause().await;
        redis.command(&["CONFIG", "SET", "maxmemory", "2mb"]);
        pause().await;
    })
    .await;
    assert!(replicas[0].metric("cache_shared_hits_total") > 0.0);
    assert!(replicas[0].metric("redis_errors_total") > 0.0);
}

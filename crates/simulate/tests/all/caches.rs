//! Caches by keys, against what is known of their hit ratios.

use queueing::{Popularity, hit_ratio, lru_hit_ratio};
use simulate::experiment::{Plan, WindowReport, simulate};
use simulate::kernel::Distribution;
use simulate::network::{Before, Builder, Cache, END, Keys, Label, Network, Policy, Station};

use crate::designs::{question, shop, shop_with};
use crate::networks::{SECOND, poisson};

const RATE: f64 = 1_000.0;

fn cache(keys: u64, exponent: f64) -> Cache {
    Cache {
        name: "answers".to_owned(),
        keys: Keys { count: keys, exponent },
        time_to_live: None,
        capacity: None,
        single_flight: false,
        before: None,
    }
}

/// Requests for keys of a cache in front of a store that takes so long, under a policy.
fn network(cache: Cache, fetch: f64, failures: f64, policy: Policy, rate: f64) -> Network {
    let mut builder = Builder::new();
    let store = Station { servers: None, failures, ..Station::new("store") };
    let store = builder.station(store);
    let keys = cache.keys;
    let cache = builder.cache(cache);
    let kept = builder.keep(cache, END);
    let fetched = builder.serve(store, Distribution::Exponential(fetch * SECOND), kept);
    let look = builder.look(cache, END, fetched);
    let entry: Label = builder.key("clients".to_owned(), keys, look);
    let asked = builder.call("clients".to_owned(), &[entry], policy, END);
    builder.source("clients", poisson(rate), 0, asked);
    builder.finish()
}

fn run(network: &Network, warm_up: f64, seconds: f64) -> WindowReport {
    let time = |seconds: f64| (seconds * SECOND) as u64;
    let plan = Plan {
        replications: 8,
        threads: 2,
        warm_up: Some(time(warm_up)),
        duration: Some(time(seconds)),
        ..Plan::default()
    };
    simulate(network, &plan, |_| ()).unwrap().windows.remove(0)
}

fn hits(window: &WindowReport) -> f64 {
    1.0 - window.stations[0].arrivals.value / window.sources[0].offered.value
}

/// The least recently used goes: Che's approximation, known to be within a percent.
#[test]
fn a_bounded_cache_meets_ches_approximation() {
    for (keys, exponent, capacity) in [(10_000, 0.8, 500), (1_000, 1.1, 50), (1_000, 0.0, 300)] {
        let bounded = Cache { capacity: Some(capacity), ..cache(keys, exponent) };
        let network = network(bounded, 0.0, 0.0, Policy::default(), RATE);
        let found = hits(&run(&network, 20.0, 60.0));
        let popularity = Popularity { items: keys as f64, exponent };
        let exact = lru_hit_ratio(popularity, f64::from(capacity));
        assert!((found - exact).abs() < 0.005, "{found} for {exact}");
    }
}

/// An answer counts for a time: the sum over keys, exactly. The run is as long as a quarter of that
/// time, and nothing is warmed up: what was there before is drawn.
#[test]
fn a_cache_with_a_time_to_live_is_what_it_would_be_after_hours() {
    for (keys, exponent, seconds) in [(20_000, 0.8, 60.0), (1_000_000, 1.0, 300.0)] {
        let kept = Cache {
            time_to_live: Some((seconds * SECOND) as u64),
            before: Some(Before { rate: RATE, fronts: None }),
            ..cache(keys, exponent)
        };
        let network = network(kept, 0.0, 0.0, Policy::default(), RATE);
        let exact = hit_ratio(Popularity { items: keys as f64, exponent }, RATE, seconds);
        for (warm_up, length) in [(0.0, 0.25 * seconds), (seconds, 0.25 * seconds)] {
            let found = hits(&run(&network, warm_up, length));
            assert!((found - exact).abs() < 0.005, "{found} for {exact} after {warm_up} s");
        }
    }
}

/// One key that everybody wants, and a fetch that takes as long as it counts: those who miss it
/// together ask once.
#[test]
fn who_misses_what_is_being_fetched_waits_for_it() {
    let second = Some(SECOND as u64);
    let kept = |single_flight| Cache { time_to_live: second, single_flight, ..cache(1, 1.0) };
    let fetch = 0.1;
    let alone = run(&network(kept(false), fetch, 0.0, Policy::default(), RATE), 5.0, 60.0);
    let together = run(&network(kept(true), fetch, 0.0, Policy::default(), RATE), 5.0, 60.0);
    // Others come while the first fetches.
    assert!(alone.stations[0].arrivals.value > 5.0, "{:?}", alone.stations[0].arrivals);
    // One fetch in the time that it takes and the answer counts.
    let rate = together.stations[0].arrivals.value;
    assert!((rate - 1.0 / (1.0 + fetch)).abs() < 0.03, "{rate}");
    // Nobody waits longer than the fetch, and nobody is forgotten.
    assert!((together.sources[0].goodput.value / RATE - 1.0).abs() < 0.01);
}

/// Fetches that fail or are given up let those who wait look again.
#[test]
fn fetches_that_fail_keep_nobody_waiting() {
    let kept =
        Cache { time_to_live: Some((0.2 * SECOND) as u64), single_flight: true, ..cache(20, 0.8) };
    let policy = Policy {
        timeout: Some((0.05 * SECOND) as u64),
        cancel: true,
        retries: 1,
        ..Policy::default()
    };
    let window = run(&network(kept, 0.03, 0.3, policy, 200.0), 5.0, 60.0);
    let source = &window.sources[0];
    let failed: f64 = source.failed.iter().map(|(_, share)| share.value).sum();
    assert!((source.goodput.value + failed * source.offered.value - 200.0).abs() < 2.0);
    assert!(failed > 0.01 && failed < 0.4, "{failed}");
}

/// What the model says is kept nowhere leaves with `no-store`: every request comes through a network
/// of caches.
#[test]
fn a_network_of_caches_answers_nothing_that_is_not_kept() {
    let answered = |design: &decide::Design| {
        let compiled = simulate::design::compile(design, &question(Vec::new()), 0.0).unwrap();
        let of = compiled.edge.iter().find(|of| of.operation == "viewProduct");
        let rate = compiled.operations.iter().find(|of| of.name == "viewProduct").unwrap().rate;
        (of.map_or(0.0, |of| of.answered), rate)
    };
    let (answers, through) = answered(&shop());
    assert!(answers > 100.0 && through < 2000.0, "{answers} {through}");
    let own = "decisions:\n  cache.viewProduct: { choose: none, because: A test. }\n";
    let (answers, through) = answered(&shop_with("decisions:\n", own));
    assert!(answers < 1e-9 && (through - 2000.0).abs() < 1e-6, "{answers} {through}");
}

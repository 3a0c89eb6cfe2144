//! Whether the intervals hold what they promise: of 10,000 intervals of 95 %, each from independent
//! replications, 94.4 to 95.6 % must hold the exact value.

use simulate::experiment::{Plan, simulate};
use simulate::kernel::Distribution;
use simulate::network::Station;

use crate::networks::{SECOND, single};

/// Shares of intervals that hold the exact mean time and utilisation.
fn coverage(intervals: u64) -> (f64, f64) {
    let service = Distribution::Exponential(SECOND);
    let network = single(0.5, Station::new("station"), service);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut latency, mut utilisation) = (0u32, 0u32);
    for seed in 0..intervals {
        let plan = Plan {
            seed: 20_000 + seed,
            replications: 10,
            duration: Some(4000 * 1_000_000_000),
            warm_up: Some(200 * 1_000_000_000),
            threads,
            ..Plan::default()
        };
        let report = simulate(&network, &plan, |_| ()).unwrap();
        let window = &report.windows[0];
        latency += u32::from(window.sources[0].latency.unwrap().covers(2.0, 0.95));
        utilisation += u32::from(window.stations[0].utilisation.unwrap().covers(0.5, 0.95));
    }
    let share = |count: u32| f64::from(count) / intervals as f64;
    let found = (share(latency), share(utilisation));
    println!("{intervals} intervals: mean time {:.4}, utilisation {:.4}", found.0, found.1);
    found
}

#[test]
fn intervals_of_95_percent_hold_about_that() {
    let (latency, utilisation) = coverage(200);
    for share in [latency, utilisation] {
        assert!((0.90..=0.99).contains(&share), "{share}");
    }
}

#[test]
#[ignore = "minutes: cargo xtask validate-sim"]
fn ten_thousand_intervals_hold_what_they_promise() {
    let (latency, utilisation) = coverage(10_000);
    for share in [latency, utilisation] {
        assert!((0.944..=0.956).contains(&share), "{share}");
    }
}

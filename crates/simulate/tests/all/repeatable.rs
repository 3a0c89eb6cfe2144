//! A seed replays everything, on any number of threads, and nothing is ever lost.

use simulate::experiment::{Plan, simulate};
use simulate::kernel::{Distribution, Seed};
use simulate::network::Station;
use simulate::run::{Horizon, run};

use crate::networks::{SECOND, everything, single};

const END: u64 = 2_000_000_000_000;

#[test]
fn everything_is_conserved_in_every_window() {
    let network = everything();
    for replication in 0..20 {
        let windows = (1..=10).map(|n| n * END / 10).collect();
        let horizon = Horizon { windows, bucket: None, times: false, most_events: u64::MAX };
        let outcome = run(&network, Seed { seed: 5, replication }, &horizon);
        assert_eq!(outcome.windows.len(), 10);
        for window in &outcome.windows {
            for record in &window.sources {
                assert!(record.is_conserved(), "{record:?}");
                assert!(record.started > 0 && record.succeeded > 0);
            }
            for record in &window.stations {
                assert!(record.is_conserved() && record.meets_littles_law(), "{record:?}");
                assert!(record.arrived > 0 && record.served > 0);
            }
        }
        let all = |of: fn(&simulate::run::StationRecord) -> u64| {
            outcome.windows.iter().flat_map(|window| &window.stations).map(of).sum::<u64>()
        };
        // Everything does happen.
        assert!(all(|record| record.abandoned) > 0);
        assert!(all(|record| record.cancelled) > 0);
        assert!(all(|record| record.rejected) > 0);
        assert!(all(|record| record.expired) > 0);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let network = everything();
    let report = |threads| {
        let plan =
            Plan { threads, precision: Some(0.02), most_replications: 32, ..Plan::default() };
        simulate(&network, &plan, |_| ()).unwrap()
    };
    let one = report(1);
    assert_eq!(one, report(3));
    assert_eq!(one, report(8));
}

#[test]
fn a_seed_is_a_run_and_another_seed_another_one() {
    let network = everything();
    let horizon =
        Horizon { windows: vec![END / 10], bucket: None, times: false, most_events: u64::MAX };
    let play = |seed, replication| run(&network, Seed { seed, replication }, &horizon);
    assert_eq!(play(1, 0), play(1, 0));
    assert_ne!(play(1, 0), play(1, 1));
    assert_ne!(play(1, 0), play(2, 0));
}

#[test]
fn a_queue_without_end_is_not_given_percentiles() {
    let service = Distribution::Exponential(SECOND);
    let network = single(2.0, Station::new("station"), service);
    let report = simulate(&network, &Plan::default(), |_| ()).unwrap();
    let simulate::experiment::Steadiness::Growing(rate) = report.steadiness else {
        panic!("{:?}", report.steadiness)
    };
    assert!((rate - 1.0).abs() < 0.1, "{rate}");
}

#[test]
fn a_run_ends_before_it_fills_the_memory() {
    let service = Distribution::Exponential(1e6 * SECOND);
    let network = single(1e6, Station::new("station"), service);
    let plan = Plan { duration: Some(100_000_000_000), replications: 2, ..Plan::default() };
    let report = simulate(&network, &plan, |_| ()).unwrap();
    assert_eq!(report.steadiness, simulate::experiment::Steadiness::Overrun);
}

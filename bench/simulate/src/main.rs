//! Events per second of the simulator, beside a bare binary heap that does the same work without
//! names, programs, windows or histograms. Runs are interleaved and measured in processor time, since
//! machines are shared.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark")]

mod bare;
mod networks;
mod shop;

use decide::sizing::Level;
use simulate::kernel::Seed;
use simulate::network::Network;
use simulate::run::{Horizon, run};

/// Runs a round, and returns how many events there were.
type Contestant = Box<dyn Fn(u32) -> u64>;

/// Rounds; the median counts.
const ROUNDS: usize = 7;
/// Events of a run, about.
const EVENTS: u64 = 10_000_000;

fn main() {
    let contestants: Vec<(&str, Contestant)> = vec![
        ("bare binary heap, one line for four servers", Box::new(|round| bare::run(round, EVENTS))),
        (
            "one line for four servers, through the general path",
            simulated(networks::four_servers()),
        ),
        ("the same with a series, for the warm-up", with_series(networks::four_servers())),
        ("1,000 lines for four servers each", simulated(networks::many(1000))),
        ("retries with time limits", simulated(networks::retries())),
        ("a pool held while others are asked", simulated(networks::layers())),
        ("the shop at its peak with headroom and growth", simulated(shop::network(Level::Reach))),
    ];
    // A part of a name measures what has it in its name alone.
    let part = std::env::args().nth(1).unwrap_or_default();
    let contestants: Vec<_> =
        contestants.into_iter().filter(|(name, _)| name.contains(&part)).collect();
    let mut speeds: Vec<Vec<f64>> = vec![Vec::new(); contestants.len()];
    for round in 0..ROUNDS {
        for ((_, contestant), speeds) in contestants.iter().zip(&mut speeds) {
            let before = processor_seconds();
            let events = contestant(u32::try_from(round).unwrap_or(0));
            speeds.push(events as f64 / (processor_seconds() - before) / 1e6);
        }
    }
    if part.is_empty() || "precision".contains(&part) {
        shop::precise();
    }
    println!("| one core | million events a second | of the bare heap |");
    println!("|---|--:|--:|");
    let median = |speeds: &mut Vec<f64>| {
        speeds.sort_by(f64::total_cmp);
        speeds[ROUNDS / 2]
    };
    let medians: Vec<f64> = speeds.iter_mut().map(median).collect();
    for ((name, _), speed) in contestants.iter().zip(&medians) {
        println!("| {name} | {speed:.1} | {:.0} % |", 100.0 * speed / medians[0]);
    }
}

fn simulated(network: Network) -> Contestant {
    Box::new(move |replication| play(&network, replication, None))
}

fn with_series(network: Network) -> Contestant {
    Box::new(move |replication| play(&network, replication, Some(1_000_000_000_000)))
}

fn play(network: &Network, replication: u32, bucket: Option<u64>) -> u64 {
    let horizon = Horizon { windows: vec![u64::MAX], bucket, times: false, most_events: EVENTS };
    let outcome = run(network, Seed { seed: 1, replication }, &horizon);
    assert!(outcome.windows.iter().all(simulate::run::Window::is_sound));
    outcome.events
}

/// Time that this process spent on processors; the clock's where the system does not tell.
fn processor_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").ok();
    // Behind the name in brackets: the 12th and 13th numbers, in hundredths of a second.
    let ticks = told.and_then(|text| {
        let mut numbers = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut next = || numbers.next()?.parse::<f64>().ok();
        Some(next()? + next()?)
    });
    ticks.map_or_else(
        || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(0.0, |since| since.as_secs_f64())
        },
        |ticks| ticks / 100.0,
    )
}

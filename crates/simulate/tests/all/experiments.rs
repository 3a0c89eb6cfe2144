//! Published experiments on retries and metastable failures, reproduced: laws and orderings, not
//! figures. (Bronson and others, "Metastable Failures in Distributed Systems", HotOS 2021; Huang and
//! others, "Metastable Failures in the Wild", OSDI 2022; Brooker on retries and token buckets.)

use simulate::experiment::{Plan, Report, simulate};

use crate::files::network;

fn report(text: &str, replications: u32) -> Report {
    let file = network(text);
    let plan = Plan { duration: file.duration, replications, threads: 2, ..Plan::default() };
    simulate(&file.network, &plan, |_| ()).unwrap()
}

/// A hundred clients who ask ten times a second and retry what fails.
fn retried(failures: &str, policy: &str) -> (f64, f64) {
    let text = format!(
        "sources:
  clients: {{ rate: 1000/s, to: service, retries: 3{policy} }}
stations:
  service: {{ servers: unlimited, service: 1ms, failures: {failures} }}
duration: 60s
"
    );
    let report = report(&text, 8);
    let window = &report.windows[0];
    (window.stations[0].arrivals.value / window.sources[0].offered.value, {
        window.sources[0].goodput.value
    })
}

#[test]
fn retries_multiply_load_by_the_geometric_series() {
    for (failures, share) in [("10%", 0.1f64), ("50%", 0.5), ("90%", 0.9), ("100%", 1.0)] {
        let law: f64 = (0..4).map(|retry| share.powi(retry)).sum();
        let (load, _) = retried(failures, "");
        assert!((load / law - 1.0).abs() < 0.01, "{failures}: {load}, not {law}");
    }
}

#[test]
fn a_bucket_of_tokens_bounds_what_retries_add() {
    let (load, _) = retried("100%", ", budget: { share: 10%, burst: 5 }");
    // A tenth, and the burst once in a minute of 60,000 calls.
    assert!((1.09..=1.101).contains(&load), "{load}");
    // Where little fails, the bucket lets every retry through.
    let (load, goodput) = retried("5%", ", budget: { share: 10%, burst: 5 }");
    assert!((load - 1.0526).abs() < 0.005 && goodput > 995.0, "{load} {goodput}");
}

/// Share of what was offered that ended well, in the last window.
fn goodput(report: &Report) -> f64 {
    let source = &report.windows.last().unwrap().sources[0];
    source.goodput.value / source.offered.value
}

#[test]
fn overload_that_has_ended_goes_on_until_the_load_falls_below_the_threshold() {
    // Six attempts a request: 4 a second keep a server of 10 a second busy for nothing, 1 does not.
    let text = "sources:
  clients: { rate: 4/s, to: server, timeout: 1s, retries: 5, backoff: 50ms }
stations:
  server: { service: { exponential: 100ms } }
changes:
  - { at: 100s, source: clients, rate: 20/s }
  - { at: 110s, source: clients, rate: 4/s }
  - { at: 200s, source: clients, rate: 1/s }
  - { at: 1500s, source: clients, rate: 1/s }
duration: 1700s
";
    let report = report(text, 20);
    let share = |window: usize| {
        let source = &report.windows[window].sources[0];
        source.goodput.value / source.offered.value
    };
    let [before, after, at_last] = [share(0), share(2), share(4)];
    assert!(before > 0.9 && after < 0.1 && at_last > 0.99, "{before} {after} {at_last}");
}

/// A pause in front of a queue of a hundred, whose full wait of ten seconds is beyond the timeout.
fn paused(rate: f64, pause: u32, client: &str, server: &str) -> f64 {
    let end = 50 + pause;
    let text = format!(
        "sources:
  clients: {{ rate: {rate}/s, to: server, timeout: 3s, retries: 4{client} }}
stations:
  server: {{ service: {{ exponential: 100ms }}{server} }}
changes:
  - {{ at: 50s, station: server, servers: 0 }}
  - {{ at: {end}s, station: server, servers: 1 }}
  - {{ at: 350s, station: server, servers: 1 }}
duration: 550s
"
    );
    let report = report(&text, 20);
    goodput(&report)
}

const BOUNDED: &str = ", capacity: 100";

#[test]
fn the_collapse_feeds_itself_where_all_attempts_exceed_what_is_served() {
    // lambda * (retries + 1) against mu: the threshold lies at 2 a second.
    let [below, above, far] = [1.7, 3.0, 5.0].map(|rate| paused(rate, 30, "", BOUNDED));
    assert!(below > 0.99, "{below}");
    assert!(above < 0.35, "{above}");
    assert!(far < 0.01, "{far}");
}

#[test]
fn the_longer_the_trigger_the_surer_the_collapse() {
    let shares = [1, 3, 4, 6].map(|pause| paused(7.0, pause, "", BOUNDED));
    assert!(shares.is_sorted_by(|one, other| one >= other), "{shares:?}");
    assert!(shares[0] > 0.95 && shares[3] < 0.2, "{shares:?}");
}

#[test]
fn what_bounds_work_heals_and_waiting_alone_does_not() {
    let backoff = ", backoff: 100ms, jitter: true";
    let budget = format!("{backoff}, budget: {{ share: 10%, burst: 5 }}");
    let jitter = paused(8.0, 30, backoff, BOUNDED);
    let budget = paused(8.0, 30, &budget, BOUNDED);
    let lifo = paused(8.0, 30, backoff, ", capacity: 100, discipline: lifo");
    let short = paused(8.0, 30, backoff, ", capacity: 20");
    let dropped = paused(8.0, 30, backoff, ", capacity: 100, expired: drop");
    println!("{jitter} {budget} {lifo} {short} {dropped}");
    assert!(jitter < 0.05, "{jitter}");
    for healed in [budget, lifo, short] {
        assert!(healed > 0.95, "{budget} {lifo} {short}");
    }
    assert!(dropped > jitter, "{dropped}");
}

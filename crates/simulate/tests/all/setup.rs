//! Servers that need a set-up when they were idle, against exact values.

use queueing::SetupServer;
use simulate::experiment::{Plan, WindowReport, simulate};
use simulate::kernel::Distribution;
use simulate::network::Station;

use crate::networks::{SECOND, single};

fn run(rate: f64, servers: u32, service: Distribution, setup: Distribution) -> WindowReport {
    let station = Station { servers: Some(servers), setup: Some(setup), ..Station::new("station") };
    let network = single(rate, station, service);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        replications: 16,
        threads,
        duration: Some(200_000_000_000_000),
        warm_up: Some(1_000_000_000_000),
        ..Plan::default()
    };
    simulate(&network, &plan, |_| ()).unwrap().windows.remove(0)
}

fn exponential(mean: f64) -> Distribution {
    Distribution::Exponential(mean * SECOND)
}

fn holds(found: simulate::statistics::Estimate, wanted: f64, widest: f64) {
    let wide = found.half_width(0.999) / wanted;
    assert!(found.covers(wanted, 0.999), "{} ±{wide:.4}, exactly {wanted}", found.value);
    assert!(wide < widest, "±{wide:.4} tells too little");
}

#[test]
fn one_server_meets_welchs_mean() {
    for (rate, variability) in [(0.3, 0.0), (0.6, 1.0), (0.8, 4.0)] {
        let service = match variability {
            0.0 => Distribution::Constant(SECOND),
            1.0 => exponential(1.0),
            _ => Distribution::lognormal(SECOND, variability),
        };
        let window = run(rate, 1, service, exponential(0.7));
        let exact = SetupServer {
            arrivals: rate,
            service: 1.0,
            service_variability: variability,
            setup: 0.7,
            setup_variability: 1.0,
        };
        let widest = if variability > 1.0 { 0.1 } else { 0.02 };
        holds(window.sources[0].latency.unwrap(), exact.mean_sojourn(), widest);
        holds(window.stations[0].wait.unwrap(), exact.mean_wait(), widest);
        holds(window.stations[0].utilisation.unwrap(), exact.utilisation(), 0.01);
    }
}

/// Share of the time with (busy, of them being set up, waiting) at two servers with exponential
/// times, by iterating the chain; the mean number inside and the servers that are busy.
fn two_servers(rate: f64, setup: f64) -> (f64, f64) {
    const MOST: usize = 120;
    let (service, ready) = (1.0, 1.0 / setup);
    let step = 1.0 / (rate + 2.0 * (service + ready));
    // By number inside (all who are beyond two wait) and set-ups under way.
    let mut shares = vec![[0.0; 3]; MOST + 1];
    shares[0][0] = 1.0;
    for _ in 0..60_000 {
        let mut next = vec![[0.0; 3]; MOST + 1];
        for inside in 0..=MOST {
            let busy = inside.min(2);
            for settings in 0..=busy {
                let share = shares[inside][settings];
                let mut stays = 1.0;
                let mut go = |to: usize, settings: usize, often: f64| {
                    next[to][settings] += share * often * step;
                    stays -= often * step;
                };
                if inside < MOST {
                    go(inside + 1, settings + usize::from(inside < 2), rate);
                }
                if settings > 0 {
                    go(inside, settings - 1, ready * settings as f64);
                }
                if busy > settings {
                    go(inside - 1, settings, service * (busy - settings) as f64);
                }
                next[inside][settings] += share * stays;
            }
        }
        shares = next;
    }
    let sum = |of: fn(usize) -> f64| -> f64 {
        shares.iter().enumerate().map(|(inside, all)| of(inside) * all.iter().sum::<f64>()).sum()
    };
    (sum(|inside| inside as f64), sum(|inside| inside.min(2) as f64))
}

#[test]
fn two_servers_meet_the_chain() {
    for rate in [0.6, 1.5] {
        let window = run(rate, 2, exponential(1.0), exponential(0.8));
        let (inside, busy) = two_servers(rate, 0.8);
        holds(window.stations[0].inside, inside, 0.02);
        holds(window.stations[0].utilisation.unwrap(), busy / 2.0, 0.01);
    }
}

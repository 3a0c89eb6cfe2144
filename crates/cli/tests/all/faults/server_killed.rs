//! `kill -9` of the server while orders arrive. The embedded store has a test of its own, with more
//! rounds: `acceptance::crash`.

use std::time::{Duration, Instant};

use super::backend::Backend;
use super::cluster::Cluster;
use super::ledger::Ledger;
use super::rounds;

#[test]
fn acknowledged_orders_survive_the_server_on_postgresql() {
    let Some(cluster) = Cluster::start("server-killed", &[]) else { return };
    survive(Backend::new("server-killed").store(&cluster.url()).started(), rounds(4, 40));
}

#[test]
fn acknowledged_orders_survive_the_embedded_server_with_their_events() {
    survive(Backend::new("embedded-killed").started(), rounds(3, 40));
}

fn survive(mut backend: Backend, rounds: u32) {
    let customer = backend.customer();
    let ledger = Ledger::default();
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        ledger.under_load(4, &customer, || {
            // A different moment each time.
            std::thread::sleep(Duration::from_millis(u64::from(60 + (round * 137) % 400)));
            let killed = Instant::now();
            backend.kill();
            backend.start();
            slowest = slowest.max(ledger.recovered(killed, Duration::from_secs(60)));
        });
    }
    let seen = ledger.settle(&backend, &customer, true);
    eprintln!("{rounds} kills of the server, back within {slowest:?} with its start: {seen}");
}

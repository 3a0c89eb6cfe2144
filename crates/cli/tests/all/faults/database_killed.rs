//! `kill -9` of PostgreSQL while orders arrive: the server answers honestly until it is back.

use std::time::{Duration, Instant};

use super::backend::Backend;
use super::cluster::Cluster;
use super::ledger::Ledger;
use super::rounds;
use crate::acceptance::client::Client;

#[test]
fn acknowledged_orders_survive_the_database() {
    let Some(mut cluster) = Cluster::start("database-killed", &[]) else { return };
    let backend = Backend::new("database-killed").store(&cluster.url()).started();
    let customer = backend.customer();
    let ledger = Ledger::default();
    let anyone = Client::new(&backend.url, None);
    let rounds = rounds(3, 30);
    let mut slowest = Duration::ZERO;
    ledger.under_load(4, &customer, || {
        for round in 0..rounds {
            std::thread::sleep(Duration::from_millis(u64::from(200 + (round * 137) % 400)));
            cluster.kill();
            std::thread::sleep(Duration::from_millis(300));
            anyone.get("/health").expect(200);
            anyone.get("/ready").refused(503, "unavailable");
            cluster.restart();
            let back = Instant::now();
            slowest = slowest.max(ledger.recovered(back, Duration::from_secs(20)));
        }
    });
    anyone.get("/ready").expect(200);
    let seen = ledger.settle(&backend, &customer, false);
    eprintln!("{rounds} kills of PostgreSQL, orders within {slowest:?} of its return: {seen}");
}

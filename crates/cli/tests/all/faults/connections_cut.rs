//! Connections to PostgreSQL are ended, cut and forgotten in the middle of transactions.

use std::time::{Duration, Instant};

use super::backend::Backend;
use super::cluster::Cluster;
use super::ledger::Ledger;
use super::proxy::Proxy;
use super::rounds;

#[test]
fn acknowledged_orders_survive_connections_that_are_ended_and_cut() {
    let Some(cluster) = Cluster::start("connections-cut", &[]) else { return };
    let proxy = Proxy::new(&cluster.host());
    let url = format!("postgres://postgres@{}/postgres", proxy.host());
    let backend = Backend::new("connections-cut").store(&url).started();
    let customer = backend.customer();
    let ledger = Ledger::default();
    let mut sql = cluster.sql();
    let mut end_all = || {
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        sql.execute(others, &[]).unwrap();
    };
    let rounds = rounds(6, 200);
    let (mut ended, mut cut) = (Duration::ZERO, Duration::ZERO);
    ledger.under_load(4, &customer, || {
        for round in 0..rounds {
            std::thread::sleep(Duration::from_millis(u64::from(40 + (round * 37) % 190)));
            end_all();
            ended = ended.max(ledger.recovered(Instant::now(), Duration::from_secs(5)));
            std::thread::sleep(Duration::from_millis(u64::from(40 + (round * 53) % 190)));
            proxy.refuse(round % 2 == 0);
            proxy.cut();
            std::thread::sleep(Duration::from_millis(100));
            proxy.refuse(false);
            cut = cut.max(ledger.recovered(Instant::now(), Duration::from_secs(5)));
        }
    });
    let seen = ledger.settle(&backend, &customer, false);
    eprintln!(
        "{rounds} times all connections were ended (orders again within {ended:?}) and cut \
         ({cut:?}): {seen}"
    );
}

/// As by a firewall: neither end is told. Requests with the keys of those that hang wait for them.
#[test]
fn orders_go_on_after_all_connections_fell_silent() {
    let Some(cluster) = Cluster::start("connections-forgotten", &[]) else { return };
    let proxy = Proxy::new(&cluster.host());
    let url = format!("postgres://postgres@{}/postgres", proxy.host());
    let backend = Backend::new("connections-forgotten").store(&url).started();
    let customer = backend.customer();
    let ledger = Ledger::default();
    let recovered = ledger.under_load(4, &customer, || {
        std::thread::sleep(Duration::from_millis(300));
        proxy.forget();
        let forgotten = Instant::now() + Duration::from_millis(50);
        let recovered = ledger.recovered(forgotten, Duration::from_secs(60));
        // By now the work that hung has ended, too.
        std::thread::sleep(Duration::from_secs(40).saturating_sub(forgotten.elapsed()));
        recovered
    });
    let seen = ledger.settle(&backend, &customer, false);
    eprintln!("all connections fell silent, orders again after {recovered:?}: {seen}");
}

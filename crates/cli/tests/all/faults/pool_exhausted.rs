//! PostgreSQL has no connection left, and then connections that all wait for one lock.

use std::time::{Duration, Instant};

use super::backend::Backend;
use super::cluster::Cluster;
use super::ledger::Ledger;
use crate::acceptance::client::Client;

#[test]
fn no_connection_and_no_lock_are_told_honestly_and_are_over_when_they_are_over() {
    let Some(cluster) = Cluster::start("pool-exhausted", &["max_connections=16"]) else { return };
    let backend = Backend::new("pool-exhausted").store(&cluster.url()).started();
    let customer = backend.customer();
    let ledger = Ledger::default();
    let anyone = Client::new(&backend.url, None);
    let table = orders(&cluster);
    let mut sql = cluster.sql();
    let mut greedy = Vec::new();
    while let Ok(one) = postgres::Client::connect(&cluster.url(), postgres::NoTls) {
        greedy.push(one);
    }
    let taken = greedy.len();
    let without = ledger.under_load(24, &customer, || {
        ledger.until_refused("503 overloaded", Duration::from_secs(20));
        anyone.get("/health").expect(200);
        drop(greedy);
        ledger.recovered(Instant::now(), Duration::from_secs(10))
    });
    let locked = ledger.under_load(24, &customer, || {
        let mut holder = sql.transaction().unwrap();
        holder.batch_execute(&format!("LOCK TABLE {table}")).unwrap();
        ledger.until_refused("504 timed-out", Duration::from_secs(20));
        std::thread::sleep(Duration::from_secs(3));
        anyone.get("/health").expect(200);
        holder.rollback().unwrap();
        ledger.recovered(Instant::now(), Duration::from_secs(10))
    });
    let seen = ledger.settle(&backend, &customer, false);
    eprintln!(
        "{taken} connections were taken by others (orders {without:?} after they were free), the \
         table was locked (orders {locked:?} after it was free): {seen}"
    );
}

/// The table of the orders.
fn orders(cluster: &Cluster) -> String {
    let named = "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables \
                 WHERE schemaname = 'ordering' AND tablename IN ('order', 'orders')";
    cluster.sql().query_one(named, &[]).unwrap().get(0)
}

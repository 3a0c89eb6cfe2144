//! The disk is full, and has room again: reads go on, writes are refused and told when to come back.

use std::time::{Duration, Instant};

use super::backend::{Backend, Customer};
use super::cluster::{self, Cluster};
use super::disk::Disk;
use super::ledger::Ledger;
use crate::acceptance::client::Client;

#[test]
fn a_full_disk_under_the_embedded_store_refuses_writes_until_there_is_room() {
    let Some(disk) = Disk::new("disk-full", "48m") else { return };
    let backend = Backend::new("disk-full").data(disk.path().join("data")).started();
    let customer = backend.customer();
    fill_and_free(&backend, &customer, &disk);
}

#[test]
fn a_full_tablespace_of_postgresql_refuses_writes_until_there_is_room() {
    let Some(disk) = Disk::new("tablespace-full", "64m") else { return };
    let Some(cluster) = Cluster::start("tablespace-full", &[]) else { return };
    cluster::own(&disk.path());
    let mut sql = cluster.sql();
    let tablespace = format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display());
    sql.batch_execute(&tablespace).unwrap();
    sql.batch_execute("CREATE DATABASE shop TABLESPACE small").unwrap();
    let url = format!("postgres://postgres@{}/shop", cluster.host());
    let backend = Backend::new("tablespace-full").store(&url).started();
    let customer = backend.customer();
    fill_and_free(&backend, &customer, &disk);
    drop((backend, cluster));
}

fn fill_and_free(backend: &Backend, customer: &Customer, disk: &Disk) {
    let ledger = Ledger::default();
    let anyone = Client::new(&backend.url, None);
    let recovered = ledger.under_load(4, customer, || {
        std::thread::sleep(Duration::from_millis(300));
        disk.fill();
        ledger.until_refused("503 unavailable", Duration::from_secs(60));
        anyone.get("/health").expect(200);
        anyone.get("/catalog/v1/products").expect(200);
        customer.client.get("/ordering/v1/orders?limit=5").expect(200);
        std::thread::sleep(Duration::from_millis(500));
        disk.free();
        ledger.recovered(Instant::now(), Duration::from_secs(20))
    });
    let seen = ledger.settle(backend, customer, false);
    eprintln!("the disk was full, orders {recovered:?} after there was room: {seen}");
}

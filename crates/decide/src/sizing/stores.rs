//! How large the servers of a store are, and what lies on their disks.

use queueing::servers_for_waiting_probability;

use super::demand::{StoreDemand, StoreKind};
use super::load::Level;
use super::services::{up, utilisation};
use super::{Copies, Node, Store};
use crate::facts::Facts;
use crate::numbers;

/// The node of a level.
#[must_use]
pub fn node(model: Facts<'_>, demand: &StoreDemand, level: Level) -> Node {
    let busy = demand.cores.at(level);
    let largest = up(model.value(&numbers::NODE_CORES)).max(1);
    if demand.kind == StoreKind::Redis {
        return redis(model, demand, level);
    }
    let useful = utilisation(model, level);
    // More connections than that per core wait for each other, not for the client.
    let per_core = model.value(&numbers::POOL_PER_CORE);
    let held = demand.held.at(level);
    let wanted = (busy / useful).max(held / per_core);
    let class = class(up(model.value(&numbers::NODE_CORES_LEAST)).max(1), wanted);
    let cores = class.min(largest);
    let room = f64::from(cores) * useful;
    let beyond = (busy - room).max(0.0);
    if demand.kind != StoreKind::Postgresql {
        // These are spread over as many servers as it takes.
        let read_replicas = if room > 0.0 { up(beyond / room) } else { 0 };
        return Node { cores, read_replicas, beyond: 0.0 };
    }
    let movable = demand.movable.at(level).min(beyond);
    Node {
        cores,
        read_replicas: if room > 0.0 { up(movable / room) } else { 0 },
        beyond: (beyond - movable).max(0.0),
    }
}

/// Bytes on disk for a byte of rows: indexes and dead rows come with them, and columns of a time
/// series are compressed.
#[must_use]
pub fn of_rows(model: Facts<'_>, kind: StoreKind) -> f64 {
    match kind {
        StoreKind::TimeSeries => model.value(&numbers::SERIES_SHARE),
        _ => model.value(&numbers::BLOAT),
    }
}

/// The next size: sizes double.
fn class(least: u32, wanted: f64) -> u32 {
    let mut cores = least;
    while f64::from(cores) < wanted - 1e-9 && cores < 1 << 16 {
        cores *= 2;
    }
    cores
}

/// One thread does everything; more of it takes more shards.
fn redis(model: Facts<'_>, demand: &StoreDemand, level: Level) -> Node {
    let shards = up(demand.cores.at(level) / utilisation(model, level)).max(1);
    Node { cores: shards, read_replicas: 0, beyond: 0.0 }
}

/// Connections that the server serves best, for all replicas together: enough that few requests
/// wait (Erlang C), and not more than its cores bear.
#[must_use]
pub fn connections(model: Facts<'_>, demand: &StoreDemand, node: Node) -> u32 {
    let per_core = model.value(&numbers::POOL_PER_CORE);
    let best = f64::from(node.cores) * per_core + model.value(&numbers::SPINDLES);
    let held = demand.held.peak.min(1e5);
    let wanted = servers_for_waiting_probability(held, model.value(&numbers::POOL_WAIT));
    up(f64::from(wanted.unwrap_or(u32::MAX)).min(2.0 * best)).max(2)
}

/// A store at D1, with its node at D2. `clients` are the connections of each replica of its service and
/// the most replicas there can be.
#[must_use]
pub fn size(model: Facts<'_>, demand: &StoreDemand, copies: Copies, level: Level) -> Store {
    let node = node(model, demand, level);
    let multiple = level.multiple().unwrap_or(1.0);
    let rows = demand.bytes_now + multiple * demand.bytes_to_come;
    let tables = rows * of_rows(model, demand.kind);
    let durable = demand.kind != StoreKind::Redis;
    let wal = if durable {
        demand.logged.at(level) * model.value(&numbers::WAL_HOURS) * 3_600.0
    } else {
        0.0
    };
    let answers =
        if demand.kind == StoreKind::Postgresql { demand.answers.mean_at(level) } else { 0.0 };
    let backed_up = demand.logged.mean_at(level) * model.value(&numbers::BACKUP_DAYS) * 86_400.0;
    Store {
        name: demand.name.clone(),
        subject: demand.subject.clone(),
        kind: demand.kind,
        service: demand.service,
        contexts: demand.contexts.clone(),
        reads: demand.reads,
        writes: demand.writes,
        cores: demand.cores,
        held: demand.held,
        copies,
        node,
        node_at_reach: self::node(model, demand, Level::Reach),
        pool: connections(model, demand, node),
        connections: 0,
        connections_most: up(
            model.value(&numbers::CONNECTIONS) * model.value(&numbers::CONNECTIONS_USED)
        ),
        tables,
        wal,
        answers,
        disk: (tables + wal + answers) / model.value(&numbers::DISK_FILL),
        memory: if durable {
            f64::from(node.cores) * model.value(&numbers::NODE_MEMORY) * 1e9
        } else {
            tables
        },
        backups: if durable {
            tables * model.value(&numbers::BACKUP_COPIES) + backed_up
        } else {
            0.0
        },
        files: demand.files.0 + multiple * (demand.files.1 - demand.files.0).max(0.0),
        largest: demand.largest,
    }
}

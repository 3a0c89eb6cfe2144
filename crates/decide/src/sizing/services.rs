//! How many replicas a service has, and how large they are.

use super::demand::ServiceDemand;
use super::load::{Level, Load};
use super::{Redundancy, Service};
use crate::facts::Facts;
use crate::numbers;

const MEBIBYTE: f64 = 1_048_576.0;

/// What makes replicas necessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// One would do for the load.
    Nothing,
    /// Busy cores.
    Cores,
    /// Open streams.
    Streams,
}

/// A whole number from a count that is one already or rounded up to it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is meant"
)]
#[must_use]
pub fn up(count: f64) -> u32 {
    (count - 1e-9).ceil().max(0.0) as u32
}

/// The least utilisation at which a level is borne: provisioned levels keep room for the loss of a
/// zone.
#[must_use]
pub fn utilisation(model: Facts<'_>, level: Level) -> f64 {
    let number =
        if level == Level::Reach { &numbers::LOAD_REACHED } else { &numbers::LOAD_PROVISIONED };
    model.value(number)
}

/// Replicas that the load alone asks for, and what of it.
#[must_use]
pub fn needed(
    model: Facts<'_>,
    cores: Load,
    streams: Load,
    per_replica: u32,
    level: Level,
) -> (u32, Bound) {
    let usable = f64::from(per_replica) * utilisation(model, level);
    let for_cores = up(cores.at(level) / usable).max(1);
    let for_streams = up(streams.at(level) / model.value(&numbers::REPLICA_SOCKETS)).max(1);
    match for_cores.max(for_streams) {
        1 => (1, Bound::Nothing),
        many if many == for_cores => (many, Bound::Cores),
        many => (many, Bound::Streams),
    }
}

/// Replicas with those that stand in for others.
#[must_use]
pub fn with_spares(model: Facts<'_>, needed: u32, redundancy: Redundancy) -> u32 {
    let zones = model.value(&numbers::ZONES).max(2.0);
    match redundancy {
        Redundancy::Single => needed,
        Redundancy::Replicated => needed + 1,
        Redundancy::Zones => up(f64::from(needed) * zones / (zones - 1.0)).max(needed + 1),
    }
}

/// Cores of a replica: the usual ones, doubled while there would be many.
#[must_use]
pub fn replica_cores(model: Facts<'_>, demand: &ServiceDemand, level: Level) -> u32 {
    let most = model.value(&numbers::REPLICA_CORES_MOST);
    let many = model.value(&numbers::REPLICAS_MANY);
    let mut cores = model.value(&numbers::REPLICA_CORES).max(1.0);
    while demand.cores.at(level) / (cores * utilisation(model, level)) > many && cores * 2.0 <= most
    {
        cores *= 2.0;
    }
    up(cores)
}

/// Password hashes that one replica computes at once: what exceeds them is turned away.
#[must_use]
pub fn hashes(model: Facts<'_>, cores: u32) -> u32 {
    let memory = f64::from(cores) * model.value(&numbers::REPLICA_MEMORY) * 1024.0;
    let fit = memory * model.value(&numbers::ARGON2_SHARE) / model.value(&numbers::ARGON2_MEMORY);
    up(f64::from(cores).min(fit.floor())).max(1)
}

/// A service at D1 with its bounds up to D2; `pool` is what its database serves in all.
#[must_use]
pub fn size(
    model: Facts<'_>,
    demand: &ServiceDemand,
    redundancy: Redundancy,
    pool: Option<u32>,
) -> Service {
    let cores = replica_cores(model, demand, Level::Peak);
    let plan = |level| {
        let (needed, bound) = needed(model, demand.cores, demand.streams, cores, level);
        (with_spares(model, needed, redundancy), bound)
    };
    let (replicas, bound) = plan(Level::Peak);
    let (most, bound_at_reach) = plan(Level::Reach);
    let hashes = if demand.signs_in { hashes(model, cores) } else { 0 };
    let serving = f64::from(replicas.saturating_sub(1).max(1));
    // With one replica lost, at D1 or at D2, whichever crowds the others more.
    let serving_at_reach = f64::from(most.saturating_sub(1).max(1));
    let crowd = |streams: f64, replicas: f64| streams / replicas;
    let sockets =
        up(crowd(demand.streams.peak, serving).max(crowd(demand.streams.reach, serving_at_reach)));
    let memory = model.value(&numbers::PROCESS_MEMORY) * MEBIBYTE
        + f64::from(sockets) * model.value(&numbers::SOCKET_MEMORY) * 1024.0
        + f64::from(hashes) * model.value(&numbers::ARGON2_MEMORY) * MEBIBYTE;
    Service {
        name: demand.deployable.name.clone(),
        subject: demand.subject.clone(),
        own: demand.deployable.own,
        contexts: demand.deployable.contexts.clone(),
        requests: demand.requests,
        cores: demand.cores,
        streams: demand.streams,
        messages: demand.messages,
        redundancy,
        replica_cores: cores,
        replica_memory: f64::from(cores)
            * model.value(&numbers::REPLICA_MEMORY)
            * 1024.0
            * MEBIBYTE,
        replicas,
        most: most.max(replicas),
        bound,
        bound_at_reach,
        streams_per_replica: sockets,
        memory_used: memory,
        hashes,
        pool: pool.map_or(0, |pool| up(f64::from(pool) / serving).max(2)),
    }
}

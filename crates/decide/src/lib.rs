//! From a model to a [`Design`]: verdicts with their reasons, and the physical shape that follows
//! from them. Every later phase only reads the design.

use std::sync::Arc;

use base::Diagnostic;
use model::Model;

use decided::Ground;
use facts::Facts;
use flips::Flips;
use lock::Lock;
use numbers::Numbers;

pub mod address_inputs;
pub mod ask;
pub mod assurance;
pub mod audit;
pub mod boundaries;
pub mod breaker;
pub mod bridge;
pub mod broker;
pub mod budget;
pub mod caching;
pub mod catalogue;
pub mod crossings;
pub mod decided;
pub mod decision;
pub mod decisions;
pub mod delivery;
pub mod dependents;
pub mod deployables;
pub mod design;
pub mod durable;
pub mod encryption;
pub mod expansions;
pub mod facts;
pub mod filters;
pub mod flips;
pub mod hot_rows;
pub mod indexes;
pub mod kept;
pub mod layout;
pub mod limits;
pub mod lock;
pub mod naming;
pub mod needs;
pub mod numbers;
pub mod objectives;
pub mod partitions;
pub mod protection;
pub mod quantities;
pub mod reachable;
pub mod read_models;
pub mod recovery;
pub mod references;
pub mod retention;
pub mod rollout;
mod routes;
pub mod sealed;
pub mod sessions;
pub mod sizing;
pub mod subjects;
pub mod tables;
pub mod tenancy;
pub mod touches;
pub mod versioning;

pub use design::Design;

/// Decides everything about a model. The design is whole even where there are diagnostics.
#[must_use]
pub fn decide(model: Arc<Model>) -> (Design, Vec<Diagnostic>) {
    decide_with(model, Numbers::default())
}

/// The same with other assumptions than the usual ones.
#[must_use]
pub fn decide_with(model: Arc<Model>, numbers: Numbers) -> (Design, Vec<Diagnostic>) {
    decide_locked(model, numbers, None)
}

/// The same, keeping decisions that were accepted while no number is clearly beyond the threshold
/// that turns them.
#[must_use]
pub fn decide_locked(
    model: Arc<Model>,
    numbers: Numbers,
    lock: Option<Arc<Lock>>,
) -> (Design, Vec<Diagnostic>) {
    let (routes, mut diagnostics) = routes::routes(&model);
    let facts = Facts { model: &model, numbers: &numbers };
    let ground = Ground::of(facts, tables::tables(&model));
    let (verdicts, sizing, findings) = decided::verdicts(facts, &ground, &routes, lock.as_deref());
    diagnostics.extend(findings);
    let (mut tables, flips) = (ground.tables, Flips::default());
    bridge::place(&model, &verdicts, &mut tables);
    (Design { tables, routes, verdicts, lock, flips, sizing, numbers, model }, diagnostics)
}

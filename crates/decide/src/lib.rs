//! From a model to a [`Design`]: verdicts with their reasons, and the physical shape that follows
//! from them. Every later phase only reads the design.

use std::sync::Arc;

use base::Diagnostic;
use model::Model;

pub mod boundaries;
pub mod budget;
pub mod catalogue;
pub mod crossings;
pub mod decided;
pub mod decision;
pub mod decisions;
pub mod design;
pub mod facts;
pub mod indexes;
mod layout;
pub mod naming;
pub mod numbers;
mod routes;
mod tables;

pub use design::Design;

/// Decides everything about a model. The design is whole even where there are diagnostics.
#[must_use]
pub fn decide(model: Arc<Model>) -> (Design, Vec<Diagnostic>) {
    let (routes, mut diagnostics) = routes::routes(&model);
    let mut tables = tables::tables(&model);
    let outcomes = indexes::add(&model, &mut tables, &decided::without_index(&model));
    let (verdicts, findings) = decided::verdicts(&model, &tables, &routes, &outcomes);
    diagnostics.extend(findings);
    (Design { tables, routes, verdicts, model }, diagnostics)
}

//! From a model to a [`Design`]: verdicts with their reasons, and the physical shape that follows
//! from them. Every later phase only reads the design.

use std::sync::Arc;

use base::Diagnostic;
use model::Model;

pub mod catalogue;
pub mod design;
pub mod facts;
mod indexes;
mod layout;
pub mod naming;
pub mod numbers;
mod routes;
mod tables;

pub use design::Design;

/// Decides everything about a model. The design is whole even where there are diagnostics.
#[must_use]
pub fn decide(model: Arc<Model>) -> (Design, Vec<Diagnostic>) {
    let (routes, diagnostics) = routes::routes(&model);
    let mut tables = tables::tables(&model);
    let _outcomes = indexes::add(&model, &mut tables, &[]);
    let design = Design { tables, routes, verdicts: Vec::new(), model };
    (design, diagnostics)
}

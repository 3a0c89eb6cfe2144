//! Emitters: a Design in, artifacts out. One emitter is one folder; none writes anything.

mod artifact;
mod components;
mod emitter;
mod emitters;
mod examples;
mod filters;
mod json_schema;
mod markdown;
mod merges;
pub mod metrics;
mod shapes;
mod webhooks;
mod yaml;

pub use artifact::Artifact;
pub use emitter::{Emitter, Input};
pub use emitters::*;

/// Every file of `design/`, sorted by path.
#[must_use]
pub fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let mut all: Vec<Artifact> = ALL.iter().flat_map(|emitter| (emitter.run)(input)).collect();
    all.sort();
    all
}

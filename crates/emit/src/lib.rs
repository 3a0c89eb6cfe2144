//! Emitters: a Design in, artifacts out. One emitter is one folder; none writes anything.

mod artifact;
pub mod openapi;
pub mod sql;
mod yaml;

pub use artifact::Artifact;

use decide::Design;

/// Every file of `design/`, sorted by path.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let mut all = sql::artifacts(design);
    all.extend(openapi::artifacts(design));
    all.sort();
    all
}

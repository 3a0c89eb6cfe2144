//! Emitters: a Design in, artifacts out. One emitter is one folder; none writes anything.

mod artifact;
pub mod decisions;
pub mod openapi;
pub mod sql;
mod yaml;

pub use artifact::Artifact;

use base::SourceMap;
use decide::Design;

/// Every file of `design/`, sorted by path. The sources are the ones that the design's spans
/// belong to.
#[must_use]
pub fn artifacts(design: &Design, sources: &SourceMap) -> Vec<Artifact> {
    let mut all = sql::artifacts(design);
    all.extend(openapi::artifacts(design));
    all.extend(decisions::artifacts(design, sources));
    all.sort();
    all
}

//! Emitters: a Design in, artifacts out. One emitter is one folder; none writes anything.

mod artifact;
mod emitter;
mod emitters;
mod markdown;
mod yaml;

pub use artifact::Artifact;
pub use emitter::Emitter;
pub use emitters::*;

use base::SourceMap;
use decide::Design;

/// Every file of `design/`, sorted by path. The sources are the ones that the design's spans
/// belong to.
#[must_use]
pub fn artifacts(design: &Design, sources: &SourceMap) -> Vec<Artifact> {
    let mut all: Vec<Artifact> =
        ALL.iter().flat_map(|emitter| (emitter.run)(design, sources)).collect();
    all.sort();
    all
}

//! What an emitter is: one folder of this crate, with a static declaration in its `mod.rs`.

use base::SourceMap;
use decide::Design;

use crate::Artifact;

/// An emitter.
#[derive(Clone, Copy, Debug)]
pub struct Emitter {
    /// Its name: that of its folder.
    pub id: &'static str,
    /// Its artifacts, under paths that no other emitter uses. The sources are the ones that the
    /// design's spans belong to.
    pub run: fn(&Design, &SourceMap) -> Vec<Artifact>,
}

//! What an emitter is: one folder of this crate, with a static declaration in its `mod.rs`.

use base::{Diagnostic, SourceMap};
use decide::Design;

use crate::Artifact;

/// An emitter.
#[derive(Clone, Copy, Debug)]
pub struct Emitter {
    /// Its name: that of its folder.
    pub id: &'static str,
    /// Its artifacts, under paths that no other emitter uses.
    pub run: fn(&Input<'_>) -> Vec<Artifact>,
}

/// What emitters read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'d> {
    /// Everything that was decided.
    pub design: &'d Design,
    /// The files that the spans of the design and of the findings belong to.
    pub sources: &'d SourceMap,
    /// What the checks found that nobody accepted.
    pub findings: &'d [Diagnostic],
    /// `proto/fields.lock` as the last run wrote it, since numbers once given never change; empty
    /// at the first.
    pub field_numbers: &'d str,
    /// What a simulation says, as the section of `capacity.md`; empty where nobody simulated.
    pub simulated: &'d str,
}

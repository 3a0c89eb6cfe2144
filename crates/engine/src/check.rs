//! From files to a design and everything that is wrong.

use std::sync::Arc;

use base::{Diagnostic, SourceMap, has_errors, sort_diagnostics};
use decide::{Design, numbers::Numbers};
use emit::Artifact;

use crate::{World, load, lock};

/// What is known about a model: its files, its findings, and its design if it has no error.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The files; spans of everything else belong to them.
    pub sources: SourceMap,
    /// The design; absent where there are errors.
    pub design: Option<Arc<Design>>,
    /// All findings, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The numbers of protobuf fields that an earlier run gave; see [`emit::Input`].
    pub field_numbers: String,
}

/// Where those numbers are, unless the folder of documents is elsewhere.
const FIELD_NUMBERS: &str = "design/proto/fields.lock";

/// Reads, resolves, decides and looks for what a careful reviewer would ask about. No phase stops at the first error; a design comes of a model
/// without errors alone.
#[must_use]
pub fn check(world: &dyn World) -> Checked {
    let mut sources = SourceMap::new();
    let (model, mut diagnostics) = load::load(world, &mut sources);
    let mut design = None;
    if let Some(model) = model
        && !has_errors(&diagnostics)
    {
        let lock = lock::load(world, &mut sources, &mut diagnostics).map(Arc::new);
        let (decided, findings) = decide::decide_locked(Arc::new(model), Numbers::default(), lock);
        diagnostics.extend(findings);
        diagnostics.extend(lock::warnings(&decided));
        if !has_errors(&diagnostics) {
            diagnostics.extend(check::check(&decided, world.today().as_deref()));
        }
        design = Some(Arc::new(decided));
    }
    sort_diagnostics(&mut diagnostics);
    if has_errors(&diagnostics) {
        design = None;
    }
    let field_numbers = world.read(FIELD_NUMBERS).unwrap_or_default();
    Checked { sources, design, diagnostics, field_numbers }
}

impl Checked {
    /// The same with every flip point computed, by at most so many threads: what follows, such as
    /// [`Self::artifacts`], then tells them.
    #[must_use]
    pub fn with_flips(mut self, threads: usize) -> Self {
        if let Some(design) = &mut self.design {
            let flips = decide::flips::of(design, threads);
            Arc::make_mut(design).flips = flips;
        }
        self
    }

    /// Every file of `design/`, sorted by path; none where there is no design.
    #[must_use]
    pub fn artifacts(&self) -> Vec<Artifact> {
        let Some(design) = self.design.as_deref() else { return Vec::new() };
        let (sources, findings) = (&self.sources, self.diagnostics.as_slice());
        let field_numbers = &self.field_numbers;
        let simulated = "";
        emit::artifacts(&emit::Input { design, sources, findings, field_numbers, simulated })
    }
}

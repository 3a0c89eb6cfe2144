//! From source text to a model, in one call.

use base::{Diagnostic, FileId, SourceMap, sort_diagnostics};

use crate::{Model, consequences::Lost, resolve, syntax};

/// Reads and resolves a model whose files, the root and all that it includes
/// ([`syntax::includes`]), are in `sources`. All that is wrong is reported, in order of place; the
/// model holds what is right.
#[must_use]
pub fn load(sources: &SourceMap, root: FileId) -> (Model, Vec<Diagnostic>) {
    let (tree, refused) = syntax::parse(sources, root);
    let (model, more) = resolve(&tree, sources);
    let lost = Lost::of(&refused, sources);
    let own: Vec<Diagnostic> = more.into_iter().filter(|found| !lost.explains(found)).collect();
    let mut diagnostics = refused;
    diagnostics.extend(own);
    sort_diagnostics(&mut diagnostics);
    (model, diagnostics)
}

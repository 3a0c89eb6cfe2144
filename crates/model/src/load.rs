//! From source text to a model, in one call.

use base::{Diagnostic, FileId, SourceMap, sort_diagnostics};

use crate::{Model, resolve, syntax};

/// Reads and resolves a model whose files, the root and all that it includes
/// ([`syntax::includes`]), are in `sources`. All that is wrong is reported, in order of place; the
/// model holds what is right.
#[must_use]
pub fn load(sources: &SourceMap, root: FileId) -> (Model, Vec<Diagnostic>) {
    let (tree, mut diagnostics) = syntax::parse(sources, root);
    let (model, more) = resolve(&tree, sources);
    // Where a part of the text could not be read, a name that is missing says nothing.
    let known =
        |diagnostic: &Diagnostic| !(tree.incomplete && diagnostic.id.starts_with("unknown-"));
    diagnostics.extend(more.into_iter().filter(known));
    sort_diagnostics(&mut diagnostics);
    (model, diagnostics)
}

//! Expectations written on the line they are about.
//!
//! A line of the input may be followed by comment lines that mark it with `^` and name the
//! diagnostic, each under the text it must underline; a mark of `^` alone at the start of a comment
//! (`# ^ id`) stands under the column of its caret:
//!
//! ```yaml
//! feild: x
//! # <- unknown-key "feild"
//! ```

use base::{Diagnostic, FileId, SourceMap};

/// Diagnostics as lines: `id line:column "underlined text"`, in order of place.
pub fn lines(sources: &SourceMap, diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |d: &Diagnostic| {
        let place = sources.range(d.primary.span).start;
        let text = sources.text(d.primary.span);
        format!("{} {}:{} {text:?}", d.id, place.line, place.column)
    };
    diagnostics.iter().map(line).collect()
}

pub fn source(text: &str) -> (SourceMap, FileId) {
    let mut sources = SourceMap::new();
    let file = sources.add("firmitas.yaml", text);
    (sources, file)
}

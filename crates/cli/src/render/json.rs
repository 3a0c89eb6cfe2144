//! Findings for machines. The shape is stable: properties are added, never changed or removed.

use base::{Diagnostic, Edit, Fix, Label, Position, SourceMap, Span};
use serde_json::{Value, json};

/// `{"version":1,"diagnostics":[..]}`, to which commands add their own properties.
#[must_use]
pub fn diagnostics_document(sources: &SourceMap, diagnostics: &[Diagnostic]) -> Value {
    json!({ "version": 1, "diagnostics": diagnostics_json(sources, diagnostics) })
}

/// The findings alone. Lines and columns count from 1, paths are relative to the model folder.
#[must_use]
pub fn diagnostics_json(sources: &SourceMap, diagnostics: &[Diagnostic]) -> Value {
    diagnostics.iter().map(|diagnostic| finding(sources, diagnostic)).collect()
}

fn finding(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let related = diagnostic.related.iter().map(|label| place(sources, label));
    let fixes = diagnostic.fixes.iter().map(|fixed| fix(sources, fixed));
    let mut finding = json!({
        "id": diagnostic.id,
        "severity": diagnostic.severity.name(),
        "message": diagnostic.message,
        "file": sources.path(diagnostic.primary.span),
        "range": range(sources, diagnostic.primary.span),
        "label": diagnostic.primary.text,
        "related": related.collect::<Value>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "fixes": fixes.collect::<Value>(),
    });
    // Only what the model can accept has a name to accept it by.
    if let Some(name) = &diagnostic.accept_as {
        finding["accept"] = name.as_str().into();
    }
    finding
}

fn place(sources: &SourceMap, label: &Label) -> Value {
    json!({
        "message": label.text,
        "file": sources.path(label.span),
        "range": range(sources, label.span),
    })
}

fn fix(sources: &SourceMap, fix: &Fix) -> Value {
    let edits = fix.edits.iter().map(|change| edit(sources, change)).collect::<Value>();
    json!({ "title": fix.title, "safe": fix.safe, "edits": edits })
}

fn edit(sources: &SourceMap, edit: &Edit) -> Value {
    json!({
        "file": sources.path(edit.span),
        "range": range(sources, edit.span),
        "replacement": edit.replacement,
    })
}

fn range(sources: &SourceMap, span: Span) -> Value {
    let range = sources.range(span);
    let position = |at: Position| json!({ "line": at.line, "column": at.column });
    json!({ "start": position(range.start), "end": position(range.end) })
}

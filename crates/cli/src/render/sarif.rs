//! Findings as SARIF 2.1.0 (OASIS), for code scanning.

use base::{Diagnostic, Fix, Position, Severity, SourceMap, Span};
use engine::explanations;
use serde_json::{Value, json};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// A log with one run. `prefix` leads from the root of the repository to the model.
#[must_use]
pub fn sarif_document(sources: &SourceMap, prefix: &str, diagnostics: &[Diagnostic]) -> Value {
    let log = Log { sources, prefix };
    let mut ids: Vec<&str> = diagnostics.iter().map(|found| found.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let results = diagnostics.iter().map(|found| log.result(found, &ids));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "Firmitas",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": ids.iter().map(|id| rule(id)).collect::<Value>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Value>(),
        }],
    })
}

/// What a finding means, whoever it is about.
fn rule(id: &str) -> Value {
    let summary = explanations::summary(id).unwrap_or(id);
    let text = engine::explain(id).unwrap_or(summary);
    json!({
        "id": id,
        "shortDescription": { "text": summary },
        "help": { "text": text, "markdown": text },
        "properties": { "tags": [explanations::group(id)] },
    })
}

struct Log<'a> {
    sources: &'a SourceMap,
    prefix: &'a str,
}

impl Log<'_> {
    fn result(&self, found: &Diagnostic, ids: &[&str]) -> Value {
        let related = (0u32..).zip(&found.related).map(|(id, label)| {
            let mut place = self.location(label.span);
            place["id"] = json!(id);
            place["message"] = json!({ "text": label.text });
            place
        });
        let mut text = vec![found.message.clone()];
        text.extend(found.notes.iter().map(|note| format!("note: {note}")));
        text.extend(found.help.iter().map(|help| format!("help: {help}")));
        let mut result = json!({
            "ruleId": found.id,
            "ruleIndex": ids.binary_search(&found.id).unwrap_or_default(),
            "level": level(found.severity),
            "message": { "text": text.join("\n") },
            "locations": [self.location(found.primary.span)],
            "partialFingerprints": { "about/v1": self.about(found) },
        });
        if !found.related.is_empty() {
            result["relatedLocations"] = related.collect::<Value>();
        }
        if !found.fixes.is_empty() {
            let fixes = found.fixes.iter().filter(|fix| !fix.edits.is_empty());
            result["fixes"] = fixes.map(|fix| self.fix(fix)).collect::<Value>();
        }
        result
    }

    /// What tells a finding from others of its kind, wherever its text moves.
    fn about(&self, found: &Diagnostic) -> String {
        found.accept_as.clone().unwrap_or_else(|| {
            let span = found.primary.span;
            format!("{}@{}@{}", found.id, self.sources.path(span), self.sources.text(span))
        })
    }

    fn location(&self, span: Span) -> Value {
        json!({
            "physicalLocation": {
                "artifactLocation": self.artifact(span),
                "region": self.region(span),
            },
        })
    }

    fn artifact(&self, span: Span) -> Value {
        let path = format!("{}{}", self.prefix, self.sources.path(span));
        json!({ "uri": uri(&path), "uriBaseId": "%SRCROOT%" })
    }

    fn region(&self, span: Span) -> Value {
        let range = self.sources.range(span);
        let Position { line, column } = range.start;
        json!({
            "startLine": line,
            "startColumn": column,
            "endLine": range.end.line,
            "endColumn": range.end.column,
        })
    }

    /// A change for each file that the fix edits.
    fn fix(&self, fix: &Fix) -> Value {
        let mut files: Vec<Span> = fix.edits.iter().map(|edit| edit.span).collect();
        files.sort_by_key(|span| span.file);
        files.dedup_by_key(|span| span.file);
        let change = |file: &Span| {
            let edits = fix.edits.iter().filter(|edit| edit.span.file == file.file);
            let replacements = edits.map(|edit| {
                json!({
                    "deletedRegion": self.region(edit.span),
                    "insertedContent": { "text": edit.replacement },
                })
            });
            json!({
                "artifactLocation": self.artifact(*file),
                "replacements": replacements.collect::<Value>(),
            })
        };
        json!({
            "description": { "text": fix.title },
            "artifactChanges": files.iter().map(change).collect::<Value>(),
        })
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    }
}

/// A path as a relative URI reference: all but unreserved characters and slashes in percent
/// encoding (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_references() {
        assert_eq!(uri("my models/shöp/a.yaml"), "my%20models/sh%C3%B6p/a.yaml");
    }
}

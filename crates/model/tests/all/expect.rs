//! Expectations written under the line they are about.
//!
//! A comment line of carets names the diagnostic of the text above the carets; one of tildes marks
//! the other place of a diagnostic. A mark that must stand at the start of its line is `<`:
//!
//! ```yaml
//! entities:
//!   A:
//!     feilds: {}
//! #   ^^^^^^ unknown-key
//! ```

use std::fmt::Write;

use base::{Diagnostic, FileId, SourceMap, Span};

/// Line, column, length and what is said of a place.
type Mark = (u32, u32, u32, String);

const HEADER: &str = "firmitas: 1\nsystem: { name: Test }\n";
const OTHER: &str = "(other place)";

/// One file, `firmitas.yaml`.
pub fn source(text: &str) -> (SourceMap, FileId) {
    let mut sources = SourceMap::new();
    let file = sources.add("firmitas.yaml", text);
    (sources, file)
}

/// A model text: its header is added unless it has one.
pub fn with_header(text: &str) -> String {
    if text.contains("firmitas") { text.to_owned() } else { format!("{HEADER}{text}") }
}

/// Parses a model and compares its diagnostics with the marks in it.
#[track_caller]
pub fn check(text: &str) {
    check_with(text, |sources, root| model::syntax::parse(sources, root).1);
}

/// Compares the diagnostics of any phase with the marks in a model.
#[track_caller]
pub fn check_with(text: &str, phase: impl FnOnce(&SourceMap, FileId) -> Vec<Diagnostic>) {
    let text = with_header(text);
    let (sources, root) = source(&text);
    let diagnostics = phase(&sources, root);
    let mut found: Vec<Mark> = diagnostics.iter().flat_map(|d| marks_of(&sources, d)).collect();
    found.sort();
    let mut expected = marks_in(&text);
    expected.sort();
    assert!(found == expected, "{}", difference(&text, &expected, &found, &diagnostics));
}

/// Diagnostics as lines: `id "underlined text"`, in order of place.
pub fn lines(sources: &SourceMap, diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{} {:?}", d.id, sources.text(d.primary.span));
    diagnostics.iter().map(line).collect()
}

fn marks_of(sources: &SourceMap, diagnostic: &Diagnostic) -> Vec<Mark> {
    let mark = |span: Span, what: &str| {
        let range = sources.range(span);
        let first = sources.text(span).lines().next().unwrap_or("").chars().count();
        let length = u32::try_from(first).unwrap_or(0).max(1);
        (range.start.line, range.start.column, length, what.to_owned())
    };
    let primary = mark(diagnostic.primary.span, diagnostic.id);
    let others = diagnostic.related.iter().map(|label| mark(label.span, OTHER));
    std::iter::once(primary).chain(others).collect()
}

fn marks_in(text: &str) -> Vec<Mark> {
    let (mut marks, mut about) = (Vec::new(), 0);
    for (number, line) in (1u32..).zip(text.lines()) {
        match mark_in(line) {
            Some((column, length, what)) => marks.push((about, column, length, what)),
            None => about = number,
        }
    }
    marks
}

fn mark_in(line: &str) -> Option<(u32, u32, String)> {
    let inner = line.strip_prefix('#')?;
    let sign = inner.trim_start().chars().next().filter(|c| "^~<".contains(*c))?;
    let column = line.find(sign)?;
    let length = line[column..].chars().take_while(|c| *c == sign).count();
    let rest = line[column + length..].trim();
    let what = if sign == '~' { OTHER } else { rest };
    let column = if sign == '<' { 0 } else { column };
    let number = |n: usize| u32::try_from(n).unwrap_or(0);
    Some((number(column + 1), number(length), what.to_owned()))
}

fn difference(text: &str, expected: &[Mark], found: &[Mark], all: &[Diagnostic]) -> String {
    let mut message = String::new();
    for (title, ours, theirs) in
        [("expected and not found", expected, found), ("found and not expected", found, expected)]
    {
        for (line, column, length, what) in ours.iter().filter(|mark| !theirs.contains(mark)) {
            let source = text.lines().nth(*line as usize - 1).unwrap_or("");
            let pad = " ".repeat(*column as usize - 1);
            let carets = "^".repeat(*length as usize);
            let _ = writeln!(message, "{title}, line {line}:\n{source}\n{pad}{carets} {what}");
        }
    }
    for diagnostic in all {
        let _ = writeln!(message, "{}: {}", diagnostic.id, diagnostic.message);
    }
    message
}

//! A corpus of mistakes: each is found, where it was made, and nothing else is made up.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path, sync::LazyLock};

use base::{Diagnostic, Severity, SourceMap, Span};
use engine::{Checked, World, check};

use crate::case::{Case, Expected, cases};
use crate::examples::text_of;

/// The text that a case changes: an example, an example of a network, or `nothing`.
fn base(name: &str) -> String {
    match name.strip_prefix("network ") {
        Some(network) => {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/networks");
            fs::read_to_string(folder.join(format!("{network}.yaml"))).unwrap()
        }
        None if name == "nothing" => String::new(),
        None => text_of(name),
    }
}

/// What is wrong with the files of a topic: those of `networks` are simulated, all others are
/// models.
pub fn find(topic: &str, world: &dyn World) -> Checked {
    if topic != "networks" {
        return check(world);
    }
    let mut sources = SourceMap::new();
    let file = sources.add("firmitas.yaml", world.read("firmitas.yaml").unwrap());
    let (_, diagnostics) = simulate::file::read(&sources, file);
    Checked { sources, design: None, diagnostics, field_numbers: String::new() }
}

/// The cases of a topic, by file name.
pub fn topics() -> Vec<(String, Vec<Case>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, cases(&fs::read_to_string(path).unwrap(), base))
    };
    paths.iter().map(read).collect()
}

/// Every case with its topic and what is found.
pub static RESULTS: LazyLock<Vec<(String, Case, Checked)>> = LazyLock::new(|| {
    let cases = topics()
        .into_iter()
        .flat_map(|(topic, cases)| cases.into_iter().map(move |case| (topic.clone(), case)));
    cases
        .map(|(topic, case)| {
            let checked = find(&topic, &case.world());
            (topic, case, checked)
        })
        .collect()
});

#[test]
fn every_mistake_is_found_where_it_was_made() {
    let mut failures = String::new();
    for (topic, case, checked) in RESULTS.iter() {
        for problem in problems(case, checked) {
            let _ = writeln!(failures, "{topic}: {}\n    {problem}", case.title);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn the_corpus_is_broad() {
    let topics = topics();
    let cases: Vec<&Case> = topics.iter().flat_map(|(_, cases)| cases).collect();
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind()).collect();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    assert!(kinds.len() >= 60, "{} kinds", kinds.len());
    let titles: BTreeSet<&str> = cases.iter().map(|case| case.title.as_str()).collect();
    assert_eq!(titles.len(), cases.len(), "two cases have one title");
}

/// What is wrong with the diagnostics of a case.
fn problems(case: &Case, checked: &Checked) -> Vec<String> {
    let found = &checked.diagnostics;
    let mut problems = case.faults.clone();
    for expected in &case.expected {
        if !found.iter().any(|diagnostic| matches(expected, diagnostic, checked)) {
            problems.push(format!("not found: {} at {:?}", expected.id, text(expected, case)));
        }
    }
    if case.expected.is_empty() {
        problems.push("expects nothing".to_owned());
    }
    for diagnostic in found {
        let known = case.expected.iter().any(|expected| expected.id == diagnostic.id)
            || case.follow.iter().any(|id| id == diagnostic.id);
        if diagnostic.severity == Severity::Error && !known {
            problems.push(format!("not expected: {}", shown(diagnostic, checked)));
        }
        if let Some(bad) = unreadable(diagnostic) {
            problems.push(format!("more than a line: {bad:?}"));
        }
    }
    if !problems.is_empty() {
        let of_interest =
            |d: &&Diagnostic| case.expected.iter().any(|expected| expected.id == d.id);
        problems.extend(
            found.iter().filter(of_interest).map(|d| format!("found: {}", shown(d, checked))),
        );
    }
    problems
}

fn matches(expected: &Expected, diagnostic: &Diagnostic, checked: &Checked) -> bool {
    let mut spans =
        diagnostic.related.iter().map(|label| label.span).chain([diagnostic.primary.span]);
    diagnostic.id == expected.id && spans.any(|span| touches(expected, span, checked))
}

/// Whether a span points at a place: it touches it, and is not just a large piece around it.
fn touches(expected: &Expected, span: Span, checked: &Checked) -> bool {
    let (start, end) = (span.start as usize, span.end as usize);
    let touches = start <= expected.place.end && expected.place.start <= end;
    let close = span.len() <= expected.place.len() + 160;
    checked.sources.path(span) == expected.file && touches && close
}

fn text<'a>(expected: &Expected, case: &'a Case) -> &'a str {
    &case.files[&expected.file][expected.place.clone()]
}

fn shown(diagnostic: &Diagnostic, checked: &Checked) -> String {
    let place = |span: Span| {
        let start = checked.sources.range(span).start;
        format!("{}:{} {:?}", start.line, start.column, checked.sources.text(span))
    };
    let related =
        diagnostic.related.iter().map(|label| format!(" ({}: {})", label.text, place(label.span)));
    let (id, message) = (diagnostic.id, &diagnostic.message);
    format!("{id} {message} | {}{}", place(diagnostic.primary.span), related.collect::<String>())
}

/// A text of the diagnostic that a terminal could not show in a line.
fn unreadable(diagnostic: &Diagnostic) -> Option<String> {
    let labels = diagnostic.related.iter().map(|label| &label.text);
    let texts = [&diagnostic.message, &diagnostic.primary.text].into_iter();
    let mut texts = texts.chain(labels).chain(&diagnostic.notes).chain(&diagnostic.help);
    texts.find(|text| text.chars().any(char::is_control) || text.len() > 600).cloned()
}

//! Every diagnostic has an explanation and fires in a test, and every safe fix removes it.

use std::collections::{BTreeMap, BTreeSet};
use std::{fs, path::Path};

use base::{Diagnostic, SourceMap};
use engine::{World, check, explain, explanations::language};

use crate::broken::{RESULTS, find};

#[test]
fn explanations_are_sorted_and_whole_sentences() {
    let all: Vec<_> = language().collect();
    for pair in all.windows(2) {
        assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
    }
    for (id, text) in all {
        assert!(text.ends_with(['.', '?']) && text.len() > 20, "{id}");
        assert!(check::find(id).is_none(), "{id} is a check as well");
    }
}

#[test]
fn every_diagnostic_of_the_sources_is_explained() {
    let used = used();
    let missing: Vec<_> = used.iter().filter(|(id, _)| explain(id).is_none()).collect();
    assert!(
        missing.is_empty(),
        "add to explanations.txt, with a case in tests/broken: {missing:?}"
    );
    let ids = language().map(|(id, _)| id);
    let unused: Vec<_> = ids.filter(|id| !used.contains_key(*id)).collect();
    assert!(unused.is_empty(), "explained, but in no source: {unused:?}");
}

#[test]
fn every_diagnostic_of_the_language_fires_in_the_corpus() {
    let mut fired: BTreeSet<&str> = BTreeSet::new();
    for (_, _, checked) in RESULTS.iter() {
        fired.extend(checked.diagnostics.iter().map(|found| found.id));
    }
    for world in [&Large as &dyn World, &Unreadable] {
        fired.extend(check(world).diagnostics.iter().map(|found| found.id));
    }
    let simulated = |id: &str| SIMULATED.contains(&id);
    let ids = language().map(|(id, _)| id);
    let silent: Vec<_> = ids.filter(|id| !fired.contains(id) && !simulated(id)).collect();
    assert!(silent.is_empty(), "fire in no case: {silent:?}");
    let unexplained: Vec<_> = fired.iter().filter(|id| explain(id).is_none()).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

/// What only a simulation finds: each is named, and fires, in the tests of that crate.
const SIMULATED: [&str; 6] = [
    "availability-missed",
    "bulkhead-turns-away",
    "objective-missed",
    "overloaded",
    "pool-starved",
    "retries-metastable",
];

#[test]
fn every_diagnostic_of_a_simulation_fires_in_its_tests() {
    let tests = include_str!("../../../simulate/tests/all/feedback.rs");
    let silent = SIMULATED.into_iter().filter(|id| !tests.contains(&format!("\"{id}\"")));
    assert_eq!(silent.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn every_safe_fix_removes_what_it_fixes() {
    let mut failures = Vec::new();
    for (topic, case, before) in RESULTS.iter() {
        for found in &before.diagnostics {
            let Some(fix) = found.fixes.iter().find(|fix| fix.safe) else { continue };
            let files = applied(&before.sources, &case.files, &fix.edits);
            let after = find(topic, &case.world().with(files));
            let count = |all: &[Diagnostic]| all.iter().filter(|of| of.id == found.id).count();
            if count(&after.diagnostics) >= count(&before.diagnostics) {
                failures.push(format!("{topic}: {}: {} stays", case.title, found.id));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A file that is larger than is read.
struct Large;

impl World for Large {
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(" ".repeat((4 << 20) + 1))
    }

    fn find(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// A folder without a model.
struct Unreadable;

impl World for Unreadable {
    fn read(&self, _: &str) -> Result<String, String> {
        Err("there is no such file".to_owned())
    }

    fn find(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// The files after the edits of one fix.
fn applied(
    sources: &SourceMap,
    files: &BTreeMap<String, String>,
    edits: &[base::Edit],
) -> BTreeMap<String, String> {
    let mut files = files.clone();
    let mut edits: Vec<_> = edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    for edit in edits {
        let text = files.get_mut(sources.path(edit.span)).unwrap();
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
    }
    files
}

/// Texts of the sources that look like ids and are none of a diagnostic: codes of wrong requests,
/// words of the language, names in messages.
const OTHERS: [&str; 14] = [
    "fan-out",
    "invalid-format",
    "invalid-type",
    "kebab-case",
    "out-of-range",
    "out-of-stock",
    "too-few-items",
    "too-long",
    "too-many-items",
    "too-short",
    "api-keys",
    "order-statuses",
    "sales-people",
    "stock-items",
];

/// The ids that the sources of the phases use, each with one file.
fn used() -> BTreeMap<String, String> {
    let mut used = BTreeMap::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in ["base", "expression", "model", "decide", "simulate", "engine", "check"] {
        let all = matches!(name, "expression" | "model");
        visit(&crates.join(name).join("src"), &mut |path, text| {
            if path.ends_with("explanations.rs") || folder(path, "check/src/checks") {
                return;
            }
            let text = text.split("#[cfg(test)]").next().unwrap_or("");
            for (literal, before) in literals(text) {
                let made = ["::error(", "::warning(", "::information(", "Problem::new("]
                    .iter()
                    .any(|constructor| before.ends_with(constructor));
                let looks = literal.contains('-') && !OTHERS.contains(&literal) && kebab(literal);
                let known = language().any(|(id, _)| id == literal);
                if known || (kebab(literal) && (made || (all && looks))) {
                    used.insert(literal.to_owned(), path.display().to_string());
                }
            }
        });
    }
    used
}

/// Whether a file lies in a folder.
fn folder(path: &Path, folder: &str) -> bool {
    path.parent().is_some_and(|parent| parent.ends_with(folder))
}

fn kebab(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    text.split('-').all(word)
}

/// The texts in quotes of a source, each with the code before it.
fn literals(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut before = String::new();
    for line in text.lines() {
        for (at, piece) in line.trim().split('"').enumerate() {
            if at % 2 == 1 {
                found.push((piece, before.trim_end().to_owned()));
                before.clear();
            } else {
                before.push_str(piece);
            }
        }
    }
    found
}

fn visit(folder: &Path, each: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

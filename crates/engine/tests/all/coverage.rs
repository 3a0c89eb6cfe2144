//! What a backend architect is asked for, row by row: what meets it, shown by a fixture that is
//! run. `docs/coverage.txt` is the source, `docs/coverage.md` is generated from it.

mod fixtures;
mod page;
mod rows;

use std::{collections::BTreeSet, fs, path::PathBuf};

use rows::{GROUPS, Row};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn all() -> Vec<Row> {
    let text = fs::read_to_string(repository().join("docs/coverage.txt")).unwrap();
    rows::read(&text).unwrap_or_else(|fault| panic!("docs/coverage.txt: {fault}"))
}

#[test]
fn every_row_is_there_once() {
    let expected: Vec<String> = GROUPS
        .iter()
        .flat_map(|group| (1..=group.rows).map(|number| format!("{}{number}", group.prefix)))
        .collect();
    let found: Vec<String> = all().into_iter().map(|row| row.id).collect();
    let (left, right): (BTreeSet<_>, BTreeSet<_>) =
        (expected.iter().collect(), found.iter().collect());
    let differ: Vec<_> = left.symmetric_difference(&right).collect();
    assert!(differ.is_empty(), "missing or unknown: {differ:?}");
    assert_eq!(found, expected, "each once, in order");
}

#[test]
fn every_row_is_met_and_shown_or_says_why_not() {
    let faults: Vec<String> = all()
        .iter()
        .filter_map(|row| row.fault().map(|why| format!("{}: {why}", row.id)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_meets_a_row_exists() {
    let mut faults = Vec::new();
    for row in all() {
        let missing = row.met.iter().filter_map(|means| fixtures::missing_means(means).err());
        faults.extend(missing.map(|why| format!("{}: {why}", row.id)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_shows_a_row_holds() {
    let mut faults = Vec::new();
    for row in all() {
        let failing = row.shown.iter().filter_map(|fixture| fixtures::run(fixture).err());
        faults.extend(failing.map(|why| format!("{}: {why}", row.id)));
    }
    assert!(faults.is_empty(), "{} fail:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_fixture_that_does_not_hold_is_found() {
    for wrong in [
        "verdict shop: style.system = microservices",
        "verdict shop: style.nobody = monolith",
        "verdict shop: asvs.system = l2 with no-such-parameter",
        "verdict shop: style.system = modular-monolith over microservices: no such reason",
        "verdict shop: style.system = modular-monolith because no such fact",
        "artifact shop: openapi/catalog.yaml has \"no such text\"",
        "artifact shop: openapi/nobody.yaml has \"openapi\"",
        "finding no-such-check",
        "test crates/engine/tests/all/coverage.rs: no_such_test",
        "language shop: \"no such line\"",
        "diagnostic shop: no-such-finding",
        "nothing of the kind",
    ] {
        assert!(fixtures::run(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_page_is_fresh() {
    let path = repository().join("docs/coverage.md");
    let text = page::render(&all());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "docs/coverage.md is stale: run this test with UPDATE_DOCS=1");
}

//! Invariant 1: crate edges equal the table of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{dependencies, table};

type Edges = BTreeMap<String, BTreeSet<String>>;

/// With everything that the dependencies stand on.
fn closed(edges: &Edges) -> Edges {
    let mut all = edges.clone();
    loop {
        let step: Edges = all
            .iter()
            .map(|(name, needs)| {
                let below = needs.iter().filter_map(|need| all.get(need)).flatten();
                (name.clone(), needs.iter().chain(below).cloned().collect())
            })
            .collect();
        if step == all {
            return all;
        }
        all = step;
    }
}

#[test]
fn crate_edges_equal_the_table() {
    let table = table();
    let names: BTreeSet<&String> = table.iter().map(|(name, _)| name).collect();
    let shipped =
        |name: &String| !matches!(name.as_str(), "xtask" | "bench" | "bench-simulate" | "testkit");
    let actual: Edges = dependencies()
        .into_iter()
        .filter(|(name, _)| shipped(name))
        .map(|(name, needs)| (name, needs.into_iter().filter(|n| names.contains(n)).collect()))
        .collect();
    let wanted: Edges = table.iter().cloned().collect();
    assert_eq!(closed(&actual), closed(&wanted), "cargo's edges differ from ARCHITECTURE.md");
}

#[test]
fn dependencies_only_point_up_the_table() {
    let mut above = BTreeSet::new();
    for (name, needs) in table() {
        assert!(needs.is_subset(&above), "{name} depends on a crate that stands below it");
        above.insert(name);
    }
}

//! What is decided about the examples: one line for each verdict.

use crate::text::{RIDES, SHOP, decided};

/// Families whose verdicts are pinned whole.
const PINNED: [&str; 7] = ["boundary", "link", "resilience", "saga", "service", "slo", "style"];

fn pinned(text: &str) -> Vec<String> {
    let verdicts = decided(text);
    let pinned = verdicts.iter().filter(|verdict| PINNED.contains(&verdict.family));
    pinned.map(|verdict| format!("{}: {}", verdict.id(), verdict.choice)).collect()
}

#[test]
fn shop() {
    let expected = [
        "style.system: modular-monolith",
        "service.catalog: shared",
        "service.identity: shared",
        "service.inventory: shared",
        "service.ordering: shared",
        "service.payments: shared",
    ];
    assert_eq!(pinned(SHOP), expected);
}

#[test]
fn rides() {
    let expected = ["style.system: monolith", "service.rides: shared"];
    assert_eq!(pinned(RIDES), expected);
}

//! The example models are part of the specification: they parse without any diagnostic.

use crate::expect::{lines, source};

const SHOP: &str = include_str!("../../../../examples/shop/firmitas.yaml");
const RIDES: &str = include_str!("../../../../examples/rides/firmitas.yaml");

#[test]
fn the_examples_parse_without_a_diagnostic() {
    for text in [SHOP, RIDES] {
        let (sources, root) = source(text);
        let (_, diagnostics) = model::syntax::parse(&sources, root);
        assert_eq!(lines(&sources, &diagnostics), Vec::<String>::new());
    }
}

#[test]
fn shop_is_read_whole() {
    let (sources, root) = source(SHOP);
    let (tree, _) = model::syntax::parse(&sources, root);
    let names: Vec<&str> = tree.contexts.iter().map(|(name, _)| name.value.as_str()).collect();
    assert_eq!(names, ["identity", "catalog", "inventory", "ordering", "payments"]);
    let ordering = &tree.contexts[3].1.declarations;
    assert_eq!(ordering.operations.len(), 11);
    let place = &ordering.operations[0].1;
    assert_eq!(place.effects.len(), 4);
    let span = place.rate.as_ref().map(|rate| rate.span);
    assert_eq!(span.map(|span| sources.text(span)), Some("4/s peak 40/s"));
    assert!(!tree.incomplete);
}

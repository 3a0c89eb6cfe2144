//! The example models are part of the specification: they parse without any diagnostic.

use model::syntax::{EffectKind, Text};

use crate::expect::{lines, source};

const SHOP: &str = include_str!("../../../../examples/shop/firmitas.yaml");
const RIDES: &str = include_str!("../../../../examples/rides/firmitas.yaml");

/// Every key of the language.
const HOTEL: &str = include_str!("../models/hotel.yaml");

#[test]
fn the_examples_parse_without_a_diagnostic() {
    for text in [SHOP, RIDES, HOTEL] {
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let (sources, root) = source(&text);
            let (tree, diagnostics) = model::syntax::parse(&sources, root);
            assert_eq!(lines(&sources, &diagnostics), Vec::<String>::new());
            assert!(!tree.incomplete);
        }
    }
}

#[test]
fn the_whole_language_is_read() {
    let (sources, root) = source(HOTEL);
    let (tree, _) = model::syntax::parse(&sources, root);
    let counts = [
        tree.actors.len(),
        tree.types.len(),
        tree.unassigned.entities.len(),
        tree.unassigned.operations.len(),
        tree.unassigned.events.len(),
        tree.unassigned.views.len(),
        tree.externals.len(),
        tree.flows.len(),
        tree.schedules.len(),
        tree.pipelines.len(),
        tree.webhooks.len(),
        tree.decisions.len(),
        tree.accept.len(),
    ];
    assert_eq!(counts, [2, 1, 3, 6, 1, 1, 1, 1, 3, 2, 1, 1, 1]);
    let book = &tree.unassigned.operations[0].1;
    assert_eq!(book.effects.len(), 5);
    match &book.effects[1].kind {
        EffectKind::Call(call) => {
            assert_eq!(call.refused.len(), 1);
            assert_eq!(call.fallback.as_ref().map(Vec::len), Some(0));
        }
        other => panic!("{other:?}"),
    }
    let steps = &tree.flows[0].1.steps;
    assert!(steps[0].1.undo.as_ref().is_some_and(|undo| undo.with.len() == 1));
    assert!(steps[1].1.wait.is_some() && steps[1].1.late.is_some());
    let text = |text: &Text| sources.text(text.span).to_owned();
    assert_eq!(steps[2].1.each.as_ref().map(text).as_deref(), Some("event.lines"));
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

//! The example models are part of the specification: they resolve without any diagnostic.

use crate::expect::{lines, source};
use model::Model;

const SHOP: &str = include_str!("../../../../examples/shop/firmitas.yaml");
const RIDES: &str = include_str!("../../../../examples/rides/firmitas.yaml");

fn clean(text: &str) -> Model {
    let (sources, root) = source(text);
    let (model, diagnostics) = model::load(&sources, root);
    assert_eq!(lines(&sources, &diagnostics), Vec::<String>::new());
    model
}

#[test]
fn shop_resolves_without_a_diagnostic() {
    clean(SHOP);
}

#[test]
fn rides_resolves_without_a_diagnostic() {
    clean(RIDES);
}

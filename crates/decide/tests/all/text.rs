//! Models from text, and what is decided about them.

use std::sync::Arc;

use base::SourceMap;
use decide::design::Verdict;
use model::Model;

pub const SHOP: &str = include_str!("../../../../examples/shop/firmitas.yaml");
pub const RIDES: &str = include_str!("../../../../examples/rides/firmitas.yaml");

/// A model that must be without fault.
pub fn loaded(text: &str) -> Model {
    let mut sources = SourceMap::default();
    let root = sources.add("firmitas.yaml", text);
    let (model, diagnostics) = model::load(&sources, root);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    model
}

/// Everything decided about it.
pub fn decided(text: &str) -> Vec<Verdict> {
    decide::decide(Arc::new(loaded(text))).0.verdicts
}

/// The verdict with an id.
pub fn verdict<'v>(verdicts: &'v [Verdict], id: &str) -> &'v Verdict {
    let found = verdicts.iter().find(|verdict| verdict.id() == id);
    let known = || verdicts.iter().map(Verdict::id).collect::<Vec<_>>().join(" ");
    found.unwrap_or_else(|| panic!("no {id} among {}", known()))
}

/// What is chosen about an id.
pub fn choice(text: &str, id: &str) -> &'static str {
    verdict(&decided(text), id).choice
}

/// The value of a parameter.
pub fn parameter(verdict: &Verdict, name: &str) -> String {
    let found = verdict.parameters.iter().find(|(known, _)| known == name);
    let (_, value) = found.unwrap_or_else(|| panic!("no {name} among {:?}", verdict.parameters));
    value.clone()
}

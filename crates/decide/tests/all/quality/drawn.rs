//! What would be proposed where the examples draw contexts themselves: with operations and flows,
//! which the schemas lack.

use std::collections::{BTreeMap, BTreeSet};

use base::SourceMap;
use decide::boundaries::propose;
use decide::facts::Facts;
use decide::numbers::Numbers;
use model::Model;
use model::model::ContextId;

use super::page;
use super::scores::scores;
use crate::text::SHOP;

/// The model with everything in one context that is not drawn, and the context that each entity
/// had.
fn without_contexts(text: &str) -> (Model, Vec<usize>) {
    let mut sources = SourceMap::default();
    let root = sources.add("firmitas.yaml", text);
    let (mut model, diagnostics) = model::load(&sources, root);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let labels = model.entities.iter().map(|entity| usize::from(entity.context.0)).collect();
    model.contexts.truncate(1);
    model.contexts[0].unassigned = true;
    model.entities.iter_mut().for_each(|entity| entity.context = ContextId(0));
    model.operations.iter_mut().for_each(|operation| operation.context = ContextId(0));
    model.events.iter_mut().for_each(|event| event.context = ContextId(0));
    model.views.iter_mut().for_each(|view| view.context = ContextId(0));
    (model, labels)
}

#[test]
fn the_page_shows_what_the_shop_would_be_cut_into() {
    let (model, labels) = without_contexts(SHOP);
    let numbers = Numbers::default();
    let facts = Facts { model: &model, numbers: &numbers };
    let proposal = propose(facts, ContextId(0), &BTreeSet::new());
    let expected: Vec<usize> = proposal.entities.iter().map(|id| labels[id.0 as usize]).collect();
    let scores = scores(&expected, &proposal.groups);
    let mut groups: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (id, group) in proposal.entities.iter().zip(&proposal.groups) {
        groups.entry(*group).or_default().push(&model.entity(*id).name.value);
    }
    let line = |(group, members): (&usize, &Vec<&str>)| {
        format!("| {} | {} |\n", proposal.names[*group].name, members.join(", "))
    };
    let mut text = format!(
        "ARI {:.3}, AMI {:.3} against the {} contexts of `examples/shop`:\n\n| proposed | entities |\n|---|---|\n",
        scores.ari,
        scores.ami,
        expected.iter().collect::<BTreeSet<_>>().len()
    );
    text.extend(groups.iter().map(line));
    page::shows("drawn by the examples", &text);
}

//! From the syntax tree to the [`Model`]: names, types, the filling rule, conditions.
//!
//! In passes, each over everything: names; fields and records; operations as others see them;
//! then, when every shape is known, all that is written as expressions. What is wrong is reported
//! and left out, and whatever depends on it is not reported again.

mod contracts;
mod entities;
mod fields;
mod inputs;
mod names;
mod operations;
mod plural;
mod system;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, SourceMap, sort_diagnostics};
use expression::{RecordShape, Schema};

use crate::model::Model;
use crate::syntax::SyntaxTree;
use names::Names;
use types::Types;

/// Resolves a model. Never stops at the first error; a model with errors holds what is right.
#[must_use]
pub fn resolve(tree: &SyntaxTree, sources: &SourceMap) -> (Model, Vec<Diagnostic>) {
    let _ = sources;
    let mut diagnostics = Vec::new();
    let sink = &mut diagnostics;
    let mut names = Names::collect(tree, sink);
    let declared = operations::declare(&mut names, sink);
    let mut model = Model { system: system::system(tree), ..Model::default() };
    let settings = system::settings(&model.system, tree, sink);
    let schema = Schema { settings, ..Schema::default() };
    model.contexts = system::contexts(&names, tree, sink);
    model.actors = system::actors(&names, tree, sink);
    model.overrides = system::overrides(tree);
    model.accepted = system::accepted(tree);

    let mut types =
        Types { names: &names, schema, snapshots: BTreeMap::new(), poison: BTreeSet::new() };
    value_types(&mut types, tree, sink);
    model.entities = entities::entities(&mut types, sink);
    model.events = contracts::events(&mut types, sink);
    model.externals = contracts::externals(&mut types, tree, sink);
    model.operations = operations::signatures(&mut types, &model.entities, &declared, sink);
    entities::fill_snapshots(&mut types, &model.entities);
    let Types { schema, poison, .. } = types;
    model.schema = schema;
    let _ = poison;

    sort_diagnostics(&mut diagnostics);
    (model, diagnostics)
}

/// The value types of `types`: registered first, so that they can name each other.
fn value_types(types: &mut Types<'_, '_>, tree: &SyntaxTree, sink: &mut Vec<Diagnostic>) {
    for (name, _) in &tree.types {
        types.schema.add_record(RecordShape { name: name.value.clone(), fields: Vec::new() });
    }
    let home = types.names.unassigned;
    for (at, (_, fields)) in tree.types.iter().enumerate() {
        let resolved = types.record_fields(fields, home, sink);
        if let Some(record) = types.schema.records.get_mut(at) {
            record.fields = resolved.into_iter().map(|field| field.shape).collect();
        }
    }
    let spans: Vec<_> = tree.types.iter().map(|(name, _)| name.span).collect();
    types::refuse_recursion(&types.schema, &spans, sink);
}

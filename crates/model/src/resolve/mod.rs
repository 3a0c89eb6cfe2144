//! From the syntax tree to the [`Model`]: names, types, the filling rule, conditions.
//!
//! In passes, each over everything: names; fields and records; operations as others see them;
//! then, when every shape is known, all that is written as expressions. What is wrong is reported
//! and left out, and whatever depends on it is not reported again.

mod bodies;
mod calls;
mod conditions;
mod context;
mod contracts;
mod effects;
mod entities;
mod fields;
mod fill;
mod inputs;
mod names;
mod operations;
mod outputs;
mod plural;
mod required;
mod system;
mod types;
mod walk;
mod writes;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, SourceMap, sort_diagnostics};
use expression::{EntityId, RecordId, RecordShape, Rules, Schema};

use crate::model::Model;
use crate::syntax::SyntaxTree;
use context::Cx;
use names::Names;
use operations::Declared;
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
    let Types { schema, snapshots, poison, .. } = types;
    model.schema = schema;
    model.system.tenancy = conditions::tenancy(&names, tree, &model.entities, sink);
    let rules = conditions::rules(&names, sink);
    let snapshots = snapshots.into_iter().map(|(entity, record)| (record, entity)).collect();
    let mut pass = Passes { tree, names: &names, declared: &declared, rules, snapshots, poison };
    pass.expressions(&mut model, sink);

    sort_diagnostics(&mut diagnostics);
    (model, diagnostics)
}

/// What the passes over expressions share.
struct Passes<'p, 't> {
    tree: &'t SyntaxTree,
    names: &'p Names<'t>,
    declared: &'p [Declared<'t>],
    rules: Rules,
    snapshots: BTreeMap<RecordId, EntityId>,
    poison: BTreeSet<String>,
}

impl<'t> Passes<'_, 't> {
    /// All that is written as expressions, each pass seeing the model as the passes before it left
    /// it.
    fn expressions(&mut self, model: &mut Model, sink: &mut Vec<Diagnostic>) {
        let found = self.pass(model, |cx| conditions::tenancy_conditions(cx, self.tree, sink));
        if let Some(tenancy) = &mut model.system.tenancy {
            (tenancy.silo, tenancy.region) = found;
        }
        let found = self.pass(model, |cx| conditions::entities(cx, sink));
        conditions::apply(model, found);
        let found = self.pass(model, |cx| conditions::actors(cx, self.tree, sink));
        for (actor, (login, when)) in model.actors.iter_mut().zip(found) {
            (actor.login, actor.when) = (login, when);
        }
        let found = self.pass(model, |cx| conditions::event_keys(cx, sink));
        for (event, key) in model.events.iter_mut().zip(found) {
            event.key = key;
        }
        let found = self.pass(model, |cx| bodies::uses(cx, sink));
        for (operation, uses) in model.operations.iter_mut().zip(found) {
            operation.uses = uses;
        }
        let found = self.pass(model, |cx| bodies::bodies(cx, sink));
        bodies::apply(model, found);
    }

    fn pass<T>(&self, model: &Model, pass: impl FnOnce(&Cx<'_, 't>) -> T) -> T {
        let poison = RefCell::new(self.poison.clone());
        let (names, declared) = (self.names, self.declared);
        let (rules, snapshots) = (&self.rules, &self.snapshots);
        pass(&Cx { names, model, rules, declared, snapshots, poison })
    }
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

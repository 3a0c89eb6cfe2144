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
mod cycles;
mod effects;
mod entities;
mod fields;
mod fill;
mod flows;
mod inputs;
mod names;
mod operations;
mod outputs;
mod plural;
mod processes;
mod required;
mod system;
mod types;
mod values;
mod views;
mod walk;
mod writes;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, SourceMap, sort_diagnostics};
use expression::{EntityId, RecordId, RecordShape, Rules, Schema, Type};

use crate::model::Model;
use crate::syntax::{self, SyntaxTree};
use context::Cx;
use names::{Names, position};
use operations::Declared;
use types::Types;
use views::DeclaredView;

/// Resolves a model. Never stops at the first error; a model with errors holds what is right.
#[must_use]
pub fn resolve(tree: &SyntaxTree, sources: &SourceMap) -> (Model, Vec<Diagnostic>) {
    let _ = sources;
    let mut diagnostics = Vec::new();
    let sink = &mut diagnostics;
    let mut names = Names::collect(tree, sink);
    let views = views::declare(&mut names, sink);
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
    let callbacks = contracts::callback_records(&mut types, tree, sink);
    let failure = types.schema.add_record(failure());
    model.operations = operations::signatures(&mut types, &model.entities, &declared, sink);
    entities::fill_snapshots(&mut types, &model.entities);
    let Types { schema, snapshots, poison, .. } = types;
    model.schema = schema;
    model.system.tenancy = conditions::tenancy(&names, tree, &model.entities, sink);
    let rules = conditions::rules(&names, sink);
    let snapshots = snapshots.into_iter().map(|(entity, record)| (record, entity)).collect();
    let names = &names;
    let (views, declared) = (views.as_slice(), declared.as_slice());
    let records = Records { callbacks, failure };
    let poison = RefCell::new(poison);
    poison.borrow_mut().extend(lost_variables(tree, &model));
    let passes = Passes { tree, names, views, declared, rules, snapshots, records, poison };
    passes.stored(&mut model, sink);
    passes.operations(&mut model, sink);
    passes.processes(&mut model, sink);
    cycles::refuse_cycles(&model, sink);

    if tree.missing_text {
        diagnostics.retain(|diagnostic| !speaks_of_absence(diagnostic));
    }
    sort_diagnostics(&mut diagnostics);
    (model, diagnostics)
}

/// What the passes over expressions share.
struct Passes<'p, 't> {
    tree: &'t SyntaxTree,
    names: &'p Names<'t>,
    views: &'p [DeclaredView<'t>],
    declared: &'p [Declared<'t>],
    rules: Rules,
    snapshots: BTreeMap<RecordId, EntityId>,
    records: Records,
    poison: RefCell<BTreeSet<String>>,
}

/// Records that no declaration holds.
struct Records {
    /// The messages of all callbacks, in source order.
    callbacks: Vec<RecordId>,
    /// `failure` in a flow.
    failure: RecordId,
}

/// What a flow knows of why it failed.
fn failure() -> RecordShape {
    let text = |name: &str| types::shape(name, Type::string(255));
    RecordShape { name: "failure".to_owned(), fields: vec![text("step"), text("code")] }
}

/// All that is written as expressions, each pass seeing the model as the passes before it left it.
impl<'t> Passes<'_, 't> {
    /// Conditions of what is stored, and views.
    fn stored(&self, model: &mut Model, sink: &mut Vec<Diagnostic>) {
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
        let found = self.pass(model, |cx| views::views(cx, self.views, sink));
        for (mut view, rows) in found {
            view.record = model.schema.add_record(rows);
            model.views.push(view);
        }
    }

    /// What operations check, do and answer.
    fn operations(&self, model: &mut Model, sink: &mut Vec<Diagnostic>) {
        let found = self.pass(model, |cx| bodies::uses(cx, sink));
        for (operation, uses) in model.operations.iter_mut().zip(found) {
            operation.uses = uses;
        }
        let found = self.pass(model, |cx| bodies::bodies(cx, sink));
        bodies::apply(model, found);
    }

    /// What runs by itself, and what comes from outside.
    fn processes(&self, model: &mut Model, sink: &mut Vec<Diagnostic>) {
        let Records { callbacks, failure } = &self.records;
        let tree = self.tree;
        model.flows = self.pass(model, |cx| flows::flows(cx, tree, *failure, sink));
        model.schedules = self.pass(model, |cx| processes::schedules(cx, tree, sink));
        model.webhooks = self.pass(model, |cx| processes::webhooks(cx, tree, sink));
        model.pipelines = self.pass(model, |cx| processes::pipelines(cx, tree, sink));
        let found = self.pass(model, |cx| processes::callbacks(cx, tree, callbacks, sink));
        for (external, callbacks) in model.externals.iter_mut().zip(found) {
            external.callbacks = callbacks;
        }
    }

    fn pass<T>(&self, model: &Model, pass: impl FnOnce(&Cx<'_, 't>) -> T) -> T {
        let (names, declared) = (self.names, self.declared);
        let (rules, snapshots) = (&self.rules, &self.snapshots);
        pass(&Cx { names, model, rules, declared, snapshots, poison: &self.poison })
    }
}

/// Variables that are not there only because what they stand for was reported.
fn lost_variables(tree: &SyntaxTree, model: &Model) -> Vec<String> {
    let actors = tree.actors.iter().zip(&model.actors);
    let actor = actors
        .into_iter()
        .any(|((_, written), actor)| written.entity.is_some() && actor.entity.is_none());
    let tenancy = tree.system.as_ref().and_then(|system| system.tenancy.as_ref());
    let tenant = tenancy.is_some_and(|tenancy| !matches!(tenancy.value, syntax::Tenancy::None))
        && model.system.tenancy.is_none();
    let lost = [("actor", actor), ("tenant", tenant)];
    lost.into_iter().filter(|(_, lost)| *lost).map(|(name, _)| name.to_owned()).collect()
}

/// Whether a finding says that something is not there: no news where a file could not be read to its
/// end.
fn speaks_of_absence(diagnostic: &Diagnostic) -> bool {
    let absent = ["unassigned-field", "unfilled-value", "no-states", "nothing-to-search"];
    diagnostic.id.starts_with("unknown-") || absent.contains(&diagnostic.id)
}

/// The value types of `types`: registered first, so that they can name each other.
fn value_types(types: &mut Types<'_, '_>, tree: &SyntaxTree, sink: &mut Vec<Diagnostic>) {
    for (name, _) in &tree.types {
        types.schema.add_record(RecordShape { name: name.value.clone(), fields: Vec::new() });
    }
    let home = types.names.unassigned;
    for (at, (_, fields)) in tree.types.iter().enumerate() {
        fields::refuse_marks_within(fields, sink);
        let resolved = types.record_fields(fields, home, sink);
        types.keep_defaults(RecordId(position(at, u32::MAX)), &resolved);
        if let Some(record) = types.schema.records.get_mut(at) {
            record.fields = resolved.into_iter().map(|field| field.shape).collect();
        }
    }
    let spans: Vec<_> = tree.types.iter().map(|(name, _)| name.span).collect();
    types::refuse_recursion(&types.schema, &spans, sink);
}

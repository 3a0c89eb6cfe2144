//! What ties two entities together: references, what operations read and write, flows, people,
//! names.

use std::collections::{BTreeMap, BTreeSet};

use base::Span;
use expression::{
    EntityId, Type,
    ir::{Expression, Kind},
};
use model::model::{
    Authentication, Callee, ContextId, Effect, EffectKind, EventId, Fill, Operation, OutputValue,
    SetPath,
};

use super::communities::Weights;
use crate::numbers::{self, Number};
use crate::{
    crossings,
    facts::{self, Facts},
};

/// Something that ties two entities together.
#[derive(Clone, Debug)]
pub struct Tie {
    /// Positions among the entities, the lesser first.
    pub pair: (usize, usize),
    /// Who refers to, or reads or writes, whom.
    pub direction: (usize, usize),
    /// What kind it is.
    pub sort: Sort,
    /// How much; less than zero where it keeps them apart.
    pub weight: f64,
    /// What it is: `Charge.trip refers to Trip`.
    pub what: String,
    /// Where it is written.
    pub span: Span,
}

/// What kind of tie it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// One refers to the other: a foreign key is lost where it is cut.
    Refers,
    /// One transaction writes both.
    Written,
    /// One query or operation reads both.
    Read,
    /// A flow goes through both; it is durable anyway.
    Flow,
    /// People, names, and what keeps them apart: nothing is lost.
    Alike,
}

impl Sort {
    /// What is lost where such a tie is cut, if anything is.
    #[must_use]
    pub const fn severed(self) -> Option<&'static str> {
        match self {
            Self::Refers => Some("no foreign key"),
            Self::Written => Some("no common transaction"),
            Self::Read => Some("a copy or a call instead of a read"),
            Self::Flow => Some("steps by command, durable as before"),
            Self::Alike => None,
        }
    }
}

/// All ties between some entities, in the order of pairs.
#[must_use]
pub fn ties(model: Facts<'_>, context: ContextId, entities: &[EntityId]) -> Vec<Tie> {
    let positions: BTreeMap<EntityId, usize> =
        entities.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut all = Found { positions, ties: Vec::new() };
    references(model, entities, &mut all);
    for (_, operation) in facts::operations_by_name(model, context) {
        together(model, operation, &mut all);
    }
    flows(model, &mut all);
    let related: BTreeSet<(usize, usize)> = all.ties.iter().map(|tie| tie.pair).collect();
    people_and_names(model, entities, &related, &mut all);
    all.ties.sort_by(|a, b| a.pair.cmp(&b.pair).then_with(|| a.what.cmp(&b.what)));
    all.ties
}

/// The weight of each pair; nothing below zero.
#[must_use]
pub fn weights(ties: &[Tie]) -> Weights {
    let mut weights = Weights::new();
    for tie in ties {
        *weights.entry(tie.pair).or_default() += tie.weight;
    }
    weights.retain(|_, weight| *weight > 0.0);
    weights
}

struct Found {
    positions: BTreeMap<EntityId, usize>,
    ties: Vec<Tie>,
}

impl Found {
    fn push(
        &mut self,
        ends: (EntityId, EntityId),
        sort: Sort,
        weight: f64,
        what: String,
        span: Span,
    ) {
        let positions = (self.positions.get(&ends.0), self.positions.get(&ends.1));
        if let (Some(&a), Some(&b)) = positions
            && a != b
        {
            let pair = (a.min(b), a.max(b));
            self.ties.push(Tie { pair, direction: (a, b), sort, weight, what, span });
        }
    }
}

fn references(model: Facts<'_>, entities: &[EntityId], all: &mut Found) {
    for &id in entities {
        let entity = model.entity(id);
        let parts = entity.parts.iter().flat_map(|part| &part.fields);
        for field in entity.fields.iter().filter(|of| of.built_in.is_none()).chain(parts) {
            if let Type::Reference(target) = field.ty.required() {
                let to = &model.entity(*target).name;
                let what = format!("{}.{} refers to {to}", entity.name, field.name);
                let weight = model.value(&numbers::TIE_REFERENCE);
                all.push((id, *target), Sort::Refers, weight, what, field.name.span);
            }
        }
    }
}

/// What one operation writes in one transaction, and what it reads besides.
fn together(model: Facts<'_>, operation: &Operation, all: &mut Found) {
    let Some(target) = operation.entity() else { return };
    let (mut written, mut read) = (BTreeSet::new(), BTreeSet::new());
    if operation.writes() {
        written.insert(target);
    }
    effects(model, target, &operation.effects, &mut written, &mut read);
    let conditions = operation.by.iter().filter_map(|grant| grant.condition.as_ref());
    for condition in conditions.chain(&operation.condition) {
        reads(condition, &mut read);
    }
    for field in &operation.fields {
        if let OutputValue::Expression(value) = &field.value {
            reads(value, &mut read);
        }
    }
    let span = operation.name.span;
    for &other in written.iter().filter(|other| **other != target) {
        let what = format!("{} writes both", operation.name);
        all.push((target, other), Sort::Written, model.value(&numbers::TIE_WRITTEN), what, span);
    }
    for &other in read.iter().filter(|other| **other != target && !written.contains(other)) {
        let what = format!("{} reads {} as well", operation.name, model.entity(other).name);
        all.push((target, other), Sort::Read, model.value(&numbers::TIE_READ), what, span);
    }
}

fn effects(
    model: Facts<'_>,
    target: EntityId,
    list: &[Effect],
    written: &mut BTreeSet<EntityId>,
    read: &mut BTreeSet<EntityId>,
) {
    for effect in list {
        effect.when.iter().for_each(|when| reads(when, read));
        effect.each.iter().for_each(|each| reads(&each.range, read));
        match &effect.kind {
            EffectKind::Require { condition, .. } => reads(condition, read),
            EffectKind::Set(assignments) => {
                for assignment in assignments {
                    fill(&assignment.value, read);
                    if let SetPath::Through { reference, .. } = assignment.path
                        && let Type::Reference(other) =
                            model.entity(target).field(reference).ty.required()
                    {
                        written.insert(*other);
                    }
                }
            }
            EffectKind::Create { entity, fields, .. } => {
                written.insert(*entity);
                fields.iter().for_each(|(_, value)| fill(value, read));
            }
            EffectKind::Emit { payload, .. } => payload.iter().for_each(|value| fill(value, read)),
            EffectKind::Call(call) => {
                call.arguments.iter().for_each(|value| fill(value, read));
                if let (true, Callee::Operation(callee)) = (call.inline, call.callee) {
                    written.extend(model.operation(callee).entity());
                }
                effects(model, target, &call.refused, written, read);
                effects(model, target, call.fallback.as_deref().unwrap_or(&[]), written, read);
            }
            EffectKind::Delete { row } => written.extend(match row.ty.required() {
                Type::Reference(entity) => Some(*entity),
                _ => None,
            }),
            EffectKind::Move { .. } | EffectKind::Erase { .. } => {}
        }
    }
}

fn fill(value: &Fill, read: &mut BTreeSet<EntityId>) {
    match value {
        Fill::Expression(expression) => reads(expression, read),
        Fill::Lookup { entity, by, .. } => {
            read.insert(*entity);
            by.iter().for_each(|(_, value)| fill(value, read));
        }
        Fill::Record(values) | Fill::List(values) => {
            values.iter().for_each(|value| fill(value, read));
        }
        Fill::Constant(_) | Fill::Now => {}
    }
}

/// Entities whose rows an expression reads; the caller's own row is no such reading.
fn reads(expression: &Expression, read: &mut BTreeSet<EntityId>) {
    use expression::ir::VariableIndex;
    match &expression.kind {
        Kind::EntityRows(entity) => {
            read.insert(*entity);
        }
        Kind::Field { of, .. } if of.kind != Kind::Variable(VariableIndex::ACTOR) => {
            if let Type::Reference(entity) = of.ty.required() {
                read.insert(*entity);
            }
        }
        _ => {}
    }
    expression.children().for_each(|child| reads(child, read));
}

fn flows(model: Facts<'_>, all: &mut Found) {
    let mut emitters: BTreeMap<EventId, BTreeSet<EntityId>> = BTreeMap::new();
    for operation in &model.operations {
        crossings::emits(&operation.effects, &mut |event| {
            emitters.entry(event).or_default().extend(operation.entity());
        });
    }
    for flow in &model.flows {
        let mut touched = emitters.get(&flow.after).cloned().unwrap_or_default();
        for id in crossings::operations_of(flow) {
            touched.extend(model.operation(id).entity());
        }
        let touched: Vec<EntityId> = touched.into_iter().take(16).collect();
        for (at, &a) in touched.iter().enumerate() {
            for &b in touched.iter().skip(at + 1) {
                let what = format!("the flow {} goes through both", flow.name);
                let weight = model.value(&numbers::TIE_FLOW);
                all.push((a, b), Sort::Flow, weight, what, flow.name.span);
            }
        }
    }
}

/// Who writes, how names begin, and what may be lost: only between entities that something else
/// ties together.
fn people_and_names(
    model: Facts<'_>,
    entities: &[EntityId],
    related: &BTreeSet<(usize, usize)>,
    all: &mut Found,
) {
    let mut writers: BTreeMap<EntityId, BTreeSet<&str>> = BTreeMap::new();
    for operation in model.operations.iter().filter(|of| of.writes()) {
        let actors = operation.by.iter().map(|grant| model.actor(grant.actor));
        let people = actors.filter(|of| of.authentication != Authentication::System);
        if let Some(entity) = operation.entity() {
            writers.entry(entity).or_default().extend(people.map(|of| of.name.value.as_str()));
        }
    }
    let none = BTreeSet::new();
    for &(a, b) in related {
        let (a, b) = (entities[a], entities[b]);
        let (left, right) = (model.entity(a), model.entity(b));
        let span = left.name.span;
        let of = |id| writers.get(&id).unwrap_or(&none);
        let both = facts::count(of(a).intersection(of(b)).count());
        let either = facts::count(of(a).union(of(b)).count());
        let mut push = |number: &Number, share: f64, what: String| {
            all.push((a, b), Sort::Alike, model.value(number) * share, what, span);
        };
        if both > 0.0 {
            let names: Vec<&str> = of(a).intersection(of(b)).copied().collect();
            let what =
                format!("{} and {} are written by {}", left.name, right.name, names.join(", "));
            push(&numbers::TIE_ACTORS, both / either, what);
        }
        if first_word(&left.name) == first_word(&right.name) {
            let what = format!("{} and {} are named alike", left.name, right.name);
            push(&numbers::TIE_NAMES, 1.0, what);
        }
        if left.volatile != right.volatile {
            let what = format!("{} and {} are not equally dear", left.name, right.name);
            push(&numbers::TIE_VOLATILE, -1.0, what);
        }
    }
}

/// `Driver` of `DriverLocation`.
fn first_word(name: &str) -> &str {
    let second = name.char_indices().skip(1).find(|(_, c)| c.is_uppercase());
    second.map_or(name, |(at, _)| name.get(..at).unwrap_or(name))
}

//! People and characteristics: between entities that something else ties together.

use std::collections::{BTreeMap, BTreeSet};

use expression::{EntityId, Type};
use model::model::{Authentication, Entity, OperationKind};

use super::{Found, Sort};
use crate::facts::{self, Facts};
use crate::numbers;

/// Ties by common writers, and what keeps entities of different characteristics apart.
pub fn add(
    model: Facts<'_>,
    entities: &[EntityId],
    related: &BTreeSet<(usize, usize)>,
    all: &mut Found,
) {
    let (writers, public) = (writers(model), public(model));
    let tellings = tellings(model, entities, &writers);
    let none = BTreeSet::new();
    let profiles: Vec<[(&str, f64); 3]> =
        entities.iter().map(|id| profile(model.entity(*id), public.contains(id))).collect();
    for &(a, b) in related {
        let (one, other) = (entities[a], entities[b]);
        let (left, right) = (model.entity(one), model.entity(other));
        let of = |id| writers.get(&id).unwrap_or(&none);
        let both: Vec<&str> = of(one).intersection(of(other)).copied().collect();
        if !both.is_empty() {
            let told: f64 = both.iter().filter_map(|actor| tellings.get(actor)).sum();
            let share = told / facts::count(of(one).union(of(other)).count());
            let weight = model.value(&numbers::TIE_ACTORS) * share;
            let names = both.join(", ");
            let what = format!("{} and {} are written by {names}", left.name, right.name);
            all.push((one, other), Sort::Alike, weight, what, left.name.span);
        }
        for ((name, left_grade), (_, right_grade)) in profiles[a].iter().zip(&profiles[b]) {
            let apart = (left_grade - right_grade).abs() * model.value(&numbers::TIE_MISMATCH);
            if apart > 0.0 {
                let what = format!("{} and {} differ in {name}", left.name, right.name);
                all.push((one, other), Sort::Alike, -apart, what, left.name.span);
            }
        }
    }
}

/// The actors that write each entity.
fn writers(model: Facts<'_>) -> BTreeMap<EntityId, BTreeSet<&str>> {
    let mut writers: BTreeMap<EntityId, BTreeSet<&str>> = BTreeMap::new();
    for operation in model.model.operations.iter().filter(|of| of.writes()) {
        let actors = operation.by.iter().map(|grant| model.model.actor(grant.actor));
        let people = actors.filter(|of| of.authentication != Authentication::System);
        if let Some(entity) = operation.entity() {
            writers.entry(entity).or_default().extend(people.map(|of| of.name.value.as_str()));
        }
    }
    writers
}

/// What writing one of two entities says about the other, by actor: the less, the more others the
/// actor writes as well.
fn tellings<'m>(
    model: Facts<'_>,
    entities: &[EntityId],
    writers: &BTreeMap<EntityId, BTreeSet<&'m str>>,
) -> BTreeMap<&'m str, f64> {
    let mut written: BTreeMap<&str, usize> = BTreeMap::new();
    for actor in entities.iter().filter_map(|id| writers.get(id)).flatten() {
        *written.entry(actor).or_default() += 1;
    }
    let damping = model.value(&numbers::TIE_DAMPING);
    let telling = |count: usize| facts::count(count.saturating_sub(1).max(1)).powf(-damping);
    written.into_iter().map(|(actor, count)| (actor, telling(count))).collect()
}

/// Entities that everyone may read.
fn public(model: Facts<'_>) -> BTreeSet<EntityId> {
    let anonymous = |actor| model.actor(actor).authentication == Authentication::None;
    let open = model.operations.iter().filter(|of| {
        matches!(of.kind, OperationKind::Get | OperationKind::List)
            && of.by.iter().any(|grant| grant.condition.is_none() && anonymous(grant.actor))
    });
    open.filter_map(model::model::Operation::entity).collect()
}

/// What Service Cutter grades (`data.sql`: consistency, security criticality, storage), as far as
/// the model says it.
fn profile(entity: &Entity, public: bool) -> [(&'static str, f64); 3] {
    let parts = entity.parts.iter().flat_map(|part| &part.fields);
    let fields = || entity.fields.iter().chain(parts.clone());
    let critical = fields().any(|field| field.modifiers.secret || field.modifiers.sensitive);
    let huge = fields().any(|field| matches!(field.ty.required(), Type::File { .. }));
    let consistency = match (entity.strong_consistency, entity.volatile) {
        (Some(true), _) => 10.0,
        (_, true) => 0.0,
        _ => 4.0,
    };
    let security = match (critical, public) {
        (true, _) => 10.0,
        (_, true) => 0.0,
        _ => 3.0,
    };
    let storage = if huge { 10.0 } else { 3.0 };
    [("consistency", consistency), ("secrecy", security), ("storage", storage)]
}

//! How many rows of what, in which order, and by which operation they are made.

use std::collections::BTreeSet;

use expression::{EntityId, Type};
use model::{
    Model,
    model::{
        ActorId, Addressed, Authentication, EffectKind, Input, Operation, OperationId,
        OperationKind, Target,
    },
};

/// Rows of an entity whose volume the model does not state.
const UNSTATED: f64 = 1000.0;

/// What to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Entities in the order in which their rows can be made.
    pub steps: Vec<Step>,
    /// Entities without rows, and why.
    pub skipped: Vec<(EntityId, &'static str)>,
}

/// Rows of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The entity.
    pub entity: EntityId,
    /// How many rows.
    pub rows: usize,
    /// The operation that makes them, and as whom.
    pub create: Way,
    /// Done to most rows afterwards: acts with inputs that move no state, by others than `system`.
    pub furnish: Vec<Way>,
    /// Acts that move a row on, for its way through the states.
    pub moves: Vec<Move>,
}

/// An operation by one of its actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The operation.
    pub operation: OperationId,
    /// Who does it.
    pub actor: ActorId,
}

/// An act that moves a row to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The act.
    pub way: Way,
    /// The state it leads to.
    pub to: String,
    /// How frequent the act is beside others, from its rate, in thousandths per second.
    pub weight: u64,
}

/// Plans about `total` rows. They are shared out by the square root of the model's volumes: large
/// tables stay larger than small ones, and no small one stays empty.
#[must_use]
pub fn plan(model: &Model, total: usize) -> Plan {
    let mut plan = Plan::default();
    let mut open: Vec<(EntityId, Way)> = Vec::new();
    for (entity, _) in model.entities() {
        match creation(model, entity) {
            Some(way) => open.push((entity, way)),
            None => plan.skipped.push((entity, "no operation creates rows from inputs alone")),
        }
    }
    let weight = |entity: EntityId| {
        let stated = model.entity(entity).rows.as_ref().map_or(UNSTATED, |rows| rows.value.rows);
        stated.max(1.0).sqrt()
    };
    let all: f64 = open.iter().map(|(entity, _)| weight(*entity)).sum();
    let mut made = BTreeSet::new();
    while let Some(at) = open.iter().position(|(entity, way)| {
        needs(model, *way).iter().all(|other| other == entity || made.contains(other))
    }) {
        let (entity, create) = open.remove(at);
        made.insert(entity);
        let rows = share(weight(entity), all, total);
        let furnish = furnishing(model, entity);
        plan.steps.push(Step { entity, rows, create, furnish, moves: moves(model, entity) });
    }
    let stuck = open.iter().map(|(entity, _)| (*entity, "it needs rows that nothing makes"));
    plan.skipped.extend(stuck);
    plan
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a number of rows, rounded"
)]
fn share(weight: f64, all: f64, total: usize) -> usize {
    ((weight / all * total as f64).round() as usize).max(1)
}

/// The operation with the most inputs that creates rows of the entity, by its first actor; one
/// that people may use rather than one of `system`'s.
fn creation(model: &Model, entity: EntityId) -> Option<Way> {
    let creates = |operation: &Operation| {
        (operation.kind == OperationKind::Create || operation.upsert)
            && operation.target == Target::Entity(entity)
    };
    let ways = ways(model, creates);
    ways.into_iter().filter(|way| makeable(&model.operation(way.operation).input)).max_by_key(
        |way| {
            let inputs = model.operation(way.operation).input.parameters.len();
            (!is_system(model, way.actor), inputs, std::cmp::Reverse(way.operation))
        },
    )
}

/// Whether every required input can be made up: files cannot.
fn makeable(input: &Input) -> bool {
    let file = |ty: &Type| matches!(ty, Type::File { .. });
    !input.parameters.iter().any(|parameter| parameter.required && file(&parameter.ty))
}

fn furnishing(model: &Model, entity: EntityId) -> Vec<Way> {
    let ways = ways(model, |operation| {
        acts_on(operation, entity)
            && !operation.input.parameters.is_empty()
            && makeable(&operation.input)
            && destination(operation).is_none()
            && !operation.effects.iter().any(|effect| removes(&effect.kind))
    });
    ways.into_iter().filter(|way| !is_system(model, way.actor)).collect()
}

fn moves(model: &Model, entity: EntityId) -> Vec<Move> {
    let moving = |operation: &Operation| {
        acts_on(operation, entity) && makeable(&operation.input) && destination(operation).is_some()
    };
    let ways = ways(model, moving).into_iter();
    ways.filter_map(|way| {
        let operation = model.operation(way.operation);
        let rate = operation.workload.rate.as_ref().map_or(1.0, |rate| rate.value.mean);
        Some(Move { way, to: destination(operation)?.to_owned(), weight: thousandths(rate) })
    })
    .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is meant"
)]
fn thousandths(rate: f64) -> u64 {
    ((rate * 1000.0) as u64).max(1)
}

fn acts_on(operation: &Operation, entity: EntityId) -> bool {
    operation.kind == OperationKind::Act && operation.target == Target::Entity(entity)
}

/// The state that the act always leads to.
fn destination(operation: &Operation) -> Option<&str> {
    let plain = operation.effects.iter().filter(|effect| effect.when.is_none());
    let mut states = plain.filter_map(|effect| match &effect.kind {
        EffectKind::Move { state } => Some(state.value.as_str()),
        _ => None,
    });
    states.next_back()
}

const fn removes(kind: &EffectKind) -> bool {
    matches!(kind, EffectKind::Delete { .. } | EffectKind::Erase { .. })
}

/// Operations that fit, each by its first actor that can be played here.
fn ways(model: &Model, fits: impl Fn(&Operation) -> bool) -> Vec<Way> {
    let playable = |actor: &ActorId| {
        let known = model.actor(*actor);
        known.when.is_none() || known.entity.is_some()
    };
    let fitting = model.operations().filter(|(_, operation)| fits(operation));
    let way = |(id, operation): (OperationId, &Operation)| {
        let actor = operation.by.iter().map(|grant| grant.actor).find(playable)?;
        Some(Way { operation: id, actor })
    };
    fitting.filter_map(way).collect()
}

fn is_system(model: &Model, actor: ActorId) -> bool {
    model.actor(actor).authentication == Authentication::System
}

/// Entities that must have rows before the operation can be done: those its required inputs and its
/// key refer to, and the caller's own.
fn needs(model: &Model, way: Way) -> BTreeSet<EntityId> {
    let operation = model.operation(way.operation);
    let required = operation.input.parameters.iter().filter(|parameter| parameter.required);
    let mut found = BTreeSet::new();
    for parameter in required {
        references(model, &parameter.ty, &mut found);
    }
    if let (Addressed::Key(field), Some(entity)) = (operation.addressed, operation.entity()) {
        references(model, &model.entity(entity).field(field).ty, &mut found);
    }
    found.extend(model.actor(way.actor).entity);
    found
}

fn references(model: &Model, ty: &Type, found: &mut BTreeSet<EntityId>) {
    match ty {
        Type::Reference(entity) => {
            found.insert(*entity);
        }
        Type::List { of, .. } => references(model, of, found),
        Type::Record(record) => {
            // Records that hold records of themselves do not exist: `types` are checked for it.
            for field in &model.schema.record(*record).fields {
                references(model, &field.ty, found);
            }
        }
        _ => {}
    }
}

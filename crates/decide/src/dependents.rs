//! Invariants that read rows of other entities: whoever changes those may meet them.

use std::collections::BTreeSet;

use expression::ir::{Expression, Kind, VariableIndex};
use expression::{EntityId, FieldIndex, Type};
use model::Model;
use model::model::{
    Assigns, BuiltIn, Effect, EffectKind, Entity, Invariant, Operation, OperationKind, SetPath,
};

/// A field of an entity, or one of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Field(EntityId, FieldIndex),
    Part(EntityId, u16),
}

/// The invariants, of whatever entity, that read what an operation may change in rows that are there
/// already, with whose they are.
#[must_use]
pub fn of<'m>(model: &'m Model, operation: &Operation) -> Vec<(&'m Entity, &'m Invariant)> {
    let mut changed = BTreeSet::new();
    if matches!(operation.kind, OperationKind::Update | OperationKind::Act) {
        assigned(operation, &mut changed);
    }
    set(model, operation, &operation.effects, &mut changed);
    let all = model.entities.iter();
    let all = all.flat_map(|entity| entity.invariants.iter().map(move |of| (entity, of)));
    all.filter(|(_, invariant)| reads(&invariant.condition, &changed)).collect()
}

fn assigned(operation: &Operation, changed: &mut BTreeSet<Place>) {
    let Some(entity) = operation.entity() else { return };
    for parameter in &operation.input.parameters {
        match &parameter.assigns {
            Assigns::Field(field) => drop(changed.insert(Place::Field(entity, *field))),
            Assigns::Part(part, _) => drop(changed.insert(Place::Part(entity, *part))),
            Assigns::Nothing => {}
        }
    }
}

fn set(model: &Model, operation: &Operation, effects: &[Effect], changed: &mut BTreeSet<Place>) {
    let Some(entity) = operation.entity() else { return };
    for effect in effects {
        match &effect.kind {
            EffectKind::Set(assignments) => {
                changed.extend(assignments.iter().filter_map(|assignment| {
                    Some(match assignment.path {
                        SetPath::Field(field) => Place::Field(entity, field),
                        SetPath::PartField { part, .. } | SetPath::Part(part) => {
                            Place::Part(entity, part.index)
                        }
                        SetPath::Through { reference, field } => {
                            let ty = &model.entity(entity).field(reference).ty;
                            let Type::Reference(other) = ty.required() else { return None };
                            Place::Field(*other, field)
                        }
                    })
                }));
            }
            EffectKind::Move { .. } => {
                let status = model.entity(entity).built_in(BuiltIn::Status);
                changed.extend(status.map(|field| Place::Field(entity, field)));
            }
            EffectKind::Call(call) => {
                set(model, operation, &call.refused, changed);
                set(model, operation, call.fallback.as_deref().unwrap_or_default(), changed);
            }
            _ => {}
        }
    }
}

/// Whether an invariant reads one of these of another row than its own.
fn reads(expression: &Expression, changed: &BTreeSet<Place>) -> bool {
    let (of, place): (_, fn(EntityId, u16) -> Place) = match &expression.kind {
        Kind::Field { of, field } => {
            (Some((of, field.0)), |entity, at| Place::Field(entity, FieldIndex(at)))
        }
        Kind::PartRows { of, part } => (Some((of, part.index)), Place::Part),
        _ => (None, Place::Part),
    };
    let here = of.is_some_and(|(of, at)| match of.ty.required() {
        Type::Reference(entity) if of.kind != Kind::Variable(VariableIndex::SELF) => {
            changed.contains(&place(*entity, at))
        }
        _ => false,
    });
    here || expression.children().any(|inner| reads(inner, changed))
}

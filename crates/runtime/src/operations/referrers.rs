//! Lists of references: a database has no foreign key for what is in them, so that whether a
//! removed row is still in one is asked when everything else is written.

use std::collections::BTreeMap;

use expression::ir::{Binary, Comprehension, Expression, Kind, VariableIndex};
use expression::{EntityId, FieldIndex, FieldShape, PartId, Type, Value};
use model::Model;

use super::failure::Failure;
use super::work::{Key, Work};
use crate::store::{Bound, Predicate, Store, StoreError, Transaction};

/// Slots of the variables in a question; it has no others than these and `self`.
const ROW: VariableIndex = VariableIndex(60);
const PART_ROW: VariableIndex = VariableIndex(61);

/// Questions whether rows of an entity are in some list of its context, by that entity.
#[derive(Debug, Default)]
pub(crate) struct Referrers(BTreeMap<EntityId, Vec<Predicate>>);

impl Referrers {
    /// The questions of a model; those that the store cannot answer with the reason.
    pub(crate) fn of<S: Store>(model: &Model, store: &S) -> Result<Self, (base::Span, StoreError)> {
        let mut all: BTreeMap<EntityId, Vec<Predicate>> = BTreeMap::new();
        for (other, entity) in model.entities() {
            let same = |target: &EntityId| model.entity(*target).context == entity.context;
            for (target, question) in questions(model, other).into_iter().filter(|(of, _)| same(of))
            {
                let asked = store.question(&question).map_err(|error| (question.span, error))?;
                all.entry(target).or_default().push(asked);
            }
        }
        Ok(Self(all))
    }
}

/// For each list of references that rows of an entity or its parts have: what it refers to, and
/// whether `self`, a row of that, is in any.
fn questions(model: &Model, entity: EntityId) -> Vec<(EntityId, Expression)> {
    let (span, shape) = (model.entity(entity).name.span, model.shape(entity));
    let expression = |kind, ty| Expression { kind, ty, span };
    let variable = |slot, ty: &Type| expression(Kind::Variable(slot), ty.clone());
    let row = Type::Reference(entity);
    let contains = |of: Expression, at: usize, field: &FieldShape, target: EntityId| {
        let index = FieldIndex(u16::try_from(at).unwrap_or(u16::MAX));
        let list = expression(Kind::Field { of: Box::new(of), field: index }, field.ty.clone());
        let item = variable(VariableIndex::SELF, &Type::Reference(target));
        expression(Kind::Binary(Binary::In, Box::new(item), Box::new(list)), Type::Bool)
    };
    let any = |range: Expression, variable, body| {
        let (what, range, body) = (Comprehension::Exists, Box::new(range), Box::new(body));
        expression(Kind::Comprehend { what, range, variable, body }, Type::Bool)
    };
    let many = |of: Type| Type::List { of: Box::new(of), min: 0, max: u32::MAX };
    let rows = || expression(Kind::EntityRows(entity), many(row.clone()));
    let mut all = Vec::new();
    for (at, field) in shape.fields.iter().enumerate() {
        if let Some(target) = listed(field) {
            let body = contains(variable(ROW, &row), at, field, target);
            all.push((target, any(rows(), ROW, body)));
        }
    }
    for (index, part) in (0u16..).zip(&shape.parts) {
        let id = PartId { entity, index };
        for (at, field) in part.fields.iter().enumerate() {
            let Some(target) = listed(field) else { continue };
            let of_part = Type::Part(id);
            let body = contains(variable(PART_ROW, &of_part), at, field, target);
            let of = Box::new(variable(ROW, &row));
            let range = expression(Kind::PartRows { of, part: id }, many(of_part));
            all.push((target, any(rows(), ROW, any(range, PART_ROW, body))));
        }
    }
    all
}

/// What a list of references refers to. One that may be null cannot be asked about.
fn listed(field: &FieldShape) -> Option<EntityId> {
    match &field.ty {
        Type::List { of, .. } => match **of {
            Type::Reference(target) => Some(target),
            _ => None,
        },
        _ => None,
    }
}

/// Refuses to remove rows that are still in a list.
pub(crate) async fn check<X: Transaction>(
    work: &mut Work<'_, X>,
    removed: &[Key],
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    for (entity, row) in removed {
        for predicate in plans.referrers.0.get(entity).into_iter().flatten() {
            let bound = Bound { predicate: predicate.clone(), values: vec![Value::Uuid(*row)] };
            if work.store.ask(&bound).await? == Some(1) {
                return Err(StoreError::StillReferenced { entity: *entity }.into());
            }
        }
    }
    Ok(())
}

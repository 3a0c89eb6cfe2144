//! What is asked about all rows of an entity is still so when what follows from it is written.
//!
//! Rows that are there can be locked; rows that may come cannot. Where several write at once, two
//! that ask whether there is a row, to make one if not, would both make one. So whoever asks waits
//! for its turn among those who ask the same or write such rows, and they for it: about rows with
//! one value of a field (`l.book == self.book`), where the question says so, else about all rows of
//! the entity. A turn lasts until the transaction ends.
//!
//! A question that looks beyond the rows of its entity, at what these refer to, does not keep others
//! from changing that.

use std::collections::{BTreeMap, BTreeSet};

use expression::ir::{Binary, Comprehension, Expression, Kind, VariableIndex};
use expression::{EntityId, FieldIndex, Type, Value, row_id};
use model::Model;
use model::model::OperationId;

use super::effects::is_deleted;
use super::failure::Failure;
use super::finish;
use super::plan::Plans;
use super::scope::Scope;
use super::walk::{expressions, reads_all_rows};
use super::work::{Key, Work};
use crate::store::{Snapshot, Tenant, Transaction};

/// What is asked about, in which turns have to be taken.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// By entity, the fields of which a value is asked about; `None` for all rows.
    of: BTreeMap<EntityId, BTreeSet<Option<FieldIndex>>>,
    /// Who asks.
    askers: BTreeSet<OperationId>,
}

impl Turns {
    /// What operations that write ask about, and invariants do.
    pub(crate) fn of(model: &Model) -> Self {
        let mut turns = Self::default();
        let invariants = model.entities.iter().flat_map(|entity| &entity.invariants);
        for Pin { entity, field } in invariants.flat_map(|of| pins(model, &of.condition)) {
            turns.of.entry(entity).or_default().insert(field.map(|(field, _)| field));
        }
        for (id, operation) in model.operations().filter(|(_, operation)| operation.writes()) {
            let mut asks = |expression: &Expression| {
                for Pin { entity, field } in pins(model, expression) {
                    turns.of.entry(entity).or_default().insert(field.map(|(field, _)| field));
                    turns.askers.insert(id);
                }
            };
            expressions(&operation.effects, &mut asks);
            operation.by.iter().filter_map(|grant| grant.condition.as_ref()).for_each(asks);
        }
        turns
    }

    /// Whether an operation asks about all rows of some entity.
    pub(crate) fn asks(&self, operation: OperationId) -> bool {
        self.askers.contains(&operation)
    }
}

/// What one question is about: rows of an entity, with the value of a field where it says so.
struct Pin<'e> {
    entity: EntityId,
    field: Option<(FieldIndex, &'e Expression)>,
}

/// What the questions in an expression are about.
fn pins<'e>(model: &Model, expression: &'e Expression) -> Vec<Pin<'e>> {
    let mut found = Vec::new();
    visit(model, expression, &mut Vec::new(), &mut found);
    found
}

fn visit<'e>(
    model: &Model,
    expression: &'e Expression,
    bound: &mut Vec<VariableIndex>,
    found: &mut Vec<Pin<'e>>,
) {
    let Kind::Comprehend { what, range, variable, body } = &expression.kind else {
        if let Kind::EntityRows(entity) = expression.kind {
            found.push(Pin { entity, field: None });
        }
        expression.children().for_each(|child| visit(model, child, bound, found));
        return;
    };
    let mut conditions = Vec::new();
    if matches!(what, Comprehension::Exists | Comprehension::ExistsOne | Comprehension::Filter) {
        conditions.push((*variable, &**body));
    }
    match rows(range, &mut conditions) {
        Some(entity) => {
            let mut all = conditions.iter().filter_map(|of| pinned(model, entity, *of, bound));
            found.push(Pin { entity, field: all.next() });
            // Questions within the conditions.
            for (variable, condition) in conditions.iter().copied().chain([(*variable, &**body)]) {
                bound.push(variable);
                visit(model, condition, bound, found);
                bound.pop();
            }
        }
        None => {
            visit(model, range, bound, found);
            bound.push(*variable);
            visit(model, body, bound, found);
            bound.pop();
        }
    }
}

/// The entity whose rows these are, and what `filter` asks of them.
fn rows<'e>(
    range: &'e Expression,
    conditions: &mut Vec<(VariableIndex, &'e Expression)>,
) -> Option<EntityId> {
    match &range.kind {
        Kind::EntityRows(entity) => Some(*entity),
        Kind::Comprehend { what: Comprehension::Filter, range, variable, body } => {
            conditions.push((*variable, body));
            rows(range, conditions)
        }
        _ => None,
    }
}

/// A field of the row that has to have a value which is known beforehand.
fn pinned<'e>(
    model: &Model,
    entity: EntityId,
    (row, condition): (VariableIndex, &'e Expression),
    bound: &[VariableIndex],
) -> Option<(FieldIndex, &'e Expression)> {
    match &condition.kind {
        Kind::Binary(Binary::And, one, other) => pinned(model, entity, (row, one), bound)
            .or_else(|| pinned(model, entity, (row, other), bound)),
        Kind::Binary(Binary::Equal, one, other) => {
            [(one, other), (other, one)].into_iter().find_map(|(field, value)| {
                let at = field_of(field, row)?;
                let ty = &model.shape(entity).fields.get(usize::from(at.0))?.ty;
                // Whose equality is that of their representation.
                let exact = matches!(
                    ty.required(),
                    Type::Reference(_) | Type::Bool | Type::Int { .. } | Type::Enum(_)
                );
                (exact && is_known(value, row, bound)).then_some((at, &**value))
            })
        }
        _ => None,
    }
}

fn field_of(expression: &Expression, row: VariableIndex) -> Option<FieldIndex> {
    match &expression.kind {
        Kind::Field { of, field } if matches!(of.kind, Kind::Variable(of) if of == row) => {
            Some(*field)
        }
        _ => None,
    }
}

/// Whether a value can be computed without looking at the rows that are asked about.
fn is_known(value: &Expression, row: VariableIndex, bound: &[VariableIndex]) -> bool {
    let mut known = !reads_all_rows(value);
    super::walk::within(value, &mut |inner| {
        if let Kind::Variable(variable) = inner.kind {
            known &= variable != row && !bound.contains(&variable);
        }
    });
    known
}

/// What those wait for each other by.
fn name(
    plans: &Plans,
    entity: EntityId,
    tenant: Tenant,
    of: Option<(FieldIndex, &Value)>,
) -> String {
    let shape = plans.model.shape(entity);
    let owned = plans.tenants.as_ref().is_some_and(|tenants| tenants.owns(entity));
    let tenant = tenant.id().filter(|_| owned);
    let what = match of {
        None => "all".to_owned(),
        Some((field, value)) => match row_id(value) {
            Some(id) => format!("{} {id:032x}", field.0),
            None => format!("{} {value:?}", field.0),
        },
    };
    format!("rows {}.{} {tenant:?} {what}", shape.context, shape.name)
}

/// The turns of the questions in an expression.
async fn asked<X: Snapshot>(
    work: &mut Work<'_, X>,
    expression: &Expression,
    scope: &Scope,
) -> Result<BTreeSet<String>, Failure> {
    let plans = work.plans.clone();
    let mut names = BTreeSet::new();
    for Pin { entity, field } in pins(&plans.model, expression) {
        let tenant = work.store.tenant();
        let value = match field {
            // What cannot be computed is equal to nothing.
            Some((at, value)) => {
                Some((at, work.evaluate(value, scope).await.unwrap_or(Value::Null)))
            }
            None => None,
        };
        names.insert(name(&plans, entity, tenant, value.as_ref().map(|(at, value)| (*at, value))));
    }
    Ok(names)
}

/// Waits for the turns of the questions in an expression.
pub(crate) async fn before_asking<X: Snapshot>(
    work: &mut Work<'_, X>,
    expression: &Expression,
    scope: &Scope,
) -> Result<(), Failure> {
    if !work.store.takes_turns() {
        return Ok(());
    }
    for name in asked(work, expression, scope).await? {
        work.take_turn(&name, true).await?;
    }
    Ok(())
}

/// Waits until nobody else asks about rows as some are, or were before they are written. Whoever
/// will ask itself, because its operation does or because invariants of the rows do, takes the turn
/// at once: two that both wanted it later would wait for each other. All are taken in one order.
pub(super) async fn before_writing<X: Transaction>(
    work: &mut Work<'_, X>,
    rows: &[Key],
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    if plans.turns.of.is_empty() || !work.store.takes_turns() {
        return Ok(());
    }
    let current = work.store.tenant();
    let mut turns: BTreeMap<String, (bool, Tenant)> = BTreeMap::new();
    for key in rows {
        finish::enter_of(work, *key).await?;
        let tenant = work.store.tenant();
        for name in written(work, *key) {
            turns.entry(name).or_insert((work.asks, tenant));
        }
        let scope = work.scope().with(VariableIndex::SELF, Value::Uuid(key.1));
        let live = work.row(*key).await?.is_some_and(|row| !is_deleted(&plans.model, &row));
        let invariants = plans.model.entity(key.0).invariants.iter().map(|of| &of.condition);
        for invariant in invariants.filter(|of| live && reads_all_rows(of)) {
            let names = asked(work, invariant, &scope).await?;
            turns.extend(names.into_iter().map(|name| (name, (true, tenant))));
        }
    }
    for (name, (alone, tenant)) in turns {
        finish::re_enter(work, tenant).await?;
        work.take_turn(&name, alone).await?;
    }
    finish::re_enter(work, current).await
}

/// The turns of those who ask about a row as it is, or was.
fn written<X>(work: &Work<'_, X>, key: Key) -> BTreeSet<String>
where
    X: Snapshot,
{
    let (plans, tenant) = (&work.plans, work.store.tenant());
    let mut names = BTreeSet::new();
    for kind in plans.turns.of.get(&key.0).into_iter().flatten() {
        match kind {
            None => drop(names.insert(name(plans, key.0, tenant, None))),
            Some(at) => {
                let values = work.versions_of(key).into_iter().flatten();
                let values = values.filter_map(|row| row.fields.get(usize::from(at.0)));
                names.extend(values.map(|value| name(plans, key.0, tenant, Some((*at, value)))));
            }
        }
    }
    names
}

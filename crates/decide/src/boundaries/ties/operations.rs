//! What operations and flows touch at once.

use std::collections::{BTreeMap, BTreeSet};

use expression::{
    EntityId, Type,
    ir::{Expression, Kind},
};
use model::model::{Callee, Effect, EffectKind, EventId, Fill, Operation, OutputValue, SetPath};

use super::{Found, Sort, Tie};
use crate::numbers;
use crate::{
    crossings,
    facts::{self, Facts},
};

/// Entities of one operation or flow that are paired with each other; more tell nothing.
const MOST: usize = 16;

/// What one operation touches.
#[derive(Default)]
struct Touched {
    /// Changed in its transaction.
    changed: BTreeSet<EntityId>,
    /// Only created in its transaction.
    created: BTreeSet<EntityId>,
    /// Read, and what is written depends on it.
    checked: BTreeSet<EntityId>,
    /// Read for the answer.
    read: BTreeSet<EntityId>,
    /// Called, each in a transaction of its own.
    called: BTreeSet<EntityId>,
}

/// Ties by what operations write and read at once, scaled down where many pairs are above the
/// most that Service Cutter gives; the more operations read one entity, the less each says.
pub fn add(model: Facts<'_>, all: &mut Found) {
    let mut operations: Vec<&Operation> = model.model.operations.iter().collect();
    operations.sort_by_cached_key(|of| {
        (of.name.value.as_str(), model.model.context(of.context).name.value.as_str())
    });
    let first = all.ties.len();
    for operation in operations {
        together(model, operation, all);
    }
    let Some(ties) = all.ties.get_mut(first..) else { return };
    damp(model, ties);
    scale(model, ties);
}

/// Divides what readings say by a power of how many entities are read together with theirs.
fn damp(model: Facts<'_>, ties: &mut [Tie]) {
    let mut readers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for tie in ties.iter().filter(|tie| tie.sort.read()) {
        readers.entry(tie.direction.1).or_default().insert(tie.direction.0);
    }
    let damping = model.value(&numbers::TIE_DAMPING);
    for tie in ties.iter_mut().filter(|tie| tie.sort.read()) {
        let many = readers.get(&tie.direction.1).map_or(1, BTreeSet::len);
        tie.weight /= facts::count(many).powf(damping);
    }
}

/// Scales so that the tenth of the pairs with the most has no more than the most.
fn scale(model: Facts<'_>, ties: &mut [Tie]) {
    let mut sums: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for tie in ties.iter() {
        *sums.entry(tie.pair).or_default() += tie.weight;
    }
    let mut sums: Vec<f64> = sums.into_values().collect();
    sums.sort_by(|a, b| b.total_cmp(a));
    let most = model.value(&numbers::TIE_WRITTEN);
    let top = sums.get(sums.len() / 10).copied().unwrap_or(most);
    if top > most {
        ties.iter_mut().for_each(|tie| tie.weight *= most / top);
    }
}

/// What one operation writes in one transaction, and what it reads besides.
fn together(model: Facts<'_>, operation: &Operation, all: &mut Found) {
    let Some(touched) = touched(model, operation) else { return };
    let (name, span) = (&operation.name, operation.name.span);
    let entity = |id| &model.entity(id).name;
    let written = by_name(model, touched.changed.union(&touched.created));
    for (at, &a) in written.iter().enumerate() {
        for &b in written.iter().skip(at + 1) {
            let changed = |id| touched.changed.contains(&id);
            let sort = if changed(a) && changed(b) { Sort::Changed } else { Sort::Recorded };
            let what = format!("{name} writes {} and {} at once", entity(a), entity(b));
            all.push((a, b), sort, model.value(&numbers::TIE_WRITTEN), what, span);
        }
    }
    let old = operation.workload.stale.as_ref().is_some_and(|stale| {
        let lag = model.value(&numbers::EVENT_LAG) + model.value(&numbers::LAG_MARGIN);
        stale.value.as_secs_f64() >= lag
    });
    let Some(target) = operation.entity() else { return };
    let own: Vec<EntityId> = if written.is_empty() { vec![target] } else { written };
    for other in by_name(model, touched.checked.union(&touched.read)) {
        let sort = match (touched.checked.contains(&other), old) {
            (true, _) => Sort::Checked,
            (_, true) => Sort::ReadOld,
            _ => Sort::Read,
        };
        for &a in own.iter().filter(|a| !own.contains(&other) && **a != other) {
            let verb = if sort == Sort::Checked { "checks" } else { "reads" };
            let what = format!("{name} of {} {verb} {}", entity(a), entity(other));
            all.push((a, other), sort, model.value(&numbers::TIE_READ), what, span);
        }
    }
    for other in by_name(model, touched.called.iter()) {
        let what = format!("{name} of {} calls {}", entity(target), entity(other));
        all.push((target, other), Sort::Flow, model.value(&numbers::TIE_FLOW), what, span);
    }
}

/// The first few by name.
fn by_name<'e>(model: Facts<'_>, entities: impl Iterator<Item = &'e EntityId>) -> Vec<EntityId> {
    let mut entities: Vec<EntityId> = entities.copied().collect();
    entities.sort_by_key(|id| model.model.entity(*id).name.value.as_str());
    entities.truncate(MOST);
    entities
}

fn touched(model: Facts<'_>, operation: &Operation) -> Option<Touched> {
    let target = operation.entity()?;
    let mut touched = Touched::default();
    if operation.writes() {
        touched.changed.insert(target);
    }
    effects(model, target, &operation.effects, &mut touched);
    let conditions = operation.by.iter().filter_map(|grant| grant.condition.as_ref());
    let seen = if operation.writes() { &mut touched.checked } else { &mut touched.read };
    for condition in conditions.chain(&operation.condition) {
        reads(condition, seen);
    }
    for field in &operation.fields {
        if let OutputValue::Expression(value) = &field.value {
            reads(value, &mut touched.read);
        }
    }
    touched.created.retain(|entity| !touched.changed.contains(entity));
    Some(touched)
}

fn effects(model: Facts<'_>, target: EntityId, list: &[Effect], touched: &mut Touched) {
    for effect in list {
        effect.when.iter().for_each(|when| reads(when, &mut touched.checked));
        effect.each.iter().for_each(|each| reads(&each.range, &mut touched.checked));
        match &effect.kind {
            EffectKind::Require { condition, .. } => reads(condition, &mut touched.checked),
            EffectKind::Set(assignments) => {
                for assignment in assignments {
                    fill(&assignment.value, &mut touched.checked);
                    if let SetPath::Through { reference, .. } = assignment.path
                        && let Type::Reference(other) =
                            model.entity(target).field(reference).ty.required()
                    {
                        touched.changed.insert(*other);
                    }
                }
            }
            EffectKind::Create { entity, fields, .. } => {
                touched.created.insert(*entity);
                fields.iter().for_each(|(_, value)| fill(value, &mut touched.checked));
            }
            EffectKind::Emit { payload, .. } => {
                payload.iter().for_each(|value| fill(value, &mut touched.read));
            }
            EffectKind::Call(call) => {
                call.arguments.iter().for_each(|value| fill(value, &mut touched.checked));
                if let Callee::Operation(callee) = call.callee {
                    let callee = model.operation(callee).entity();
                    let to = if call.inline { &mut touched.changed } else { &mut touched.called };
                    to.extend(callee);
                }
                effects(model, target, &call.refused, touched);
                effects(model, target, call.fallback.as_deref().unwrap_or(&[]), touched);
            }
            EffectKind::Delete { row } => touched.changed.extend(match row.ty.required() {
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

/// Ties by flows that go through both.
pub fn flows(model: Facts<'_>, all: &mut Found) {
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
        let touched = by_name(model, touched.iter());
        for (at, &a) in touched.iter().enumerate() {
            for &b in touched.iter().skip(at + 1) {
                let what = format!("the flow {} goes through both", flow.name);
                let weight = model.value(&numbers::TIE_FLOW);
                all.push((a, b), Sort::Flow, weight, what, flow.name.span);
            }
        }
    }
}

//! Every expression of an effect.

use std::collections::BTreeSet;

use expression::{
    EntityId, FieldIndex, Type,
    ir::{Comprehension, Expression, Function, Kind, VariableIndex},
};
use model::Model;
use model::model::{Effect, EffectKind, Fill, SetPath};

/// Visits the expressions of effects, those of `refused` and `fallback` included.
pub(crate) fn expressions<'e>(effects: &'e [Effect], visit: &mut dyn FnMut(&'e Expression)) {
    for effect in effects {
        effect.when.iter().for_each(&mut *visit);
        effect.each.iter().for_each(|each| visit(&each.range));
        match &effect.kind {
            EffectKind::Require { condition, .. } => visit(condition),
            EffectKind::Set(assignments) => {
                assignments.iter().for_each(|assignment| fill(&assignment.value, visit));
            }
            EffectKind::Create { fields, parts, .. } => {
                fields.iter().for_each(|(_, value)| fill(value, visit));
                parts.iter().for_each(|(_, value)| fill(value, visit));
            }
            EffectKind::Delete { row } => visit(row),
            EffectKind::Erase { person } => visit(person),
            EffectKind::Emit { payload, .. } => payload.iter().for_each(|v| fill(v, visit)),
            EffectKind::Call(call) => {
                call.target.iter().chain(&call.arguments).for_each(|value| fill(value, visit));
                expressions(&call.refused, visit);
                expressions(call.fallback.as_deref().unwrap_or_default(), visit);
            }
            EffectKind::Move { .. } => {}
        }
    }
}

/// Visits the expressions of a value.
pub(crate) fn fill<'e>(value: &'e Fill, visit: &mut dyn FnMut(&'e Expression)) {
    match value {
        Fill::Expression(expression) => visit(expression),
        Fill::Lookup { by, .. } => by.iter().for_each(|(_, value)| fill(value, visit)),
        Fill::Record(values) | Fill::List(values) => values.iter().for_each(|v| fill(v, visit)),
        Fill::Constant(_) | Fill::Now => {}
    }
}

/// Visits an expression and everything within it.
pub(crate) fn within<'e>(expression: &'e Expression, visit: &mut dyn FnMut(&'e Expression)) {
    visit(expression);
    expression.children().for_each(|child| within(child, visit));
}

/// The questions about all rows of an entity that evaluation will ask; `None` where it cannot: such
/// rows are never listed.
pub(crate) fn questions(expression: &Expression) -> Option<Vec<&Expression>> {
    let asked = match &expression.kind {
        Kind::Comprehend { what, range, .. } if range.ranges_over_rows() => {
            !matches!(what, Comprehension::Filter | Comprehension::Map)
        }
        Kind::Call(Function::Size, arguments) => {
            arguments.first().is_some_and(Expression::ranges_over_rows)
        }
        Kind::EntityRows(_) => return None,
        _ => false,
    };
    if asked {
        return Some(vec![expression]);
    }
    let mut all = Vec::new();
    for child in expression.children() {
        all.extend(questions(child)?);
    }
    Some(all)
}

/// Whether only the store can evaluate it.
pub(crate) fn reads_all_rows(expression: &Expression) -> bool {
    let mut found = false;
    within(expression, &mut |inner| found |= matches!(inner.kind, Kind::EntityRows(_)));
    found
}

/// The references of `self` within its context that effects follow or write through.
pub(crate) fn followed(model: &Model, entity: EntityId, effects: &[Effect]) -> Vec<FieldIndex> {
    let mut fields = BTreeSet::new();
    for effect in effects {
        if let EffectKind::Set(assignments) = &effect.kind {
            fields.extend(assignments.iter().filter_map(|assignment| match assignment.path {
                SetPath::Through { reference, .. } => Some(reference),
                _ => None,
            }));
        }
    }
    expressions(effects, &mut |expression| {
        within(expression, &mut |inner| fields.extend(reference_of_self(inner)));
    });
    let own = |field: &FieldIndex| match model.entity(entity).field(*field).ty.required() {
        Type::Reference(other) => model.entity(*other).context == model.entity(entity).context,
        _ => false,
    };
    fields.into_iter().filter(own).collect()
}

/// The references of `self` within its context that expressions follow.
pub(crate) fn followed_by(
    model: &Model,
    entity: EntityId,
    all: &[Expression],
) -> BTreeSet<FieldIndex> {
    let mut fields = BTreeSet::new();
    for expression in all {
        within(expression, &mut |inner| fields.extend(reference_of_self(inner)));
    }
    fields.retain(|field| match model.entity(entity).field(*field).ty.required() {
        Type::Reference(other) => model.entity(*other).context == model.entity(entity).context,
        _ => false,
    });
    fields
}

/// `ref` where the expression is `self.ref.field`.
fn reference_of_self(expression: &Expression) -> Option<FieldIndex> {
    let (Kind::Field { of, .. } | Kind::PartRows { of, .. }) = &expression.kind else {
        return None;
    };
    match &of.kind {
        Kind::Field { of, field } if of.kind == Kind::Variable(VariableIndex::SELF) => Some(*field),
        _ => None,
    }
}

//! Walking over expressions and effects.

use expression::{
    EntityId, FieldIndex, Type,
    ir::{Expression, Kind, VariableIndex},
};
use model::{
    Model,
    model::{Effect, EffectKind, Operation, OperationId, OperationKind},
};

/// Visits the expression and everything in it.
pub fn expressions<'a>(expression: &'a Expression, visit: &mut dyn FnMut(&'a Expression)) {
    visit(expression);
    match &expression.kind {
        Kind::Literal(_) | Kind::Variable(_) | Kind::EntityRows(_) => {}
        Kind::Field { of, .. } | Kind::PartRows { of, .. } => expressions(of, visit),
        Kind::Not(inner) | Kind::Negate(inner) => expressions(inner, visit),
        Kind::Binary(_, left, right) => {
            expressions(left, visit);
            expressions(right, visit);
        }
        Kind::Conditional(condition, then, otherwise) => {
            for inner in [condition, then, otherwise] {
                expressions(inner, visit);
            }
        }
        Kind::Call(_, items) | Kind::List(items) => {
            items.iter().for_each(|item| expressions(item, visit));
        }
        Kind::Comprehend { range, body, .. } => {
            expressions(range, visit);
            expressions(body, visit);
        }
    }
}

/// Whether the expression reads a variable.
pub fn mentions(expression: &Expression, variable: VariableIndex) -> bool {
    let mut found = false;
    expressions(expression, &mut |part| found |= part.kind == Kind::Variable(variable));
    found
}

/// Whether two expressions say the same, wherever they are written.
pub fn alike(one: &Expression, other: &Expression) -> bool {
    let same = match (&one.kind, &other.kind) {
        (Kind::Field { field: a, .. }, Kind::Field { field: b, .. }) => a == b,
        (Kind::PartRows { part: a, .. }, Kind::PartRows { part: b, .. }) => a == b,
        (Kind::Binary(a, ..), Kind::Binary(b, ..)) => a == b,
        (Kind::Call(a, x), Kind::Call(b, y)) => {
            return a == b && x.len() == y.len() && x.iter().zip(y).all(|(x, y)| alike(x, y));
        }
        (Kind::List(x), Kind::List(y)) => {
            return x.len() == y.len() && x.iter().zip(y).all(|(x, y)| alike(x, y));
        }
        (
            Kind::Comprehend { what: a, variable: x, .. },
            Kind::Comprehend { what: b, variable: y, .. },
        ) => a == b && x == y,
        (Kind::Not(_), Kind::Not(_))
        | (Kind::Negate(_), Kind::Negate(_))
        | (Kind::Conditional(..), Kind::Conditional(..)) => true,
        (a, b) => return a == b,
    };
    same && one.children().zip(other.children()).all(|(a, b)| alike(a, b))
}

/// The fields of entities that the expression reads.
pub fn fields_read(expression: &Expression) -> Vec<(EntityId, FieldIndex)> {
    let mut read = Vec::new();
    expressions(expression, &mut |part| {
        if let Kind::Field { of, field } = &part.kind
            && let Type::Reference(entity) = of.ty.required()
        {
            read.push((*entity, *field));
        }
    });
    read
}

/// Visits every effect, those of refusals and fallbacks included.
pub fn effects<'a>(list: &'a [Effect], visit: &mut dyn FnMut(&'a Effect)) {
    for effect in list {
        visit(effect);
        if let EffectKind::Call(call) = &effect.kind {
            effects(&call.refused, visit);
            effects(call.fallback.as_deref().unwrap_or(&[]), visit);
        }
    }
}

/// Operations that remove rows for good, with their entity.
pub fn removals(model: &Model) -> impl Iterator<Item = (OperationId, &Operation, EntityId)> {
    model.operations().filter_map(|(id, operation)| {
        let entity = operation.entity()?;
        let removes = operation.kind == OperationKind::Delete && !model.entity(entity).soft_delete;
        removes.then_some((id, operation, entity))
    })
}

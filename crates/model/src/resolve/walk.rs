//! Walks over checked expressions.

use expression::{EntityId, FieldIndex, PartId, Type, ir::Expression, ir::Kind};

/// What an expression reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A field of a row.
    Field(EntityId, FieldIndex),
    /// A field of a row of a part.
    PartField(PartId, FieldIndex),
    /// The rows of a part.
    Part(PartId),
}

/// Calls `visit` for everything that an expression reads, until it answers true; whether it did.
pub(crate) fn reads(expression: &Expression, visit: &mut dyn FnMut(Read) -> bool) -> bool {
    let here = match &expression.kind {
        Kind::Field { of, field } => match of.ty.required() {
            Type::Reference(entity) => visit(Read::Field(*entity, *field)),
            Type::Part(part) => visit(Read::PartField(*part, *field)),
            _ => false,
        },
        Kind::PartRows { part, .. } => visit(Read::Part(*part)),
        _ => false,
    };
    here || match &expression.kind {
        Kind::Literal(_) | Kind::Variable(_) | Kind::EntityRows(_) => false,
        Kind::Field { of, .. } | Kind::PartRows { of, .. } => reads(of, visit),
        Kind::Not(inner) | Kind::Negate(inner) => reads(inner, visit),
        Kind::Binary(_, left, right) => reads(left, visit) || reads(right, visit),
        Kind::Conditional(condition, then, otherwise) => {
            reads(condition, visit) || reads(then, visit) || reads(otherwise, visit)
        }
        Kind::Call(_, items) | Kind::List(items) => items.iter().any(|item| reads(item, visit)),
        Kind::Comprehend { range, body, .. } => reads(range, visit) || reads(body, visit),
    }
}

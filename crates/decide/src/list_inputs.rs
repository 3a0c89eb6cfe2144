//! Inputs of lists: parameters of the address, since a list has no body.

use expression::Type;
use model::model::{Assigns, Operation, OperationKind, Target};

/// Whether it is a list whose inputs can all stand in an address.
#[must_use]
pub fn are_served(operation: &Operation) -> bool {
    let list = operation.kind == OperationKind::List;
    let fits = |of: &model::model::Parameter| of.assigns == Assigns::Nothing && fits(&of.ty);
    list && matches!(operation.target, Target::Entity(_))
        && operation.input.parameters.iter().all(fits)
}

/// What a list of values holds; nothing for what is one value.
#[must_use]
pub fn element(ty: &Type) -> Option<&Type> {
    match ty.required() {
        Type::List { of, .. } => Some(of),
        _ => None,
    }
}

/// Whether values of a type can stand in an address: those that are one text, and lists of them.
fn fits(ty: &Type) -> bool {
    match element(ty) {
        Some(of) => !of.is_optional() && is_text(of),
        None => is_text(ty.required()),
    }
}

const fn is_text(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Null
            | Type::Geo
            | Type::Json
            | Type::File { .. }
            | Type::List { .. }
            | Type::Record(_)
            | Type::Part(_)
    )
}

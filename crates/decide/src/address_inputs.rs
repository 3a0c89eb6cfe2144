//! Inputs of what has no body: parameters of the address.
//!
//! A `list`, a `get` and a `delete` are asked with nothing but an address. RFC 9110 gives content no
//! meaning in GET (9.3.1) nor in DELETE (9.3.5), and what lies between may drop it or refuse the
//! request.

use expression::Type;
use model::model::{Assigns, Operation, OperationKind, Parameter, Target};

/// Whether its requests have no body that could hold inputs.
#[must_use]
pub const fn has_no_body(operation: &Operation) -> bool {
    matches!(operation.kind, OperationKind::List | OperationKind::Get | OperationKind::Delete)
}

/// Whether it has no body, and all of its inputs can stand in an address.
#[must_use]
pub fn are_served(operation: &Operation) -> bool {
    has_no_body(operation)
        && matches!(operation.target, Target::Entity(_))
        && operation.input.parameters.iter().all(|of| fits(operation, of))
}

/// What a list of values holds; nothing for what is one value.
#[must_use]
pub fn element(ty: &Type) -> Option<&Type> {
    match ty.required() {
        Type::List { of, .. } => Some(of),
        _ => None,
    }
}

/// Whether an input can stand in an address: its values are one text each, and addresses, which
/// every log on the way keeps, may tell them. What is read is not written, so that only a `delete`
/// has inputs that are fields.
fn fits(operation: &Operation, of: &Parameter) -> bool {
    let place = match of.assigns {
        Assigns::Nothing => true,
        Assigns::Field(_) => operation.kind == OperationKind::Delete,
        Assigns::Part(..) => false,
    };
    let told = !of.modifiers.secret && !of.modifiers.sensitive;
    place
        && told
        && match element(&of.ty) {
            Some(of) => !of.is_optional() && is_text(of),
            None => is_text(of.ty.required()),
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

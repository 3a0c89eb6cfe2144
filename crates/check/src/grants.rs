//! Who is admitted, and what conditions say about the caller and the row.

use decide::facts::Facts;
use expression::{
    FieldIndex,
    ir::{Binary, Expression, Kind, VariableIndex},
};
use model::model::{Actor, Authentication, Grant, Operation};

use crate::walk;

/// Whether the grant admits callers who are not signed in.
pub fn is_anonymous(model: Facts<'_>, grant: &Grant) -> bool {
    model.actor(grant.actor).authentication == Authentication::None
}

/// Whether everyone who can make an account is such an actor: no claim, no condition, no key.
pub fn takes_anyone(actor: &Actor) -> bool {
    actor.authentication == Authentication::User && actor.role.is_none() && actor.when.is_none()
}

/// Whether the built-in `system` alone may do it.
pub fn only_system(model: Facts<'_>, operation: &Operation) -> bool {
    let system = |grant: &Grant| model.actor(grant.actor).authentication == Authentication::System;
    operation.by.iter().all(system)
}

/// The fields of the row that a condition compares with the caller (`self.customer == actor.id`).
pub fn owners(condition: &Expression) -> Vec<FieldIndex> {
    let mut owners = Vec::new();
    walk::expressions(condition, &mut |part| {
        let Kind::Binary(Binary::Equal, left, right) = &part.kind else { return };
        for (row, caller) in [(left, right), (right, left)] {
            if is_caller(caller) {
                owners.extend(field_of(row, VariableIndex::SELF));
            }
        }
    });
    owners
}

/// `actor` or `actor.id`.
fn is_caller(expression: &Expression) -> bool {
    let variable = Kind::Variable(VariableIndex::ACTOR);
    match &expression.kind {
        Kind::Field { of, field } => of.kind == variable && *field == FieldIndex(0),
        kind => *kind == variable,
    }
}

/// The fields that an expression reads directly of the row in a variable.
pub fn fields_of(expression: &Expression, variable: VariableIndex) -> Vec<FieldIndex> {
    let mut fields = Vec::new();
    walk::expressions(expression, &mut |part| fields.extend(field_of(part, variable)));
    fields
}

fn field_of(expression: &Expression, variable: VariableIndex) -> Option<FieldIndex> {
    match &expression.kind {
        Kind::Field { of, field } if of.kind == Kind::Variable(variable) => Some(*field),
        _ => None,
    }
}

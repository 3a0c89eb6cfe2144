//! Whether evaluating can fail, so that SQL must keep an error apart from false.

use super::compile::Compiler;
use crate::ir::{Binary, Expression, Function, Kind};
use crate::types::Type;

impl Compiler<'_> {
    /// Whether evaluation may end in an error (NULL in SQL).
    pub(super) fn may_fail(&self, expression: &Expression) -> bool {
        let itself = match &expression.kind {
            Kind::Binary(Binary::Divide | Binary::Remainder, ..) => true,
            Kind::Binary(Binary::Equal | Binary::NotEqual | Binary::Multiply, ..) => false,
            Kind::Binary(_, left, _) => {
                let money = matches!(left.ty.required(), Type::Money { .. });
                money && self.several_currencies()
            }
            Kind::Field { of, .. } | Kind::PartRows { of, .. } => self.may_dangle(of),
            Kind::Call(Function::MakeMoney, arguments) => {
                !arguments.get(1).is_some_and(|code| matches!(code.kind, Kind::Literal(_)))
            }
            // Only a float can be too large to become an exact number.
            Kind::Call(Function::ToInt | Function::ToDecimal, arguments) => {
                arguments.first().is_some_and(|number| number.ty == Type::Float)
            }
            Kind::Call(function, _) => !matches!(
                function,
                Function::Size
                    | Function::Sum
                    | Function::Min
                    | Function::Max
                    | Function::Distinct
                    | Function::StartsWith
                    | Function::EndsWith
                    | Function::Contains
                    | Function::Lower
                    | Function::Trim
                    | Function::Abs
                    | Function::Round
                    | Function::Amount
                    | Function::Currency
                    | Function::Distance
                    | Function::ToDate
            ),
            _ => false,
        };
        itself || expression.children().any(|child| self.may_fail(child))
    }

    /// Whether a reference may lead to no row: a foreign key within a context cannot.
    fn may_dangle(&self, reference: &Expression) -> bool {
        let Type::Reference(target) = reference.ty.required() else { return false };
        match &reference.kind {
            Kind::Variable(_) => false,
            Kind::Field { of, .. } => {
                let entity = match of.ty.required() {
                    Type::Reference(entity) => *entity,
                    Type::Part(part) => part.entity,
                    _ => return true,
                };
                let schema = self.schema();
                let same = schema.entity(entity).context == schema.entity(*target).context;
                !same || self.is_constant(reference)
            }
            _ => true,
        }
    }
}

//! Messages that several rules share.

use base::{Diagnostic, Span};
use rust_decimal::Decimal;

use super::Checker;
use crate::ast::Ast;
use crate::interval::{Interval, interval};
use crate::ir::{Expression, Kind};
use crate::types::Type;

impl Checker<'_, '_> {
    /// The expression without "may be null", or a report that it needs a guard.
    pub(super) fn guarded(
        &mut self,
        expression: Expression,
        ast: Option<&Ast>,
    ) -> Option<Expression> {
        if !expression.ty.is_optional() {
            return Some(expression);
        }
        let path = ast.and_then(Ast::path);
        let path =
            path.map(|names| names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("."));
        let diagnostic = match (&expression.kind, path) {
            (Kind::Literal(_), _) => {
                let message = "null can only be compared by `==` and `!=`";
                Diagnostic::error("unguarded-null", expression.span, message)
            }
            (_, Some(path)) => {
                let message = format!("`{path}` may be null here");
                Diagnostic::error("unguarded-null", expression.span, message)
                    .help(format!("guard it: `{path} != null && ...`"))
            }
            _ => Diagnostic::error("unguarded-null", expression.span, "this may be null")
                .help("guard it: `x != null && ...`, or `x != null ? x : other`"),
        };
        self.report(diagnostic);
        None
    }

    pub(super) fn mismatch(&mut self, span: Span, expected: &str, found: &Type) {
        let message = format!("expected {expected}, found {}", self.describe(found));
        self.report(Diagnostic::error("type-mismatch", span, message));
    }

    /// The operands' bounds allow results that the type cannot hold.
    pub(super) fn overflow(&mut self, expression: &Expression) {
        let (limit, advice) = match expression.ty.required() {
            Type::Int { .. } | Type::Timestamp | Type::Duration => {
                ("more than 64 bits hold", "narrow the ranges, for example `int(0..1_000_000)`")
            }
            _ => (
                "more than 28 digits",
                "narrow the types, for example `decimal(9,2)` or `money(0..1_000_000)`",
            ),
        };
        let message = format!("the result can have {limit}");
        let mut diagnostic = Diagnostic::error("arithmetic-overflow", expression.span, message);
        for operand in operands(expression) {
            if let Some(bounds) = interval(operand, self.schema, &mut self.variables) {
                let text =
                    format!("{} to {}", number(bounds, bounds.min), number(bounds, bounds.max));
                diagnostic = diagnostic.related(operand.span, text);
            }
        }
        self.report(diagnostic.help(advice));
    }
}

fn operands(expression: &Expression) -> Vec<&Expression> {
    match &expression.kind {
        Kind::Binary(_, left, right) => vec![left, right],
        Kind::Negate(inner) => vec![inner],
        Kind::Call(_, arguments) => arguments.iter().collect(),
        _ => Vec::new(),
    }
}

fn number(bounds: Interval, bound: i128) -> String {
    match Decimal::try_from_i128_with_scale(bound, u32::from(bounds.scale)) {
        Ok(number) => number.normalize().to_string(),
        Err(_) => format!("{bound}e-{}", bounds.scale),
    }
}

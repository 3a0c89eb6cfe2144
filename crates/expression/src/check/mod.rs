//! From what was written to what it means: names resolved, types checked, nulls guarded, ranges
//! proven.

mod narrowing;

use base::Diagnostic;

pub use narrowing::Facts;
pub(crate) use narrowing::facts_if_true;

use crate::ast::Ast;
use crate::ir::Expression;
use crate::scope::Scope;
use crate::types::Type;

/// Checks an expression. With an expected type, its value can be assigned to a field of that type
/// (literals adapt to it: enum members, dates); `Type::Bool` for conditions. No expression comes
/// back exactly if there are errors among the diagnostics.
#[must_use]
pub fn check(
    ast: &Ast,
    scope: &Scope<'_>,
    expected: Option<&Type>,
) -> (Option<Expression>, Vec<Diagnostic>) {
    let _ = (scope, expected);
    let message = "expressions cannot be checked yet";
    (None, vec![Diagnostic::error("unchecked-expression", ast.span, message)])
}

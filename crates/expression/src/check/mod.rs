//! From what was written to what it means: names resolved, types checked, nulls guarded, ranges
//! proven.

mod call;
mod comprehension;
mod fit;
mod method;
mod narrowing;
mod operator;
mod path;
mod report;

use std::sync::Arc;

use base::{Diagnostic, Span};

pub use narrowing::Facts;
use narrowing::facts_if_false;
pub(crate) use narrowing::facts_if_true;

use crate::ast::{Ast, AstKind};
use crate::interval::{Interval, Variables, interval};
use crate::ir::{Expression, Kind, VariableIndex};
use crate::schema::{EntityId, Schema};
use crate::scope::Scope;
use crate::types::{TextFormat, Type};
use crate::value::Value;

/// How deep a tree may be once rules are inlined.
const MAX_DEPTH: u32 = 150;

/// Checks an expression. With an expected type, its value can be assigned to a field of that type
/// (literals adapt to it: enum members, dates); `Type::Bool` for conditions. No expression comes
/// back exactly if there are errors among the diagnostics.
#[must_use]
pub fn check(
    ast: &Ast,
    scope: &Scope<'_>,
    expected: Option<&Type>,
) -> (Option<Expression>, Vec<Diagnostic>) {
    let mut checker = Checker {
        scope,
        schema: scope.schema,
        locals: Vec::new(),
        visible_from: 0,
        rules: Vec::new(),
        facts: scope.facts.clone(),
        variables: Vec::new(),
        next: scope.next_variable().0,
        depth: 0,
        diagnostics: Vec::new(),
    };
    let checked = checker.expression(ast);
    let expression = match (checked, expected) {
        (Some(checked), Some(expected)) => checker.fit(checked, expected, ast),
        (checked, _) => checked,
    };
    let mut diagnostics = checker.diagnostics;
    base::sort_diagnostics(&mut diagnostics);
    let expression = expression.filter(|_| !base::has_errors(&diagnostics));
    (expression, diagnostics)
}

struct Checker<'s, 'a> {
    scope: &'s Scope<'a>,
    schema: &'a Schema,
    /// Variables of comprehensions, and `self` of inlined rules.
    locals: Vec<Local>,
    /// Locals before this belong to the expression that a rule is inlined in.
    visible_from: usize,
    /// The rules being inlined, outermost first.
    rules: Vec<(EntityId, &'a str)>,
    facts: Facts,
    variables: Variables,
    next: u16,
    depth: u32,
    diagnostics: Vec<Diagnostic>,
}

struct Local {
    name: Arc<str>,
    meaning: Meaning,
}

enum Meaning {
    Variable { variable: VariableIndex, ty: Type, loaded: bool },
    Replaced(Expression),
}

impl<'a> Checker<'_, 'a> {
    /// Checks a node; `None` if it was reported.
    fn expression(&mut self, ast: &Ast) -> Option<Expression> {
        if self.depth >= MAX_DEPTH {
            let message = format!("with its rules, this is more than {MAX_DEPTH} levels deep");
            self.report(Diagnostic::error("expression-too-deep", ast.span, message));
            return None;
        }
        self.depth += 1;
        let expression = self.node(ast);
        self.depth -= 1;
        expression
    }

    fn node(&mut self, ast: &Ast) -> Option<Expression> {
        let span = ast.span;
        match &ast.kind {
            AstKind::Null => Some(literal(Value::Null, Type::Null, span)),
            AstKind::Bool(truth) => Some(literal(Value::Bool(*truth), Type::Bool, span)),
            AstKind::Int(number) => Some(int(*number, span)),
            AstKind::Decimal(number) => {
                let node = literal(Value::Decimal(*number), Type::Null, span);
                let bounds = interval(&node, self.schema, &mut self.variables)?;
                Some(Expression { ty: bounds.decimal_type(), ..node })
            }
            AstKind::Text(text) => Some(text_literal(text, span)),
            AstKind::Name(name) => self.name(name, span),
            AstKind::Member { of, name, name_span } => self.member(of, name, *name_span, span),
            AstKind::Index { of, index } => self.index(of, index, span),
            AstKind::Not(inner) => {
                let inner = self.condition(inner)?;
                Some(node(Kind::Not(Box::new(inner)), Type::Bool, span))
            }
            AstKind::Negate(inner) => self.negate(inner, span),
            AstKind::Binary { operator, operator_span, left, right } => {
                self.binary(*operator, *operator_span, left, right, span)
            }
            AstKind::Conditional { condition, then, otherwise } => {
                self.conditional(condition, then, otherwise, span)
            }
            AstKind::List(items) => self.list(items, span),
            AstKind::Call { receiver, name, name_span, arguments } => match receiver {
                Some(receiver) => self.method(receiver, name, *name_span, arguments, span),
                None => self.function(name, *name_span, arguments, span),
            },
        }
    }

    /// A node that must be a condition.
    fn condition(&mut self, ast: &Ast) -> Option<Expression> {
        let expression = self.expression(ast)?;
        self.fit(expression, &Type::Bool, ast)
    }

    /// A node that must not be null.
    fn present(&mut self, ast: &Ast) -> Option<Expression> {
        let expression = self.expression(ast)?;
        self.guarded(expression, Some(ast))
    }

    fn conditional(
        &mut self,
        condition: &Ast,
        then: &Ast,
        otherwise: &Ast,
        span: Span,
    ) -> Option<Expression> {
        let condition = self.condition(condition);
        let known = self.facts.len();
        self.facts.extend(condition.as_ref().map(facts_if_true).unwrap_or_default());
        let then = self.expression(then);
        self.facts.truncate(known);
        self.facts.extend(condition.as_ref().map(facts_if_false).unwrap_or_default());
        let otherwise = self.expression(otherwise);
        self.facts.truncate(known);
        let (condition, mut then, mut otherwise) = (condition?, then?, otherwise?);
        let ty = self.unify(&mut then, &mut otherwise)?;
        let kind = Kind::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise));
        self.proven(node(kind, ty, span))
    }

    fn list(&mut self, items: &[Ast], span: Span) -> Option<Expression> {
        // Every item is checked, so that all of them are reported.
        let checked: Vec<_> = items.iter().map(|item| self.present(item)).collect();
        let mut items = checked.into_iter().collect::<Option<Vec<Expression>>>()?;
        let ty = self.unify_items(&mut items)?;
        let size = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let ty = Type::List { of: Box::new(ty), min: size, max: size };
        self.proven(node(Kind::List(items), ty, span))
    }

    /// Narrows a path that is known not to be null.
    fn narrowed(&self, mut expression: Expression) -> Expression {
        if expression.ty.is_optional() && self.facts.know(&expression) {
            expression.ty = expression.ty.required().clone();
        }
        expression
    }

    /// The node, if its bounds prove that computing it cannot overflow. Its type takes the bounds
    /// over.
    fn proven(&mut self, mut expression: Expression) -> Option<Expression> {
        let numeric = matches!(
            expression.ty.required(),
            Type::Int { .. }
                | Type::Decimal { .. }
                | Type::Money { .. }
                | Type::Duration
                | Type::Timestamp
        );
        if !numeric {
            return Some(expression);
        }
        let Some(bounds) = interval(&expression, self.schema, &mut self.variables) else {
            self.overflow(&expression);
            return None;
        };
        if let Some(ty) = bounded(&expression.ty, bounds) {
            let optional = expression.ty.is_optional();
            expression.ty = if optional { ty.optional() } else { ty };
        }
        Some(expression)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn describe(&self, ty: &Type) -> String {
        ty.describe(self.schema)
    }
}

/// The type with exactly these bounds.
fn bounded(ty: &Type, bounds: Interval) -> Option<Type> {
    match ty.required() {
        Type::Int { .. } => {
            let (min, max) = (i64::try_from(bounds.min).ok()?, i64::try_from(bounds.max).ok()?);
            Some(Type::Int { min, max })
        }
        Type::Decimal { .. } => Some(bounds.decimal_type()),
        _ => None,
    }
}

fn node(kind: Kind, ty: Type, span: Span) -> Expression {
    Expression { kind, ty, span }
}

fn literal(value: Value, ty: Type, span: Span) -> Expression {
    node(Kind::Literal(value), ty, span)
}

fn int(number: i64, span: Span) -> Expression {
    literal(Value::Int(number), Type::Int { min: number, max: number }, span)
}

fn text_literal(text: &Arc<str>, span: Span) -> Expression {
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let ty = Type::Text { format: TextFormat::String, min: length, max: length };
    literal(Value::Text(text.clone()), ty, span)
}

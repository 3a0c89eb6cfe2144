//! Operators: logic with narrowing, comparison, arithmetic.

use base::{Diagnostic, Span};

use super::narrowing::{facts_if_false, facts_if_true};
use super::{Checker, node};
use crate::ast::{Ast, AstKind};
use crate::ir::{Binary, Expression, Function, Kind};
use crate::types::{TextFormat, Type};
use crate::value::Value;

impl Checker<'_, '_> {
    pub(super) fn binary(
        &mut self,
        operator: Binary,
        operator_span: Span,
        left: &Ast,
        right: &Ast,
        span: Span,
    ) -> Option<Expression> {
        match operator {
            Binary::And | Binary::Or => self.logic(operator, left, right, span),
            Binary::Equal | Binary::NotEqual => self.equality(operator, left, right, span),
            Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
                self.order(operator, operator_span, left, right, span)
            }
            Binary::In => self.membership(left, right, span),
            _ => self.arithmetic(operator, operator_span, left, right, span),
        }
    }

    fn logic(
        &mut self,
        operator: Binary,
        left: &Ast,
        right: &Ast,
        span: Span,
    ) -> Option<Expression> {
        let left = self.condition(left);
        let known = self.facts.len();
        if let Some(left) = &left {
            let and = operator == Binary::And;
            self.facts.extend(if and { facts_if_true(left) } else { facts_if_false(left) });
        }
        let right = self.condition(right);
        self.facts.truncate(known);
        let kind = Kind::Binary(operator, Box::new(left?), Box::new(right?));
        Some(node(kind, Type::Bool, span))
    }

    fn equality(
        &mut self,
        operator: Binary,
        left: &Ast,
        right: &Ast,
        span: Span,
    ) -> Option<Expression> {
        let presence = left.kind == AstKind::Null || right.kind == AstKind::Null;
        let (left, right) = self.operands(left, right)?;
        let float = |side: &Expression| side.ty.required() == &Type::Float;
        if (float(&left) || float(&right)) && !presence {
            let message = "floats are measurements: equality of two means nothing";
            self.report(
                Diagnostic::error("float-equality", span, message)
                    .help("compare with a range: `x > 0.99 && x < 1.01`"),
            );
            return None;
        }
        if !self.comparable(&left, &right) {
            return None;
        }
        self.warn_never_null(&left, &right, operator, span);
        self.warn_never_null(&right, &left, operator, span);
        let kind = Kind::Binary(operator, Box::new(left), Box::new(right));
        Some(node(kind, Type::Bool, span))
    }

    /// A comparison with null that has one outcome only. Rules are not blamed: elsewhere they may
    /// be asked of something that can be null.
    fn warn_never_null(&mut self, x: &Expression, null: &Expression, operator: Binary, span: Span) {
        let is_null = matches!(null.kind, Kind::Literal(Value::Null));
        if !is_null || x.ty.is_optional() || !self.rules.is_empty() {
            return;
        }
        let outcome = operator == Binary::NotEqual;
        let message = format!("this is never null: the comparison is always {outcome}");
        self.report(Diagnostic::warning("never-null", span, message));
    }

    /// Both operands of a comparison; text literals take the type of the other side.
    fn operands(&mut self, left: &Ast, right: &Ast) -> Option<(Expression, Expression)> {
        let checked_left = match self.unquoted(left, right) {
            true => None,
            false => self.expression(left),
        };
        let checked_right = match self.unquoted(right, left) {
            true => None,
            false => self.expression(right),
        };
        let (mut left, mut right) = (checked_left?, checked_right?);
        let (first, second) = (left.ty.required().clone(), right.ty.required().clone());
        (self.adapt(&mut left, &second) && self.adapt(&mut right, &first)).then_some((left, right))
    }

    /// Whether `ast` is an enum member without quotes, which is then reported: `status == held`.
    fn unquoted(&mut self, ast: &Ast, other: &Ast) -> bool {
        let AstKind::Name(name) = &ast.kind else { return false };
        if self.lookup(name, ast.span).is_some() {
            return false;
        }
        let reported = self.diagnostics.len();
        let other = self.expression(other);
        self.diagnostics.truncate(reported);
        let Some(Type::Enum(members)) = other.map(|other| other.ty.required().clone()) else {
            return false;
        };
        if !members.iter().any(|member| **member == **name) {
            return false;
        }
        let message = format!("there is no `{name}` here; the member is written in quotes");
        self.report(
            Diagnostic::error("unquoted-member", ast.span, message)
                .help(format!("write `'{name}'`"))
                .fix(format!("Quote `{name}`"), true, ast.span, format!("'{name}'")),
        );
        true
    }

    /// Whether values of the two types can be equal; reports it if not.
    fn comparable(&mut self, left: &Expression, right: &Expression) -> bool {
        let fine = match (left.ty.required(), right.ty.required()) {
            (Type::Null, _) | (_, Type::Null) => true,
            (Type::Int { .. } | Type::Decimal { .. }, Type::Int { .. } | Type::Decimal { .. })
            | (Type::Money { .. }, Type::Money { .. })
            | (Type::Text { .. }, Type::Text { .. }) => true,
            (
                Type::Bool
                | Type::Enum(_)
                | Type::Date
                | Type::Time
                | Type::Timestamp
                | Type::Duration
                | Type::Uuid
                | Type::Reference(_),
                _,
            ) => left.ty.required() == right.ty.required(),
            _ => false,
        };
        if fine {
            return self.one_currency(left, right);
        }
        let (a, b) = (self.describe(left.ty.required()), self.describe(right.ty.required()));
        let message = if a == b {
            format!("values of {a} cannot be compared")
        } else {
            format!("{a} cannot be compared with {b}")
        };
        let mut diagnostic = Diagnostic::error("type-mismatch", right.span, message)
            .related(left.span, format!("this is {a}"));
        diagnostic = match (left.ty.required(), right.ty.required()) {
            (Type::Reference(_), Type::Reference(_)) => {
                diagnostic.note("ids of different entities are different types")
            }
            (Type::Money { .. }, Type::Int { .. } | Type::Decimal { .. })
            | (Type::Int { .. } | Type::Decimal { .. }, Type::Money { .. }) => {
                let currency = self.schema.settings.currency();
                diagnostic.help(format!("compare with `money(.., '{currency}')`, or `.amount`"))
            }
            (Type::Json, _) | (_, Type::Json) => diagnostic.note("json is opaque to expressions"),
            _ => diagnostic,
        };
        self.report(diagnostic);
        false
    }

    /// Reports amounts whose currencies are written and differ.
    fn one_currency(&mut self, left: &Expression, right: &Expression) -> bool {
        let (Some(a), Some(b)) = (written_currency(left), written_currency(right)) else {
            return true;
        };
        if a == b {
            return true;
        }
        let message = format!("`{a}` and `{b}` are different currencies");
        self.report(
            Diagnostic::error("currency-mismatch", right.span, message)
                .related(left.span, format!("this is in {a}")),
        );
        false
    }

    fn order(
        &mut self,
        operator: Binary,
        operator_span: Span,
        left_ast: &Ast,
        right_ast: &Ast,
        span: Span,
    ) -> Option<Expression> {
        let (left, right) = self.operands(left_ast, right_ast)?;
        let left = self.guarded(left, Some(left_ast));
        let right = self.guarded(right, Some(right_ast));
        let (left, right) = (left?, right?);
        let number =
            |ty: &Type| matches!(ty, Type::Int { .. } | Type::Decimal { .. } | Type::Float);
        if !(number(&left.ty) && number(&right.ty)) {
            if !self.comparable(&left, &right) {
                return None;
            }
            let unordered =
                matches!(left.ty, Type::Bool | Type::Enum(_) | Type::Uuid | Type::Reference(_));
            if unordered {
                let message = format!("values of {} have no order", self.describe(&left.ty));
                self.report(Diagnostic::error("type-mismatch", operator_span, message));
                return None;
            }
        }
        let kind = Kind::Binary(operator, Box::new(left), Box::new(right));
        Some(node(kind, Type::Bool, span))
    }

    fn membership(&mut self, left: &Ast, right: &Ast, span: Span) -> Option<Expression> {
        let (item, list) = (self.present(left), self.present(right));
        let (mut item, mut list) = (item?, list?);
        let Type::List { of, .. } = list.ty.clone() else {
            self.mismatch(list.span, "a list after `in`", &list.ty);
            return None;
        };
        if !self.adapt(&mut item, &of) {
            return None;
        }
        let wanted = Type::List { of: Box::new(item.ty.clone()), min: 0, max: 0 };
        if !self.adapt(&mut list, &wanted) {
            return None;
        }
        let Type::List { of, .. } = list.ty.clone() else { return None };
        let sample = node(Kind::Literal(Value::Null), *of, list.span);
        if !self.comparable(&item, &sample) {
            return None;
        }
        let kind = Kind::Binary(Binary::In, Box::new(item), Box::new(list));
        Some(node(kind, Type::Bool, span))
    }

    pub(super) fn negate(&mut self, inner: &Ast, span: Span) -> Option<Expression> {
        let value = self.present(inner)?;
        let fine = matches!(
            value.ty,
            Type::Int { .. } | Type::Decimal { .. } | Type::Money { .. } | Type::Duration
        );
        if !fine {
            self.mismatch(value.span, "a number", &value.ty);
            return None;
        }
        let ty = value.ty.clone();
        self.proven(node(Kind::Negate(Box::new(value)), ty, span))
    }

    fn arithmetic(
        &mut self,
        operator: Binary,
        operator_span: Span,
        left: &Ast,
        right: &Ast,
        span: Span,
    ) -> Option<Expression> {
        let (left, right) = (self.present(left), self.present(right));
        let (left, right) = (left?, right?);
        let Some(ty) = result_type(operator, &left.ty, &right.ty) else {
            self.no_such_operation(operator, operator_span, &left, &right);
            return None;
        };
        if !self.one_currency(&left, &right) {
            return None;
        }
        if matches!(operator, Binary::Divide | Binary::Remainder) && is_zero(&right) {
            let message = "this divides by zero";
            self.report(Diagnostic::error("division-by-zero", right.span, message));
            return None;
        }
        let kind = Kind::Binary(operator, Box::new(left), Box::new(right));
        self.proven(node(kind, ty, span))
    }

    fn no_such_operation(
        &mut self,
        operator: Binary,
        span: Span,
        left: &Expression,
        right: &Expression,
    ) {
        let (a, b) = (self.describe(&left.ty), self.describe(&right.ty));
        let message = format!("there is no {a} {} {b}", operator.symbol());
        let diagnostic = Diagnostic::error("type-mismatch", span, message)
            .related(left.span, format!("this is {a}"))
            .related(right.span, format!("this is {b}"));
        let diagnostic = match (&left.ty, &right.ty) {
            (Type::Float, _) | (_, Type::Float) => diagnostic
                .note("floats are measurements: there is no arithmetic with them")
                .help("`decimal(x)` and `int(x)` make exact numbers of them"),
            (Type::Money { .. }, Type::Int { .. } | Type::Decimal { .. }) => {
                diagnostic.help("money is multiplied by numbers; `.amount` is the number in it")
            }
            (Type::Date, Type::Int { .. }) => diagnostic.help("write `date.addDays(days)`"),
            (Type::Timestamp, Type::Int { .. } | Type::Decimal { .. }) => {
                diagnostic.help("write `time + duration('90s')`")
            }
            _ => diagnostic,
        };
        self.report(diagnostic);
    }
}

fn is_zero(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Literal(Value::Int(number)) => *number == 0,
        Kind::Literal(Value::Decimal(number)) => number.is_zero(),
        _ => false,
    }
}

/// The currency of an amount, where the expression itself writes it.
fn written_currency(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        Kind::Call(Function::MakeMoney, arguments) => match &arguments.get(1)?.kind {
            Kind::Literal(Value::Text(code)) => Some(code),
            _ => None,
        },
        Kind::Negate(inner) => written_currency(inner),
        Kind::Binary(Binary::Add | Binary::Subtract | Binary::Multiply, left, right) => {
            written_currency(left).or_else(|| written_currency(right))
        }
        _ => None,
    }
}

/// The type of an arithmetic result, its bounds aside.
fn result_type(operator: Binary, left: &Type, right: &Type) -> Option<Type> {
    use Binary::{Add, Divide, Multiply, Subtract};
    let decimal = Type::Decimal { precision: 1, scale: 0 };
    Some(match (left, operator, right) {
        (Type::Int { .. }, _, Type::Int { .. }) => Type::INT,
        (Type::Int { .. } | Type::Decimal { .. }, _, Type::Int { .. } | Type::Decimal { .. }) => {
            decimal
        }
        (Type::Money { .. }, Add | Subtract, Type::Money { .. })
        | (Type::Money { .. }, Multiply, Type::Int { .. } | Type::Decimal { .. })
        | (Type::Int { .. } | Type::Decimal { .. }, Multiply, Type::Money { .. }) => Type::MONEY,
        (Type::Money { .. }, Divide, Type::Money { .. }) => decimal,
        (Type::Timestamp, Add | Subtract, Type::Duration)
        | (Type::Duration, Add, Type::Timestamp) => Type::Timestamp,
        (Type::Timestamp, Subtract, Type::Timestamp)
        | (Type::Duration, Add | Subtract, Type::Duration) => Type::Duration,
        (Type::Text { min: a, max: b, .. }, Add, Type::Text { min: c, max: d, .. }) => Type::Text {
            format: TextFormat::String,
            min: a.saturating_add(*c),
            max: b.saturating_add(*d),
        },
        _ => return None,
    })
}

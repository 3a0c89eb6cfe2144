//! Types that meet: literals adapt, nulls are refused where none may be, branches agree.

use std::sync::Arc;

use base::{Diagnostic, Span, did_you_mean};
use jiff::civil;

use super::Checker;
use crate::ast::Ast;
use crate::ir::{Expression, Kind};
use crate::types::{TextFormat, Type};
use crate::value::Value;

impl Checker<'_, '_> {
    /// The expression as a value for a place of the expected type.
    pub(super) fn fit(
        &mut self,
        mut expression: Expression,
        expected: &Type,
        ast: &Ast,
    ) -> Option<Expression> {
        if !self.adapt(&mut expression, expected.required()) {
            return None;
        }
        if expression.ty == Type::Null && expected.is_optional() {
            return Some(expression);
        }
        if !self.assignable(&expression.ty, expected) {
            self.cannot_assign(&expression, expected);
            return None;
        }
        if expression.ty.is_optional() && !expected.is_optional() {
            return self.guarded(expression, Some(ast));
        }
        Some(expression)
    }

    fn cannot_assign(&mut self, expression: &Expression, expected: &Type) {
        let message = format!(
            "expected {}, found {}",
            self.describe(expected.required()),
            self.describe(&expression.ty)
        );
        let mut diagnostic = Diagnostic::error("type-mismatch", expression.span, message);
        diagnostic = match (expression.ty.required(), expected.required()) {
            (Type::Reference(_), Type::Reference(_)) => {
                diagnostic.note("ids of different entities are different types")
            }
            (Type::Decimal { .. }, Type::Int { .. }) => {
                diagnostic.help("`int(x)` drops the fraction, `int(round(x))` rounds")
            }
            (Type::Int { .. } | Type::Decimal { .. }, Type::Money { .. }) => {
                let currency = self.schema.settings.currency();
                diagnostic.help(format!("write `money(x, '{currency}')`"))
            }
            (Type::Money { .. }, Type::Int { .. } | Type::Decimal { .. }) => {
                diagnostic.help("`.amount` is the number in it")
            }
            (_, Type::Bool) => diagnostic.help("a condition compares: `x == ...`"),
            _ => diagnostic,
        };
        self.report(diagnostic);
    }

    /// Whether values of one type can be assigned to a field of another, null aside.
    fn assignable(&self, from: &Type, to: &Type) -> bool {
        match (from.required(), to.required()) {
            (_, Type::Json) => true,
            (Type::Int { .. }, Type::Int { .. } | Type::Decimal { .. } | Type::Float)
            | (Type::Decimal { .. }, Type::Decimal { .. } | Type::Float)
            | (Type::Money { .. }, Type::Money { .. })
            | (Type::Text { .. } | Type::Enum(_), Type::Text { .. })
            | (Type::File { .. }, Type::File { .. }) => true,
            (Type::Enum(from), Type::Enum(to)) => from.iter().all(|member| to.contains(member)),
            (Type::List { of: from, .. }, Type::List { of: to, .. }) => {
                **from == Type::Null || self.assignable(from, to)
            }
            (from, to) => from == to,
        }
    }

    /// Lets literals take the type that they meet: enum members, dates, ids. False if a literal is
    /// none of that type, which is reported.
    pub(super) fn adapt(&mut self, expression: &mut Expression, to: &Type) -> bool {
        let span = expression.span;
        match (&mut expression.kind, to) {
            (Kind::Literal(Value::Text(text)), _) => {
                let Some(value) = self.text_as(&text.clone(), to, span) else { return false };
                if let Some(value) = value {
                    expression.kind = Kind::Literal(value);
                    expression.ty = to.clone();
                }
                true
            }
            (Kind::List(items), Type::List { of, .. }) => {
                let mut fine = true;
                for item in items.iter_mut() {
                    fine &= self.adapt(item, of);
                }
                if fine
                    && let (Type::List { of: old, .. }, Some(item)) =
                        (&mut expression.ty, items.first())
                {
                    **old = if matches!(of.required(), Type::Text { .. }) {
                        (**old).clone()
                    } else {
                        item.ty.clone()
                    };
                }
                fine
            }
            (Kind::Conditional(_, then, otherwise), _) => {
                let fine = self.adapt(then, to) & self.adapt(otherwise, to);
                let literal = matches!(expression.ty.required(), Type::Text { .. });
                if fine
                    && literal
                    && !matches!(to, Type::Text { .. })
                    && then.ty.required() == to
                    && otherwise.ty.required() == to
                {
                    let optional = expression.ty.is_optional();
                    expression.ty = if optional { to.clone().optional() } else { to.clone() };
                }
                fine
            }
            _ => true,
        }
    }

    /// The value of a text literal in another type; `Some(None)` where it stays a text.
    #[expect(clippy::option_option, reason = "reported, a text, or something else")]
    fn text_as(&mut self, text: &Arc<str>, to: &Type, span: Span) -> Option<Option<Value>> {
        let (value, example) = match to {
            Type::Enum(members) => {
                if !members.contains(&text.to_string()) {
                    self.unknown_member(text, members, span);
                    return None;
                }
                return Some(Some(Value::Text(text.clone())));
            }
            Type::Date => (text.parse::<civil::Date>().ok().map(Value::Date), "'2026-12-31'"),
            Type::Time => (text.parse::<civil::Time>().ok().map(Value::Time), "'23:59:59'"),
            Type::Timestamp => {
                let time = text.parse::<jiff::Timestamp>().ok();
                (time.map(|t| Value::Timestamp(t.as_microsecond())), "'2026-12-31T23:59:59Z'")
            }
            Type::Uuid | Type::Reference(_) => {
                let digits = text.replace('-', "");
                let id = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
                (id.map(Value::Uuid), "'01890a5d-ac96-774b-bcce-b302099a8057'")
            }
            _ => return Some(None),
        };
        if value.is_none() {
            let message = format!("'{text}' is not a {}", self.describe(to));
            self.report(
                Diagnostic::error("invalid-literal", span, message)
                    .help(format!("it is written like {example}")),
            );
            return None;
        }
        Some(value)
    }

    fn unknown_member(&mut self, text: &str, members: &[String], span: Span) {
        let states = self.schema.entities.iter().any(|entity| {
            let status = entity.fields.iter().find(|field| field.name == "status");
            status.is_some_and(|f| matches!(&f.ty, Type::Enum(states) if **states == *members))
        });
        let (id, what) =
            if states { ("unknown-state", "state") } else { ("unknown-member", "member") };
        let diagnostic = Diagnostic::error(id, span, format!("there is no {what} `{text}`"));
        let near = did_you_mean(text, members.iter().map(String::as_str));
        self.report(match near {
            Some(near) => diagnostic.help(format!("did you mean `'{near}'`?")).fix(
                format!("Replace by `'{near}'`"),
                false,
                span,
                format!("'{near}'"),
            ),
            None => diagnostic
                .help(format!("it is {}", base::one_of(members.iter().map(String::as_str)))),
        });
    }

    /// The type of "either of them"; reports where there is none.
    pub(super) fn unify(&mut self, a: &mut Expression, b: &mut Expression) -> Option<Type> {
        let (first, second) = (a.ty.required().clone(), b.ty.required().clone());
        if !self.adapt(a, &second) || !self.adapt(b, &first) {
            return None;
        }
        if let Some(ty) = join(&a.ty, &b.ty) {
            return Some(ty);
        }
        let expected = self.describe(&a.ty);
        self.mismatch(b.span, &format!("{expected} as in the other case"), &b.ty.clone());
        None
    }

    pub(super) fn unify_items(&mut self, items: &mut [Expression]) -> Option<Type> {
        // Literals of text adapt to the first item that is something else, wherever it stands.
        let text = |item: &&Expression| !matches!(item.kind, Kind::Literal(Value::Text(_)));
        let target = items.iter().find(text).map_or(Type::Null, |item| item.ty.required().clone());
        let mut ty = Type::Null;
        for item in items.iter_mut() {
            if !self.adapt(item, &target) {
                return None;
            }
            let Some(joined) = join(&ty, &item.ty) else {
                let expected = self.describe(ty.required());
                self.mismatch(
                    item.span,
                    &format!("{expected} as the items before"),
                    &item.ty.clone(),
                );
                return None;
            };
            ty = joined.required().clone();
        }
        Some(ty)
    }
}

/// The least type that has the values of both; ranges of numbers are refined by the caller.
fn join(a: &Type, b: &Type) -> Option<Type> {
    let joined = match (a.required(), b.required()) {
        (Type::Null, Type::Null) => return Some(Type::Null),
        (Type::Null, other) | (other, Type::Null) => other.clone(),
        (Type::Int { min: a, max: b }, Type::Int { min: c, max: d }) => {
            Type::Int { min: *a.min(c), max: *b.max(d) }
        }
        (Type::Decimal { .. }, Type::Int { .. } | Type::Decimal { .. }) => a.required().clone(),
        (Type::Int { .. }, Type::Decimal { .. }) => b.required().clone(),
        (Type::Float, Type::Int { .. } | Type::Decimal { .. })
        | (Type::Int { .. } | Type::Decimal { .. }, Type::Float) => Type::Float,
        (Type::Money { .. }, Type::Money { .. }) => Type::MONEY,
        (Type::Text { min: a, max: b, .. }, Type::Text { min: c, max: d, .. }) => {
            Type::Text { format: TextFormat::String, min: *a.min(c), max: *b.max(d) }
        }
        (Type::List { of: a, min: c, max: d }, Type::List { of: b, min: e, max: f }) => {
            Type::List { of: Box::new(join(a, b)?), min: *c.min(e), max: *d.max(f) }
        }
        (a, b) if a == b => a.clone(),
        _ => return None,
    };
    let optional = matches!(a, Type::Null | Type::Optional(_)) || b.is_optional();
    Some(if optional { joined.optional() } else { joined })
}

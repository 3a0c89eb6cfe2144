//! Functions without a receiver: `has(x.y)`, `round(x)`, `money(x, 'EUR')`.

use base::{Diagnostic, Span, did_you_mean};
use jiff::{SignedDuration, Span as JiffSpan};

use super::{Checker, literal, node};
use crate::ast::{Ast, AstKind};
use crate::interval::{DURATION_LIMIT, interval};
use crate::ir::{Binary, Expression, Function, Kind};
use crate::types::{DECIMAL_DIGITS, TEXT_LIMIT, TextFormat, Type};
use crate::value::Value;

/// Every function that is called without a receiver.
pub const FUNCTIONS: [&str; 12] = [
    "abs", "date", "decimal", "distance", "duration", "geo", "has", "int", "lower", "money",
    "round", "size",
];

impl Checker<'_, '_> {
    pub(super) fn function(
        &mut self,
        name: &str,
        name_span: Span,
        arguments: &[Ast],
        span: Span,
    ) -> Option<Expression> {
        match name {
            "has" => self.has(name_span, arguments, span),
            "duration" => self.duration(name_span, arguments, span),
            "money" => self.money(name_span, arguments, span),
            "geo" => {
                let numbers = self.arguments(name, name_span, arguments, 2..=2)?;
                self.make_geo(numbers, span)
            }
            "distance" => {
                let places = self.arguments(name, name_span, arguments, 2..=2)?;
                for place in &places {
                    if place.ty != Type::Geo {
                        self.mismatch(place.span, "geo", &place.ty);
                        return None;
                    }
                }
                Some(node(Kind::Call(Function::Distance, places), Type::Float, span))
            }
            "date" => {
                let times = self.arguments(name, name_span, arguments, 1..=1)?;
                let time = times.first()?;
                if time.ty != Type::Timestamp {
                    self.mismatch(time.span, "timestamp", &time.ty);
                    return None;
                }
                Some(node(Kind::Call(Function::ToDate, times), Type::Date, span))
            }
            "abs" | "round" | "decimal" | "int" => {
                let most = if name == "round" { 2 } else { 1 };
                let numbers = self.arguments(name, name_span, arguments, 1..=most)?;
                self.number_function(name, numbers, arguments.get(1), span)
            }
            "lower" | "trim" | "size" => {
                let texts = self.arguments(name, name_span, arguments, 1..=1)?;
                self.on_value(name, name_span, texts, span)
            }
            _ => {
                self.unknown_function(name, name_span);
                None
            }
        }
    }

    fn unknown_function(&mut self, name: &str, span: Span) {
        let message = format!("there is no function `{name}`");
        let near = did_you_mean(name, FUNCTIONS.into_iter().chain(["trim"]));
        let diagnostic = Diagnostic::error("unknown-function", span, message);
        self.report(match near {
            Some(_) => diagnostic.suggest(near),
            None if super::method::METHODS.contains(&name) => {
                diagnostic.help(format!("it is written as a method: `x.{name}(..)`"))
            }
            None => diagnostic.help(format!("functions are {}", base::one_of(FUNCTIONS))),
        });
    }

    /// The arguments, none of them null, in the right number.
    pub(super) fn arguments(
        &mut self,
        name: &str,
        name_span: Span,
        arguments: &[Ast],
        count: std::ops::RangeInclusive<usize>,
    ) -> Option<Vec<Expression>> {
        if !count.contains(&arguments.len()) {
            let wanted = match (count.start(), count.end()) {
                (0, 0) => "no argument".to_owned(),
                (1, 1) => "one argument".to_owned(),
                (a, b) if a == b => format!("{a} arguments"),
                (a, b) => format!("{a} or {b} arguments"),
            };
            let message = format!("`{name}` takes {wanted}, not {}", arguments.len());
            self.report(Diagnostic::error("wrong-argument-count", name_span, message));
            return None;
        }
        let checked: Vec<_> = arguments.iter().map(|argument| self.present(argument)).collect();
        checked.into_iter().collect()
    }

    fn has(&mut self, name_span: Span, arguments: &[Ast], span: Span) -> Option<Expression> {
        let [argument] = arguments else {
            self.arguments("has", name_span, arguments, 1..=1)?;
            return None;
        };
        if !matches!(argument.kind, AstKind::Member { .. }) {
            let message = "`has` asks about a field: `has(x.field)`";
            self.report(Diagnostic::error("type-mismatch", argument.span, message));
            return None;
        }
        let field = self.expression(argument)?;
        if !field.ty.is_optional() && self.rules.is_empty() {
            let message = "this is never null: `has` is always true";
            self.report(Diagnostic::warning("never-null", span, message));
        }
        let null = literal(Value::Null, Type::Null, span);
        Some(node(
            Kind::Binary(Binary::NotEqual, Box::new(field), Box::new(null)),
            Type::Bool,
            span,
        ))
    }

    fn duration(&mut self, name_span: Span, arguments: &[Ast], span: Span) -> Option<Expression> {
        let texts = self.arguments("duration", name_span, arguments, 1..=1)?;
        let text = texts.first()?;
        let Kind::Literal(Value::Text(written)) = &text.kind else {
            self.mismatch(text.span, "a text in quotes, for example '90s'", &text.ty);
            return None;
        };
        let Some(micros) = parse_duration(written) else {
            let message = format!("'{written}' is not a duration");
            self.report(
                Diagnostic::error("invalid-literal", text.span, message)
                    .help("it is written like '90s', '1h30m', '250ms' or '7d'"),
            );
            return None;
        };
        Some(literal(Value::Duration(micros), Type::Duration, span))
    }

    fn money(&mut self, name_span: Span, arguments: &[Ast], span: Span) -> Option<Expression> {
        let parts = self.arguments("money", name_span, arguments, 2..=2)?;
        let [amount, currency] = parts.as_slice() else { return None };
        if !matches!(amount.ty, Type::Int { .. } | Type::Decimal { .. }) {
            self.mismatch(amount.span, "an int or decimal amount", &amount.ty);
            return None;
        }
        match (&currency.kind, &currency.ty) {
            (Kind::Literal(Value::Text(code)), _) => {
                let known = &self.schema.settings.currencies;
                if !known.contains(code) {
                    let message = format!("`{code}` is not a currency of this system");
                    let near = known.iter().map(|code| &**code);
                    self.report(
                        Diagnostic::error("currency-mismatch", currency.span, message)
                            .help(format!("`system.currency` says {}", base::one_of(near))),
                    );
                    return None;
                }
            }
            (_, Type::Text { .. }) => {}
            _ => {
                self.mismatch(currency.span, "a currency such as 'EUR'", &currency.ty);
                return None;
            }
        }
        self.proven(node(Kind::Call(Function::MakeMoney, parts), Type::MONEY, span))
    }

    fn make_geo(&mut self, numbers: Vec<Expression>, span: Span) -> Option<Expression> {
        for number in &numbers {
            if !matches!(number.ty, Type::Int { .. } | Type::Decimal { .. } | Type::Float) {
                self.mismatch(number.span, "degrees as a number", &number.ty);
                return None;
            }
        }
        Some(node(Kind::Call(Function::MakeGeo, numbers), Type::Geo, span))
    }

    pub(super) fn number_function(
        &mut self,
        name: &str,
        numbers: Vec<Expression>,
        digits: Option<&Ast>,
        span: Span,
    ) -> Option<Expression> {
        let number = numbers.first()?;
        let stored = Type::Decimal { precision: DECIMAL_DIGITS, scale: 6 };
        let (function, ty) = match (name, &number.ty) {
            ("abs", ty @ (Type::Int { .. } | Type::Decimal { .. } | Type::Money { .. })) => {
                (Function::Abs, ty.clone())
            }
            ("decimal", Type::Float) => (Function::ToDecimal, stored),
            ("decimal", Type::Int { .. } | Type::Decimal { .. }) => {
                let bounds = interval(number, self.schema, &mut self.variables)?;
                (Function::ToDecimal, bounds.decimal_type())
            }
            ("int", Type::Int { .. } | Type::Decimal { .. } | Type::Float) => {
                (Function::ToInt, Type::INT)
            }
            ("round", Type::Int { .. } | Type::Decimal { .. }) => {
                let scale = self.digits(digits)?;
                (Function::Round, Type::Decimal { precision: DECIMAL_DIGITS, scale })
            }
            _ => {
                self.mismatch(number.span, "a number", &number.ty);
                return None;
            }
        };
        self.proven(node(Kind::Call(function, numbers), ty, span))
    }

    /// The second argument of `round`: known when the model is read, so that the type is.
    fn digits(&mut self, ast: Option<&Ast>) -> Option<u8> {
        let Some(ast) = ast else { return Some(0) };
        let digits = match ast.kind {
            AstKind::Int(digits) => u8::try_from(digits).ok().filter(|&n| n <= DECIMAL_DIGITS),
            _ => None,
        };
        if digits.is_none() {
            let message = "`round` takes the digits as a number from 0 to 18";
            self.report(Diagnostic::error("type-mismatch", ast.span, message));
        }
        digits
    }

    /// `lower`, `trim` and `size`, which are functions and methods alike.
    pub(super) fn on_value(
        &mut self,
        name: &str,
        name_span: Span,
        values: Vec<Expression>,
        span: Span,
    ) -> Option<Expression> {
        let value = values.first()?;
        let (function, ty) = match (name, &value.ty) {
            ("lower", Type::Text { max, .. }) => {
                // Lower case can have more characters: up to three for one.
                let max = max.saturating_mul(3).min(TEXT_LIMIT);
                (Function::Lower, Type::Text { format: TextFormat::String, min: 0, max })
            }
            ("trim", Type::Text { max, .. }) => {
                (Function::Trim, Type::Text { format: TextFormat::String, min: 0, max: *max })
            }
            ("size", Type::Text { min, max, .. } | Type::List { min, max, .. }) => {
                (Function::Size, Type::Int { min: i64::from(*min), max: i64::from(*max) })
            }
            _ => {
                let wanted = if name == "size" { "a text or list" } else { "a text" };
                let message = format!("`{name}` takes {wanted}, not {}", self.describe(&value.ty));
                self.report(Diagnostic::error("type-mismatch", name_span, message));
                return None;
            }
        };
        Some(node(Kind::Call(function, values), ty, span))
    }
}

/// Microseconds of `90s`, `1h30m`, `250ms`, `7d`, `-5s`; days have 24 hours.
fn parse_duration(text: &str) -> Option<i64> {
    let span = text.parse::<JiffSpan>().ok()?;
    let rest = span.days(0).weeks(0);
    let whole = SignedDuration::try_from(rest).ok()?;
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let micros = i64::try_from(whole.as_micros()).ok()?;
    let micros = days.checked_mul(86_400_000_000)?.checked_add(micros)?;
    (micros.abs() <= DURATION_LIMIT).then_some(micros)
}

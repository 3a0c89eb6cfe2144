//! Methods: functions with a receiver before the dot.

use base::{Diagnostic, Span, did_you_mean};

use super::{Checker, node};
use crate::ast::Ast;
use crate::ir::{Expression, Function, Kind};
use crate::types::Type;

/// Every method.
pub const METHODS: [&str; 18] = [
    "abs",
    "addDays",
    "all",
    "contains",
    "distinct",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "lower",
    "map",
    "max",
    "min",
    "round",
    "size",
    "startsWith",
    "sum",
    "trim",
];

impl Checker<'_, '_> {
    pub(super) fn method(
        &mut self,
        receiver: &Ast,
        name: &str,
        name_span: Span,
        arguments: &[Ast],
        span: Span,
    ) -> Option<Expression> {
        if matches!(name, "all" | "exists" | "exists_one" | "filter" | "map") {
            return self.comprehension(receiver, name, name_span, arguments, span);
        }
        if let Some(entity) = self.entity_rows(receiver) {
            return self.rows_method(entity, receiver.span, name, name_span, arguments, span);
        }
        if !METHODS.contains(&name) {
            self.unknown_method(name, name_span);
            return None;
        }
        let value = self.present(receiver)?;
        let count = match name {
            "startsWith" | "endsWith" | "contains" | "addDays" => 1..=1,
            "round" => 0..=1,
            _ => 0..=0,
        };
        let mut values = vec![value];
        values.extend(self.arguments(name, name_span, arguments, count)?);
        match name {
            "startsWith" | "endsWith" | "contains" => self.text_test(name, values, span),
            "addDays" => self.add_days(values, span),
            "abs" | "round" => self.number_function(name, values, arguments.first(), span),
            "lower" | "trim" | "size" => self.on_value(name, name_span, values, span),
            _ => self.aggregate(name, name_span, values, span),
        }
    }

    fn unknown_method(&mut self, name: &str, span: Span) {
        let message = format!("there is no method `{name}`");
        let near = did_you_mean(name, METHODS);
        let diagnostic = Diagnostic::error("unknown-function", span, message);
        self.report(match near {
            Some(_) => diagnostic.suggest(near),
            None => diagnostic.help(format!("methods are {}", base::one_of(METHODS))),
        });
    }

    fn text_test(&mut self, name: &str, values: Vec<Expression>, span: Span) -> Option<Expression> {
        for value in &values {
            if !matches!(value.ty, Type::Text { .. }) {
                let (id, wanted) = ("type-mismatch", format!("`{name}` is about texts"));
                let message = format!("{wanted}, this is {}", self.describe(&value.ty));
                let diagnostic = Diagnostic::error(id, value.span, message);
                let list = matches!(value.ty, Type::List { .. }) && name == "contains";
                self.report(if list { diagnostic.help("write `x in list`") } else { diagnostic });
                return None;
            }
        }
        let function = match name {
            "startsWith" => Function::StartsWith,
            "endsWith" => Function::EndsWith,
            _ => Function::Contains,
        };
        Some(node(Kind::Call(function, values), Type::Bool, span))
    }

    fn add_days(&mut self, values: Vec<Expression>, span: Span) -> Option<Expression> {
        match values.as_slice() {
            [date, days] if date.ty == Type::Date => {
                if !matches!(days.ty, Type::Int { .. }) {
                    self.mismatch(days.span, "a number of days", &days.ty);
                    return None;
                }
            }
            [date, ..] => {
                self.mismatch(date.span, "date", &date.ty);
                return None;
            }
            [] => return None,
        }
        Some(node(Kind::Call(Function::AddDays, values), Type::Date, span))
    }

    fn aggregate(
        &mut self,
        name: &str,
        name_span: Span,
        values: Vec<Expression>,
        span: Span,
    ) -> Option<Expression> {
        let list = values.first()?;
        if list.ranges_over_rows() {
            self.unbounded(name_span);
            return None;
        }
        let Type::List { of, min, max } = list.ty.clone() else {
            self.mismatch(list.span, &format!("a list before `.{name}()`"), &list.ty);
            return None;
        };
        let summable = matches!(
            *of,
            Type::Int { .. } | Type::Decimal { .. } | Type::Money { .. } | Type::Duration
        );
        let ordered = summable
            || matches!(
                *of,
                Type::Text { .. } | Type::Date | Type::Time | Type::Timestamp | Type::Float
            );
        let distinguishable = (ordered && *of != Type::Float)
            || matches!(*of, Type::Bool | Type::Enum(_) | Type::Uuid | Type::Reference(_));
        let at_least_one = |ty: Type| if min == 0 { ty.optional() } else { ty };
        let (function, ty) = match name {
            "sum" if summable => (Function::Sum, *of),
            "min" if ordered => (Function::Min, at_least_one(*of)),
            "max" if ordered => (Function::Max, at_least_one(*of)),
            "distinct" if distinguishable => {
                (Function::Distinct, Type::List { of, min: min.min(1), max })
            }
            _ => {
                let message = format!("there is no `{name}` of {}", self.describe(&list.ty));
                let help = "map the list to the values: `list.map(item, item.field)`";
                self.report(Diagnostic::error("type-mismatch", name_span, message).help(help));
                return None;
            }
        };
        self.proven(node(Kind::Call(function, values), ty, span))
    }

    pub(super) fn index(&mut self, of: &Ast, index: &Ast, span: Span) -> Option<Expression> {
        let (list, index) = (self.present(of), self.present(index));
        let (list, index) = (list?, index?);
        if list.ranges_over_rows() {
            self.unbounded(span);
            return None;
        }
        let Type::List { of, .. } = list.ty.clone() else {
            self.mismatch(list.span, "a list before `[`", &list.ty);
            return None;
        };
        if !matches!(index.ty, Type::Int { .. }) {
            self.mismatch(index.span, "a position", &index.ty);
            return None;
        }
        Some(node(Kind::Call(Function::Item, vec![list, index]), *of, span))
    }
}

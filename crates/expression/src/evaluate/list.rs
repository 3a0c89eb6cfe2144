//! Lists, item by item: no list is built where only its items are asked about.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use base::Span;

use super::{EvaluationError, Evaluator, Frame, Result, compare, number};
use crate::ir::{Binary, Comprehension, Expression, Function, Kind, VariableIndex};
use crate::types::Type;
use crate::value::{Money, Value};
use rust_decimal::Decimal;

type Visit<'v> = &'v mut dyn FnMut(&Value) -> Result<ControlFlow<()>>;

impl Evaluator<'_> {
    /// Calls `visit` with each item until it breaks off.
    fn each(&self, list: &Expression, visit: Visit<'_>) -> Result<ControlFlow<()>> {
        match &list.kind {
            Kind::List(items) => {
                for item in items {
                    if visit(&self.present(item)?)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
            Kind::PartRows { of, part } => {
                let Some(row) = self.row(of)? else {
                    return Err(EvaluationError::failed("missing-value", of.span));
                };
                let rows = row.parts.get(usize::from(part.index)).map_or(&[][..], Vec::as_slice);
                for row in rows {
                    if visit(&Value::Record(row.clone()))?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
            Kind::Comprehend { what: Comprehension::Filter, range, variable, body } => {
                self.each(range, &mut |item| {
                    if self.with(*variable, item, |inner| inner.truth(body))? {
                        return visit(item);
                    }
                    Ok(ControlFlow::Continue(()))
                })
            }
            Kind::Comprehend { what: Comprehension::Map, range, variable, body } => self
                .each(range, &mut |item| {
                    visit(&self.with(*variable, item, |inner| inner.present(body))?)
                }),
            Kind::Call(Function::Distinct, arguments) => {
                let Some(inner) = arguments.first() else { return Ok(ControlFlow::Continue(())) };
                let mut seen = BTreeSet::new();
                self.each(inner, &mut |item| {
                    if seen.insert(compare::Key::of(item)) {
                        return visit(item);
                    }
                    Ok(ControlFlow::Continue(()))
                })
            }
            Kind::EntityRows(_) => Err(EvaluationError::NeedsQuery { span: list.span }),
            _ => self.each_of_value(list, visit),
        }
    }

    fn each_of_value(&self, list: &Expression, visit: Visit<'_>) -> Result<ControlFlow<()>> {
        let Value::List(items) = self.value(list)? else {
            return Err(EvaluationError::failed("missing-value", list.span));
        };
        for item in items.iter() {
            if visit(item)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn with<T>(
        &self,
        variable: VariableIndex,
        value: &Value,
        body: impl FnOnce(Evaluator<'_>) -> T,
    ) -> T {
        let frame = Frame { variable, value, outer: self.frame };
        body(Evaluator { environment: self.environment, frame: Some(&frame) })
    }

    pub(super) fn collect(&self, list: &Expression) -> Result<Value> {
        let mut items = Vec::new();
        self.each(list, &mut |item| {
            items.push(item.clone());
            Ok(ControlFlow::Continue(()))
        })
        .map(|_| Value::List(items.into()))
    }

    pub(super) fn size(&self, list: &Expression) -> Result<Value> {
        if let Kind::PartRows { of, part } = &list.kind {
            let Some(row) = self.row(of)? else {
                return Err(EvaluationError::failed("missing-value", of.span));
            };
            let size = row.parts.get(usize::from(part.index)).map_or(0, Vec::len);
            return Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)));
        }
        let mut size = 0;
        let _all = self.each(list, &mut |_| {
            size += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Value::Int(size))
    }

    pub(super) fn item(
        &self,
        list: &Expression,
        index: Option<&Value>,
        span: Span,
    ) -> Result<Value> {
        let out = EvaluationError::failed("out-of-range", span);
        let Some(Value::Int(index)) = index else { return Err(out) };
        let Ok(mut left) = u64::try_from(*index) else { return Err(out) };
        let mut found = None;
        let _all = self.each(list, &mut |item| {
            if left == 0 {
                found = Some(item.clone());
                return Ok(ControlFlow::Break(()));
            }
            left -= 1;
            Ok(ControlFlow::Continue(()))
        })?;
        found.ok_or(out)
    }

    /// `in`. A written list is a chain of `==`: an equal item decides, even if another fails.
    pub(super) fn contains(&self, list: &Expression, wanted: &Value) -> Result<bool> {
        if let Kind::List(items) = &list.kind {
            let mut failed = None;
            for item in items {
                match self.present(item) {
                    Ok(item) if compare::equal(&item, wanted) => return Ok(true),
                    Ok(_) => {}
                    Err(error @ EvaluationError::Failed { .. }) => failed = Some(error),
                    Err(needs) => return Err(needs),
                }
            }
            return failed.map_or(Ok(false), Err);
        }
        let found = self.each(list, &mut |item| {
            let equal = compare::equal(item, wanted);
            Ok(if equal { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found.is_break())
    }

    /// `all`, `exists`, `exists_one`. An item that decides is enough, even if another fails.
    pub(super) fn quantifier(
        &self,
        what: Comprehension,
        range: &Expression,
        variable: VariableIndex,
        body: &Expression,
    ) -> Result<bool> {
        let mut failed = None;
        let mut count = 0u64;
        let decided = self.each(range, &mut |item| {
            match (what, self.with(variable, item, |inner| inner.truth(body))) {
                (Comprehension::All, Ok(false)) | (Comprehension::Exists, Ok(true)) => {
                    return Ok(ControlFlow::Break(()));
                }
                (_, Ok(truth)) => count += u64::from(truth),
                (_, Err(error @ EvaluationError::Failed { .. })) => failed = Some(error),
                (_, Err(needs)) => return Err(needs),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        match (decided, failed) {
            (ControlFlow::Break(()), _) => Ok(what == Comprehension::Exists),
            (ControlFlow::Continue(()), Some(error)) => Err(error),
            (ControlFlow::Continue(()), None) if what == Comprehension::ExistsOne => Ok(count == 1),
            (ControlFlow::Continue(()), None) => Ok(what == Comprehension::All),
        }
    }

    /// The empty sum is zero, in the system's first currency if it is money.
    pub(super) fn sum(&self, list: &Expression, whole: &Expression) -> Result<Value> {
        let mut total: Option<Value> = None;
        let _all = self.each(list, &mut |item| {
            total = Some(match &total {
                None => item.clone(),
                Some(total) => number::arithmetic(Binary::Add, total, item, whole)?,
            });
            Ok(ControlFlow::Continue(()))
        })?;
        let zero = || match whole.ty.required() {
            Type::Decimal { .. } => Value::Decimal(Decimal::ZERO),
            Type::Duration => Value::Duration(0),
            Type::Money { .. } => {
                let currency = self.environment.schema.settings.currency().clone();
                Value::Money(Money { amount: Decimal::ZERO, currency })
            }
            _ => Value::Int(0),
        };
        Ok(total.unwrap_or_else(zero))
    }

    /// The least or greatest item; null if there is none.
    pub(super) fn extreme(&self, list: &Expression, wanted: Ordering) -> Result<Value> {
        let mut best: Option<Value> = None;
        let _all = self.each(list, &mut |item| {
            let better = match &best {
                None => true,
                Some(best) => compare::order(item, best, list.span)? == wanted,
            };
            if better {
                best = Some(item.clone());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(best.unwrap_or_default())
    }
}

//! Filters of a list: which parameters a query may hold for each field, and what they ask for.
//!
//! `field=value`, again for any of several values; `field.ne=value`, again for none of several;
//! `field.null=true`; `field.gt=value` and the like where values have an order.

use std::sync::Arc;

use decide::filters::{FilterTest, VALUES};
use expression::{FieldIndex, Money, Type, Value};

use super::query::invalid;
use crate::json;
use crate::problem::Problem;
use crate::store::{Comparison, Filter};

/// A parameter.
#[derive(Debug)]
pub(super) struct FilterPlan {
    /// As clients write it.
    pub(super) name: String,
    field: FieldIndex,
    test: FilterTest,
    ty: Type,
}

/// The parameters of a field.
pub(super) fn of_field(field: FieldIndex, name: &str, ty: &Type) -> Vec<FilterPlan> {
    let plan = |test: FilterTest| FilterPlan {
        name: test.parameter(name),
        field,
        test,
        ty: ty.required().clone(),
    };
    FilterTest::of(ty).into_iter().map(plan).collect()
}

impl FilterPlan {
    /// Whether it may be given several times.
    pub(super) const fn repeats(&self) -> bool {
        self.test.repeats()
    }

    /// What its values ask for.
    pub(super) fn read(&self, values: &[&str], currencies: &[Arc<str>]) -> Result<Filter, Problem> {
        let comparison = match self.test {
            FilterTest::IsNull => return self.null(values),
            FilterTest::AnyOf => Comparison::AnyOf,
            FilterTest::NoneOf => Comparison::NoneOf,
            FilterTest::MoreThan => Comparison::Greater,
            FilterTest::AtLeast => Comparison::GreaterOrEqual,
            FilterTest::LessThan => Comparison::Less,
            FilterTest::AtMost => Comparison::LessOrEqual,
        };
        if values.len() > VALUES as usize {
            return Err(invalid(&self.name, &format!("Expected at most {VALUES} values.")));
        }
        let mut read: Vec<Value> = Vec::with_capacity(values.len());
        for text in values {
            let value = value(&self.name, &self.ty, text, currencies)?;
            if !read.contains(&value) {
                read.push(value);
            }
        }
        let field = self.field;
        Ok(match (comparison, read.as_slice()) {
            (Comparison::AnyOf, [value]) => {
                Filter { field, comparison: Comparison::Equal, value: value.clone() }
            }
            (Comparison::AnyOf, _) => Filter::any_of(field, read),
            (Comparison::NoneOf, _) => Filter::none_of(field, read),
            (_, all) => {
                let value = all.first().cloned().unwrap_or_default();
                Filter { field, comparison, value }
            }
        })
    }

    fn null(&self, values: &[&str]) -> Result<Filter, Problem> {
        match values {
            ["true"] => Ok(Filter::any_of(self.field, [Value::Null])),
            ["false"] => Ok(Filter::none_of(self.field, [Value::Null])),
            _ => Err(invalid(&self.name, "Expected true or false.")),
        }
    }
}

/// A value as it stands in an address, of a parameter of this name.
pub(super) fn value(
    name: &str,
    ty: &Type,
    text: &str,
    currencies: &[Arc<str>],
) -> Result<Value, Problem> {
    match ty.required() {
        Type::Money { .. } => money(name, text, currencies),
        ty => json::from_text(ty, text).map_err(|wrong| invalid(name, &wrong.detail)),
    }
}

/// `12.50`, or `12.50 USD` where there are several currencies: none of them is meant by itself.
fn money(name: &str, text: &str, currencies: &[Arc<str>]) -> Result<Value, Problem> {
    let (amount, code) = text.split_once(' ').map_or((text, None), |(a, c)| (a, Some(c)));
    let currency = match (code, currencies) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(code), all) => all.iter().find(|known| ***known == *code),
    };
    let (Some(amount), Some(currency)) = (json::parse_decimal(amount), currency) else {
        let expected = match currencies {
            [] | [_] => "Expected an amount such as 12.50.".to_owned(),
            [first, ..] => {
                let all = base::one_of(currencies.iter().map(|code| &**code));
                format!("Expected an amount with its currency, {all}, such as `12.50 {first}`.")
            }
        };
        return Err(invalid(name, &expected));
    };
    // What the store cannot hold exactly equals no row; told as in a body, never rounded.
    let amount = json::money_from(amount, currency, None, None)
        .map_err(|wrong| invalid(name, &wrong.detail))?;
    Ok(Value::Money(Money { amount, currency: Arc::clone(currency) }))
}

//! Filters of a list: which parameters a query may hold for each field, and what they ask for.
//!
//! `field=value`, again for any of several values; `field.ne=value`, again for none of several;
//! `field.null=true`; `field.gt=value` and the like where values have an order; `field.prefix=text`.

use std::sync::Arc;

use decide::filters::{FilterTest, PREFIX, VALUES};
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
    /// Of one value.
    ty: Type,
    /// Whether the field is a list, which is asked for what it holds.
    held: bool,
}

/// The parameters of a field.
pub(super) fn of_field(field: FieldIndex, name: &str, ty: &Type) -> Vec<FilterPlan> {
    let plan = |test: FilterTest| FilterPlan {
        name: test.parameter(name),
        field,
        test,
        ty: ty.held().unwrap_or(ty).required().clone(),
        held: ty.held().is_some(),
    };
    FilterTest::of(ty).into_iter().map(plan).collect()
}

impl FilterPlan {
    /// Whether it may be given several times.
    pub(super) const fn repeats(&self) -> bool {
        self.test.repeats()
    }

    /// What its values ask for.
    pub(super) fn read(
        &self,
        values: &[&str],
        currencies: &[Arc<str>],
    ) -> Result<Vec<Filter>, Problem> {
        let comparison = match self.test {
            FilterTest::IsNull => return self.null(values).map(|filter| vec![filter]),
            FilterTest::Prefix => return self.prefix(values),
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
        Ok(vec![match (comparison, read.as_slice()) {
            (Comparison::AnyOf, [value]) if !self.held => {
                Filter { field, comparison: Comparison::Equal, value: value.clone() }
            }
            (Comparison::AnyOf, _) => Filter::any_of(field, read),
            (Comparison::NoneOf, _) => Filter::none_of(field, read),
            (_, all) => {
                let value = all.first().cloned().unwrap_or_default();
                Filter { field, comparison, value }
            }
        }])
    }

    /// Texts that begin with one are those from it on, up to the first text behind all of them:
    /// both stores compare texts letter by letter, and so does an index.
    fn prefix(&self, values: &[&str]) -> Result<Vec<Filter>, Problem> {
        let text = values.first().copied().unwrap_or_default();
        if text.is_empty() || text.chars().count() > PREFIX as usize || text.contains('\0') {
            return Err(invalid(&self.name, &format!("Expected 1 to {PREFIX} characters.")));
        }
        let filter = |comparison, text: &str| {
            let (field, value) = (self.field, Value::text(text));
            Filter { field, comparison, value }
        };
        let from = filter(Comparison::GreaterOrEqual, text);
        let until = behind(text).map(|until| filter(Comparison::Less, &until));
        Ok(std::iter::once(from).chain(until).collect())
    }

    fn null(&self, values: &[&str]) -> Result<Filter, Problem> {
        match values {
            ["true"] => Ok(Filter::any_of(self.field, [Value::Null])),
            ["false"] => Ok(Filter::none_of(self.field, [Value::Null])),
            _ => Err(invalid(&self.name, "Expected true or false.")),
        }
    }
}

/// The first text behind all that begin with one; none where they are the last texts there are.
fn behind(text: &str) -> Option<String> {
    let mut letters: Vec<char> = text.chars().collect();
    while let Some(last) = letters.pop() {
        // No text holds what is between U+D7FF and U+E000.
        let next =
            if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(last as u32 + 1) };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
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

#[cfg(test)]
mod tests {
    use super::behind;

    #[test]
    fn what_is_behind_a_beginning_is_behind_all_that_begin_so() {
        for (text, next) in [
            ("ab", Some("ac")),
            ("z", Some("{")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}\u{10ffff}", None),
        ] {
            assert_eq!(behind(text).as_deref(), next, "{text:?}");
            let longer = format!("{text}\u{10ffff}x");
            assert!(next.is_none_or(|next| longer.as_str() < next));
        }
    }
}

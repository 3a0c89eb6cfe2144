//! What clients may ask of a field that a list filters by: one vocabulary for every interface.

use std::collections::BTreeSet;

use expression::types::TextFormat;
use expression::{FieldIndex, Type};
use model::model::Operation;

/// Most values of one test.
pub const VALUES: u32 = 20;

/// Longest beginning of a text that is looked for, in characters.
pub const PREFIX: u32 = 200;

/// Up to so many rows a list counts.
pub const COUNTED: u32 = 10_000;

/// Most fields that order a page.
pub const SORTS: u32 = 3;

/// Most orders that a list takes at once: no more than it has fields to sort by.
#[must_use]
pub fn most_orders(list: &Operation) -> u32 {
    let fields: BTreeSet<FieldIndex> = list.sort.iter().map(|sort| sort.field).collect();
    u32::try_from(fields.len()).unwrap_or(SORTS).min(SORTS)
}

/// A test that a filter makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterTest {
    /// Any of some values.
    AnyOf,
    /// None of some values.
    NoneOf,
    /// Texts that begin with one.
    Prefix,
    /// At least a value.
    AtLeast,
    /// More than a value.
    MoreThan,
    /// At most a value.
    AtMost,
    /// Less than a value.
    LessThan,
    /// Whether there is no value.
    IsNull,
}

impl FilterTest {
    /// The tests of a field of a type, in the order in which contracts list them.
    #[must_use]
    pub fn of(ty: &Type) -> Vec<Self> {
        let mut all = Vec::new();
        if ty.held().is_some() {
            all.extend([Self::AnyOf, Self::NoneOf]);
        }
        if is_equated(ty) {
            all.push(Self::AnyOf);
        }
        if is_ordered(ty) {
            all.extend([Self::AtLeast, Self::MoreThan, Self::AtMost, Self::LessThan]);
        }
        if is_equated(ty) {
            all.push(Self::NoneOf);
        }
        if is_spelled(ty) {
            all.push(Self::Prefix);
        }
        if ty.is_optional() {
            all.push(Self::IsNull);
        }
        all
    }

    /// What follows the name of the field, behind a dot in addresses and behind an underscore where
    /// names hold no dots; nothing where the name says it alone.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnyOf => "",
            Self::NoneOf => "ne",
            Self::Prefix => "prefix",
            Self::AtLeast => "gte",
            Self::MoreThan => "gt",
            Self::AtMost => "lte",
            Self::LessThan => "lt",
            Self::IsNull => "null",
        }
    }

    /// The parameter of a field in an address: `price.gte`.
    #[must_use]
    pub fn parameter(self, field: &str) -> String {
        match self.name() {
            "" => field.to_owned(),
            name => format!("{field}.{name}"),
        }
    }

    /// Whether it takes several values.
    #[must_use]
    pub const fn repeats(self) -> bool {
        matches!(self, Self::AnyOf | Self::NoneOf)
    }

    /// Which rows it leaves, of a list that is filtered by what it holds.
    #[must_use]
    pub fn describe_held(self, field: &str) -> String {
        match self {
            Self::AnyOf => format!("Only rows whose `{field}` hold one of these."),
            Self::NoneOf => format!("Only rows whose `{field}` hold none of these."),
            other => other.describe(field),
        }
    }

    /// Which rows it leaves, for contracts.
    #[must_use]
    pub fn describe(self, field: &str) -> String {
        match self {
            Self::AnyOf => format!("Only rows whose `{field}` is one of these."),
            Self::NoneOf => {
                format!("Only rows whose `{field}` is none of these; it may be missing.")
            }
            Self::Prefix => format!("Only rows whose `{field}` begins with this."),
            Self::AtLeast => format!("Only rows whose `{field}` is at least this."),
            Self::MoreThan => format!("Only rows whose `{field}` is more than this."),
            Self::AtMost => format!("Only rows whose `{field}` is at most this."),
            Self::LessThan => format!("Only rows whose `{field}` is less than this."),
            Self::IsNull => {
                format!("Only rows without a `{field}`; with `false`, only those with one.")
            }
        }
    }
}

/// A test where names hold no dots and are of one value or of several: in GraphQL and protobuf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterProperty {
    /// `price_gte`, `price_in`.
    pub name: String,
    /// What it asks.
    pub test: FilterTest,
    /// Whether it takes a list.
    pub several: bool,
}

/// The same tests of a field as such properties. What is any of several over HTTP is two: the name
/// of the field takes a value, as ever.
#[must_use]
pub fn properties(field: &str, ty: &Type) -> Vec<FilterProperty> {
    let property = |test: FilterTest| {
        let named = |end: &str, several| {
            let name = format!("{field}_{end}");
            FilterProperty { name, test, several }
        };
        match test {
            FilterTest::AnyOf => {
                let one = FilterProperty { name: field.to_owned(), test, several: false };
                vec![one, named("in", true)]
            }
            test => vec![named(test.name(), test.repeats())],
        }
    };
    FilterTest::of(ty).into_iter().flat_map(property).collect()
}

/// Whether one value of a type is the same as another, exactly.
fn is_equated(ty: &Type) -> bool {
    !matches!(
        ty.required(),
        Type::Float
            | Type::Geo
            | Type::Json
            | Type::File { .. }
            | Type::List { .. }
            | Type::Record(_)
            | Type::Part(_)
    )
}

/// Whether texts of a type begin with what people see: letter by letter, capital letters apart.
/// Addresses of mail are alike in capital letters or not, which their beginning does not tell.
const fn is_spelled(ty: &Type) -> bool {
    match ty {
        Type::Optional(of) => is_spelled(of),
        Type::Text { format, .. } => !matches!(format, TextFormat::Email),
        _ => false,
    }
}

/// Whether "more" and "less" mean something for values of a type.
fn is_ordered(ty: &Type) -> bool {
    matches!(
        ty.required(),
        Type::Int { .. }
            | Type::Decimal { .. }
            | Type::Money { .. }
            | Type::Float
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Duration
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_fit_the_type() {
        let names = |ty: Type| -> Vec<String> {
            FilterTest::of(&ty).into_iter().map(|test| test.parameter("f")).collect()
        };
        assert_eq!(names(Type::Bool), ["f", "f.ne"]);
        assert_eq!(names(Type::string(9).optional()), ["f", "f.ne", "f.prefix", "f.null"]);
        let tags = Type::List { of: Box::new(Type::string(9)), min: 0, max: 9 };
        assert_eq!(names(tags.optional()), ["f", "f.ne", "f.null"]);
        assert_eq!(names(Type::Date), ["f", "f.gte", "f.gt", "f.lte", "f.lt", "f.ne"]);
        assert_eq!(names(Type::Float.optional()), ["f.gte", "f.gt", "f.lte", "f.lt", "f.null"]);
    }
}

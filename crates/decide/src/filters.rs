//! What clients may ask of a field that a list filters by: one vocabulary for every interface.

use expression::Type;

/// Most values of one test.
pub const VALUES: u32 = 20;

/// A test that a filter makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterTest {
    /// Any of some values.
    AnyOf,
    /// None of some values.
    NoneOf,
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
        if is_equated(ty) {
            all.push(Self::AnyOf);
        }
        if is_ordered(ty) {
            all.extend([Self::AtLeast, Self::MoreThan, Self::AtMost, Self::LessThan]);
        }
        if is_equated(ty) {
            all.push(Self::NoneOf);
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

    /// Which rows it leaves, for contracts.
    #[must_use]
    pub fn describe(self, field: &str) -> String {
        match self {
            Self::AnyOf => format!("Only rows whose `{field}` is one of these."),
            Self::NoneOf => {
                format!("Only rows whose `{field}` is none of these; it may be missing.")
            }
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
        assert_eq!(names(Type::string(9).optional()), ["f", "f.ne", "f.null"]);
        assert_eq!(names(Type::Date), ["f", "f.gte", "f.gt", "f.lte", "f.lt", "f.ne"]);
        assert_eq!(names(Type::Float.optional()), ["f.gte", "f.gt", "f.lte", "f.lt", "f.null"]);
    }
}

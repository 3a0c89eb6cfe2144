//! Filters by several values, as SQL that both stores take.

use expression::Value;

use super::Comparison;

/// Whether what a row holds is among some values.
#[derive(Debug)]
pub struct Membership {
    /// The columns of the field.
    columns: Vec<String>,
    /// What each value is compared with and what it is called, column by column.
    values: Vec<Vec<(String, String)>>,
    /// Whether null is among them.
    null: bool,
}

/// The values of a filter other than null, and whether null is among them. The last one is repeated
/// up to a power of two: a store keeps few statements prepared for any number of values.
#[must_use]
pub fn members(list: &Value) -> (Vec<&Value>, bool) {
    let Value::List(list) = list else { return (Vec::new(), false) };
    let mut values: Vec<&Value> = list.iter().filter(|value| !value.is_null()).collect();
    let null = values.len() < list.len();
    if let Some(last) = values.last().copied() {
        values.resize(values.len().next_power_of_two(), last);
    }
    (values, null)
}

impl Membership {
    /// In a field with these columns, null or nothing so far.
    pub fn new(columns: impl Iterator<Item = String>, null: bool) -> Self {
        Self { columns: columns.collect(), values: Vec::new(), null }
    }

    /// Adds a value: each column as it is compared, and the parameter that it is compared with.
    pub fn push(&mut self, value: Vec<(String, String)>) {
        self.values.push(value);
    }

    /// What is asked. `NoneOf` holds of exactly the rows of which `AnyOf` does not: of those without
    /// a value too, unless null is among the values.
    #[must_use]
    pub fn sql(&self, comparison: Comparison) -> String {
        let none = comparison == Comparison::NoneOf;
        match (self.among(), self.null, none) {
            (Some(among), false, false) => among,
            (Some(among), true, false) => format!("({among} OR {})", self.first("IS NULL")),
            (Some(among), false, true) => format!("(NOT {among} OR {})", self.first("IS NULL")),
            (Some(among), true, true) => format!("({} AND NOT {among})", self.first("IS NOT NULL")),
            (None, true, false) => self.first("IS NULL"),
            (None, true, true) => self.first("IS NOT NULL"),
            (None, false, none) => if none { "1 = 1" } else { "1 = 0" }.to_owned(),
        }
    }

    /// Among the values that are not null; in one column as what an index finds.
    fn among(&self) -> Option<String> {
        let compared = self.values.first()?;
        if let [(column, _)] = compared.as_slice() {
            let values = self.values.iter().flatten().map(|(_, value)| value.as_str());
            return Some(format!("{column} IN ({})", values.collect::<Vec<_>>().join(", ")));
        }
        let equal = |value: &Vec<(String, String)>| {
            let pairs = value.iter().map(|(column, value)| format!("{column} = {value}"));
            format!("({})", pairs.collect::<Vec<_>>().join(" AND "))
        };
        Some(format!("({})", self.values.iter().map(equal).collect::<Vec<_>>().join(" OR ")))
    }

    /// A value is null in all of its columns or in none.
    fn first(&self, test: &str) -> String {
        self.columns.first().map_or_else(|| "1 = 0".to_owned(), |name| format!("{name} {test}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_repeated_to_few_lengths_and_null_is_told_apart() {
        let list = |numbers: &[i64]| {
            Value::List(numbers.iter().map(|number| Value::Int(*number)).collect())
        };
        let lengths = [1, 2, 3, 5, 8, 20].map(|count| {
            let list = list(&(0..count).collect::<Vec<_>>());
            let (values, null) = members(&list);
            assert!(!null);
            values.len()
        });
        assert_eq!(lengths, [1, 2, 4, 8, 8, 32]);
        let with_null = Value::List([Value::Null, Value::Int(1)].into());
        assert_eq!(members(&with_null), (vec![&Value::Int(1)], true));
        assert_eq!(members(&list(&[])), (Vec::new(), false));
    }
}

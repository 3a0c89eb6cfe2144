//! Keyset pagination as SQL: which rows are behind a place in an order.

/// A column of an order, and what the row at that place has in it.
#[derive(Clone, Debug)]
pub struct Key {
    /// With the alias of its row.
    pub column: String,
    /// How the statement calls the value; nothing where the row has none.
    pub value: Option<String>,
    /// Whether greatest first.
    pub descending: bool,
    /// Whether rows may have no value, and are last then.
    pub optional: bool,
}

/// The condition: by the keys in their order, then by the column that breaks ties, ascending.
#[must_use]
pub fn behind(keys: &[Key], (column, value): (&str, &str)) -> String {
    let last = format!("{column} > {value}");
    keys.iter().rev().fold(last, |rest, key| key.then(&rest))
}

impl Key {
    /// Rows that come later by this key, or are equal in it and later by the rest.
    fn then(&self, rest: &str) -> String {
        let column = &self.column;
        let Some(value) = &self.value else { return format!("({column} IS NULL AND {rest})") };
        let later = if self.descending { "<" } else { ">" };
        let null = if self.optional { format!(" OR {column} IS NULL") } else { String::new() };
        format!("({column} {later} {value}{null} OR ({column} = {value} AND {rest}))")
    }

    /// What holds for every row that is not before the place, for an index to begin at.
    #[must_use]
    pub fn from(&self) -> Option<String> {
        let direction = if self.descending { "<=" } else { ">=" };
        Some(format!("{} {direction} {}", self.column, self.value.as_ref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_counts_where_those_before_are_equal() {
        let key = |column: &str, value: Option<&str>, descending, optional| {
            let (column, value) = (column.to_owned(), value.map(str::to_owned));
            Key { column, value, descending, optional }
        };
        let keys = [key("a", Some("$1"), true, false), key("b", Some("$2"), false, true)];
        assert_eq!(
            behind(&keys, ("id", "$3")),
            "(a < $1 OR (a = $1 AND (b > $2 OR b IS NULL OR (b = $2 AND id > $3))))"
        );
        assert_eq!(behind(&[key("b", None, true, true)], ("id", "$1")), "(b IS NULL AND id > $1)");
        assert_eq!(keys[0].from().as_deref(), Some("a <= $1"));
    }
}

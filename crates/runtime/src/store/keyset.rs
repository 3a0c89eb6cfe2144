//! Keyset pagination as SQL: which rows are behind a place in an order.

use std::cmp::Ordering;

use expression::{Type, Value};

use super::tables::Columns;
use super::{Cursor, Near, PageQuery, Sort};

/// Which rows of a page that is sorted first by a field which may be null: those with a value and
/// those without are asked for by a statement each, so that both follow an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// The field is never null.
    None,
    /// Rows with a value.
    Without,
    /// Rows without one.
    Only,
}

impl Nulls {
    /// The statements that a page takes, in their order; `columns` are those of its rows.
    #[must_use]
    pub fn phases(columns: &Columns, query: &PageQuery) -> &'static [Self] {
        let first = query.sort.first();
        let sorted = first.and_then(|sort| columns.fields.get(usize::from(sort.field.0)));
        let past_values = query.after.as_ref().is_some_and(past_values);
        match sorted {
            // By distance: what has no place is near to nothing.
            Some(field) if matches!(field.ty.required(), Type::Geo) => &[Self::None],
            Some(field) if field.ty.is_optional() && past_values => &[Self::Only],
            Some(field) if field.ty.is_optional() => &[Self::Without, Self::Only],
            _ => &[Self::None],
        }
    }

    /// Where these rows of a page start.
    #[must_use]
    pub fn after(self, query: &PageQuery) -> Option<&Cursor> {
        let among =
            |after: &&Cursor| self == Self::None || past_values(after) == (self == Self::Only);
        query.after.as_ref().filter(among)
    }
}

/// Whether the row of a place has no value by which rows are sorted first.
fn past_values(after: &Cursor) -> bool {
    after.values.first().is_none_or(Value::is_null)
}

/// From where rows are sorted by their distance: where the field is the place that they are near by.
#[must_use]
pub fn nearest<'n>(sort: &Sort, near: Option<&'n Near>) -> Option<&'n Near> {
    near.filter(|near| near.field == sort.field)
}

/// The order of two rows in a page, by what they have in each field of its sort: rows without a
/// value come last. `ascending` compares two values as the store does.
#[must_use]
pub fn compare<V>(
    sort: &[Sort],
    (a, b): (&[Option<V>], &[Option<V>]),
    ascending: impl Fn(&V, &V) -> Ordering,
) -> Ordering {
    let by_value = |(sort, (a, b)): (&Sort, (&Option<V>, &Option<V>))| match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) if sort.descending => ascending(b, a),
        (Some(a), Some(b)) => ascending(a, b),
    };
    sort.iter().zip(a.iter().zip(b)).map(by_value).fold(Ordering::Equal, Ordering::then)
}

/// The order of two values that take several columns, by the first in which they differ.
#[must_use]
pub fn in_turn<V>(a: &[V], b: &[V], ascending: impl Fn(&V, &V) -> Ordering) -> Ordering {
    a.iter().zip(b).map(|(a, b)| ascending(a, b)).fold(Ordering::Equal, Ordering::then)
}

/// A column of an order, or what is computed of one, and what the row at that place has in it.
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

/// The condition for rows behind a place, in a form that an index of the keys can begin at: by the
/// keys in their order, then by the column that breaks ties, ascending.
#[must_use]
pub fn start_behind(keys: &[Key], last: (&str, &str)) -> String {
    let run = Key::run(keys);
    let ascending = run.first().is_some_and(|(key, _)| !key.descending);
    if ascending && run.len() == keys.len() {
        // What an index of all of them is made for.
        let (columns, values) = Key::tuple(&run, Some(last));
        return format!("{columns} > {values}");
    }
    let rest = behind(keys, last);
    if run.is_empty() {
        return rest;
    }
    let direction = if ascending { ">=" } else { "<=" };
    let (columns, values) = Key::tuple(&run, None);
    format!("{columns} {direction} {values} AND {rest}")
}

fn behind(keys: &[Key], (column, value): (&str, &str)) -> String {
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

    /// The first keys that an index has in one direction, with their values: rows that are not
    /// before the place are not before it by all of these together.
    fn run(keys: &[Self]) -> Vec<(&Self, &str)> {
        let descending = keys.first().is_some_and(|key| key.descending);
        let same = |key: &&Self| !key.optional && key.descending == descending;
        keys.iter().take_while(same).map_while(|key| Some((key, key.value.as_deref()?))).collect()
    }

    /// Columns, and their values, as rows where they are several.
    fn tuple(run: &[(&Self, &str)], last: Option<(&str, &str)>) -> (String, String) {
        let all = || run.iter().map(|(key, value)| (key.column.as_str(), *value)).chain(last);
        let row = |of: Vec<&str>| match of.as_slice() {
            [only] => (*only).to_owned(),
            several => format!("({})", several.join(", ")),
        };
        let (columns, values) = all().unzip();
        (row(columns), row(values))
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
        assert_eq!(
            start_behind(&keys[..1], ("id", "$3")),
            "a <= $1 AND (a < $1 OR (a = $1 AND id > $3))"
        );
        let first = key("a", Some("$1"), false, false);
        assert_eq!(start_behind(std::slice::from_ref(&first), ("id", "$3")), "(a, id) > ($1, $3)");
        let second = key("b", Some("$2"), false, false);
        assert_eq!(start_behind(&[first, second], ("id", "$3")), "(a, b, id) > ($1, $2, $3)");
        let both = [key("a", Some("$1"), true, false), key("b", Some("$2"), true, false)];
        assert_eq!(
            start_behind(&both, ("id", "$3")),
            "(a, b) <= ($1, $2) AND (a < $1 OR (a = $1 AND (b < $2 OR (b = $2 AND id > $3))))"
        );
    }
}

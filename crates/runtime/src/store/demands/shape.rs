//! Tables as they will be when they fit the model, read from tables as they are.

use std::collections::BTreeMap;

use expression::sql::Dialect;
use expression::sql::encoding::CURRENCY_SUFFIX;

use super::super::meaning::{Columns, Meanings, converted, only_currency};

/// The tables of a database as they are and as they are wanted.
#[derive(Debug, Default)]
pub struct Shapes {
    /// By what statements call them.
    tables: BTreeMap<String, Shape>,
}

#[derive(Debug)]
struct Shape {
    /// The columns that are there; nothing where the table is new.
    columns: Option<BTreeMap<String, Column>>,
    /// What reads the rows as they will be, where that differs: a `SELECT` in parentheses.
    select: Option<String>,
}

/// A column, as its definition says it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    ty: String,
    required: bool,
}

impl Shapes {
    /// Compares the statements that made the tables with those that would make them now. `key` is
    /// what meanings know a table by, given what statements call it; `meant` are the meanings of the
    /// columns that are there.
    #[must_use]
    pub fn of<'s>(
        installed: impl Iterator<Item = &'s str>,
        wanted: impl Iterator<Item = &'s str>,
        dialect: Dialect,
        (meanings, meant): (&Meanings, &Columns),
        key: &dyn Fn(&str) -> String,
    ) -> Self {
        let there: BTreeMap<&str, &str> =
            installed.filter_map(|sql| Some((table(sql)?, sql))).collect();
        let mut tables = BTreeMap::new();
        for (name, sql) in wanted.filter_map(|sql| Some((table(sql)?, sql))) {
            let before = there.get(name).copied();
            let was = before.map(columns);
            let carry = Carry { key: key(name), dialect, meanings, meant };
            let select =
                (before != Some(sql)).then(|| carry.select(name, was.as_ref(), &columns(sql)));
            tables.insert(name.to_owned(), Shape { columns: was, select });
        }
        Self { tables }
    }

    /// Whether a table is there already.
    pub(super) fn has(&self, table: &str) -> bool {
        self.tables.get(table).is_some_and(|shape| shape.columns.is_some())
    }

    /// Whether a table is there and has a column.
    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        let columns = self.tables.get(table).and_then(|shape| shape.columns.as_ref());
        columns.is_some_and(|columns| columns.contains_key(column))
    }

    /// A statement about tables as they will be.
    pub(super) fn read(&self, sql: &str) -> String {
        let mut sql = sql.to_owned();
        for (name, shape) in &self.tables {
            if let Some(select) = &shape.select {
                sql = sql.replace(&format!("FROM {name} AS "), &format!("FROM {select} AS "));
            }
        }
        sql
    }
}

/// How one table's rows become what they will be.
struct Carry<'c> {
    key: String,
    dialect: Dialect,
    meanings: &'c Meanings,
    meant: &'c Columns,
}

impl Carry<'_> {
    fn select(
        &self,
        name: &str,
        before: Option<&BTreeMap<String, Column>>,
        after: &BTreeMap<String, Column>,
    ) -> String {
        let column = |(name, is): (&String, &Column)| {
            let quoted = expression::sql::quote(name);
            let key = (self.key.clone(), name.clone());
            let default = self.meanings.defaults.get(&key).filter(|_| is.required);
            let default = default.map(|value| self.cast(value, &is.ty));
            let was = before.and_then(|before| before.get(name)).map(|_| {
                let means = self.meant.get(&key).zip(self.meanings.columns.get(&key));
                means
                    .and_then(|(was, is)| converted(was, is, &quoted, self.dialect))
                    .unwrap_or_else(|| quoted.clone())
            });
            let value = match (was, default) {
                (Some(was), Some(default)) => format!("coalesce({was}, {default})"),
                (Some(was), None) => was,
                (None, Some(default)) => default,
                (None, None) => currency(self.meant, self.meanings, &self.key, name).map_or_else(
                    || self.cast("NULL", &is.ty),
                    |currency| beside_amount(currency, name),
                ),
            };
            format!("{value} AS {quoted}")
        };
        let all = after.iter().map(column).collect::<Vec<_>>().join(", ");
        match before {
            Some(_) => format!("(SELECT {all} FROM {name})"),
            None => format!("(SELECT {all} WHERE 1 = 0)"),
        }
    }

    fn cast(&self, value: &str, ty: &str) -> String {
        match (self.dialect, ty.split_once(" COLLATE ")) {
            (Dialect::Sqlite, _) => value.to_owned(),
            (_, Some((ty, collation))) => format!("CAST({value} AS {ty}) COLLATE {collation}"),
            (_, None) => format!("CAST({value} AS {ty})"),
        }
    }
}

/// What a column of currencies (of a table) holds in rows that were there before it: the one in which
/// all money was, as [`only_currency`] says.
#[must_use]
pub fn currency<'w>(was: &'w Columns, is: &Meanings, table: &str, column: &str) -> Option<&'w str> {
    let base = column.strip_suffix(CURRENCY_SUFFIX)?;
    let key = (table.to_owned(), base.to_owned());
    only_currency(was.get(&key)?, is.columns.get(&key)?)
}

/// A currency where there is an amount, by the column of currencies.
#[must_use]
pub fn beside_amount(currency: &str, column: &str) -> String {
    let base = column.strip_suffix(CURRENCY_SUFFIX).unwrap_or(column);
    format!("CASE WHEN {} IS NOT NULL THEN '{currency}' END", expression::sql::quote(base))
}

/// The columns that are new and may not be null, by the statements that made a table and that would
/// make it now.
#[must_use]
pub fn new_required(before: &str, after: &str) -> Vec<String> {
    let was = columns(before);
    let new =
        columns(after).into_iter().filter(|(name, is)| is.required && !was.contains_key(name));
    new.map(|(name, _)| name).collect()
}

/// The table that a statement makes, as it is named there.
fn table(sql: &str) -> Option<&str> {
    sql.strip_prefix("CREATE TABLE ")?.split_once(" (\n").map(|(name, _)| name)
}

/// The columns that a statement defines, but for those that the database works out.
fn columns(sql: &str) -> BTreeMap<String, Column> {
    let body = sql.split_once("(\n  ").map_or("", |(_, rest)| rest);
    let body = body.rsplit_once("\n)").map_or(body, |(body, _)| body);
    body.split(",\n  ").filter_map(column).collect()
}

fn column(line: &str) -> Option<(String, Column)> {
    const ENDS: [&str; 6] =
        [" NOT NULL", " DEFAULT ", " CHECK ", " REFERENCES ", " PRIMARY KEY", " UNIQUE"];
    let (name, rest) = line.strip_prefix('"')?.split_once('"')?;
    if rest.contains(" GENERATED ALWAYS AS ") {
        return None;
    }
    let end = ENDS.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    let (ty, rest) = rest.split_at_checked(end)?;
    let required = rest.starts_with(" NOT NULL");
    Some((name.to_owned(), Column { ty: ty.trim().to_owned(), required }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_will_be() {
        let before = "CREATE TABLE \"s\".\"t\" (\n  \"a\" bigint,\n  PRIMARY KEY (\"a\")\n)";
        let after = "CREATE TABLE \"s\".\"t\" (\n  \"a\" bigint NOT NULL CHECK (\"a\" > 0),\n  \
                     \"b\" text COLLATE \"C\" NOT NULL,\n  \"c\" uuid,\n  PRIMARY KEY (\"a\")\n)";
        let new = "CREATE TABLE \"s\".\"n\" (\n  \"a\" bigint\n)";
        let mut meanings = Meanings::default();
        for (column, value) in [("a", "'7'"), ("b", "'x'"), ("c", "'0'")] {
            meanings.defaults.insert(("s_t".into(), column.into()), value.into());
        }
        let shapes = Shapes::of(
            [before].into_iter(),
            [after, new].into_iter(),
            Dialect::PostgreSql,
            (&meanings, &BTreeMap::new()),
            &|_| "s_t".to_owned(),
        );
        let read = shapes.read("SELECT 1 FROM \"s\".\"t\" AS \"_1\"");
        let wanted = "SELECT 1 FROM (SELECT coalesce(\"a\", CAST('7' AS bigint)) AS \"a\", \
                      CAST('x' AS text) COLLATE \"C\" AS \"b\", CAST(NULL AS uuid) AS \"c\" \
                      FROM \"s\".\"t\") AS \"_1\"";
        assert_eq!(read, wanted);
        assert!(shapes.has("\"s\".\"t\"") && !shapes.has("\"s\".\"n\""));
        assert!(shapes.has_column("\"s\".\"t\"", "a") && !shapes.has_column("\"s\".\"t\"", "b"));
        let none = "SELECT 1 FROM (SELECT CAST(NULL AS bigint) AS \"a\" WHERE 1 = 0) AS x";
        assert_eq!(shapes.read("SELECT 1 FROM \"s\".\"n\" AS x"), none);
    }
}

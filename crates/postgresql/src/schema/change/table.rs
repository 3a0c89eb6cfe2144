//! Changes of one table, column by column.

use std::collections::BTreeMap;

use decide::tables::TENANT_COLUMN;
use runtime::store::demands::{beside_amount, currency};
use runtime::store::differences::{no_field, no_value, unknown};
use runtime::store::tables::quoted;
use tokio_postgres::Transaction;

use super::earlier::Found;
use super::stored::{self, plain};
use super::{Changes, REQUIRED, Test, Trouble, Words};

/// The table that a statement makes, as it is named there.
pub(crate) fn name(sql: &str) -> Option<&str> {
    sql.strip_prefix("CREATE TABLE ")?.split_once(" (\n").map(|(name, _)| name)
}

/// A column as its line says it.
#[derive(Debug, PartialEq, Eq)]
struct Column<'l> {
    /// The type, with its collation.
    ty: &'l str,
    required: bool,
    default: Option<&'l str>,
    check: Option<&'l str>,
}

/// The columns by their quoted names, all other lines, and what follows them.
fn lines(sql: &str) -> (BTreeMap<&str, Column<'_>>, Vec<&str>, &str) {
    let body = sql.split_once("(\n  ").map_or("", |(_, rest)| rest);
    let (body, tail) = body.rsplit_once("\n)").unwrap_or((body, ""));
    let (mut columns, mut others) = (BTreeMap::new(), Vec::new());
    for line in body.split(",\n  ") {
        match column(line) {
            Some((name, column)) => {
                columns.insert(name, column);
            }
            None => others.push(line),
        }
    }
    (columns, others, tail)
}

fn column(line: &str) -> Option<(&str, Column<'_>)> {
    let end = line.strip_prefix('"')?.find('"')? + 2;
    let (name, rest) = line.split_at_checked(end)?;
    let (rest, check) = match rest.split_once(" CHECK ") {
        Some((rest, check)) => (rest, Some(check)),
        None => (rest, None),
    };
    let (rest, default) = match rest.split_once(" DEFAULT ") {
        Some((rest, default)) => (rest, Some(default)),
        None => (rest, None),
    };
    let (ty, required) = match rest.split_once(" NOT NULL") {
        Some((ty, _)) => (ty, true),
        None => (rest, false),
    };
    Some((name, Column { ty: ty.trim(), required, default, check }))
}

impl Column<'_> {
    /// Whether the database works out its values from other columns: then none can be lost.
    fn is_computed(&self) -> bool {
        self.ty.contains(" GENERATED ALWAYS AS ")
    }
}

/// Whether a statement makes a table that is divided into partitions.
pub(in crate::schema) fn is_divided(sql: &str) -> bool {
    sql.rsplit_once("\n)").is_some_and(|(_, tail)| tail.contains("PARTITION BY"))
}

/// What makes the new table of the old one, or what stands against that; by its name and both
/// statements.
pub(super) async fn change(
    transaction: &Transaction<'_>,
    words: &Words,
    (name, before, after): (&str, &str, &str),
    changes: &mut Changes,
) -> Result<(), Trouble> {
    let ((old, old_others, old_tail), (new, new_others, new_tail)) = (lines(before), lines(after));
    let table = plain(name);
    let rows = stored::any(transaction, name).await?;
    // That rows have no tenant, or lose theirs, says all there is to say.
    let tenant = quoted(TENANT_COLUMN);
    let of_tenants = rows && old.contains_key(&*tenant) != new.contains_key(&*tenant);
    if !of_tenants && (old_others != new_others || old_tail != new_tail) {
        changes.differences.push(format!(
            "{}: the key of `{table}`, its references or how it is divided changed; that needs a \
             migration by hand",
            words.called(name)
        ));
    }
    let mut filled = Filled { words, name, rows, changes };
    // What is computed goes before the columns that it is computed of, and comes after them.
    for (&column, _) in computed(&old, &new) {
        filled.step(format!("DROP COLUMN {column}"));
    }
    for (&column, was) in old.iter().filter(|(_, was)| !was.is_computed()) {
        let bare = column.trim_matches('"');
        match new.get(column) {
            Some(is) if was.ty == is.ty => filled.alter(transaction, column, was, is).await?,
            Some(is) if rescales(was.ty, is.ty) => {
                filled.fits(column, is.ty, widens(was.ty, is.ty));
                filled.step(format!("ALTER COLUMN {column} TYPE {}", is.ty));
                filled.alter(transaction, column, was, is).await?;
            }
            Some(is) if !stored::holds(transaction, name, bare).await? => {
                filled.step(format!("DROP COLUMN {column}"));
                filled.add(column, is);
            }
            // That its values would mean something else was found already.
            Some(_) => {}
            None => match stored::given(transaction, name, bare).await? {
                0 => filled.step(format!("DROP COLUMN {column}")),
                rows => {
                    let key = words.key(name, bare);
                    let means = filled.changes.known.get(&key).map_or("", String::as_str);
                    let called = words.called(name);
                    let told = no_field(&called, &table, bare, means, Some(rows));
                    filled.changes.differences.push(told);
                }
            },
        }
    }
    let others = |of: &(&&str, &Column<'_>)| !of.1.is_computed() && !old.contains_key(*of.0);
    for (&column, is) in new.iter().filter(others).chain(computed(&new, &old)) {
        filled.add(column, is);
    }
    Ok(())
}

/// The columns that are computed, and not in the same way among others.
fn computed<'c, 'l>(
    these: &'c BTreeMap<&'l str, Column<'l>>,
    others: &'c BTreeMap<&str, Column<'_>>,
) -> impl Iterator<Item = (&'c &'l str, &'c Column<'l>)> {
    let same = |(name, of): &(&&str, &Column<'_>)| others.get(**name) == Some(*of);
    these.iter().filter(move |of| of.1.is_computed() && !same(of))
}

/// Adds what an earlier design needs to a table of a later one, of which nothing is taken back; by
/// its name, and both statements. What made the table then.
pub(super) async fn keep(
    transaction: &Transaction<'_>,
    words: &Words,
    (name, later, earlier): (&str, &str, &str),
    changes: &mut Changes,
    found: &mut Found,
) -> Result<String, Trouble> {
    let ((old, old_others, old_tail), (new, new_others, new_tail)) = (lines(later), lines(earlier));
    let table = plain(name);
    let rows = stored::any(transaction, name).await?;
    if old_others != new_others || old_tail != new_tail {
        changes.differences.push(format!(
            "{}: a later model has changed the key of `{table}`, its references or how it is \
             divided",
            words.called(name)
        ));
    }
    let mut made = later.to_owned();
    let mut filled = Filled { words, name, rows, changes };
    for (&column, was) in &old {
        let bare = plain(column);
        match new.get(column) {
            // As the later one has it: it works for this one too.
            Some(is) if was.is_computed() && is.is_computed() => {
                if was.ty != is.ty {
                    found.names.push(format!("how `{table}.{bare}` is computed"));
                }
            }
            Some(is) if was.ty == is.ty || widens(is.ty, was.ty) => {
                if (was.required, was.check) != (is.required, is.check) {
                    found.names.push(format!("what `{table}.{bare}` may hold"));
                }
            }
            Some(_) => filled.changes.differences.push(format!(
                "{}: a later model has given the column `{table}.{bare}` another type",
                words.called(name)
            )),
            None if was.required && !stored::is_filled(transaction, name, &bare).await? => {
                if rows {
                    let difference = filled.unknown(&bare);
                    filled.changes.differences.push(difference);
                }
                // Nobody has written there yet, and nobody could.
                filled.step(format!("DROP COLUMN {column}"));
                made = without(&made, column);
            }
            None => found.names.push(format!("column `{table}.{bare}`")),
        }
    }
    let missing = |computed: bool| {
        let of = move |of: &(&&str, &Column<'_>)| of.1.is_computed() == computed;
        new.iter().filter(|(column, _)| !old.contains_key(*column)).filter(of)
    };
    for (&column, is) in missing(false).chain(missing(true)) {
        filled.add(column, is);
        made = with(&made, earlier, column);
    }
    Ok(made)
}

/// The statement without the line of a column.
fn without(sql: &str, column: &str) -> String {
    let Some((head, body)) = sql.split_once("(\n  ") else { return sql.to_owned() };
    let (body, tail) = body.rsplit_once("\n)").unwrap_or((body, ""));
    let start = format!("{column} ");
    let lines: Vec<&str> = body.split(",\n  ").filter(|line| !line.starts_with(&start)).collect();
    format!("{head}(\n  {}\n){tail}", lines.join(",\n  "))
}

/// The statement with the line of a column that another one has.
fn with(sql: &str, other: &str, column: &str) -> String {
    let start = format!("{column} ");
    let body = other.split_once("(\n  ").map_or("", |(_, body)| body);
    let body = body.rsplit_once("\n)").map_or(body, |(body, _)| body);
    match body.split(",\n  ").find(|line| line.starts_with(&start)) {
        Some(line) => sql.replacen("(\n  ", &format!("(\n  {line},\n  "), 1),
        None => sql.to_owned(),
    }
}

/// A table that may have rows, as it is changed.
struct Filled<'c> {
    words: &'c Words,
    name: &'c str,
    rows: bool,
    changes: &'c mut Changes,
}

impl Filled<'_> {
    fn step(&mut self, what: String) {
        self.changes.step(self.name, format!("ALTER TABLE {} {what}", self.name));
    }

    fn test(&mut self, sql: String, difference: String) {
        self.changes.tests.push(Test { sql, difference });
    }

    /// Asks whether all numbers of a column fit its new type, where they may not.
    fn fits(&mut self, column: &str, ty: &str, all: bool) {
        let Some((precision, scale)) = digits(ty).filter(|_| !all && !self.is_asked()) else {
            return;
        };
        let whole = precision.saturating_sub(scale);
        let difference = format!(
            "{}: stored values of `{}` have more than {whole} digits before the point; keep as \
             many, or change the rows first",
            self.words.called(self.name),
            plain(column)
        );
        let broken = format!(
            "SELECT EXISTS (SELECT FROM {} WHERE abs({column}) >= 10::numeric ^ {whole})",
            self.name
        );
        self.test(broken, difference);
    }

    /// Adds the column of the currency in which all money of the rows was that are there.
    fn add_currency(&mut self, column: &str, is: &Column<'_>) -> bool {
        let (table, bare) = self.words.key(self.name, column);
        let known = &self.changes.known;
        let Some(currency) = currency(known, &self.words.meanings, &table, &bare) else {
            return false;
        };
        if is.required {
            let add = format!("ADD COLUMN {column} {} NOT NULL DEFAULT '{currency}'", is.ty);
            self.step(add);
        } else {
            let update =
                format!("UPDATE {} SET {column} = {}", self.name, beside_amount(currency, &bare));
            self.step(format!("ADD COLUMN {column} {}", is.ty));
            self.changes.step(self.name, update);
        }
        true
    }

    /// Adds a column without reading a row. Its default stays: servers of the model before, which
    /// do not know the column, go on inserting.
    fn add(&mut self, column: &str, is: &Column<'_>) {
        if !self.add_currency(column, is) {
            self.add_plain(column, is);
        }
        if let Some(check) = is.check {
            self.step(format!("ADD CHECK {check} NOT VALID"));
        }
        self.changes.added.insert((self.name.to_owned(), column.to_owned()));
    }

    fn add_plain(&mut self, column: &str, is: &Column<'_>) {
        let default = self.words.default(self.name, column).or(is.default);
        let default = default.filter(|_| is.required);
        // What says whose a new row is says nothing of those that are there.
        let of_nobody = *column == *quoted(TENANT_COLUMN);
        if is.required && (default.is_none() || of_nobody) && self.rows {
            let difference = self.missing(column);
            self.changes.differences.push(difference);
        }
        let required = if is.required { " NOT NULL" } else { "" };
        let default = default.map_or_else(String::new, |value| format!(" DEFAULT {value}"));
        self.step(format!("ADD COLUMN {column} {}{required}{default}", is.ty));
    }

    /// Whether its rows are asked what is demanded of them: in databases that were made before
    /// demands were remembered, columns are tested alone.
    fn is_asked(&self) -> bool {
        self.changes.asked.contains(&self.words.key(self.name, "").0)
    }

    /// That a later model demands what this one knows nothing of.
    fn unknown(&self, column: &str) -> String {
        unknown(&self.words.called(self.name), &plain(self.name), column)
    }

    /// That rows have no value where one is required.
    fn missing(&self, column: &str) -> String {
        no_value(&self.words.called(self.name), &plain(self.name), &plain(column))
    }

    /// Changes what a column of this type may hold.
    async fn alter(
        &mut self,
        transaction: &Transaction<'_>,
        column: &str,
        was: &Column<'_>,
        is: &Column<'_>,
    ) -> Result<(), Trouble> {
        if was.check != is.check {
            for check in stored::checks(transaction, self.name, column).await? {
                self.step(format!("DROP CONSTRAINT {check}"));
            }
            if let Some(check) = is.check {
                let difference = format!(
                    "{}: stored rows of `{}` break what the model now demands of `{}` ({}); widen \
                     the range, or change the rows first",
                    self.words.called(self.name),
                    plain(self.name),
                    plain(column),
                    plain(check)
                );
                let broken = format!("SELECT EXISTS (SELECT FROM {} WHERE NOT {check})", self.name);
                if !self.is_asked() {
                    self.test(broken, difference);
                }
                self.step(format!("ADD CHECK {check} NOT VALID"));
            }
        }
        match (was.required, is.required) {
            (true, false) => self.step(format!("ALTER COLUMN {column} DROP NOT NULL")),
            (false, true) => self.demand(column),
            _ => {}
        }
        Ok(())
    }

    /// Makes a column required: what is written from now on by a constraint, which becomes
    /// `NOT NULL` when every row was looked at.
    fn demand(&mut self, column: &str) {
        let name = self.name;
        match self.words.default(name, column).map(str::to_owned) {
            Some(default) => {
                self.changes.step(
                    name,
                    format!("UPDATE {name} SET {column} = {default} WHERE {column} IS NULL"),
                );
                self.step(format!("ALTER COLUMN {column} SET DEFAULT {default}"));
            }
            None => {
                let difference = self.missing(column);
                let null = format!("SELECT EXISTS (SELECT FROM {name} WHERE {column} IS NULL)");
                if !self.is_asked() {
                    self.test(null, difference);
                }
            }
        }
        let constraint = quoted(&format!("{REQUIRED}{}", plain(column)));
        self.step(format!("ADD CONSTRAINT {constraint} CHECK ({column} IS NOT NULL) NOT VALID"));
    }
}

/// Whether every value of a number type fits the other, which may have more digits after the point.
fn widens(before: &str, after: &str) -> bool {
    let whole = |(precision, scale): (u32, u32)| precision.saturating_sub(scale);
    rescales(before, after)
        && digits(before).zip(digits(after)).is_some_and(|(a, b)| whole(a) <= whole(b))
}

/// Whether both are number types, and the other has no fewer digits after the point.
fn rescales(before: &str, after: &str) -> bool {
    digits(before).zip(digits(after)).is_some_and(|(a, b)| a.1 <= b.1)
}

/// All digits of a number type, and those after the point.
fn digits(ty: &str) -> Option<(u32, u32)> {
    let (precision, scale) = ty.strip_prefix("numeric(")?.strip_suffix(')')?.split_once(',')?;
    Some((precision.parse().ok()?, scale.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_its_column() {
        let line = "\"name\" text COLLATE \"C\" NOT NULL CHECK (char_length(\"name\") <= 9)";
        let check = Some("(char_length(\"name\") <= 9)");
        let wanted = Column { ty: "text COLLATE \"C\"", required: true, default: None, check };
        assert_eq!(column(line), Some(("\"name\"", wanted)));
        assert_eq!(column("PRIMARY KEY (\"id\")"), None);
        let line =
            "\"_words\" tsvector GENERATED ALWAYS AS (to_tsvector('simple', \"name\")) STORED";
        assert!(column(line).is_some_and(|(name, of)| name == "\"_words\"" && of.is_computed()));
        assert!(widens("numeric(10,2)", "numeric(12,2)"));
        assert!(widens("numeric(8,3)", "numeric(9,4)"));
        assert!(!widens("numeric(12,2)", "numeric(12,3)"));
        assert!(rescales("numeric(12,2)", "numeric(12,3)"));
        assert!(!rescales("numeric(12,3)", "numeric(12,2)"));
    }
}

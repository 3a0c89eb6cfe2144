//! What has to change in the tables, and what must not.
//!
//! The statements that made the tables are remembered, and what each column means. What only adds
//! or widens is applied; what would lose or bend a stored value is refused with the difference,
//! before anything is changed.

mod ask;
mod earlier;
pub(super) mod statement;
mod stored;
pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use decide::Design;
use expression::sql::Dialect;
use runtime::store::StoreError;
use runtime::store::demands::{Demands, Texts};
use runtime::store::meaning::{Columns, Meanings, extends};
use runtime::store::tables::quoted;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Transaction};

use super::trouble::{Trouble, first_line};
use super::{Installed, own, versions};
use crate::wire;
use ask::Asking;
use statement::Statement;

/// How the constraint begins that stands for `NOT NULL` until it is known to hold.
pub(super) const REQUIRED: &str = "firmitas_required_";

/// A statement that changes a table.
#[derive(Debug)]
struct Step {
    table: String,
    sql: String,
}

/// A question whose answer must be no.
#[derive(Debug)]
struct Test {
    sql: String,
    difference: String,
}

/// A key that is new, whose values rows must not share.
#[derive(Debug)]
struct Key {
    /// Counts those that do, with the id of one of them.
    sql: String,
    called: String,
    table: String,
    name: String,
}

/// What has to change.
#[derive(Debug, Default)]
struct Changes {
    /// What stored rows are asked first.
    tests: Vec<Test>,
    keys: Vec<Key>,
    /// What is done then, all of it quick.
    steps: Vec<Step>,
    /// What stands against it already.
    differences: Vec<String>,
    /// New columns, by table.
    added: BTreeSet<(String, String)>,
    /// What the columns meant so far.
    known: Columns,
    /// Tables whose rows are asked what is demanded of them, as meanings know them.
    asked: BTreeSet<String>,
}

impl Changes {
    /// None yet, where columns mean this and this is demanded of rows.
    fn of(known: &Columns, demanded: &Texts) -> Self {
        let asked = demanded.keys().map(|(table, _)| table.clone()).collect();
        Self { known: known.clone(), asked, ..Self::default() }
    }

    fn step(&mut self, table: &str, sql: String) {
        self.steps.push(Step { table: table.to_owned(), sql });
    }
}

/// The words of the model for tables, which statements call by their quoted names.
struct Words {
    meanings: Meanings,
    /// `context_table` by `"context"."table"`.
    keys: BTreeMap<String, String>,
}

impl Words {
    fn of(design: &Design) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        let names = design.tables.iter().flat_map(|table| {
            let parts = table.parts.iter().map(|part| &part.name);
            std::iter::once(&table.name).chain(parts).map(|name| {
                let on = format!("{}.{}", quoted(&table.schema), quoted(name));
                (on, format!("{}_{name}", table.schema))
            })
        });
        Self { keys: names.collect(), meanings: Meanings::of(design, now, wire::literal) }
    }

    fn key(&self, table: &str, column: &str) -> (String, String) {
        let table = self.keys.get(table).map_or(table, String::as_str);
        (table.to_owned(), column.trim_matches('"').to_owned())
    }

    /// What people call a table: `sales.Product`; the table where the model has none for it.
    fn called(&self, table: &str) -> String {
        let key = self.keys.get(table).map_or(table, String::as_str);
        self.meanings.called(key).replace('"', "")
    }

    /// What rows get in a column that they did not have.
    fn default(&self, table: &str, column: &str) -> Option<&str> {
        self.meanings.defaults.get(&self.key(table, column)).map(String::as_str)
    }
}

/// What tells designs apart, as far as tables are concerned.
pub(super) fn version(design: &Design, wanted: &[String]) -> String {
    versions::fingerprint(wanted, &Words::of(design).meanings.columns)
}

/// What is demanded of the rows of a design, as text that differs where anything does.
pub(super) fn demands(design: &Design) -> String {
    let demands = Demands::of(design, Dialect::PostgreSql, wire::literal);
    format!("{:?}", demands.texts(&|_| true))
}

/// What was done.
#[derive(Debug)]
pub(super) struct Applied {
    /// Whether the tables are those of a later design, of which nothing was taken back.
    pub earlier: bool,
    /// What an operator should know.
    pub notes: Vec<String>,
}

/// Applies what keeps every stored value, refuses anything else, and remembers what is installed.
/// Where a later design has its tables here nothing is taken back: what was found is told.
pub(super) async fn apply(
    transaction: &Transaction<'_>,
    design: &Design,
    installed: &Installed,
    wanted: &[String],
) -> Result<Applied, Trouble> {
    let words = Words::of(design);
    let demands = Demands::of(design, Dialect::PostgreSql, wire::literal);
    let known = remembered(transaction, "columns", "meaning").await?;
    let demanded = remembered(transaction, "demands", "demand").await?;
    let own = installed.own.as_deref() == Some(&*own());
    let there = There { statements: &installed.statements, columns: &known, demands: &demanded };
    let version = versions::fingerprint(wanted, &words.meanings.columns);
    if let Some(since) = versions::later(transaction, &version).await? {
        let notes = earlier::keep(transaction, &words, &demands, &there, (wanted, &since)).await?;
        return Ok(Applied { earlier: true, notes });
    }
    versions::record(transaction, design, &version).await?;
    let texts = demands.texts(&|_| true);
    let same = installed.statements == wanted && known == words.meanings.columns;
    if own && same && demanded == texts {
        return Ok(Applied { earlier: false, notes: Vec::new() });
    }
    let installed = &installed.statements;
    let mut changes = Changes::of(&known, &demanded);
    stored::bent(transaction, &words, &known, extends, &mut changes).await?;
    for sql in installed.iter().filter(|sql| !wanted.contains(sql)) {
        gone(transaction, &words, sql, wanted, &mut changes).await?;
    }
    let new: Vec<&String> = wanted.iter().filter(|sql| !installed.contains(sql)).collect();
    stored::keys(&words, &new, installed, &mut changes);
    let mut differences = std::mem::take(&mut changes.differences);
    let asking = Asking { words: &words, demands: &demands, there: &there, wanted };
    let told = asking.ask(transaction, extends, !differences.is_empty()).await?;
    differences.extend(told.differences);
    differences.extend(stored::tested(transaction, &mut changes).await?);
    if !differences.is_empty() {
        return Err(StoreError::Incompatible { differences }.into());
    }
    for sql in new {
        add(sql, installed, wanted, &mut changes);
    }
    lock(transaction, &changes.steps, installed).await?;
    for Step { table, sql } in &changes.steps {
        let done = transaction.batch_execute(sql).await;
        done.map_err(|error| refused(table, sql, &error))?;
    }
    remember(transaction, wanted, &words.meanings.columns, &texts).await?;
    Ok(Applied { earlier: false, notes: told.notes })
}

/// What is in a database, as it remembers it.
#[derive(Clone, Copy)]
struct There<'t> {
    statements: &'t [String],
    columns: &'t Columns,
    demands: &'t Texts,
}

/// Takes all locks before anything is done, so that nobody who waits for one of them is waited for
/// long: then it is this that gives way, and no transaction of others is ended as a deadlock.
async fn lock(
    transaction: &Transaction<'_>,
    steps: &[Step],
    installed: &[String],
) -> Result<(), Trouble> {
    let there: BTreeSet<&str> = installed.iter().filter_map(|sql| table::name(sql)).collect();
    let changed: BTreeSet<&str> = steps.iter().map(|step| &*step.table).collect();
    let referred = steps.iter().filter_map(|step| {
        let (_, target) = step.sql.split_once(" REFERENCES ")?;
        target.split(' ').next()
    });
    let referred: BTreeSet<&str> = referred.filter(|table| !changed.contains(table)).collect();
    for (tables, mode) in [(changed, "ACCESS EXCLUSIVE"), (referred, "SHARE ROW EXCLUSIVE")] {
        for table in tables.intersection(&there) {
            let sql = format!("LOCK TABLE {table} IN {mode} MODE");
            let locked = transaction.batch_execute(&sql).await;
            locked.map_err(|error| Trouble::of(table, &sql, &error))?;
        }
    }
    Ok(())
}

/// What becomes of a statement that is wanted no more: what undoes it, or what stands against that.
async fn gone(
    transaction: &Transaction<'_>,
    words: &Words,
    sql: &str,
    wanted: &[String],
    changes: &mut Changes,
) -> Result<(), Trouble> {
    if let Some(name) = table::name(sql) {
        return match wanted.iter().find(|after| table::name(after) == Some(name)) {
            Some(after) => table::change(transaction, words, (name, sql, after), changes).await,
            None => stored::removal(transaction, name, changes).await,
        };
    }
    // What is of a table that is removed goes with it.
    let stays = |table: &str| wanted.iter().any(|after| table::name(after) == Some(table));
    match statement::of(sql) {
        Statement::CommentOnIndex(_) | Statement::Harmless => {}
        Statement::Index { name, table, .. } if stays(table) => {
            let name = statement::beside(name, table);
            changes.step(table, format!("DROP INDEX IF EXISTS {name}"));
        }
        Statement::Constraint { table, name } if stays(table) => {
            changes.step(table, format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"));
        }
        Statement::ForeignKey { table, columns } if stays(table) => {
            for name in stored::foreign_keys(transaction, table, columns).await? {
                let sql = format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");
                changes.step(table, sql);
            }
        }
        Statement::Index { table, .. }
        | Statement::Constraint { table, .. }
        | Statement::ForeignKey { table, .. }
        | Statement::OfTable(table)
            if !stays(table) => {}
        _ => changes.differences.push(format!(
            "`{}` made the database and is not part of the design any more: undo it by hand, or \
             keep what asked for it",
            first_line(sql)
        )),
    }
    Ok(())
}

/// What a statement that is new takes now. Indexes of tables that are there already are built later,
/// and what is stored is compared with their references later.
fn add(sql: &str, installed: &[String], wanted: &[String], changes: &mut Changes) {
    let there = |table: &str| installed.iter().any(|before| table::name(before) == Some(table));
    let divided = |table: &str| {
        let mut making = wanted.iter().filter(|sql| table::name(sql) == Some(table));
        making.any(|sql| table::is_divided(sql))
    };
    match statement::of(sql) {
        _ if table::name(sql).is_some_and(there) => {}
        Statement::Index { table, .. } if there(table) && !divided(table) => {}
        Statement::CommentOnIndex(name) if later(name, wanted, &there, &divided) => {}
        Statement::ForeignKey { table, .. } if there(table) && !divided(table) => {
            changes.step(table, format!("{sql} NOT VALID"));
        }
        Statement::Index { table, .. }
        | Statement::ForeignKey { table, .. }
        | Statement::Constraint { table, .. }
        | Statement::OfTable(table) => changes.step(table, sql.to_owned()),
        _ => changes.step("", sql.to_owned()),
    }
}

/// Whether an index, by its name with its schema, is built later.
fn later(
    commented: &str,
    wanted: &[String],
    there: &dyn Fn(&str) -> bool,
    divided: &dyn Fn(&str) -> bool,
) -> bool {
    wanted.iter().any(|sql| match statement::of(sql) {
        Statement::Index { name, table, .. } => {
            statement::beside(name, table) == commented && there(table) && !divided(table)
        }
        _ => false,
    })
}

/// A statement that failed: where stored rows stand against it, that is the difference.
pub(super) fn refused(table: &str, sql: &str, error: &Error) -> Trouble {
    let against = [
        &SqlState::UNIQUE_VIOLATION,
        &SqlState::NOT_NULL_VIOLATION,
        &SqlState::CHECK_VIOLATION,
        &SqlState::FOREIGN_KEY_VIOLATION,
        &SqlState::EXCLUSION_VIOLATION,
    ];
    match error.as_db_error() {
        Some(said) if against.contains(&said.code()) && !table.is_empty() => {
            let table = table.replace('"', "");
            // The name of an exclusive key holds its code.
            let message = said.message().replace('_', "-");
            let difference =
                format!("stored rows of `{table}` stand against `{}`: {message}", first_line(sql));
            StoreError::Incompatible { differences: vec![difference] }.into()
        }
        _ => Trouble::of(table, sql, error),
    }
}

/// What is remembered of columns in a table of ours, in a column of it.
async fn remembered(
    transaction: &Transaction<'_>,
    table: &str,
    column: &str,
) -> Result<Columns, Trouble> {
    let asked = format!("SELECT on_table, name, {column} FROM firmitas.{table}");
    let rows = transaction.query(&asked, &[]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok::<_, Error>(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn remember(
    transaction: &Transaction<'_>,
    wanted: &[String],
    meant: &Columns,
    demanded: &Texts,
) -> Result<(), Trouble> {
    let forget = "DELETE FROM firmitas.schema; DELETE FROM firmitas.columns; \
                  DELETE FROM firmitas.demands";
    transaction.batch_execute(forget).await?;
    let insert = "INSERT INTO firmitas.schema (position, sql) SELECT 0, $2::text UNION ALL \
                  SELECT at, sql FROM unnest($1::text[]) WITH ORDINALITY AS made (sql, at)";
    transaction.execute(insert, &[&wanted, &own()]).await?;
    for (table, column, all) in [("columns", "meaning", meant), ("demands", "demand", demanded)] {
        let tables: Vec<&str> = all.keys().map(|(table, _)| table.as_str()).collect();
        let names: Vec<&str> = all.keys().map(|(_, name)| name.as_str()).collect();
        let all: Vec<&str> = all.values().map(String::as_str).collect();
        let insert = format!(
            "INSERT INTO firmitas.{table} (on_table, name, {column}) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[])"
        );
        transaction.execute(&insert, &[&tables, &names, &all]).await?;
    }
    Ok(())
}

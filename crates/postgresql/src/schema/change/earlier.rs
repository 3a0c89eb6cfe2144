//! Tables that a later design has changed, for a server of an earlier one: what was added stays, and
//! what this design needs and does not find is added beside it.

use std::collections::BTreeSet;

use runtime::store::StoreError;
use runtime::store::demands::Demands;
use runtime::store::meaning::{appends, extends};
use tokio_postgres::Transaction;

use super::ask::Asking;
use super::statement::{self, Statement};
use super::stored::{self, plain};
use super::{Changes, Step, There, Trouble, Words, add, lock, refused, remember, table};

/// What of the later design is there, for people.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub names: Vec<String>,
    /// Indexes and constraints.
    pub others: usize,
}

/// Names that are told one by one.
const TOLD: usize = 10;

impl Found {
    fn told(&self, since: &str) -> String {
        let mut all: Vec<String> = self.names.iter().take(TOLD).cloned().collect();
        if self.names.len() > TOLD {
            all.push(format!("{} more", self.names.len() - TOLD));
        }
        if self.others > 0 {
            all.push(format!("{} indexes and constraints", self.others));
        }
        let what =
            if all.is_empty() { "nothing that is in the way".into() } else { all.join(", ") };
        format!(
            "the tables are those of a later model (since {since}): what it added was left as it \
             is ({what})"
        )
    }
}

/// Fits tables of a later design without taking anything back; what was found, and what was not
/// asked. What stored rows contradict is refused here too.
pub(super) async fn keep(
    transaction: &Transaction<'_>,
    words: &Words,
    demands: &Demands<'_>,
    there: &There<'_>,
    (wanted, since): (&[String], &str),
) -> Result<Vec<String>, Trouble> {
    let There { statements: installed, columns: known, demands: demanded } = *there;
    let (mut changes, mut found) = (Changes::of(known, demanded), Found::default());
    // What a later design has appended to a value is not read.
    let fits = |before: &str, after: &str| extends(before, after) || appends(after, before);
    stored::bent(transaction, words, known, fits, &mut changes).await?;
    let mut kept = Vec::with_capacity(installed.len());
    for sql in installed {
        let name = table::name(sql);
        let wants = wanted.iter().find(|after| name.is_some() && table::name(after) == name);
        let with = match (name, wants) {
            (Some(name), Some(wants)) if wants != sql => {
                let both = (name, sql.as_str(), wants.as_str());
                table::keep(transaction, words, both, &mut changes, &mut found).await?
            }
            (Some(name), None) => {
                found.names.push(format!("table `{}`", plain(name)));
                sql.clone()
            }
            _ => sql.clone(),
        };
        kept.push(with);
    }
    let mut differences = std::mem::take(&mut changes.differences);
    let asking = Asking { words, demands, there, wanted };
    let told = asking.ask(transaction, fits, !differences.is_empty()).await?;
    differences.extend(told.differences);
    if !differences.is_empty() {
        return Err(StoreError::Incompatible { differences }.into());
    }
    found.others = installed.iter().filter(|sql| is_guard(sql) && !wanted.contains(sql)).count();
    let there: BTreeSet<&str> = installed.iter().filter_map(|sql| table::name(sql)).collect();
    for sql in wanted.iter().filter(|sql| !installed.contains(sql) && is_missing(sql, &there)) {
        add(sql, installed, wanted, &mut changes);
        kept.push(sql.clone());
    }
    lock(transaction, &changes.steps, installed).await?;
    for Step { table, sql } in &changes.steps {
        let done = transaction.batch_execute(sql).await;
        done.map_err(|error| refused(table, sql, &error))?;
    }
    let mut columns = words.meanings.columns.clone();
    columns.extend(known.iter().map(|(key, meaning)| (key.clone(), meaning.clone())));
    let texts = demands.texts(&|_| true);
    if kept != installed || columns != *known || texts != *demanded {
        remember(transaction, &kept, &columns, &texts).await?;
    }
    Ok(std::iter::once(found.told(since)).chain(told.notes).collect())
}

fn is_guard(sql: &str) -> bool {
    let kind = statement::of(sql);
    matches!(
        kind,
        Statement::Index { .. } | Statement::ForeignKey { .. } | Statement::Constraint { .. }
    )
}

/// Whether a statement is of a table that is not there, or of a schema that may not be.
fn is_missing(sql: &str, there: &BTreeSet<&str>) -> bool {
    if let Some(name) = table::name(sql) {
        return !there.contains(name);
    }
    match statement::of(sql) {
        Statement::Index { table, .. }
        | Statement::ForeignKey { table, .. }
        | Statement::Constraint { table, .. }
        | Statement::OfTable(table) => !there.contains(table),
        Statement::Harmless => !sql.starts_with("COMMENT "),
        Statement::CommentOnIndex(_) | Statement::Other => false,
    }
}

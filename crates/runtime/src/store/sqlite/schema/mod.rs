//! The tables in the database against the tables of the design.
//!
//! What was installed is remembered in the database itself: the statement behind each table, index
//! and trigger, and what each column means. At every start the design is compared with that.
//! Changes that keep every stored value are applied in one transaction; anything else is refused
//! with the difference, and nothing is changed.

mod apply;
mod change;
mod extent;
mod object;
mod remembered;

use decide::Design;
use expression::sql::Dialect;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::plan::{self, Plan};
use super::{codec, journal, records, silos};
use crate::store::StoreError;
use crate::store::meaning::Meanings;
pub(super) use extent::Extent;
use object::Object;

/// Marks the file as ours: "Firm".
const APPLICATION: i32 = 0x4669_726D;
/// The version of the tables that have no part in the model.
const FORMAT: i32 = 3;

/// From the first version to the second: whose events, jobs and links are.
const SECOND: &str = "
ALTER TABLE firmitas_outbox ADD COLUMN tenant BLOB;
ALTER TABLE firmitas_jobs ADD COLUMN tenant BLOB;
ALTER TABLE firmitas_subjects RENAME TO firmitas_subjects_first;
DROP INDEX firmitas_subjects_row;
";
/// After the tables of the second version are there.
const SECOND_FILLED: &str = "
INSERT INTO firmitas_subjects (entity, issuer, subject, row)
  SELECT entity, issuer, subject, row FROM firmitas_subjects_first;
DROP TABLE firmitas_subjects_first;
";

/// From the second version to the third: a recorded answer is one page less to write.
const THIRD: &str = "
ALTER TABLE firmitas_idempotency RENAME TO firmitas_idempotency_second;
DROP INDEX firmitas_idempotency_expires;
";
/// After the tables of the third version are there.
const THIRD_FILLED: &str = "
INSERT INTO firmitas_idempotency
  (caller, operation, key, body_hash, status, headers, body, expires)
  SELECT caller, operation, key, body_hash, status, headers, body, expires
  FROM firmitas_idempotency_second;
DROP TABLE firmitas_idempotency_second;
";

/// What is remembered of the installed tables.
const REMEMBERED: &str = "
CREATE TABLE IF NOT EXISTS firmitas_schema (
  position INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  on_table TEXT NOT NULL,
  sql TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS firmitas_columns (
  on_table TEXT NOT NULL,
  name TEXT NOT NULL,
  meaning TEXT NOT NULL,
  PRIMARY KEY (on_table, name)
) STRICT, WITHOUT ROWID;
";

/// Fits a database to what it holds of the design.
///
/// # Errors
/// [`StoreError::Unusable`] for a file of somebody else or of a newer version;
/// [`StoreError::Incompatible`] where stored rows do not fit.
pub(super) fn fit(
    connection: &mut Connection,
    design: &Design,
    extent: Extent,
    now: i64,
) -> Result<(), StoreError> {
    changed(connection, design, extent, now, |transaction| Ok(transaction.commit()?))
}

/// Whether [`fit`] would do, without a change.
///
/// # Errors
/// As [`fit`].
pub(super) fn try_to_fit(
    connection: &mut Connection,
    design: &Design,
    extent: Extent,
    now: i64,
) -> Result<(), StoreError> {
    changed(connection, design, extent, now, |transaction| Ok(transaction.rollback()?))
}

/// What a database is to hold, as text that differs where anything does.
///
/// # Errors
/// A defect: statements that `SQLite` does not take.
pub(super) fn wanted(design: &Design, extent: Extent) -> Result<String, StoreError> {
    let statements = emit::sql::statements(design, Dialect::Sqlite);
    let mut objects = object::of_statements(&statements)?;
    let mut columns = Meanings::of(design, 0, codec::literal).columns;
    extent.keep(design, &mut objects, &mut columns);
    Ok(format!("{FORMAT} {objects:?} {columns:?}"))
}

fn changed(
    connection: &mut Connection,
    design: &Design,
    extent: Extent,
    now: i64,
    end: impl FnOnce(Transaction<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let format = recognise(connection)?;
    let statements = emit::sql::statements(design, Dialect::Sqlite);
    let mut wanted = object::of_statements(&statements)?;
    let mut meanings = Meanings::of(design, now, codec::literal);
    extent.keep(design, &mut wanted, &mut meanings.columns);
    let mut plans = plan::plans(design)?;
    plans.retain(|plan| extent.holds(plan.pooled));
    // Rebuilding a table that others refer to needs this off; it can only be set out here. The
    // references are checked before the commit instead.
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    let fitted = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(StoreError::from)
        .and_then(|transaction| {
            upgrade(&transaction, format, extent)?;
            fit_in(&transaction, &wanted, &meanings, &plans).map(|()| transaction)
        })
        .and_then(end);
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    fitted
}

/// Brings the tables that have no part in the model to this version's form.
fn upgrade(transaction: &Transaction<'_>, format: i32, extent: Extent) -> Result<(), StoreError> {
    match extent {
        Extent::Owned => {
            transaction.execute_batch(silos::TABLES)?;
            return Ok(transaction.pragma_update(None, "user_version", FORMAT)?);
        }
        Extent::Shared => transaction.execute_batch(silos::REDO)?,
        Extent::Everything => {}
    }
    let steps = [(1, SECOND, SECOND_FILLED), (2, THIRD, THIRD_FILLED)];
    let wanted = || steps.iter().filter(|(from, ..)| (1..=*from).contains(&format));
    for (_, before, _) in wanted() {
        transaction.execute_batch(before)?;
    }
    transaction.execute_batch(records::TABLES)?;
    for (.., after) in wanted() {
        transaction.execute_batch(after)?;
    }
    Ok(transaction.pragma_update(None, "user_version", FORMAT)?)
}

fn fit_in(
    transaction: &Transaction<'_>,
    wanted: &[Object],
    meanings: &Meanings,
    plans: &[Plan],
) -> Result<(), StoreError> {
    transaction.execute_batch(journal::TABLES)?;
    transaction.execute_batch(REMEMBERED)?;
    let installed = object::installed(transaction)?;
    let remembered = remembered::columns(transaction)?;
    if installed == wanted && remembered == meanings.columns {
        return Ok(());
    }
    let (changes, differences) =
        change::plan(transaction, &installed, wanted, &remembered, meanings)?;
    if !differences.is_empty() {
        return Err(StoreError::Incompatible { differences });
    }
    apply::apply(transaction, &installed, wanted, &changes, meanings)?;
    check_exclusive(transaction, plans)?;
    object::remember(transaction, wanted)?;
    remembered::put_columns(transaction, &meanings.columns)
}

/// Keys against overlapping ranges are no constraint of the database: stored rows are asked.
fn check_exclusive(connection: &Connection, plans: &[Plan]) -> Result<(), StoreError> {
    let mut differences = Vec::new();
    for plan in plans {
        for key in &plan.exclusive {
            if connection.prepare(&key.any)?.exists(())? {
                differences.push(format!(
                    "{}: stored rows of {} overlap in the key `{}`; move or cancel them first",
                    plan.qualified, plan.table, key.code
                ));
            }
        }
    }
    match differences.is_empty() {
        true => Ok(()),
        false => Err(StoreError::Incompatible { differences }),
    }
}

/// Refuses files that this program has not made, or a newer version of it.
pub(super) fn check_ours(connection: &Connection) -> Result<(), StoreError> {
    let number =
        |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let refuse = |message: &str| Err(StoreError::Unusable { message: message.to_owned() });
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION, ..=FORMAT) => Ok(()),
        (APPLICATION, _) => {
            refuse("the backup was written by a newer version of firm; use that one")
        }
        _ => refuse("it is no backup of an embedded store by `firm backup`"),
    }
}

/// Refuses files that are not ours to write to; the version of the others, 0 for new ones.
fn recognise(connection: &Connection) -> Result<i32, StoreError> {
    let number =
        |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, format) = (number("application_id")?, number("user_version")?);
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    let refuse = |message: &str| Err(StoreError::Unusable { message: message.to_owned() });
    if objects > 0 && application != APPLICATION {
        return refuse(
            "the database file was made by another program; give another directory with --data",
        );
    }
    if format > FORMAT {
        return refuse("the database was written by a newer version of firm; use that one");
    }
    connection.pragma_update(None, "application_id", APPLICATION)?;
    Ok(if objects == 0 { 0 } else { format })
}

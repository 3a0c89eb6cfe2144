//! The tables in the database against the tables of the design.
//!
//! What was installed is remembered in the database itself: the statement behind each table, index
//! and trigger, and what each column means. At every start the design is compared with that.
//! Changes that keep every stored value are applied in one transaction; anything else is refused
//! with the difference, and nothing is changed. So is what stored rows contradict. The designs that
//! had their tables here are remembered in their order: an earlier one takes nothing back.

mod apply;
mod ask;
mod change;
mod earlier;
mod extent;
mod object;
mod remembered;

use std::collections::BTreeSet;

use decide::Design;
use expression::sql::Dialect;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use sha2::{Digest as _, Sha256};

use super::plan::{self, Plan};
use super::{codec, journal, records, silos};
use crate::store::StoreError;
use crate::store::demands::{Demands, Shapes, Texts};
use crate::store::meaning::{Columns, Meanings, extends};
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
CREATE TABLE IF NOT EXISTS firmitas_demands (
  on_table TEXT NOT NULL,
  name TEXT NOT NULL,
  demand TEXT NOT NULL,
  PRIMARY KEY (on_table, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS firmitas_defaults (
  on_table TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (on_table, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS firmitas_versions (
  number INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL
) STRICT;
";

/// Fits a database to what it holds of the design; what an operator should know about it.
///
/// # Errors
/// [`StoreError::Unusable`] for a file of somebody else or of a newer version;
/// [`StoreError::Incompatible`] where stored rows do not fit.
pub(super) fn fit(
    connection: &mut Connection,
    design: &Design,
    extent: Extent,
    now: i64,
) -> Result<Vec<String>, StoreError> {
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
    changed(connection, design, extent, now, |transaction| Ok(transaction.rollback()?)).map(drop)
}

/// What a database is to hold, as text that differs where anything does.
///
/// # Errors
/// A defect: statements that `SQLite` does not take.
pub(super) fn wanted(design: &Design, extent: Extent) -> Result<String, StoreError> {
    let Wanted { objects, meanings, demands, .. } = Wanted::of(design, extent, 0)?;
    Ok(format!("{FORMAT} {objects:?} {:?} {demands:?}", meanings.columns))
}

/// What a database is to hold of a design.
struct Wanted<'d> {
    design: &'d Design,
    extent: Extent,
    now: i64,
    objects: Vec<Object>,
    meanings: Meanings,
    demands: Texts,
    plans: Vec<Plan>,
    /// Tables that are in another file.
    elsewhere: BTreeSet<String>,
}

impl<'d> Wanted<'d> {
    fn of(design: &'d Design, extent: Extent, now: i64) -> Result<Self, StoreError> {
        let statements = emit::sql::statements(design, Dialect::Sqlite);
        let mut objects = object::of_statements(&statements)?;
        let tables = |objects: &[Object]| -> BTreeSet<String> {
            let tables = objects.iter().filter(|object| object.is_table());
            tables.map(|table| table.name.clone()).collect()
        };
        let all = tables(&objects);
        let mut meanings = Meanings::of(design, now, codec::literal);
        extent.keep(design, &mut objects, &mut meanings.columns);
        let here = tables(&objects);
        meanings.defaults.retain(|(table, _), _| here.contains(table));
        let demands = Demands::of(design, Dialect::Sqlite, codec::literal);
        let demands = demands.texts(&|owned| extent.holds(owned));
        let mut plans = plan::plans(design)?;
        plans.retain(|plan| extent.holds(plan.pooled));
        let elsewhere = all.difference(&here).cloned().collect();
        Ok(Self { design, extent, now, objects, meanings, demands, plans, elsewhere })
    }

    /// What tells designs apart, as far as tables are concerned.
    fn version(&self) -> String {
        let all = format!("{:?} {:?}", self.objects, self.meanings.columns);
        Sha256::digest(all).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn changed(
    connection: &mut Connection,
    design: &Design,
    extent: Extent,
    now: i64,
    end: impl FnOnce(Transaction<'_>) -> Result<(), StoreError>,
) -> Result<Vec<String>, StoreError> {
    let format = recognise(connection)?;
    let wanted = Wanted::of(design, extent, now)?;
    // Rebuilding a table that others refer to needs this off; it can only be set out here. The
    // references are checked before the commit instead.
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    let fitted = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(StoreError::from)
        .and_then(|transaction| {
            upgrade(&transaction, format, extent)?;
            fit_in(&transaction, wanted).map(|notes| (transaction, notes))
        })
        .and_then(|(transaction, notes)| end(transaction).map(|()| notes));
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
    mut wanted: Wanted<'_>,
) -> Result<Vec<String>, StoreError> {
    transaction.execute_batch(journal::TABLES)?;
    transaction.execute_batch(REMEMBERED)?;
    let there = There {
        objects: object::installed(transaction)?,
        columns: remembered::columns(transaction)?,
        demands: remembered::demands(transaction)?,
        defaults: remembered::defaults(transaction)?,
    };
    let (mut notes, mut differences) = (Vec::new(), Vec::new());
    let version = wanted.version();
    let later = remembered::later(transaction, &version)?;
    if let Some(since) = later {
        let kept = earlier::keep(
            transaction,
            &there.objects,
            &wanted.objects,
            &there.defaults,
            &wanted.meanings,
        )?;
        notes.push(kept.told(since));
        (wanted.objects, differences) = (kept.objects, kept.differences);
    } else {
        remembered::record(transaction, &version, wanted.now)?;
    }
    let mut columns = wanted.meanings.columns.clone();
    if later.is_some() {
        columns.extend(there.columns.clone());
    }
    if differences.is_empty()
        && there.objects == wanted.objects
        && there.columns == columns
        && there.demands == wanted.demands
    {
        return Ok(notes);
    }
    let (changes, found) = change::plan(transaction, &there, &wanted, later.is_some())?;
    differences.extend(found);
    differences.extend(asked(transaction, &there, &wanted, &mut notes, !differences.is_empty())?);
    if !differences.is_empty() {
        return Err(StoreError::Incompatible { differences });
    }
    apply::apply(transaction, &there, &wanted, &changes)?;
    check_exclusive(transaction, &wanted.plans)?;
    object::remember(transaction, &wanted.objects)?;
    remembered::put_columns(transaction, &columns)?;
    remembered::put_demands(transaction, &wanted.demands)?;
    let mut defaults = wanted.meanings.defaults;
    if later.is_some() {
        defaults.extend(there.defaults);
    }
    remembered::put_defaults(transaction, &defaults)?;
    Ok(notes)
}

/// What is in a database, as it remembers it.
struct There {
    objects: Vec<Object>,
    columns: Columns,
    demands: Texts,
    defaults: Columns,
}

/// What stored rows have against what is demanded of them from now on.
fn asked(
    transaction: &Transaction<'_>,
    there: &There,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
    lenient: bool,
) -> Result<Vec<String>, StoreError> {
    let tables = |objects: &'_ [Object]| -> Vec<String> {
        let tables = objects.iter().filter(|object| object.is_table());
        tables.map(|table| table.sql.clone()).collect()
    };
    let (installed, wants) = (tables(&there.objects), tables(&wanted.objects));
    let shapes = Shapes::of(
        installed.iter().map(String::as_str),
        wants.iter().map(String::as_str),
        Dialect::Sqlite,
        (&wanted.meanings, &there.columns),
        &|name| name.trim_matches('"').to_owned(),
    );
    let bent = there.columns.iter().filter(|(key, before)| {
        let after = wanted.meanings.columns.get(key);
        after.is_some_and(|after| !extends(before, after))
    });
    let bent = bent.map(|(key, _)| key.clone()).collect();
    let demands = Demands::of(wanted.design, Dialect::Sqlite, codec::literal);
    // The file of a tenant is compared with what is shared beside it.
    let reaches = |_: bool, owned: bool| wanted.extent != Extent::Shared || !owned;
    let asked = demands.questions(&there.demands, &shapes, &reaches, &bent);
    let told = ask::ask(transaction, &asked, &wanted.design.model.schema, lenient)?;
    notes.extend(asked.notes);
    Ok(told)
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

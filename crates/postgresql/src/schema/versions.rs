//! Which designs have made the tables, in their order: a server of an earlier one that starts again
//! while servers of a later one run (a rolling update, or its end undone) takes nothing back.

use decide::Design;
use runtime::store::meaning::Columns;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Transaction;

use super::trouble::Trouble;

/// What tells designs apart, as far as tables are concerned: their statements, and what the columns
/// mean.
pub(super) fn fingerprint(wanted: &[String], meant: &Columns) -> String {
    let mut all = Sha256::new();
    let mut add = |text: &str| {
        all.update(text.len().to_be_bytes());
        all.update(text);
    };
    wanted.iter().for_each(|sql| add(sql));
    for ((table, column), meaning) in meant {
        [table, column, meaning].into_iter().for_each(|text| add(text));
    }
    all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Since when a later design has its tables here; nothing where this one is the latest, or new.
pub(super) async fn later(
    transaction: &Transaction<'_>,
    fingerprint: &str,
) -> Result<Option<String>, Trouble> {
    let asked = "SELECT to_char(last.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' \
                 FROM firmitas.versions AS own, firmitas.versions AS last \
                 WHERE own.fingerprint = $1 AND last.number > own.number \
                 ORDER BY last.number DESC LIMIT 1";
    let found = transaction.query_opt(asked, &[&fingerprint]).await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

/// Remembers that a design has its tables here.
pub(super) async fn record(
    transaction: &Transaction<'_>,
    design: &Design,
    fingerprint: &str,
) -> Result<(), Trouble> {
    let insert = "INSERT INTO firmitas.versions (fingerprint, system) SELECT $1, $2 \
                  WHERE NOT EXISTS (SELECT FROM firmitas.versions WHERE fingerprint = $1)";
    transaction.execute(insert, &[&fingerprint, &design.model.system.name]).await?;
    Ok(())
}

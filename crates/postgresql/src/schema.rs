//! The tables in the database against the tables of the design.

use decide::Design;
use expression::sql::Dialect;
use runtime::store::StoreError;
use tokio_postgres::{Client, Config, Transaction};

use crate::failure;
use crate::pool;
use crate::statements::TABLES;

/// What all servers of this program that start on one database lock: "Firm".
const LOCK: i64 = 0x4669_726D;

/// What is remembered of the installed tables.
const REMEMBERED: &str = "
CREATE TABLE IF NOT EXISTS firmitas.schema (
  position integer PRIMARY KEY,
  sql text NOT NULL
);
";

/// Fits the database to the design.
pub(crate) async fn fit(config: &Config, design: &Design) -> Result<(), StoreError> {
    let mut connection = pool::connect(config).await?;
    let client = std::sync::Arc::get_mut(&mut connection.client);
    let client: &mut Client = client.ok_or(StoreError::Closed)?;
    fit_in(client, design).await
}

async fn fit_in(client: &mut Client, design: &Design) -> Result<(), StoreError> {
    let plain = |error: tokio_postgres::Error| failure::plain(&error);
    let transaction = client.transaction().await.map_err(plain)?;
    transaction
        .batch_execute("SET LOCAL lock_timeout = '15s'; SET LOCAL statement_timeout = '15min'")
        .await
        .map_err(plain)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(plain)?;
    transaction.batch_execute(TABLES).await.map_err(plain)?;
    transaction.batch_execute(REMEMBERED).await.map_err(plain)?;
    let rows = transaction.query("SELECT sql FROM firmitas.schema ORDER BY position", &[]).await;
    let installed: Vec<String> = rows.map_err(plain)?.iter().map(|row| row.get(0)).collect();
    let wanted = emit::sql::statements(design, Dialect::PostgreSql);
    if installed != wanted {
        change(&transaction, &installed, &wanted).await?;
        transaction.execute("DELETE FROM firmitas.schema", &[]).await.map_err(plain)?;
        for (position, sql) in (0i32..).zip(&wanted) {
            transaction
                .execute("INSERT INTO firmitas.schema VALUES ($1, $2)", &[&position, sql])
                .await
                .map_err(plain)?;
        }
    }
    transaction.commit().await.map_err(plain)
}

async fn change(
    transaction: &Transaction<'_>,
    installed: &[String],
    wanted: &[String],
) -> Result<(), StoreError> {
    let gone = installed.iter().filter(|sql| !wanted.contains(sql));
    let differences: Vec<String> = gone
        .map(|sql| format!("the database was made by `{}`", sql.lines().next().unwrap_or_default()))
        .collect();
    if !differences.is_empty() {
        return Err(StoreError::Incompatible { differences });
    }
    for sql in wanted.iter().filter(|sql| !installed.contains(sql)) {
        transaction.batch_execute(sql).await.map_err(|error| failure::plain(&error))?;
    }
    Ok(())
}

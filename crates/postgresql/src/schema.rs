//! The tables in the database against the tables of the design, and the roles that reach them.

mod change;

use std::time::Duration;

use decide::Design;
use expression::sql::Dialect;
use runtime::store::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Transaction};

use crate::address::Address;
use crate::failure;
use crate::roles;
use crate::statements::TABLES;

/// What all servers of this program that start on one database lock: "Firm".
const LOCK: i64 = 0x4669_726D;
/// Roles belong to a cluster: servers on its other databases may be making the same ones.
const ATTEMPTS: u32 = 8;

/// What is remembered of the installed tables.
const REMEMBERED: &str = "
CREATE TABLE IF NOT EXISTS firmitas.schema (
  position integer PRIMARY KEY,
  sql text NOT NULL
);
CREATE TABLE IF NOT EXISTS firmitas.columns (
  on_table text NOT NULL,
  name text NOT NULL,
  meaning text NOT NULL,
  PRIMARY KEY (on_table, name)
);
";

/// Fits the database to the design; as whom the server then works, and what its operator should
/// know about that.
///
/// # Errors
/// [`StoreError::Incompatible`] where stored rows do not fit.
pub(crate) async fn fit(
    address: &Address,
    design: &Design,
    user: Option<&str>,
) -> Result<(Option<String>, Vec<String>), StoreError> {
    let mut client = address.connect().await?;
    let mut attempt = 0;
    loop {
        match fit_once(&mut client, design, user).await {
            Err(Trouble::Again(_)) if attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(50) * attempt).await;
            }
            Err(Trouble::Again(error) | Trouble::Final(error)) => return Err(error),
            Ok(fitted) => return Ok(fitted),
        }
    }
}

/// Why the tables were not fitted.
enum Trouble {
    /// Another server was at the same.
    Again(StoreError),
    Final(StoreError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let met = error.code().is_some_and(|code| {
            [
                &SqlState::UNIQUE_VIOLATION,
                &SqlState::DUPLICATE_OBJECT,
                // "tuple concurrently updated"
                &SqlState::INTERNAL_ERROR,
                &SqlState::T_R_DEADLOCK_DETECTED,
            ]
            .contains(&code)
        });
        let error = failure::plain(&error);
        if met { Self::Again(error) } else { Self::Final(error) }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

async fn fit_once(
    client: &mut Client,
    design: &Design,
    user: Option<&str>,
) -> Result<(Option<String>, Vec<String>), Trouble> {
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("SET LOCAL lock_timeout = '15s'; SET LOCAL statement_timeout = '15min'")
        .await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let powers = roles::powers(&transaction).await?;
    let installed = installed(&transaction).await?;
    let wanted = emit::sql::statements(design, Dialect::PostgreSql);
    transaction.batch_execute(TABLES).await?;
    transaction.batch_execute(REMEMBERED).await?;
    change::apply(&transaction, design, &installed, &wanted).await?;
    let mut notes = Vec::new();
    let role = if powers.creates_roles {
        Some(roles::make(&transaction, design, user).await?)
    } else {
        if powers.bypasses {
            return Err(StoreError::Unusable {
                message: "the user of the database bypasses row-level security: take one that \
                          does not, or one that may create roles"
                    .to_owned(),
            }
            .into());
        }
        notes.push(
            "the user of the database may not create roles: the server works as that user"
                .to_owned(),
        );
        None
    };
    transaction.commit().await?;
    Ok((role, notes))
}

/// The statements that made the tables; nothing in a database that has none yet.
async fn installed(transaction: &Transaction<'_>) -> Result<Vec<String>, Trouble> {
    let known = transaction.query_one("SELECT to_regclass('firmitas.schema') IS NOT NULL", &[]);
    if !known.await?.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let rows = transaction.query("SELECT sql FROM firmitas.schema ORDER BY position", &[]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

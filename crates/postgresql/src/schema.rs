//! The tables in the database against the tables of the design, and the roles that reach them.
//!
//! One server at a time compares and changes them; others wait for their turn. What is quick but
//! keeps everybody else away is one transaction, which waits for no lock for long and is tried again.
//! What reads whole tables, building an index or validating a constraint, comes after it and lets
//! others read and write. Each start goes on where another broke off: what is still to be done is
//! read from the catalog of the database.

mod change;
mod later;
mod places;
mod trouble;
mod turn;
mod versions;

use std::time::Duration;

use decide::Design;
use expression::sql::Dialect;
use runtime::store::StoreError;
use runtime::store::tables::quoted;
use tokio_postgres::{Client, Transaction};

use crate::address::Address;
use crate::roles;
use crate::statements::TABLES;
use trouble::{Patience, Trouble};

pub(crate) use change::table::name as table;
pub(crate) use places::FUNCTIONS as PLACE_FUNCTIONS;
pub(crate) use turn::Turn;

/// What is asked of stored rows is asked of everybody's: policies hold for the owner of a table too.
const SETTINGS: &str = "SET LOCAL statement_timeout = '15min'; SET LOCAL firmitas.tenants = 'all'";

/// What is remembered of the installed tables: the statements from position 1 on, what each column
/// means, what was demanded of rows, and the designs that they were made for. At position 0 stands what made the tables of the
/// server itself.
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
CREATE TABLE IF NOT EXISTS firmitas.demands (
  on_table text NOT NULL,
  name text NOT NULL,
  demand text NOT NULL,
  PRIMARY KEY (on_table, name)
);
CREATE TABLE IF NOT EXISTS firmitas.versions (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  fingerprint text NOT NULL UNIQUE,
  system text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
";

/// Tables that fit.
#[derive(Debug)]
pub(crate) struct Fitted {
    /// As whom the server works.
    pub role: Option<String>,
    /// What its operator should know.
    pub notes: Vec<String>,
    /// Whether the tables are those of a later design.
    earlier: bool,
}

/// Fits the database to the design.
///
/// # Errors
/// [`StoreError::Incompatible`] where stored rows do not fit; [`StoreError::Unusable`] where others
/// keep a table for too long.
pub(crate) async fn fit(
    address: &Address,
    design: &Design,
    user: Option<&str>,
) -> Result<Fitted, StoreError> {
    let turn = Turn::wait(address).await?;
    let mut client = address.connect().await?;
    let wanted = emit::sql::statements(design, Dialect::PostgreSql);
    let mut patience = Patience::default();
    let fitted = loop {
        match fit_once(&mut client, design, &wanted, user, (patience.locks(), true)).await {
            Ok(fitted) => break fitted,
            Err(trouble) => patience.again(trouble, &client).await?,
        }
    };
    if !fitted.earlier {
        later::finish(&client, &turn, address.pooler, design, &wanted).await?;
        places::finish(&client, &turn, design).await?;
    }
    Ok(fitted)
}

/// Whether a database can be fitted to the design: all of it is done that is done at once, and
/// undone.
///
/// # Errors
/// As [`fit`].
pub(crate) async fn try_out(
    address: &Address,
    design: &Design,
    user: Option<&str>,
) -> Result<(), StoreError> {
    let _turn = Turn::wait(address).await?;
    let mut client = address.connect().await?;
    let wanted = emit::sql::statements(design, Dialect::PostgreSql);
    let mut patience = Patience::default();
    loop {
        match fit_once(&mut client, design, &wanted, user, (patience.locks(), false)).await {
            Ok(_) => return Ok(()),
            Err(trouble) => patience.again(trouble, &client).await?,
        }
    }
}

/// What tells apart what makes tables, those of a design and those of the server itself, and what is
/// demanded of rows.
pub(crate) fn version(design: &Design) -> String {
    let mut all = emit::sql::statements(design, Dialect::PostgreSql);
    all.push(own());
    all.push(change::demands(design));
    change::version(design, &all)
}

async fn fit_once(
    client: &mut Client,
    design: &Design,
    wanted: &[String],
    user: Option<&str>,
    (locks, stays): (Duration, bool),
) -> Result<Fitted, Trouble> {
    let transaction = client.transaction().await?;
    let locks = format!("{SETTINGS}; SET LOCAL lock_timeout = {}", locks.as_millis());
    transaction.batch_execute(&locks).await?;
    let powers = roles::powers(&transaction).await?;
    let installed = installed(&transaction).await?;
    if installed.own.as_deref() != Some(&*own()) {
        // Even where all of it is there this would keep every writer away for a while.
        transaction.batch_execute(&own()).await?;
    }
    let change::Applied { earlier, mut notes } =
        change::apply(&transaction, design, &installed, wanted).await?;
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
    if !earlier {
        places::write_down(&transaction, design).await?;
    }
    match stays {
        true => transaction.commit().await?,
        false => transaction.rollback().await?,
    }
    Ok(Fitted { role, notes, earlier })
}

/// The statements that made the tables; nothing in a database that has none yet.
#[derive(Debug, Default)]
struct Installed {
    /// Those of the server itself.
    own: Option<String>,
    /// Those of the design.
    statements: Vec<String>,
}

async fn installed(transaction: &Transaction<'_>) -> Result<Installed, Trouble> {
    let known = "SELECT to_regclass('firmitas.schema') IS NOT NULL";
    if !transaction.query_one(known, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(Installed::default());
    }
    let all = "SELECT position, sql FROM firmitas.schema ORDER BY position";
    let mut installed = Installed::default();
    for row in transaction.query(all, &[]).await? {
        let sql = row.try_get(1)?;
        match row.try_get::<_, i32>(0)? {
            0 => installed.own = Some(sql),
            _ => installed.statements.push(sql),
        }
    }
    Ok(installed)
}

/// The statements that made the tables of the design, in order.
///
/// # Errors
/// Those of the database.
pub(crate) async fn statements(transaction: &Transaction<'_>) -> Result<Vec<String>, StoreError> {
    match installed(transaction).await {
        Ok(installed) => Ok(installed.statements),
        Err(trouble) => Err(trouble.into()),
    }
}

/// The table of the tenants, quoted, where each has a schema.
///
/// # Errors
/// Those of the database.
pub(crate) async fn places(
    transaction: &Transaction<'_>,
) -> Result<Option<String>, tokio_postgres::Error> {
    let asked = "SELECT n.nspname::text, c.relname::text FROM pg_trigger AS t \
                 JOIN pg_class AS c ON c.oid = t.tgrelid \
                 JOIN pg_namespace AS n ON n.oid = c.relnamespace \
                 WHERE t.tgname = 'firmitas_place' AND NOT t.tgisinternal LIMIT 1";
    let Some(row) = transaction.query_opt(asked, &[]).await? else { return Ok(None) };
    let (schema, table): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Some(format!("{}.{}", quoted(&schema), quoted(&table))))
}

/// Whether tenants have databases of their own.
///
/// # Errors
/// Those of the database.
pub(crate) async fn has_silos(
    transaction: &Transaction<'_>,
) -> Result<bool, tokio_postgres::Error> {
    let known = "SELECT to_regclass('firmitas.silos') IS NOT NULL";
    if !transaction.query_one(known, &[]).await?.try_get(0)? {
        return Ok(false);
    }
    let any = "SELECT EXISTS (SELECT FROM firmitas.silos)";
    transaction.query_one(any, &[]).await?.try_get(0)
}

/// What makes the tables that have no part in the model.
pub(crate) fn own() -> String {
    format!("{TABLES}{REMEMBERED}{}", places::TABLE)
}

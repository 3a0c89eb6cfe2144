//! What reads whole tables: done after everything else, while others read and write.

use std::collections::BTreeSet;

use decide::Design;
use runtime::store::StoreError;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use super::change::statement::{self, Statement};
use super::change::{REQUIRED, refused, table};
use super::trouble::{Patience, Trouble};
use super::turn::Turn;

/// How long building an index may take and wait for work that began before it.
const TIMEOUTS: &str = "SET lock_timeout = '15s'; SET statement_timeout = '4h'";

/// Builds indexes and validates constraints that are not there or not valid yet.
///
/// # Errors
/// [`StoreError::Incompatible`] where rows that came meanwhile stand against one.
pub(super) async fn finish(
    client: &Client,
    turn: &Turn,
    pooler: bool,
    design: &Design,
    wanted: &[String],
) -> Result<(), StoreError> {
    let mut patience = Patience::default();
    loop {
        turn.holds()?;
        match finish_once(client, turn, pooler, design, wanted).await {
            Ok(()) => return Ok(()),
            Err(trouble) => patience.again(trouble, client).await?,
        }
    }
}

async fn finish_once(
    client: &Client,
    turn: &Turn,
    pooler: bool,
    design: &Design,
    wanted: &[String],
) -> Result<(), Trouble> {
    let missing = indexes(client, wanted).await?;
    let schemas: BTreeSet<&str> = design.tables.iter().map(|table| &*table.schema).collect();
    let schemas: Vec<&str> = schemas.into_iter().collect();
    let open = constraints(client, &schemas).await?;
    if missing.is_empty() && open.is_empty() {
        return Ok(());
    }
    if !pooler {
        // Behind a pooler this would be another's setting afterwards.
        client.batch_execute(TIMEOUTS).await?;
    }
    for constraint in open {
        turn.holds()?;
        constraint.settle(client).await?;
    }
    for index in missing {
        turn.holds()?;
        build(client, &index, wanted).await?;
    }
    Ok(())
}

/// An index that is not there, or was not finished.
struct Missing<'w> {
    sql: &'w str,
    /// With its schema, quoted.
    name: String,
    table: &'w str,
    broken: bool,
}

async fn indexes<'w>(client: &Client, wanted: &'w [String]) -> Result<Vec<Missing<'w>>, Error> {
    let divided: BTreeSet<&str> = wanted
        .iter()
        .filter(|sql| table::is_divided(sql))
        .filter_map(|sql| table::name(sql))
        .collect();
    let all: Vec<Missing<'w>> = wanted
        .iter()
        .filter_map(|sql| match statement::of(sql) {
            // Indexes of tables that are divided cannot be built beside writes.
            Statement::Index { name, table, .. } if !divided.contains(table) => {
                let name = statement::beside(name, table);
                Some(Missing { sql, name, table, broken: false })
            }
            _ => None,
        })
        .collect();
    let names: Vec<&str> = all.iter().map(|index| &*index.name).collect();
    let asked = "SELECT i.indisvalid FROM unnest($1) WITH ORDINALITY AS wanted (name, at) \
                 LEFT JOIN pg_index AS i ON i.indexrelid = to_regclass(name) ORDER BY at";
    let rows = client.query_typed(asked, &[(&names, Type::TEXT_ARRAY)]).await?;
    let mut missing = Vec::new();
    for (mut index, row) in all.into_iter().zip(&rows) {
        let valid: Option<bool> = row.try_get(0)?;
        if valid != Some(true) {
            index.broken = valid.is_some();
            missing.push(index);
        }
    }
    Ok(missing)
}

async fn build(client: &Client, index: &Missing<'_>, wanted: &[String]) -> Result<(), Trouble> {
    let Missing { sql, name, table, broken } = index;
    if *broken {
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
        run(client, table, &drop).await?;
    }
    let concurrently = sql.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1);
    if let Err(error) = client.batch_execute(&concurrently).await {
        // What was begun would only cost every write.
        drop(client.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await);
        return Err(refused(table, sql, &error));
    }
    let comment = format!("COMMENT ON INDEX {name} IS ");
    for sql in wanted.iter().filter(|sql| sql.starts_with(&comment)) {
        run(client, table, sql).await?;
    }
    Ok(())
}

async fn run(client: &Client, table: &str, sql: &str) -> Result<(), Trouble> {
    client.batch_execute(sql).await.map_err(|error| refused(table, sql, &error))
}

/// A constraint that holds for what is written, and not yet for what was there.
struct Open {
    table: String,
    name: String,
    /// The column of which it says that it is never null.
    required: Option<String>,
}

async fn constraints(client: &Client, schemas: &[&str]) -> Result<Vec<Open>, Error> {
    let asked = format!(
        "SELECT format('%I.%I', n.nspname, r.relname), quote_ident(c.conname), \
         CASE WHEN c.conname LIKE '{REQUIRED}%' THEN (SELECT quote_ident(a.attname) \
         FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum = c.conkey[1]) END \
         FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid \
         JOIN pg_namespace n ON n.oid = r.relnamespace \
         WHERE n.nspname = ANY($1) AND c.contype IN ('c', 'f') AND c.coninhcount = 0 \
         AND (NOT c.convalidated OR c.conname LIKE '{REQUIRED}%') ORDER BY 1, 2"
    );
    let rows = client.query_typed(&asked, &[(&schemas, Type::TEXT_ARRAY)]).await?;
    let open = |row: &tokio_postgres::Row| {
        let (table, name) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Open { table, name, required: row.try_get(2)? })
    };
    rows.iter().map(open).collect()
}

impl Open {
    async fn settle(&self, client: &Client) -> Result<(), Trouble> {
        let Self { table, name, required } = self;
        let alter = format!("ALTER TABLE {table}");
        run(client, table, &format!("{alter} VALIDATE CONSTRAINT {name}")).await?;
        let Some(column) = required else { return Ok(()) };
        // Nothing is read for this any more: the constraint says it.
        run(client, table, &format!("{alter} ALTER COLUMN {column} SET NOT NULL")).await?;
        run(client, table, &format!("{alter} DROP CONSTRAINT {name}")).await
    }
}

//! What has to change in the tables, and what must not.
//!
//! The statements that made the tables are remembered, and what each column means. What only adds
//! or widens is applied; what would lose or bend a stored value is refused with the difference.

mod table;

use std::collections::BTreeMap;

use decide::Design;
use runtime::store::StoreError;
use runtime::store::sqlite::{extends, meanings};
use runtime::store::tables::quoted;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::Trouble;

/// Applies what keeps every stored value, refuses anything else, and remembers what is installed.
pub(super) async fn apply(
    transaction: &Transaction<'_>,
    design: &Design,
    installed: &[String],
    wanted: &[String],
) -> Result<(), Trouble> {
    let meant = meanings(design);
    let known = remembered(transaction).await?;
    if installed == wanted && known == meant {
        return Ok(());
    }
    let mut differences = bent(transaction, design, &known, &meant).await?;
    let mut script = Vec::new();
    for sql in installed.iter().filter(|sql| !wanted.contains(sql)) {
        match gone(transaction, sql, wanted).await? {
            Ok(statements) => script.extend(statements),
            Err(mut found) => differences.append(&mut found),
        }
    }
    if !differences.is_empty() {
        return Err(StoreError::Incompatible { differences }.into());
    }
    let grown = |sql: &String| {
        table::name(sql)
            .is_some_and(|name| installed.iter().any(|before| table::name(before) == Some(name)))
    };
    let new = wanted.iter().filter(|sql| !installed.contains(sql) && !grown(sql));
    for sql in script.iter().chain(new) {
        transaction.batch_execute(sql).await.map_err(|error| refused(sql, error))?;
    }
    remember(transaction, wanted, &meant).await
}

/// What becomes of a statement that is wanted no more: what undoes it, or what stands against that.
async fn gone(
    transaction: &Transaction<'_>,
    sql: &str,
    wanted: &[String],
) -> Result<Result<Vec<String>, Vec<String>>, Trouble> {
    let first = sql.lines().next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    if let Some(name) = table::name(sql) {
        return match wanted.iter().find(|after| table::name(after) == Some(name)) {
            Some(after) => table::changes(transaction, name, sql, after).await,
            None => table::removal(transaction, name).await,
        };
    }
    let stays = |table: &str| wanted.iter().any(|after| table::name(after) == Some(table));
    Ok(match words.as_slice() {
        ["COMMENT" | "CREATE", "ON" | "SCHEMA" | "EXTENSION", ..] => Ok(Vec::new()),
        ["CREATE", "UNIQUE", "INDEX", name, "ON", on, ..]
        | ["CREATE", "INDEX", name, "ON", on, ..]
            if stays(on) =>
        {
            let schema = on.split('.').next().unwrap_or_default();
            Ok(vec![format!("DROP INDEX IF EXISTS {schema}.{name}")])
        }
        ["ALTER", "TABLE", on, "ADD", "CONSTRAINT", name, ..] if stays(on) => {
            Ok(vec![format!("ALTER TABLE {on} DROP CONSTRAINT IF EXISTS {name}")])
        }
        ["CREATE", "UNIQUE", "INDEX", _, "ON", on, ..]
        | ["CREATE", "INDEX", _, "ON", on, ..]
        | ["CREATE", "POLICY", _, "ON", on, ..]
        | ["ALTER", "TABLE", on, ..]
            if !stays(on) =>
        {
            // It goes with its table.
            Ok(Vec::new())
        }
        _ => Err(vec![format!(
            "`{first}` made the database and is not part of the design any more: undo it by hand, \
             or keep what asked for it"
        )]),
    })
}

/// Stored rows that stand against a change.
fn refused(sql: &str, error: tokio_postgres::Error) -> Trouble {
    let against = [
        &SqlState::UNIQUE_VIOLATION,
        &SqlState::NOT_NULL_VIOLATION,
        &SqlState::CHECK_VIOLATION,
        &SqlState::FOREIGN_KEY_VIOLATION,
        &SqlState::EXCLUSION_VIOLATION,
    ];
    match error.as_db_error() {
        Some(said) if against.contains(&said.code()) => {
            let first = sql.lines().next().unwrap_or_default();
            // The name of an exclusive key holds its code.
            let message = said.message().replace('_', "-");
            let differences = vec![format!("stored rows stand against `{first}`: {message}")];
            StoreError::Incompatible { differences }.into()
        }
        _ => error.into(),
    }
}

/// Columns whose values would mean something else.
async fn bent(
    transaction: &Transaction<'_>,
    design: &Design,
    known: &BTreeMap<(String, String), String>,
    meant: &BTreeMap<(String, String), String>,
) -> Result<Vec<String>, Trouble> {
    let mut differences = Vec::new();
    for table in &design.tables {
        let parts = table.parts.iter().map(|part| &part.name);
        for name in std::iter::once(&table.name).chain(parts) {
            let called = format!("{}_{name}", table.schema);
            let columns = known.iter().filter(|((of, _), _)| *of == called);
            for ((of, column), before) in columns {
                let Some(after) = meant.get(&(of.clone(), column.clone())) else { continue };
                let on = format!("{}.{}", quoted(&table.schema), quoted(name));
                if !extends(before, after) && table::holds(transaction, &on, column).await? {
                    differences.push(format!(
                        "the column `{column}` of {on} holds {before}, the model now wants {after}; \
                         give the field another name, or keep its type"
                    ));
                }
            }
        }
    }
    Ok(differences)
}

async fn remembered(
    transaction: &Transaction<'_>,
) -> Result<BTreeMap<(String, String), String>, Trouble> {
    let rows =
        transaction.query("SELECT on_table, name, meaning FROM firmitas.columns", &[]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok::<_, tokio_postgres::Error>(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn remember(
    transaction: &Transaction<'_>,
    wanted: &[String],
    meant: &BTreeMap<(String, String), String>,
) -> Result<(), Trouble> {
    transaction.batch_execute("DELETE FROM firmitas.schema; DELETE FROM firmitas.columns").await?;
    let insert = "INSERT INTO firmitas.schema (position, sql) \
                  SELECT at, sql FROM unnest($1::text[]) WITH ORDINALITY AS made (sql, at)";
    transaction.execute(insert, &[&wanted]).await?;
    let tables: Vec<&str> = meant.keys().map(|(table, _)| table.as_str()).collect();
    let names: Vec<&str> = meant.keys().map(|(_, name)| name.as_str()).collect();
    let all: Vec<&str> = meant.values().map(String::as_str).collect();
    let insert = "INSERT INTO firmitas.columns (on_table, name, meaning) \
                  SELECT * FROM unnest($1::text[], $2::text[], $3::text[])";
    transaction.execute(insert, &[&tables, &names, &all]).await?;
    Ok(())
}

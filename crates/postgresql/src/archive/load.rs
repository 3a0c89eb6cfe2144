//! Reads a backup into an empty database.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::pin::pin;

use bytes::Bytes;
use decide::bridge::EVERYBODY;
use futures_util::SinkExt as _;
use runtime::store::StoreError;
use runtime::store::tables::quoted;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_postgres::{Error, Transaction};

use super::format::{COUNTERS, END, HEADER, MANIFEST, ROWS, Reader, TABLE, damaged, hex, json};
use super::{Summary, io, unusable};
use crate::address::Address;
use crate::failure;
use crate::schema;

const SETTINGS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'; \
                        SET LOCAL idle_in_transaction_session_timeout = 0";

/// Restores a backup into a database that holds none yet, in one transaction: all of it is there
/// afterwards, or nothing. A backup holds SQL: restore only what you trust.
///
/// # Errors
/// [`StoreError::Unusable`] where tables of a backend are there already; [`StoreError::Corrupt`]
/// where the file is not what was written.
pub async fn restore(url: &str, from: &Path) -> Result<Summary, StoreError> {
    let file = File::open(from).map_err(|error| io("opening the backup", from, &error))?;
    let mut reader = Reader::new(BufReader::with_capacity(1 << 18, file))?;
    let address = Address::parse(url)?;
    let turn = schema::Turn::wait(&address).await?;
    let mut client = address.connect().await?;
    let transaction = client.transaction().await.map_err(|error| failure::plain(&error))?;
    let summary = load(&transaction, &mut reader).await?;
    turn.holds()?;
    transaction.commit().await.map_err(|error| failure::plain(&error))?;
    // Without it the planner knows nothing of the rows; with time it would.
    drop(client.batch_execute("ANALYZE").await);
    Ok(summary)
}

async fn load<R: Read>(
    transaction: &Transaction<'_>,
    reader: &mut Reader<R>,
) -> Result<Summary, StoreError> {
    transaction.batch_execute(SETTINGS).await.map_err(|error| failure::plain(&error))?;
    let (HEADER, header) = reader.next()? else { return Err(damaged("it has no header")) };
    let header = json(&header)?;
    let own = header["own"].as_str().ok_or_else(|| damaged("its header is empty"))?;
    let statements: Vec<&str> =
        header["statements"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    refuse_rows(transaction, &statements).await?;
    let makes = |sql: &&str| {
        ["CREATE SCHEMA", "CREATE EXTENSION", "CREATE TABLE"].iter().any(|of| sql.starts_with(of))
    };
    let (tables, rest): (Vec<&str>, Vec<&str>) = statements.into_iter().partition(makes);
    run(transaction, std::iter::once(own).chain(tables)).await?;
    let (mut summary, mut loaded) = (Summary::default(), serde_json::Map::new());
    let whole = format!("{}.", quoted(EVERYBODY));
    let mut places = header["tenants"].as_str().map(Places::of).transpose()?;
    loop {
        match reader.next()? {
            (TABLE, table) => {
                let table = json(&table)?;
                let divided = table["table"].as_str().is_some_and(|name| name.starts_with(&whole));
                if let Some(places) = places.as_mut().filter(|places| divided && !places.made) {
                    places.make(transaction, true).await?;
                }
                let (name, end) = table_of(transaction, reader, &table).await?;
                summary.tables += 1;
                summary.rows += end["rows"].as_u64().unwrap_or_default();
                loaded.insert(name, end);
            }
            (COUNTERS, counters) => set(transaction, &json(&counters)?).await?,
            (MANIFEST, manifest) if json(&manifest)?["tables"] == Value::Object(loaded.clone()) => {
                break;
            }
            _ => return Err(damaged("it holds something else than its manifest says")),
        }
    }
    // Keys, references and indexes are made when the rows are there: they are checked then.
    run(transaction, rest.into_iter()).await?;
    if let Some(places) = &mut places {
        places.make(transaction, false).await?;
    }
    Ok(summary)
}

/// The schemas of tenants, as a backup knows them.
struct Places {
    /// The table of the tenants, quoted.
    tenants: String,
    /// Whether their tables are made.
    made: bool,
}

impl Places {
    fn of(tenants: &str) -> Result<Self, StoreError> {
        let parts: Vec<&str> = tenants.split('.').collect();
        let quoted = |part: &&str| part.len() > 2 && part.starts_with('"') && part.ends_with('"');
        match parts.len() == 2 && parts.iter().all(quoted) {
            true => Ok(Self { tenants: tenants.to_owned(), made: false }),
            false => Err(damaged("its tenants have no table")),
        }
    }

    /// Makes the tables of all tenants, or what else is of them.
    async fn make(&mut self, transaction: &Transaction<'_>, bare: bool) -> Result<(), StoreError> {
        self.made = true;
        let make = format!(
            "{}SELECT firmitas.place('00000000-0000-0000-0000-000000000000', {bare}); \
             SELECT firmitas.place(id, {bare}) FROM {}",
            schema::PLACE_FUNCTIONS,
            self.tenants
        );
        transaction.batch_execute(&make).await.map_err(|error| failure::plain(&error))
    }
}

async fn run<'s>(
    transaction: &Transaction<'_>,
    statements: impl Iterator<Item = &'s str>,
) -> Result<(), StoreError> {
    for sql in statements {
        transaction.batch_execute(sql).await.map_err(|error| failure::plain(&error))?;
    }
    Ok(())
}

/// Refuses to mix the rows with others.
async fn refuse_rows(transaction: &Transaction<'_>, statements: &[&str]) -> Result<(), StoreError> {
    let tables = statements.iter().filter_map(|sql| schema::table(sql));
    let tables: Vec<&str> = tables.chain(std::iter::once("firmitas.schema")).collect();
    let there = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL";
    let there = transaction.query(there, &[&tables]).await;
    let there = there.map_err(|error| failure::plain(&error))?;
    match there.first().and_then(|row| row.try_get::<_, String>(0).ok()) {
        None => Ok(()),
        Some(table) => Err(unusable(format!(
            "there are tables already ({}); restore into an empty database",
            table.replace('"', "")
        ))),
    }
}

/// Takes the rows of a table; its name, and what the end of it said.
async fn table_of<R: Read>(
    transaction: &Transaction<'_>,
    reader: &mut Reader<R>,
    table: &Value,
) -> Result<(String, Value), StoreError> {
    let text = |key: &str| table[key].as_str().ok_or_else(|| damaged("a table has no name"));
    let (name, columns) = (text("table")?, text("columns")?);
    let copy = format!("COPY {name} ({columns}) FROM STDIN");
    let failed = |error: Error| failure::plain(&error);
    let sink = transaction.copy_in::<_, Bytes>(&copy).await.map_err(failed)?;
    let mut sink = pin!(sink);
    let mut digest = Sha256::new();
    let said = loop {
        match reader.next()? {
            (ROWS, rows) => {
                digest.update(&rows);
                sink.send(rows.into()).await.map_err(failed)?;
            }
            (END, said) => break json(&said)?,
            _ => return Err(damaged("a table has no end")),
        }
    };
    let rows = sink.finish().await.map_err(failed)?;
    let found = json!({ "rows": rows, "sha256": hex(digest) });
    if found != said {
        return Err(damaged(&format!("the rows of {name} are not those that were written")));
    }
    Ok((name.to_owned(), found))
}

async fn set(transaction: &Transaction<'_>, counters: &Value) -> Result<(), StoreError> {
    let set = "SELECT setval(pg_get_serial_sequence($1, $2), $3, $4)";
    for counter in counters.as_array().into_iter().flatten() {
        let known = (
            counter["table"].as_str(),
            counter["column"].as_str(),
            counter["last"].as_i64(),
            counter["called"].as_bool(),
        );
        let (Some(table), Some(column), Some(last), Some(called)) = known else {
            return Err(damaged("a counter has no place"));
        };
        let done = transaction.execute(set, &[&table, &column, &last, &called]).await;
        done.map_err(|error| failure::plain(&error))?;
    }
    Ok(())
}

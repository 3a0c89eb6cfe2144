//! Writes a backup.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;

use decide::bridge::EVERYBODY;
use futures_util::TryStreamExt as _;
use runtime::store::StoreError;
use runtime::store::tables::quoted;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_postgres::{Error, IsolationLevel, Transaction};

use super::format::{COUNTERS, END, HEADER, ROWS, TABLE, Writer, hex};
use super::{Summary, io, unusable};
use crate::address::Address;
use crate::failure;
use crate::schema;

/// Bytes of rows in a frame, about.
const FRAME: usize = 256 * 1024;

/// A copy takes as long as it takes, and sees the rows of all tenants.
const SETTINGS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'; \
                        SET LOCAL idle_in_transaction_session_timeout = 0; \
                        SET LOCAL firmitas.tenants = 'all'";

/// Copies a database, as it is at one moment, to a new file, which appears under its name when it is
/// complete. Reading and writing go on meanwhile; only changes of tables wait.
///
/// # Errors
/// Where there are no tables of a backend, or the file cannot be written; an existing one is not
/// replaced.
pub async fn backup(url: &str, to: &Path) -> Result<Summary, StoreError> {
    if to.exists() {
        return Err(unusable(format!("`{}` exists already; name another file", to.display())));
    }
    let mut client = Address::parse(url)?.connect().await?;
    let reading = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let transaction = reading.read_only(true).start().await.map_err(|e| failure::plain(&e))?;
    let partial = partial(to);
    let written = write(&transaction, &partial).await;
    let written = written.and_then(|summary| {
        fs::rename(&partial, to).map_err(|error| io("naming the backup", to, &error))?;
        Ok(summary)
    });
    if written.is_err() {
        // What is left is worthless, and it may be what filled the disk.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn partial(to: &Path) -> PathBuf {
    let mut name = to.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".partial");
    to.with_file_name(name)
}

/// For this user alone: rows are nobody else's business.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

async fn write(transaction: &Transaction<'_>, to: &Path) -> Result<Summary, StoreError> {
    let wrong = |error: std::io::Error| io("writing the backup", to, &error);
    transaction.batch_execute(SETTINGS).await.map_err(|error| failure::plain(&error))?;
    let statements = schema::statements(transaction).await?;
    if schema::has_silos(transaction).await.map_err(|error| failure::plain(&error))? {
        return Err(unusable(
            "tenants have databases of their own here, which this copy would not hold: take one of \
             the whole server (`pg_basebackup`, or its archived log), which is of one moment",
        ));
    }
    if statements.is_empty() {
        return Err(unusable("the database holds no tables of a backend"));
    }
    let tables = tables(transaction, &statements).await.map_err(|error| failure::plain(&error))?;
    let file = create(to).map_err(wrong)?;
    let mut writer = Writer::new(BufWriter::with_capacity(FRAME, file)).map_err(wrong)?;
    let places = schema::places(transaction).await.map_err(|error| failure::plain(&error))?;
    let header = json!({ "own": schema::own(), "statements": statements, "tenants": places });
    writer.json(HEADER, &header).map_err(wrong)?;
    let (mut summary, mut manifest) = (Summary::default(), BTreeMap::new());
    for (table, columns) in &tables {
        writer.json(TABLE, &json!({ "table": table, "columns": columns })).map_err(wrong)?;
        let copy = copy(transaction, table, columns, &mut writer);
        let (rows, end) = copy.await.map_err(|error| match error {
            Broken::Database(error) => failure::plain(&error),
            Broken::File(error) => wrong(error),
        })?;
        writer.json(END, &end).map_err(wrong)?;
        manifest.insert(table.clone(), end);
        summary.tables += 1;
        summary.rows += rows;
    }
    let counters = counters(transaction).await.map_err(|error| failure::plain(&error))?;
    writer.json(COUNTERS, &counters).map_err(wrong)?;
    let file = writer.finish(json!({ "tables": manifest })).map_err(wrong)?;
    let file = file.into_inner().map_err(|error| wrong(error.into_error()))?;
    file.sync_all().map_err(wrong)?;
    Ok(summary)
}

/// All tables, quoted, with their columns; nobody changes them until the end.
async fn tables(
    transaction: &Transaction<'_>,
    statements: &[String],
) -> Result<Vec<(String, String)>, Error> {
    let own = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
               WHERE schemaname = 'firmitas' ORDER BY 1";
    let own = transaction.query(own, &[]).await?;
    let mut names: Vec<String> = own.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    names.extend(statements.iter().filter_map(|sql| schema::table(sql)).map(str::to_owned));
    // Rows of tenants come when the tenants are known: each has its part of the table.
    let whole = format!("{}.", quoted(EVERYBODY));
    names.sort_by_key(|name| name.starts_with(&whole));
    let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "));
    transaction.batch_execute(&lock).await?;
    let columns = "SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '') \
                   FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 \
                   AND NOT attisdropped AND attgenerated = ''";
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let of = transaction.query_one(columns, &[&name]).await?.try_get(0)?;
        all.push((name, of));
    }
    Ok(all)
}

enum Broken {
    Database(Error),
    File(std::io::Error),
}

/// Copies the rows of a table; how many, and what the end of it says.
async fn copy<W: Write>(
    transaction: &Transaction<'_>,
    table: &str,
    columns: &str,
    writer: &mut Writer<W>,
) -> Result<(u64, Value), Broken> {
    let select = format!("COPY (SELECT {columns} FROM {table}) TO STDOUT");
    let rows = transaction.copy_out(&select).await.map_err(Broken::Database)?;
    let mut rows = pin!(rows);
    let (mut count, mut digest, mut frame) = (0u64, Sha256::new(), Vec::with_capacity(FRAME));
    // Each message is one row.
    while let Some(row) = rows.try_next().await.map_err(Broken::Database)? {
        count += 1;
        digest.update(&row);
        frame.extend_from_slice(&row);
        if frame.len() >= FRAME {
            writer.frame(ROWS, &frame).map_err(Broken::File)?;
            frame.clear();
        }
    }
    if !frame.is_empty() {
        writer.frame(ROWS, &frame).map_err(Broken::File)?;
    }
    Ok((count, json!({ "rows": count, "sha256": hex(digest) })))
}

/// Where the counters of the server's own tables are.
async fn counters(transaction: &Transaction<'_>) -> Result<Value, Error> {
    let asked = "SELECT format('%I.%I', table_schema, table_name), column_name::text, \
                 pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name) \
                 FROM information_schema.columns \
                 WHERE table_schema = 'firmitas' AND is_identity = 'YES' ORDER BY 1, 2";
    let mut all = Vec::new();
    for row in transaction.query(asked, &[]).await? {
        let (table, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let sequence: String = row.try_get(2)?;
        let at = format!("SELECT last_value, is_called FROM {sequence}");
        let at = transaction.query_one(&at, &[]).await?;
        let (last, called): (i64, bool) = (at.try_get(0)?, at.try_get(1)?);
        all.push(json!({ "table": table, "column": column, "last": last, "called": called }));
    }
    Ok(all.into())
}

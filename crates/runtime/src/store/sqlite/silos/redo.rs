//! What a transaction does in a tenant's file, kept in the file of what is shared until it is there.
//!
//! `SQLite` commits files that have a write-ahead log one after the other, the main one first. The
//! statements for the second are part of what is committed in the first, with a number; the second
//! says which number it has. So what is missing after a crash is known, and done again.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value as Json, json};

use super::super::session::{Session, unreadable};
use super::Connected;
use crate::store::{StoreError, Tenant};

/// The tables, in the file of what is shared: changes, and who has a file.
pub(in super::super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS firmitas_redo (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant BLOB NOT NULL,
  first INTEGER NOT NULL,
  statements TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS firmitas_silos (tenant BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
";

/// A statement that was run on a tenant's file.
#[derive(Clone, Debug)]
pub(in super::super) struct Entry {
    pub sql: String,
    pub binds: Vec<Stored>,
}

/// What a transaction did in the file of a tenant.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub tenant: u128,
    /// Whether the file was new.
    pub first: bool,
    statements: Vec<Entry>,
}

impl Session {
    /// Writes down what the transaction did in a tenant's file, as its last act.
    pub(super) fn note_redo(&mut self, silos: &super::Silos) -> Result<(), StoreError> {
        let log = std::mem::take(&mut *self.log());
        if log.is_empty() {
            return Ok(());
        }
        let Some(tenant) = self.silo else { return Err(nobody()) };
        let whose = tenant.to_be_bytes();
        let statements = Json::from(log.iter().map(encode).collect::<Vec<_>>()).to_string();
        let connection = &self.connection;
        connection
            .prepare_cached(
                "INSERT INTO main.firmitas_redo (tenant, first, statements) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![whose, self.is_adopting(), statements])?;
        let sequence = connection.last_insert_rowid();
        if self.is_adopting() {
            list(connection, tenant)?;
        }
        connection
            .prepare_cached("UPDATE silo.firmitas_silo SET tenant = ?1, sequence = ?2")?
            .execute(params![whose, sequence])?;
        // What came before is in its files. A backup that is being made reads them one by one.
        if silos.is_settled() {
            connection
                .prepare_cached(
                    "DELETE FROM main.firmitas_redo WHERE sequence < ?1 AND NOT EXISTS (SELECT 1 \
                     FROM main.firmitas_records WHERE kind = 'backup' AND expires > ?2)",
                )?
                .execute(params![sequence, super::super::now()])?;
        }
        Ok(())
    }
}

/// A defect: a row of a tenant would be written into no tenant's file.
pub(in super::super) fn nobody() -> StoreError {
    StoreError::Internal { message: "a tenant's row is written for nobody".to_owned() }
}

impl Committed {
    /// Does it again unless it was done.
    pub fn apply(&self, to: &Connected, sequence: i64) -> Result<(), StoreError> {
        let connection = &to.connection;
        to.current.set(Tenant::One(self.tenant));
        // Nothing is changed but the tenant's file: what is shared may be in the hands of a writer.
        connection.execute_batch("BEGIN")?;
        let done: i64 =
            connection
                .query_row("SELECT sequence FROM silo.firmitas_silo", (), |row| row.get(0))?;
        if done < sequence {
            for Entry { sql, binds } in &self.statements {
                connection.prepare(sql)?.execute(rusqlite::params_from_iter(binds))?;
            }
            connection.execute(
                "UPDATE silo.firmitas_silo SET tenant = ?1, sequence = ?2",
                params![self.tenant.to_be_bytes(), sequence],
            )?;
        }
        Ok(connection.execute_batch("COMMIT")?)
    }
}

/// Writes down that a tenant has a file.
pub(super) fn list(central: &Connection, tenant: u128) -> Result<(), StoreError> {
    central
        .prepare_cached("INSERT OR IGNORE INTO main.firmitas_silos (tenant) VALUES (?1)")?
        .execute([tenant.to_be_bytes()])?;
    Ok(())
}

/// Tenants that have a file, as far as that was written down.
pub(super) fn listed(central: &Connection) -> Result<Vec<u128>, StoreError> {
    if !has(central, "firmitas_silos")? {
        return Ok(Vec::new());
    }
    let mut statement = central.prepare("SELECT tenant FROM firmitas_silos")?;
    let tenants = statement.query_map((), |row| row.get(0).map(u128::from_be_bytes))?;
    Ok(tenants.collect::<Result<_, _>>()?)
}

fn has(central: &Connection, table: &str) -> Result<bool, StoreError> {
    let there = "SELECT 1 FROM sqlite_schema WHERE name = ?1";
    Ok(central.query_row(there, [table], |_| Ok(())).optional()?.is_some())
}

/// What may not be in the files of tenants yet, by number.
pub(super) fn waiting(central: &Connection) -> Result<BTreeMap<i64, Committed>, StoreError> {
    if !has(central, "firmitas_redo")? {
        return Ok(BTreeMap::new());
    }
    let mut statement = central
        .prepare("SELECT sequence, tenant, first, statements FROM firmitas_redo ORDER BY 1")?;
    let mut rows = statement.query(())?;
    let mut all = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let tenant: [u8; 16] = row.get(1)?;
        let text: String = row.get(3)?;
        let read: Option<Vec<Json>> = serde_json::from_str(&text).ok();
        let statements = read.and_then(|all| all.iter().map(decode).collect::<Option<Vec<_>>>());
        let committed = Committed {
            tenant: u128::from_be_bytes(tenant),
            first: row.get(2)?,
            statements: statements.ok_or_else(|| unreadable("a change of a tenant's file"))?,
        };
        all.insert(row.get(0)?, committed);
    }
    Ok(all)
}

fn encode(entry: &Entry) -> Json {
    let bind = |value: &Stored| match value {
        Stored::Null => Json::Null,
        Stored::Integer(number) => json!(number),
        // Bits, so that nothing is rounded on the way.
        Stored::Real(number) => json!({ "bits": number.to_bits() }),
        Stored::Text(text) => json!(text),
        Stored::Blob(bytes) => json!({ "base64": BASE64_STANDARD.encode(bytes) }),
    };
    json!([entry.sql, entry.binds.iter().map(bind).collect::<Vec<_>>()])
}

fn decode(json: &Json) -> Option<Entry> {
    let bind = |value: &Json| -> Option<Stored> {
        Some(match value {
            Json::Null => Stored::Null,
            Json::Number(number) => Stored::Integer(number.as_i64()?),
            Json::String(text) => Stored::Text(text.clone()),
            Json::Object(of) => match (of.get("bits"), of.get("base64")) {
                (Some(bits), _) => Stored::Real(f64::from_bits(bits.as_u64()?)),
                (_, Some(text)) => Stored::Blob(BASE64_STANDARD.decode(text.as_str()?).ok()?),
                _ => return None,
            },
            _ => return None,
        })
    };
    let binds = json.get(1)?.as_array()?.iter().map(bind).collect::<Option<_>>()?;
    Some(Entry { sql: json.get(0)?.as_str()?.to_owned(), binds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let values = [
            Stored::Null,
            Stored::Integer(i64::MIN),
            Stored::Real(0.1 + 0.2),
            Stored::Real(-0.0),
            Stored::Text("é\u{0}\"'".to_owned()),
            Stored::Blob(vec![0, 255, 16]),
            Stored::Blob(Vec::new()),
        ];
        let entry = Entry { sql: "INSERT".to_owned(), binds: values.to_vec() };
        let text = encode(&entry).to_string();
        let back = decode(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((back.sql, back.binds), (entry.sql, entry.binds));
    }
}

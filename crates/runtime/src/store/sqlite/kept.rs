//! Records that the server keeps for itself.

use rusqlite::{Row, params};

use super::failure::{self, Violation};
use super::session::Session;
use crate::store::{Record, StoreError};

/// The columns of a record.
const COLUMNS: &str = "kind, key, owner, value, expires";

impl Session {
    pub(super) fn record(
        &self,
        kind: &str,
        key: &str,
        now: i64,
    ) -> Result<Option<Record>, StoreError> {
        let mut statement = self.prepare(&format!(
            "SELECT {COLUMNS} FROM firmitas_records \
             WHERE kind = ?1 AND key = ?2 AND (expires IS NULL OR expires > ?3)"
        ))?;
        let mut rows = statement.query(params![kind, key, now])?;
        Ok(rows.next()?.map(read).transpose()?)
    }

    pub(super) fn records(
        &self,
        kind: &str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let whose = if owner.is_some() { "owner = ?4 AND owner <> ''" } else { "?4 IS NULL" };
        let mut statement = self.prepare(&format!(
            "SELECT {COLUMNS} FROM firmitas_records \
             WHERE kind = ?1 AND key > ?2 AND {whose} ORDER BY key LIMIT ?3"
        ))?;
        let rows = statement.query_map(params![kind, after, limit, owner], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn add_record(&self, record: &Record) -> Result<(), StoreError> {
        let added = self.write_record("INSERT", record);
        added.map_err(|error| match failure::violation(&error) {
            Some(Violation::Unique(_)) => StoreError::Unique { code: "record-exists".to_owned() },
            _ => failure::plain(&error),
        })
    }

    pub(super) fn put_record(&self, record: &Record) -> Result<(), StoreError> {
        self.write_record("INSERT OR REPLACE", record).map_err(|error| failure::plain(&error))
    }

    fn write_record(&self, verb: &str, record: &Record) -> Result<(), rusqlite::Error> {
        let sql = format!("{verb} INTO firmitas_records ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)");
        let Record { kind, key, owner, value, expires } = record;
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.execute(params![kind, key, owner, value, expires]).map(drop)
    }

    pub(super) fn remove_record(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM firmitas_records WHERE kind = ?1 AND key = ?2";
        Ok(self.prepare(sql)?.execute(params![kind, key])? > 0)
    }

    pub(super) fn purge_records(&self, now: i64, limit: u32) -> Result<u32, StoreError> {
        let sql = "DELETE FROM firmitas_records WHERE (kind, key) IN (SELECT kind, key \
                   FROM firmitas_records WHERE expires <= ?1 ORDER BY expires LIMIT ?2)";
        let removed = self.prepare(sql)?.execute(params![now, limit])?;
        Ok(u32::try_from(removed).unwrap_or(u32::MAX))
    }
}

fn read(row: &Row<'_>) -> Result<Record, rusqlite::Error> {
    Ok(Record {
        kind: row.get(0)?,
        key: row.get(1)?,
        owner: row.get(2)?,
        value: row.get(3)?,
        expires: row.get(4)?,
    })
}

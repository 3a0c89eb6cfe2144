//! Logs of what was written and read, and walks over all rows.

use std::sync::Arc;

use expression::Row;
use rusqlite::params;
use rusqlite::types::Value as Stored;

use super::codec::{self, Bind};
use super::plan::Plan;
use super::session::{Session, unreadable};
use crate::store::{JournalEntry, JournalQuery, StoreError, Subject, Tenant, Versions, Walk};

/// The tables of the logs. Lines cannot be changed, not even by hand; personal data stands apart,
/// by line and row, so that it can be erased.
pub(super) const TABLES: &str = r"
CREATE TABLE IF NOT EXISTS firmitas_journal (
  id BLOB NOT NULL PRIMARY KEY,
  log TEXT NOT NULL CHECK (log IN ('audit', 'history')),
  entity TEXT NOT NULL,
  tenant BLOB,
  rows TEXT NOT NULL,
  at INTEGER NOT NULL,
  issuer TEXT,
  subject TEXT,
  actor TEXT NOT NULL,
  operation TEXT NOT NULL,
  before TEXT,
  after TEXT,
  expires INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS firmitas_journal_entity ON firmitas_journal (entity, log, tenant, id);
CREATE INDEX IF NOT EXISTS firmitas_journal_expires ON firmitas_journal (expires)
  WHERE expires IS NOT NULL;
CREATE TRIGGER IF NOT EXISTS firmitas_journal_fixed BEFORE UPDATE ON firmitas_journal
BEGIN SELECT RAISE(ABORT, 'what was recorded cannot be changed'); END;
CREATE TABLE IF NOT EXISTS firmitas_journal_personal (
  line BLOB NOT NULL PRIMARY KEY,
  entity TEXT NOT NULL,
  row BLOB NOT NULL,
  before TEXT,
  after TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS firmitas_journal_personal_row
  ON firmitas_journal_personal (row, entity);
";

impl Session {
    pub(super) fn add_to_journal(&self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let tenant = match self.terms.tenant {
            Tenant::One(id) => Some(id.to_be_bytes()),
            Tenant::None | Tenant::All => None,
        };
        for entry in entries {
            let Plan { qualified: entity, pooled, .. } = self.plan(entry.entity)?;
            let place = self.place_of(*pooled);
            let line = format!(
                "INSERT INTO {place}firmitas_journal (id, log, entity, tenant, rows, at, issuer, \
                 subject, actor, operation, before, after, expires) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            );
            let id = entry.id.to_be_bytes();
            let lasting = |of: &Option<Versions>| of.as_ref().map(|of| of.lasting.clone());
            let values = [
                blob(id),
                text(entry.log.name()),
                text(entity),
                tenant.map_or(Stored::Null, blob),
                text(&ids(&entry.rows)),
                Stored::Integer(entry.at),
                optional(entry.who.as_ref().map(|who| who.issuer.clone())),
                optional(entry.who.as_ref().map(|who| who.subject.clone())),
                text(&entry.actor),
                text(&entry.operation),
                optional(lasting(&entry.before)),
                optional(lasting(&entry.after)),
                entry.expires.map_or(Stored::Null, Stored::Integer),
            ];
            self.run(*pooled, &line, values.to_vec())?;
            let apart = |of: &Option<Versions>| of.as_ref().and_then(|of| of.personal.clone());
            let (before, after) = (apart(&entry.before), apart(&entry.after));
            if let (true, [row]) = (before.is_some() || after.is_some(), entry.rows.as_slice()) {
                let personal = format!(
                    "INSERT INTO {place}firmitas_journal_personal (line, entity, row, before, \
                     after) VALUES (?1, ?2, ?3, ?4, ?5)"
                );
                let row = blob(row.to_be_bytes());
                let values = [blob(id), text(entity), row, optional(before), optional(after)];
                self.run(*pooled, &personal, values.to_vec())?;
            }
        }
        Ok(())
    }

    /// Runs a change of a log; how many lines it changed.
    fn run(&self, owned: bool, sql: &str, values: Vec<Stored>) -> Result<usize, StoreError> {
        let changed = self.prepare(sql)?.execute(rusqlite::params_from_iter(&values))?;
        self.note(owned, sql, || values)?;
        Ok(changed)
    }

    pub(super) fn journal(&self, query: &JournalQuery) -> Result<Vec<JournalEntry>, StoreError> {
        let whose = match self.terms.tenant {
            Tenant::None => "l.tenant IS NULL AND ?5 IS NULL",
            Tenant::One(_) => "l.tenant = ?5",
            Tenant::All => "?5 IS NULL",
        };
        let tenant = match self.terms.tenant {
            Tenant::One(id) => Some(id.to_be_bytes()),
            Tenant::None | Tenant::All => None,
        };
        let place = self.place_of(self.plan(query.entity)?.pooled);
        let mut statement = self.prepare(&format!(
            "SELECT l.id, l.rows, l.at, l.issuer, l.subject, l.actor, l.operation, l.before, \
             l.after, l.expires, p.before, p.after FROM {place}firmitas_journal AS l \
             LEFT JOIN {place}firmitas_journal_personal AS p ON p.line = l.id \
             WHERE l.entity = ?1 AND l.log = ?2 AND l.id < ?3 AND {whose} \
             ORDER BY l.id DESC LIMIT ?4"
        ))?;
        let before = query.before.unwrap_or(u128::MAX).to_be_bytes();
        let entity = &self.plan(query.entity)?.qualified;
        let mut found =
            statement.query(params![entity, query.log.name(), before, query.limit, tenant])?;
        let mut entries = Vec::new();
        while let Some(row) = found.next()? {
            entries.push(read(row, query)?);
        }
        Ok(entries)
    }

    pub(super) fn forget_in_journal(
        &self,
        entity: expression::EntityId,
        row: u128,
    ) -> Result<(), StoreError> {
        let Plan { qualified, pooled, .. } = self.plan(entity)?;
        let place = self.place_of(*pooled);
        let sql =
            format!("DELETE FROM {place}firmitas_journal_personal WHERE row = ?1 AND entity = ?2");
        self.run(*pooled, &sql, vec![blob(row.to_be_bytes()), text(qualified)]).map(drop)
    }

    pub(super) fn purge_journal(&self, now: i64, limit: u32) -> Result<u32, StoreError> {
        // Of whoever the work is for: of a tenant's file alone, where it is at one.
        let owned = self.is_apart() && self.silo.is_some();
        let place = self.place_of(owned);
        let due = format!(
            "SELECT id FROM {place}firmitas_journal WHERE expires <= ?1 ORDER BY expires, id \
             LIMIT ?2"
        );
        let values = || vec![Stored::Integer(now), Stored::Integer(i64::from(limit))];
        let personal =
            format!("DELETE FROM {place}firmitas_journal_personal WHERE line IN ({due})");
        self.run(owned, &personal, values())?;
        let lines = format!("DELETE FROM {place}firmitas_journal WHERE id IN ({due})");
        let removed = self.run(owned, &lines, values())?;
        Ok(u32::try_from(removed).unwrap_or(u32::MAX))
    }

    pub(super) fn walk(&self, walk: &Walk) -> Result<Vec<Arc<Row>>, StoreError> {
        let plan = self.plan(walk.entity)?;
        let mut binds = vec![Bind::id(walk.after), Bind::id(walk.until)];
        let mut only = String::new();
        if let Some((field, value)) = &walk.only {
            for column in plan.columns.of(*field) {
                binds.push(codec::encode_as(value, column.encoding, &column.name)?);
                only.push_str(&format!(" AND self.{} = ?{}", column.name, binds.len()));
            }
        }
        let own = crate::store::tenants::own(
            plan.pooled && !self.everybody(),
            "self.",
            super::tenants::CURRENT,
        );
        let sql = format!(
            "SELECT {} FROM {} AS self WHERE self.\"id\" > ?1 AND self.\"id\" <= ?2{only}{own} \
             ORDER BY self.\"id\" LIMIT {}",
            plan.columns.list("self."),
            plan.table,
            walk.limit
        );
        self.many(plan, &sql, &binds)
    }
}

fn read(row: &rusqlite::Row<'_>, query: &JournalQuery) -> Result<JournalEntry, StoreError> {
    let version = |lasting: usize, personal: usize| -> Result<Option<Versions>, StoreError> {
        let (lasting, personal): (Option<String>, _) = (row.get(lasting)?, row.get(personal)?);
        Ok(lasting.map(|lasting| Versions { lasting, personal }))
    };
    let who: (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    let rows: String = row.get(1)?;
    Ok(JournalEntry {
        id: codec::id(row, 0)?,
        log: query.log,
        entity: query.entity,
        rows: parsed(&rows).ok_or_else(|| unreadable("a line of a log"))?,
        at: row.get(2)?,
        who: who.0.zip(who.1).map(|(issuer, subject)| Subject { issuer, subject }),
        actor: row.get(5)?,
        operation: row.get(6)?,
        before: version(7, 10)?,
        after: version(8, 11)?,
        expires: row.get(9)?,
    })
}

fn blob(id: [u8; 16]) -> Stored {
    Stored::Blob(id.to_vec())
}

fn text(text: &str) -> Stored {
    Stored::Text(text.to_owned())
}

fn optional(text: Option<String>) -> Stored {
    text.map_or(Stored::Null, Stored::Text)
}

/// Ids as JSON, as clients would write them.
fn ids(rows: &[u128]) -> String {
    let rows = rows.iter().map(|id| uuid::Uuid::from_u128(*id).to_string()).collect::<Vec<_>>();
    serde_json::Value::from(rows).to_string()
}

fn parsed(text: &str) -> Option<Vec<u128>> {
    let rows: Vec<String> = serde_json::from_str(text).ok()?;
    rows.iter().map(|id| Some(uuid::Uuid::try_parse(id).ok()?.as_u128())).collect()
}

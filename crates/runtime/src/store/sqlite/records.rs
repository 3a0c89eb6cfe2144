//! The records that commit with a change: outbox, idempotency, jobs, links, sequences.

use std::sync::Arc;

use expression::sql::SqlValue;
use expression::{EntityId, FieldIndex};
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, params};

use super::codec::{self, Bind};
use super::failure::{self, Violation};
use super::session::{Session, unreadable};
use crate::store::records::FAILING_AFTER;
use crate::store::{
    Answer, Backlog, IdempotencyKey, IdempotencyRecord, Job, Link, OutboxEvent, StoreError, Subject,
};

/// The tables of these records. They have no part in the model, and their names cannot collide
/// with its tables: no context is called `firmitas`. `firmitas_outbox` counts without reuse, so
/// that a reader's place in it stays meaningful.
pub(super) const TABLES: &str = r"
CREATE TABLE IF NOT EXISTS firmitas_outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL,
  event TEXT NOT NULL,
  key TEXT NOT NULL,
  payload TEXT NOT NULL,
  at INTEGER NOT NULL,
  tenant BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS firmitas_idempotency (
  caller TEXT NOT NULL,
  operation TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  status INTEGER,
  headers TEXT,
  body BLOB,
  expires INTEGER NOT NULL,
  PRIMARY KEY (key, caller, operation)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS firmitas_idempotency_expires ON firmitas_idempotency (expires);
CREATE TABLE IF NOT EXISTS firmitas_jobs (
  id BLOB NOT NULL PRIMARY KEY,
  entity TEXT NOT NULL,
  row BLOB NOT NULL,
  operation TEXT NOT NULL,
  step INTEGER NOT NULL,
  context TEXT NOT NULL,
  key TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  tenant BLOB
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS firmitas_jobs_row ON firmitas_jobs (row, entity);
CREATE INDEX IF NOT EXISTS firmitas_jobs_due ON firmitas_jobs (due);
CREATE TABLE IF NOT EXISTS firmitas_subjects (
  entity TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  row BLOB NOT NULL,
  tenant BLOB NOT NULL DEFAULT x'',
  PRIMARY KEY (subject, issuer, entity, tenant)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS firmitas_subjects_row ON firmitas_subjects (row, entity);
CREATE TABLE IF NOT EXISTS firmitas_records (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  owner TEXT NOT NULL,
  value TEXT NOT NULL,
  expires INTEGER,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS firmitas_records_owner ON firmitas_records (owner, kind, key)
  WHERE owner <> '';
CREATE INDEX IF NOT EXISTS firmitas_records_expires ON firmitas_records (expires)
  WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS firmitas_sequences (
  entity TEXT NOT NULL,
  field TEXT NOT NULL,
  per BLOB NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (per, entity, field)
) STRICT, WITHOUT ROWID;
";

const JOB: &str = "SELECT id, entity, row, operation, step, context, key, attempts, due, deadline, \
                   tenant FROM firmitas_jobs";

fn id_bytes(id: u128) -> [u8; 16] {
    id.to_be_bytes()
}

impl Session {
    fn qualified(&self, entity: EntityId) -> Result<&str, StoreError> {
        Ok(&self.plan(entity)?.qualified)
    }

    pub(super) fn append(&self, event: &OutboxEvent) -> Result<(), StoreError> {
        self.prepare(
            "INSERT INTO firmitas_outbox (id, event, key, payload, at, tenant) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            id_bytes(event.id),
            event.event,
            event.key,
            event.payload,
            event.at,
            event.tenant.map(id_bytes)
        ])?;
        Ok(())
    }

    pub(super) fn outbox(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, OutboxEvent)>, StoreError> {
        let mut statement = self.prepare(
            "SELECT id, event, key, payload, at, sequence, tenant FROM firmitas_outbox \
             WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        )?;
        let mut rows = statement.query(params![after, limit])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            let event = OutboxEvent {
                id: codec::id(row, 0)?,
                event: row.get(1)?,
                key: row.get(2)?,
                payload: row.get(3)?,
                at: row.get(4)?,
                tenant: optional_id(row, 6)?,
            };
            events.push((row.get(5)?, event));
        }
        Ok(events)
    }

    pub(super) fn backlog(&self) -> Result<Backlog, StoreError> {
        // Numbers of the outbox follow each other, and asking for one end at a time reads one row.
        let (events, oldest_event) = self
            .prepare(
                "SELECT coalesce((SELECT max(sequence) FROM firmitas_outbox) - \
                 (SELECT min(sequence) FROM firmitas_outbox) + 1, 0), \
                 (SELECT at FROM firmitas_outbox ORDER BY sequence LIMIT 1)",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (calls, first_due, failing) = self
            .prepare(
                "SELECT count(*), min(due), coalesce(sum(attempts > ?1), 0) FROM firmitas_jobs",
            )?
            .query_row([FAILING_AFTER], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(Backlog { events, oldest_event, calls, first_due, failing })
    }

    pub(super) fn linked(
        &self,
        entity: EntityId,
        subject: &Subject,
    ) -> Result<Option<Link>, StoreError> {
        let mut statement = self.prepare(
            "SELECT row, tenant FROM firmitas_subjects WHERE subject = ?1 AND issuer = ?2 \
             AND entity = ?3 AND (?4 IS NULL OR tenant = ?4) ORDER BY tenant LIMIT 1",
        )?;
        let entity = self.plan(entity)?;
        let tenant = self.terms.tenant.id().filter(|_| entity.pooled).map(id_bytes);
        let mut rows =
            statement.query(params![subject.subject, subject.issuer, entity.qualified, tenant])?;
        let read =
            |row: &Row<'_>| Ok(Link { row: codec::id(row, 0)?, tenant: optional_id(row, 1)? });
        rows.next()?.map(read).transpose()
    }

    pub(super) fn link(
        &self,
        entity: EntityId,
        subject: &Subject,
        row: u128,
    ) -> Result<(), StoreError> {
        let entity = self.plan(entity)?;
        let tenant = self.terms.tenant.id().filter(|_| entity.pooled).map(id_bytes);
        let linked = self
            .prepare(
                "INSERT INTO firmitas_subjects (entity, issuer, subject, row, tenant) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                entity.qualified,
                subject.issuer,
                subject.subject,
                id_bytes(row),
                tenant.as_ref().map_or(&[][..], |id| id)
            ]);
        taken(linked, "subject-linked")
    }

    pub(super) fn unlink(&self, entity: EntityId, row: u128) -> Result<(), StoreError> {
        self.prepare("DELETE FROM firmitas_subjects WHERE row = ?1 AND entity = ?2")?
            .execute(params![id_bytes(row), self.qualified(entity)?])?;
        Ok(())
    }

    pub(super) fn idempotency(
        &self,
        key: &IdempotencyKey,
        now: i64,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let found = self
            .prepare(
                "SELECT body_hash, status, headers, body, expires FROM firmitas_idempotency \
                 WHERE key = ?1 AND caller = ?2 AND operation = ?3 AND expires > ?4",
            )?
            .query_row(params![key.key, key.caller, key.operation, now], |row| {
                Ok((
                    row.get::<_, [u8; 32]>(0)?,
                    row.get::<_, Option<u16>>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, Option<Vec<u8>>>(3)?,
                    row.get::<_, i64>(4)?,
                ))
            })
            .optional()?;
        let Some((body_hash, status, headers, body, expires)) = found else { return Ok(None) };
        let answer = match (status, headers, body) {
            (Some(status), Some(headers), Some(body)) => Some(Answer {
                status,
                headers: serde_json::from_str(&headers)
                    .map_err(|_| unreadable("an idempotency record"))?,
                body: body.into(),
            }),
            _ => None,
        };
        Ok(Some(IdempotencyRecord { body_hash, answer, expires }))
    }

    pub(super) fn put_idempotency(
        &self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError> {
        let answer = record.answer.as_ref();
        let headers = answer.map(|answer| serde_json::json!(answer.headers).to_string());
        self.prepare(
            "INSERT OR REPLACE INTO firmitas_idempotency \
             (caller, operation, key, body_hash, status, headers, body, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            key.caller,
            key.operation,
            key.key,
            record.body_hash,
            answer.map(|answer| answer.status),
            headers,
            answer.map(|answer| &*answer.body),
            record.expires
        ])?;
        Ok(())
    }

    pub(super) fn purge_idempotency(&self, now: i64, limit: u32) -> Result<u32, StoreError> {
        let purged = self
            .prepare(
                "DELETE FROM firmitas_idempotency WHERE (key, caller, operation) IN \
                 (SELECT key, caller, operation FROM firmitas_idempotency WHERE expires <= ?1 \
                 ORDER BY expires LIMIT ?2)",
            )?
            .execute(params![now, limit])?;
        Ok(u32::try_from(purged).unwrap_or(u32::MAX))
    }

    pub(super) fn put_job(&self, job: &Job) -> Result<(), StoreError> {
        let put = self
            .prepare(
                "INSERT INTO firmitas_jobs (id, entity, row, operation, step, context, key, \
                 attempts, due, deadline, tenant) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
                 ON CONFLICT (id) DO UPDATE SET step = ?5, context = ?6, key = ?7, \
                 attempts = ?8, due = ?9, deadline = ?10",
            )?
            .execute(params![
                id_bytes(job.id),
                self.qualified(job.entity)?,
                id_bytes(job.row),
                job.operation,
                job.step,
                job.context,
                job.key,
                job.attempts,
                job.due,
                job.deadline,
                job.tenant.map(id_bytes)
            ]);
        taken(put, "in-progress")
    }

    pub(super) fn job(&self, id: u128) -> Result<Option<Job>, StoreError> {
        let mut statement = self.prepare(&format!("{JOB} WHERE id = ?1"))?;
        let mut rows = statement.query([id_bytes(id)])?;
        rows.next()?.map(|row| self.read_job(row)).transpose()
    }

    pub(super) fn jobs(&self, limit: u32) -> Result<Vec<Job>, StoreError> {
        let mut statement = self.prepare(&format!("{JOB} ORDER BY id LIMIT ?1"))?;
        let mut rows = statement.query([limit])?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            jobs.push(self.read_job(row)?);
        }
        Ok(jobs)
    }

    pub(super) fn job_on(&self, entity: EntityId, row: u128) -> Result<Option<u128>, StoreError> {
        let mut statement =
            self.prepare("SELECT id FROM firmitas_jobs WHERE row = ?1 AND entity = ?2")?;
        let mut rows = statement.query(params![id_bytes(row), self.qualified(entity)?])?;
        rows.next()?.map(|row| codec::id(row, 0)).transpose()
    }

    pub(super) fn take_jobs(
        &self,
        now: i64,
        lease: i64,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let mut statement =
            self.prepare(&format!("{JOB} WHERE due <= ?1 ORDER BY due LIMIT ?2"))?;
        let mut rows = statement.query(params![now, limit])?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            jobs.push(self.read_job(row)?);
        }
        let mut postpone = self.prepare("UPDATE firmitas_jobs SET due = ?2 WHERE id = ?1")?;
        for job in &mut jobs {
            postpone.execute(params![id_bytes(job.id), lease])?;
            job.due = lease;
        }
        Ok(jobs)
    }

    pub(super) fn postpone_job(&self, job: &Job, tried: u32) -> Result<bool, StoreError> {
        let kept = self
            .prepare(
                "UPDATE firmitas_jobs SET attempts = ?4, due = ?5 \
                 WHERE id = ?1 AND key = ?2 AND attempts = ?3",
            )?
            .execute(params![id_bytes(job.id), job.key, tried, job.attempts, job.due])?;
        Ok(kept > 0)
    }

    pub(super) fn extend_leases(&self, jobs: &[u128], until: i64) -> Result<(), StoreError> {
        let mut extend =
            self.prepare("UPDATE firmitas_jobs SET due = ?2 WHERE id = ?1 AND due < ?2")?;
        for job in jobs {
            extend.execute(params![id_bytes(*job), until])?;
        }
        Ok(())
    }

    pub(super) fn complete_job(&self, id: u128) -> Result<(), StoreError> {
        self.prepare("DELETE FROM firmitas_jobs WHERE id = ?1")?.execute([id_bytes(id)])?;
        Ok(())
    }

    fn read_job(&self, row: &Row<'_>) -> Result<Job, StoreError> {
        let entity: String = row.get(1)?;
        let entity = self.catalog.entity(&entity).ok_or_else(|| {
            failure::damaged(format!("a job is about `{entity}`, which the model does not have"))
        })?;
        Ok(Job {
            id: codec::id(row, 0)?,
            entity,
            row: codec::id(row, 2)?,
            operation: row.get(3)?,
            step: row.get(4)?,
            context: row.get(5)?,
            key: row.get(6)?,
            attempts: row.get(7)?,
            due: row.get(8)?,
            deadline: row.get(9)?,
            tenant: optional_id(row, 10)?,
        })
    }

    pub(super) fn next_in_sequence(
        &self,
        entity: EntityId,
        field: FieldIndex,
        per: u128,
    ) -> Result<i64, StoreError> {
        let shape = self.catalog.schema().entity(entity);
        let name = shape.fields.get(usize::from(field.0)).map(|field| field.name.as_str());
        let name: Arc<str> = name.unwrap_or_default().into();
        // Rows that all tenants refer to are counted for each of them.
        let tenant = self.terms.tenant.id().filter(|_| self.plan(entity).is_ok_and(|of| of.pooled));
        let per = [Some(per), tenant].into_iter().flatten().flat_map(id_bytes).collect::<Vec<_>>();
        Ok(self
            .prepare(
                "INSERT INTO firmitas_sequences (entity, field, per, last) VALUES (?1, ?2, ?3, 1) \
                 ON CONFLICT (per, entity, field) DO UPDATE SET last = last + 1 RETURNING last",
            )?
            .query_row(
                params![self.qualified(entity)?, Bind(SqlValue::Text(name)), per],
                |row| row.get(0),
            )?)
    }
}

/// An id from a column that may hold none.
fn optional_id(row: &Row<'_>, at: usize) -> Result<Option<u128>, StoreError> {
    match row.get_ref(at)? {
        ValueRef::Null | ValueRef::Blob([]) => Ok(None),
        _ => codec::id(row, at).map(Some),
    }
}

/// A violated key of one of these tables has a code of its own.
fn taken(done: rusqlite::Result<usize>, code: &str) -> Result<(), StoreError> {
    match done {
        Ok(_) => Ok(()),
        Err(error) => Err(match failure::violation(&error) {
            Some(Violation::Unique(_)) => StoreError::Unique { code: code.to_owned() },
            _ => failure::plain(&error),
        }),
    }
}

//! The records that commit with a change: outbox, idempotency, jobs, links, sequences, and what
//! the server keeps for itself.

use std::sync::Arc;

use expression::{EntityId, FieldIndex};
use runtime::store::{
    Answer, Backlog, FAILING_AFTER, IdempotencyKey, IdempotencyRecord, Job, OutboxEvent, Record,
    StoreError, Subject,
};
use sha2::{Digest as _, Sha256};

use crate::connection::Row;
use crate::decode::{self, Column};
use crate::session::{Meaning, Session};
use crate::statements as sql;
use crate::wire::{Bind, Wire};

fn unreadable(what: &str) -> StoreError {
    decode::damaged(format!("{what} is not what was written there"))
}

/// A column as what it is.
pub(crate) fn get<'r, T: Column<'r>>(row: &'r Row, at: usize) -> Result<T, StoreError> {
    decode::column(row, at).ok_or_else(|| unreadable("a record"))
}

pub(crate) fn optional<T>(value: Option<T>, wire: Wire, bind: impl FnOnce(T) -> Bind) -> Bind {
    value.map_or(Bind::Null(wire), bind)
}

pub(crate) fn count(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// A row that was not written because its key is taken, in whose place the code stands.
fn one_or(code: &'static str) -> impl FnOnce(u64) -> Result<(), StoreError> {
    move |count| match count {
        0 => Err(StoreError::Unique { code: code.to_owned() }),
        _ => Ok(()),
    }
}

fn small(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| unreadable("a number"))
}

impl Session {
    /// The tenant that the work is for, where rows of the entity belong to tenants.
    pub(crate) fn tenant_for(&self, entity: EntityId) -> Result<Option<u128>, StoreError> {
        Ok(self.terms.tenant.id().filter(|_| self.plan(entity).is_ok_and(|plan| plan.pooled)))
    }

    pub(crate) fn qualified(&self, entity: EntityId) -> Result<Bind, StoreError> {
        Ok(Bind::Text(self.plan(entity)?.qualified.clone()))
    }

    pub(crate) async fn append_event(&mut self, event: &OutboxEvent) -> Result<(), StoreError> {
        let binds = vec![
            Bind::Uuid(event.id),
            Bind::text(&event.event),
            Bind::text(&event.key),
            Bind::text(&event.payload),
            Bind::Int(event.at),
            optional(event.tenant, Wire::Uuid, Bind::Uuid),
        ];
        self.send(&sql::APPEND, binds, Meaning::Plain).await
    }

    pub(crate) async fn events(
        &mut self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, OutboxEvent)>, StoreError> {
        let rows = self.query(&sql::OUTBOX, &[Bind::Int(after), Bind::Int(limit.into())]).await?;
        let read = |row: &Row| {
            let event = OutboxEvent {
                id: decode::id(row, 0)?,
                event: get(row, 1)?,
                key: get(row, 2)?,
                payload: get(row, 3)?,
                at: get(row, 4)?,
                tenant: tenant(row, 6)?,
            };
            Ok((get(row, 5)?, event))
        };
        rows.iter().map(read).collect()
    }

    pub(crate) async fn waiting(&mut self) -> Result<Backlog, StoreError> {
        let rows = self.query(&sql::BACKLOG, &[Bind::Int(FAILING_AFTER.into())]).await?;
        let row = rows.first().ok_or_else(|| unreadable("the backlog"))?;
        Ok(Backlog {
            events: get(row, 0)?,
            oldest_event: get(row, 1)?,
            calls: get(row, 2)?,
            first_due: get(row, 3)?,
            failing: get(row, 4)?,
        })
    }

    pub(crate) async fn link_row(
        &mut self,
        entity: EntityId,
        subject: &Subject,
        row: u128,
    ) -> Result<(), StoreError> {
        let binds = vec![
            self.qualified(entity)?,
            Bind::text(&subject.issuer),
            Bind::text(&subject.subject),
            Bind::Uuid(row),
            Bind::Uuid(self.tenant_for(entity)?.unwrap_or_default()),
        ];
        self.execute(&sql::LINK, binds, Meaning::Plain).await.and_then(one_or("subject-linked"))
    }

    pub(crate) async fn unlink_row(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> Result<(), StoreError> {
        let binds = vec![Bind::Uuid(row), self.qualified(entity)?];
        self.send(&sql::UNLINK, binds, Meaning::Plain).await
    }

    pub(crate) async fn remembered(
        &mut self,
        key: &IdempotencyKey,
        now: i64,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        if self.writes() && self.terms.granted {
            // Recording the answer is refused where there is one.
            (self.unanswered, self.assumed) = (true, true);
            return Ok(None);
        }
        let mut binds =
            vec![Bind::text(&key.key), Bind::text(&key.caller), Bind::text(&key.operation)];
        if self.writes() {
            // Whoever else is at the same request is waited for, and then its answer is there.
            self.send_with_next(&sql::LOCK, &[Bind::Int(number(key))])?;
        }
        let rows = self.query(&sql::IDEMPOTENCY, &binds).await?;
        let what = "an idempotency record";
        let expires: Option<i64> = rows.first().map(|row| get(row, 4)).transpose()?;
        let Some((row, expires)) = rows.first().zip(expires.filter(|at| *at > now)) else {
            self.unanswered = true;
            if expires.is_some() && self.writes() {
                binds.push(Bind::Int(now));
                self.send(&sql::FORGET_IDEMPOTENCY, binds, Meaning::Plain).await?;
            }
            return Ok(None);
        };
        let hash: &[u8] = get(row, 0)?;
        let status: Option<i64> = get(row, 1)?;
        let headers: Option<&str> = get(row, 2)?;
        let body: Option<&[u8]> = get(row, 3)?;
        let answer = match (status, headers, body) {
            (Some(status), Some(headers), Some(body)) => Some(Answer {
                status: u16::try_from(status).map_err(|_| unreadable(what))?,
                headers: serde_json::from_str(headers).map_err(|_| unreadable(what))?,
                body: body.into(),
            }),
            _ => None,
        };
        let body_hash = hash.try_into().map_err(|_| unreadable(what))?;
        Ok(Some(IdempotencyRecord { body_hash, answer, expires }))
    }

    pub(crate) async fn remember(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError> {
        let answer = record.answer.as_ref();
        let headers = answer.map(|answer| serde_json::json!(answer.headers).to_string());
        let binds = vec![
            Bind::text(&key.caller),
            Bind::text(&key.operation),
            Bind::text(&key.key),
            Bind::Bytes(record.body_hash.as_slice().into()),
            optional(answer, Wire::Int, |answer| Bind::Int(answer.status.into())),
            optional(headers, Wire::Text, |headers| Bind::text(&headers)),
            optional(answer, Wire::Bytes, |answer| Bind::Bytes(answer.body.clone())),
            Bind::Int(record.expires),
        ];
        // The same request may have been committed meanwhile: by another server, or by this one
        // over a connection that was lost before the database said so.
        match std::mem::take(&mut self.unanswered) {
            true => self.send(&sql::ADD_IDEMPOTENCY, binds, Meaning::Once).await,
            false => self.send(&sql::PUT_IDEMPOTENCY, binds, Meaning::Plain).await,
        }
    }

    pub(crate) async fn forget_answers(&mut self, now: i64, limit: u32) -> Result<u32, StoreError> {
        let binds = vec![Bind::Int(now), Bind::Int(limit.into())];
        self.execute(&sql::PURGE_IDEMPOTENCY, binds, Meaning::Plain).await.map(count)
    }

    pub(crate) async fn put(&mut self, job: &Job) -> Result<(), StoreError> {
        let binds = vec![
            Bind::Uuid(job.id),
            self.qualified(job.entity)?,
            Bind::Uuid(job.row),
            Bind::text(&job.operation),
            Bind::Int(job.step.into()),
            Bind::text(&job.context),
            Bind::text(&job.key),
            Bind::Int(job.attempts.into()),
            Bind::Int(job.due),
            Bind::Int(job.deadline),
            optional(job.tenant, Wire::Uuid, Bind::Uuid),
        ];
        let taken = "in-progress";
        self.execute(&sql::PUT_JOB, binds, Meaning::Taken(taken)).await.and_then(one_or(taken))
    }

    pub(crate) async fn job_by_id(&mut self, id: u128) -> Result<Option<Job>, StoreError> {
        let rows = self.query(&sql::JOB, &[Bind::Uuid(id)]).await?;
        rows.first().map(|row| self.read_job(row)).transpose()
    }

    pub(crate) async fn locked_job(&mut self, id: u128) -> Result<Option<Job>, StoreError> {
        let rows = self.query(&sql::LOCK_JOB, &[Bind::Uuid(id)]).await?;
        rows.first().map(|row| self.read_job(row)).transpose()
    }

    pub(crate) async fn all_jobs(&mut self, limit: u32) -> Result<Vec<Job>, StoreError> {
        let rows = self.query(&sql::JOBS, &[Bind::Int(limit.into())]).await?;
        rows.iter().map(|row| self.read_job(row)).collect()
    }

    pub(crate) async fn job_of(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> Result<Option<u128>, StoreError> {
        let binds = [Bind::Uuid(row), self.qualified(entity)?];
        let rows = self.query(&sql::JOB_ON, &binds).await?;
        rows.first().map(|row| decode::id(row, 0)).transpose()
    }

    pub(crate) async fn due_jobs(
        &mut self,
        now: i64,
        lease: i64,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let binds = [Bind::Int(now), Bind::Int(lease), Bind::Int(limit.into())];
        let rows = self.change(&sql::TAKE_JOBS, &binds).await?;
        let mut jobs = Vec::with_capacity(rows.len());
        for row in &rows {
            jobs.push((get::<i64>(row, 11)?, self.read_job(row)?));
        }
        jobs.sort_by_key(|(due, job)| (*due, job.id));
        Ok(jobs.into_iter().map(|(_, job)| job).collect())
    }

    pub(crate) async fn postpone(&mut self, job: &Job, tried: u32) -> Result<bool, StoreError> {
        let binds = vec![
            Bind::Uuid(job.id),
            Bind::text(&job.key),
            Bind::Int(tried.into()),
            Bind::Int(job.attempts.into()),
            Bind::Int(job.due),
        ];
        Ok(self.execute(&sql::POSTPONE_JOB, binds, Meaning::Plain).await? > 0)
    }

    pub(crate) async fn extend(&mut self, jobs: &[u128], until: i64) -> Result<(), StoreError> {
        let binds = vec![Bind::ids(jobs.iter().copied()), Bind::Int(until)];
        self.send(&sql::EXTEND_LEASES, binds, Meaning::Plain).await
    }

    pub(crate) async fn complete(&mut self, id: u128) -> Result<(), StoreError> {
        self.send(&sql::COMPLETE_JOB, vec![Bind::Uuid(id)], Meaning::Plain).await
    }

    fn read_job(&self, row: &Row) -> Result<Job, StoreError> {
        let entity: &str = get(row, 1)?;
        let known = self.catalog.entity(entity).ok_or_else(|| {
            decode::damaged(format!("a job is about `{entity}`, which the model does not have"))
        })?;
        Ok(Job {
            id: decode::id(row, 0)?,
            entity: known,
            row: decode::id(row, 2)?,
            operation: get(row, 3)?,
            step: small(get(row, 4)?)?,
            context: get(row, 5)?,
            key: get(row, 6)?,
            attempts: small(get(row, 7)?)?,
            due: get(row, 8)?,
            deadline: get(row, 9)?,
            tenant: tenant(row, 10)?,
        })
    }

    pub(crate) async fn next_number(
        &mut self,
        entity: EntityId,
        field: FieldIndex,
        per: u128,
    ) -> Result<i64, StoreError> {
        let shape = self.catalog.schema().entity(entity);
        let name = shape.fields.get(usize::from(field.0)).map(|field| field.name.as_str());
        let name: Arc<str> = name.unwrap_or_default().into();
        let tenant = self.tenant_for(entity)?.unwrap_or_default();
        let binds =
            [self.qualified(entity)?, Bind::Text(name), Bind::Uuid(per), Bind::Uuid(tenant)];
        let rows = self.change(&sql::NEXT, &binds).await?;
        rows.first().map_or_else(|| Err(unreadable("a sequence")), |row| get(row, 0))
    }

    pub(crate) async fn kept(
        &mut self,
        kind: &str,
        key: &str,
        now: i64,
        lock: bool,
    ) -> Result<Option<Record>, StoreError> {
        let binds = [Bind::text(kind), Bind::text(key), Bind::Int(now)];
        let rows = match lock {
            true => self.change(&sql::LOCK_RECORD, &binds).await?,
            false => self.query(&sql::RECORD, &binds).await?,
        };
        rows.first().map(record).transpose()
    }

    pub(crate) async fn kept_after(
        &mut self,
        kind: &str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let mut binds = vec![Bind::text(kind), Bind::text(after), Bind::Int(limit.into())];
        binds.extend(owner.map(Bind::text));
        let text = if owner.is_some() { &sql::RECORDS_OF } else { &sql::RECORDS };
        self.query(text, &binds).await?.iter().map(record).collect()
    }

    pub(crate) async fn add_kept(&mut self, record: &Record) -> Result<(), StoreError> {
        let added = self.execute(&sql::ADD_RECORD, columns(record), Meaning::Plain).await;
        added.and_then(one_or("record-exists"))
    }

    pub(crate) async fn replace(&mut self, record: &Record) -> Result<(), StoreError> {
        self.send(&sql::PUT_RECORD, columns(record), Meaning::Plain).await
    }

    pub(crate) async fn remove(&mut self, kind: &str, key: &str) -> Result<bool, StoreError> {
        let binds = vec![Bind::text(kind), Bind::text(key)];
        Ok(self.execute(&sql::REMOVE_RECORD, binds, Meaning::Plain).await? > 0)
    }

    pub(crate) async fn forget_records(&mut self, now: i64, limit: u32) -> Result<u32, StoreError> {
        let binds = vec![Bind::Int(now), Bind::Int(limit.into())];
        self.execute(&sql::PURGE_RECORDS, binds, Meaning::Plain).await.map(count)
    }
}

/// A tenant from a column in which nobody's is null or nil.
pub(crate) fn tenant(row: &Row, at: usize) -> Result<Option<u128>, StoreError> {
    match decode::bytes(row, at)? {
        None => Ok(None),
        Some(_) => decode::id(row, at).map(|id| Some(id).filter(|id| *id != 0)),
    }
}

fn columns(record: &Record) -> Vec<Bind> {
    let Record { kind, key, owner, value, expires } = record;
    let mut binds: Vec<Bind> =
        [kind, key, owner, value].into_iter().map(|text| Bind::text(text)).collect();
    binds.push(optional(*expires, Wire::Int, Bind::Int));
    binds
}

fn record(row: &Row) -> Result<Record, StoreError> {
    Ok(Record {
        kind: get(row, 0)?,
        key: get(row, 1)?,
        owner: get(row, 2)?,
        value: get(row, 3)?,
        expires: get(row, 4)?,
    })
}

/// A number for an idempotency key: the same in all servers, seldom the same for two keys.
fn number(key: &IdempotencyKey) -> i64 {
    let mut hash = Sha256::new();
    for part in [&key.caller, &key.operation, &key.key] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let first = hash.finalize().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(first)
}

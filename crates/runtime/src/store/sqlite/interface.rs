//! The store's interface on a session. SQLite answers at once, so every future is ready.

use std::future::{Future, ready};
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value};

use super::session::Session;
use crate::store::{
    Backlog, Condition, IdempotencyKey, IdempotencyRecord, Job, JournalEntry, JournalQuery, Link,
    OutboxEvent, Page, PageQuery, Record, Snapshot, StoreError, Subject, Tenant, Transaction, Tree,
    TreeQuery, Walk, Work, tree_by_rows,
};

/// What an operation of a session yields.
type Outcome<T> = Result<T, StoreError>;

impl Snapshot for Session {
    fn tenant(&self) -> Tenant {
        self.terms.tenant
    }

    fn enter(&mut self, tenant: Tenant) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::enter(self, tenant))
    }

    fn tenant_of(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> impl Future<Output = Outcome<Option<u128>>> + Send {
        ready(self.anywhere(entity, |session| Self::tenant_of(session, entity, id)))
    }

    fn row(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> impl Future<Output = Outcome<Option<Arc<Row>>>> + Send {
        ready(self.anywhere(entity, |session| Self::row(session, entity, id)))
    }

    fn referred(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> impl Future<Output = Outcome<Option<Arc<Row>>>> + Send {
        ready(self.anywhere(entity, |session| Self::referred(session, entity, id)))
    }

    fn rows(
        &mut self,
        entity: EntityId,
        ids: &[u128],
    ) -> impl Future<Output = Outcome<Vec<Option<Arc<Row>>>>> + Send {
        ready(self.rows_of_all(entity, ids))
    }

    fn find(
        &mut self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> impl Future<Output = Outcome<Option<Arc<Row>>>> + Send {
        ready(self.anywhere(entity, |session| Self::find(session, entity, key)))
    }

    fn satisfies(
        &mut self,
        entity: EntityId,
        id: u128,
        conditions: &[Condition],
    ) -> impl Future<Output = Outcome<bool>> + Send {
        let holds = |session: &mut Self| {
            Ok(Self::satisfies(session, entity, id, conditions)?.then_some(()))
        };
        ready(self.anywhere(entity, holds).map(|holds| holds.is_some()))
    }

    fn ask(
        &mut self,
        question: &crate::store::Bound,
    ) -> impl Future<Output = Outcome<Option<i64>>> + Send {
        ready(Self::ask(self, question))
    }

    fn page(&mut self, query: &PageQuery) -> impl Future<Output = Outcome<Page>> + Send {
        ready(self.page_of_all(query))
    }

    fn count<'a>(&'a mut self, query: &'a PageQuery, most: u32) -> Work<'a, u32, StoreError> {
        Box::pin(ready(self.count_of_all(query, most)))
    }

    async fn tree(&mut self, query: &TreeQuery) -> Outcome<Tree> {
        // Values are decrypted in whole rows.
        match self.catalog.vault.in_levels(query.level()) || (self.is_apart() && self.everybody()) {
            true => tree_by_rows(self, query).await,
            false => Self::tree(self, query),
        }
    }

    fn linked(
        &mut self,
        entity: EntityId,
        subject: &Subject,
    ) -> impl Future<Output = Outcome<Option<Link>>> + Send {
        ready(Self::linked(self, entity, subject))
    }

    fn idempotency(
        &mut self,
        key: &IdempotencyKey,
        now: i64,
    ) -> impl Future<Output = Outcome<Option<IdempotencyRecord>>> + Send {
        ready(Self::idempotency(self, key, now))
    }

    fn job(&mut self, id: u128) -> impl Future<Output = Outcome<Option<Job>>> + Send {
        ready(Self::job(self, id))
    }

    fn jobs(&mut self, limit: u32) -> impl Future<Output = Outcome<Vec<Job>>> + Send {
        ready(Self::jobs(self, limit))
    }

    fn job_on(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> impl Future<Output = Outcome<Option<u128>>> + Send {
        ready(Self::job_on(self, entity, row))
    }

    fn record(
        &mut self,
        kind: &str,
        key: &str,
        now: i64,
    ) -> impl Future<Output = Outcome<Option<Record>>> + Send {
        ready(Self::record(self, kind, key, now))
    }

    fn records(
        &mut self,
        kind: &str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Outcome<Vec<Record>>> + Send {
        ready(Self::records(self, kind, owner, after, limit))
    }

    fn outbox(
        &mut self,
        after: i64,
        limit: u32,
    ) -> impl Future<Output = Outcome<Vec<(i64, OutboxEvent)>>> + Send {
        ready(Self::outbox(self, after, limit))
    }

    fn journal(
        &mut self,
        query: &JournalQuery,
    ) -> impl Future<Output = Outcome<Vec<JournalEntry>>> + Send {
        ready(self.journal_of_all(query))
    }

    fn walk(&mut self, walk: &Walk) -> impl Future<Output = Outcome<Vec<Arc<Row>>>> + Send {
        ready(Self::walk(self, walk))
    }

    fn backlog(&mut self) -> impl Future<Output = Outcome<Backlog>> + Send {
        ready(Self::backlog(self))
    }
}

impl Transaction for Session {
    /// The writer is alone: reading is enough.
    fn lock(
        &mut self,
        keys: &[(EntityId, u128)],
    ) -> impl Future<Output = Outcome<Vec<Option<Arc<Row>>>>> + Send {
        ready(
            keys.iter()
                .map(|(entity, id)| self.anywhere(*entity, |at| Self::row(at, *entity, *id)))
                .collect(),
        )
    }

    fn insert(&mut self, row: &Row) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::insert(self, row))
    }

    fn update(&mut self, before: &Row, after: &Row) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::update(self, before, after))
    }

    fn delete(&mut self, entity: EntityId, id: u128) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::delete(self, entity, id))
    }

    fn next_in_sequence(
        &mut self,
        entity: EntityId,
        field: FieldIndex,
        per: u128,
    ) -> impl Future<Output = Outcome<i64>> + Send {
        ready(Self::next_in_sequence(self, entity, field, per))
    }

    fn append(&mut self, event: &OutboxEvent) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::append(self, event))
    }

    fn link(
        &mut self,
        entity: EntityId,
        subject: &Subject,
        row: u128,
    ) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::link(self, entity, subject, row))
    }

    fn unlink(&mut self, entity: EntityId, row: u128) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::unlink(self, entity, row))
    }

    fn put_idempotency(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::put_idempotency(self, key, record))
    }

    fn purge_idempotency(
        &mut self,
        now: i64,
        limit: u32,
    ) -> impl Future<Output = Outcome<u32>> + Send {
        ready(Self::purge_idempotency(self, now, limit))
    }

    /// The writer is alone: reading is enough.
    fn lock_record(
        &mut self,
        kind: &str,
        key: &str,
        now: i64,
    ) -> impl Future<Output = Outcome<Option<Record>>> + Send {
        ready(Self::record(self, kind, key, now))
    }

    fn add_record(&mut self, record: &Record) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::add_record(self, record))
    }

    fn put_record(&mut self, record: &Record) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::put_record(self, record))
    }

    fn remove_record(
        &mut self,
        kind: &str,
        key: &str,
    ) -> impl Future<Output = Outcome<bool>> + Send {
        ready(Self::remove_record(self, kind, key))
    }

    fn purge_records(&mut self, now: i64, limit: u32) -> impl Future<Output = Outcome<u32>> + Send {
        ready(Self::purge_records(self, now, limit))
    }

    fn add_to_journal(
        &mut self,
        entries: &[JournalEntry],
    ) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::add_to_journal(self, entries))
    }

    fn forget_in_journal(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::forget_in_journal(self, entity, row))
    }

    fn purge_journal(&mut self, now: i64, limit: u32) -> impl Future<Output = Outcome<u32>> + Send {
        ready(Self::purge_journal(self, now, limit))
    }

    fn put_job(&mut self, job: &Job) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::put_job(self, job))
    }

    fn take_jobs(
        &mut self,
        now: i64,
        lease: i64,
        limit: u32,
    ) -> impl Future<Output = Outcome<Vec<Job>>> + Send {
        ready(Self::take_jobs(self, now, lease, limit))
    }

    fn lock_job(&mut self, id: u128) -> impl Future<Output = Outcome<Option<Job>>> + Send {
        // Whoever writes is alone.
        ready(Self::job(self, id))
    }

    fn postpone_job(
        &mut self,
        job: &Job,
        tried: u32,
    ) -> impl Future<Output = Outcome<bool>> + Send {
        ready(Self::postpone_job(self, job, tried))
    }

    fn extend_leases(
        &mut self,
        jobs: &[u128],
        until: i64,
    ) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::extend_leases(self, jobs, until))
    }

    fn complete_job(&mut self, id: u128) -> impl Future<Output = Outcome<()>> + Send {
        ready(Self::complete_job(self, id))
    }
}

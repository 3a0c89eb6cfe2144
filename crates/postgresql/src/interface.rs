//! The store's interface on a session.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value};
use runtime::store::{
    Backlog, Bound, Condition, IdempotencyKey, IdempotencyRecord, Job, JournalEntry, JournalQuery,
    Link, OutboxEvent, Page, PageQuery, Record, Snapshot, StoreError, Subject, Tenant, Transaction,
    Tree, TreeQuery, Walk, Work, tree_by_rows,
};

use crate::session::Session;
use crate::statements::{TURN, TURN_TOGETHER};
use crate::wire::Bind;

/// What an operation of a session yields.
type Outcome<T> = Result<T, StoreError>;

impl Snapshot for Session {
    fn tenant(&self) -> Tenant {
        self.terms.tenant
    }

    async fn enter(&mut self, tenant: Tenant) -> Outcome<()> {
        self.go_on_for(tenant);
        Ok(())
    }

    async fn tenant_of(&mut self, entity: EntityId, id: u128) -> Outcome<Option<u128>> {
        self.owner_of(entity, id).await
    }

    async fn row(&mut self, entity: EntityId, id: u128) -> Outcome<Option<Arc<Row>>> {
        let text = self.plan(entity)?.by_id.of(self.terms.tenant).clone();
        self.one(entity, &text, &[Bind::Uuid(id)]).await
    }

    async fn referred(&mut self, entity: EntityId, id: u128) -> Outcome<Option<Arc<Row>>> {
        if let Some(row) = self.row_of_caller(entity, id) {
            return Ok(row);
        }
        let text = self.plan(entity)?.by_any_id.of(self.terms.tenant).clone();
        let row = self.one(entity, &text, &[Bind::Uuid(id)]).await?;
        self.learn(entity, id, row.as_ref());
        Ok(row)
    }

    async fn rows(&mut self, entity: EntityId, ids: &[u128]) -> Outcome<Vec<Option<Arc<Row>>>> {
        self.by_ids(entity, ids, false).await
    }

    async fn find(
        &mut self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> Outcome<Option<Arc<Row>>> {
        self.by_key(entity, key).await
    }

    async fn satisfies(
        &mut self,
        entity: EntityId,
        id: u128,
        conditions: &[Condition],
    ) -> Outcome<bool> {
        self.holds(entity, id, conditions).await
    }

    async fn ask(&mut self, question: &Bound) -> Outcome<Option<i64>> {
        self.answer(question).await
    }

    async fn page(&mut self, query: &PageQuery) -> Outcome<Page> {
        self.page_of(query).await
    }

    fn count<'a>(&'a mut self, query: &'a PageQuery, most: u32) -> Work<'a, u32, StoreError> {
        Box::pin(self.count_of(query, most))
    }

    async fn expect(&mut self, entity: EntityId, subject: &Subject) -> Outcome<()> {
        self.take_for_granted(entity, subject)
    }

    async fn tree(&mut self, query: &TreeQuery) -> Outcome<Tree> {
        if self.catalog.vault.in_levels(query.level()) {
            // What is encrypted is decrypted with its whole row.
            return tree_by_rows(self, query).await;
        }
        self.tree_of(query).await
    }

    fn takes_turns(&self) -> bool {
        self.writes()
    }

    async fn take_turn(&mut self, name: &str, alone: bool) -> Outcome<()> {
        let text = if alone { &TURN } else { &TURN_TOGETHER };
        self.send_with_next(text, &[Bind::text(name)])
    }

    async fn linked(&mut self, entity: EntityId, subject: &Subject) -> Outcome<Option<Link>> {
        self.linked_row(entity, subject).await
    }

    async fn idempotency(
        &mut self,
        key: &IdempotencyKey,
        now: i64,
    ) -> Outcome<Option<IdempotencyRecord>> {
        self.remembered(key, now).await
    }

    async fn job(&mut self, id: u128) -> Outcome<Option<Job>> {
        self.job_by_id(id).await
    }

    async fn jobs(&mut self, limit: u32) -> Outcome<Vec<Job>> {
        self.all_jobs(limit).await
    }

    async fn job_on(&mut self, entity: EntityId, row: u128) -> Outcome<Option<u128>> {
        self.job_of(entity, row).await
    }

    async fn backlog(&mut self) -> Outcome<Backlog> {
        self.waiting().await
    }

    async fn record(&mut self, kind: &str, key: &str, now: i64) -> Outcome<Option<Record>> {
        self.kept(kind, key, now, false).await
    }

    async fn records(
        &mut self,
        kind: &str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Outcome<Vec<Record>> {
        self.kept_after(kind, owner, after, limit).await
    }

    async fn journal(&mut self, query: &JournalQuery) -> Outcome<Vec<JournalEntry>> {
        self.lines(query).await
    }

    async fn walk(&mut self, walk: &Walk) -> Outcome<Vec<Arc<Row>>> {
        self.walk_rows(walk).await
    }

    async fn outbox(&mut self, after: i64, limit: u32) -> Outcome<Vec<(i64, OutboxEvent)>> {
        self.events(after, limit).await
    }
}

impl Transaction for Session {
    async fn lock(&mut self, keys: &[(EntityId, u128)]) -> Outcome<Vec<Option<Arc<Row>>>> {
        let mut by_entity: BTreeMap<EntityId, Vec<u128>> = BTreeMap::new();
        for (entity, id) in keys {
            by_entity.entry(*entity).or_default().push(*id);
        }
        let mut found = BTreeMap::new();
        for (entity, ids) in by_entity {
            for (id, row) in ids.iter().zip(self.by_ids(entity, &ids, true).await?) {
                found.insert((entity, *id), row);
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned().flatten()).collect())
    }

    async fn insert(&mut self, row: &Row) -> Outcome<()> {
        self.insert_row(row).await
    }

    async fn update(&mut self, before: &Row, after: &Row) -> Outcome<()> {
        self.update_row(before, after).await
    }

    async fn delete(&mut self, entity: EntityId, id: u128) -> Outcome<()> {
        self.delete_row(entity, id).await
    }

    async fn next_in_sequence(
        &mut self,
        entity: EntityId,
        field: FieldIndex,
        per: u128,
    ) -> Outcome<i64> {
        self.next_number(entity, field, per).await
    }

    async fn append(&mut self, event: &OutboxEvent) -> Outcome<()> {
        self.append_event(event).await
    }

    async fn link(&mut self, entity: EntityId, subject: &Subject, row: u128) -> Outcome<()> {
        self.link_row(entity, subject, row).await
    }

    async fn unlink(&mut self, entity: EntityId, row: u128) -> Outcome<()> {
        self.unlink_row(entity, row).await
    }

    async fn put_idempotency(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Outcome<()> {
        self.remember(key, record).await
    }

    async fn purge_idempotency(&mut self, now: i64, limit: u32) -> Outcome<u32> {
        self.forget_answers(now, limit).await
    }

    async fn lock_record(&mut self, kind: &str, key: &str, now: i64) -> Outcome<Option<Record>> {
        self.kept(kind, key, now, true).await
    }

    async fn add_record(&mut self, record: &Record) -> Outcome<()> {
        self.add_kept(record).await
    }

    async fn put_record(&mut self, record: &Record) -> Outcome<()> {
        self.replace(record).await
    }

    async fn remove_record(&mut self, kind: &str, key: &str) -> Outcome<bool> {
        self.remove(kind, key).await
    }

    async fn purge_records(&mut self, now: i64, limit: u32) -> Outcome<u32> {
        self.forget_records(now, limit).await
    }

    async fn add_to_journal(&mut self, entries: &[JournalEntry]) -> Outcome<()> {
        self.add_lines(entries).await
    }

    async fn forget_in_journal(&mut self, entity: EntityId, row: u128) -> Outcome<()> {
        self.forget_lines(entity, row).await
    }

    async fn purge_journal(&mut self, now: i64, limit: u32) -> Outcome<u32> {
        self.purge_lines(now, limit).await
    }

    async fn put_job(&mut self, job: &Job) -> Outcome<()> {
        self.put(job).await
    }

    async fn take_jobs(&mut self, now: i64, lease: i64, limit: u32) -> Outcome<Vec<Job>> {
        self.due_jobs(now, lease, limit).await
    }

    async fn lock_job(&mut self, id: u128) -> Outcome<Option<Job>> {
        self.locked_job(id).await
    }

    async fn postpone_job(&mut self, job: &Job, tried: u32) -> Outcome<bool> {
        self.postpone(job, tried).await
    }

    async fn extend_leases(&mut self, jobs: &[u128], until: i64) -> Outcome<()> {
        self.extend(jobs, until).await
    }

    async fn complete_job(&mut self, id: u128) -> Outcome<()> {
        self.complete(id).await
    }
}

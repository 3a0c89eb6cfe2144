//! The store's interface on a session.

use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value};
use runtime::store::changes::required_id;
use runtime::store::{
    Backlog, Bound, Condition, IdempotencyKey, IdempotencyRecord, Job, JournalEntry, JournalQuery,
    Link, OutboxEvent, Page, PageQuery, Record, Snapshot, StoreError, Subject, Tenant, Transaction,
    Tree, TreeQuery, Walk, Work, tree_by_rows,
};

use crate::read::Lock;
use crate::session::Session;
use crate::silos::Place;
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
        match self.is_spread(entity)? {
            true => self.owner_anywhere(entity, id).await,
            false => self.at(entity).await?.owner_of(entity, id).await,
        }
    }

    async fn row(&mut self, entity: EntityId, id: u128) -> Outcome<Option<Arc<Row>>> {
        Ok(self.rows(entity, &[id]).await?.into_iter().next().flatten())
    }

    async fn referred(&mut self, entity: EntityId, id: u128) -> Outcome<Option<Arc<Row>>> {
        match self.is_spread(entity)? {
            true => self.referred_anywhere(entity, id).await,
            false => self.at(entity).await?.referred_here(entity, id).await,
        }
    }

    async fn rows(&mut self, entity: EntityId, ids: &[u128]) -> Outcome<Vec<Option<Arc<Row>>>> {
        match self.is_spread(entity)? {
            true => self.rows_anywhere(entity, ids).await,
            false => self.at(entity).await?.by_ids(entity, ids, Lock::None).await,
        }
    }

    async fn find(
        &mut self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> Outcome<Option<Arc<Row>>> {
        match self.is_spread(entity)? {
            true => self.key_anywhere(entity, key).await,
            false => self.at(entity).await?.by_key(entity, key).await,
        }
    }

    async fn satisfies(
        &mut self,
        entity: EntityId,
        id: u128,
        conditions: &[Condition],
    ) -> Outcome<bool> {
        let looks = self.looks_of(entity, conditions);
        match self.place(&looks, self.is_spread(entity)?)? {
            Place::Here => self.holds(entity, id, conditions).await,
            Place::There(tenant) => {
                self.guest_with(tenant, &looks).await?.holds(entity, id, conditions).await
            }
            Place::Everywhere => self.holds_anywhere((entity, id), conditions, &looks).await,
        }
    }

    async fn ask(&mut self, question: &Bound) -> Outcome<Option<i64>> {
        let looks = self.catalog.mentions.of_question(question);
        match self.place(&looks, false)? {
            Place::There(tenant) => self.guest_with(tenant, &looks).await?.answer(question).await,
            Place::Here | Place::Everywhere => self.answer(question).await,
        }
    }

    async fn page(&mut self, query: &PageQuery) -> Outcome<Page> {
        let looks = self.looks_of(query.entity, &query.conditions);
        match self.place(&looks, self.is_spread(query.entity)?)? {
            Place::Here => self.page_of(query).await,
            Place::There(tenant) => self.guest_with(tenant, &looks).await?.page_of(query).await,
            Place::Everywhere => self.page_anywhere(query, &looks).await,
        }
    }

    fn count<'a>(&'a mut self, query: &'a PageQuery, most: u32) -> Work<'a, u32, StoreError> {
        Box::pin(async move {
            let looks = self.looks_of(query.entity, &query.conditions);
            match self.place(&looks, self.is_spread(query.entity)?)? {
                Place::Here => self.count_of(query, most).await,
                Place::There(tenant) => {
                    self.guest_with(tenant, &looks).await?.count_of(query, most).await
                }
                Place::Everywhere => self.count_anywhere(query, most, &looks).await,
            }
        })
    }

    async fn expect(&mut self, entity: EntityId, subject: &Subject) -> Outcome<()> {
        self.take_for_granted(entity, subject)
    }

    async fn tree(&mut self, query: &TreeQuery) -> Outcome<Tree> {
        if self.catalog.vault.in_levels(query.level()) {
            // What is encrypted is decrypted with its whole row.
            return tree_by_rows(self, query).await;
        }
        if self.apart.is_none() {
            return self.tree_of(query).await;
        }
        let looks = self.catalog.mentions.of_tree(query);
        match (looks.shared.is_empty(), self.place(&looks, true)?) {
            (_, Place::Here) => self.tree_of(query).await,
            (true, Place::There(tenant)) => {
                self.guest_with(tenant, &looks).await?.tree_of(query).await
            }
            // From several databases, or with rows of what is shared.
            _ => tree_by_rows(self, query).await,
        }
    }

    fn takes_turns(&self) -> bool {
        self.writes()
    }

    async fn take_turn(&mut self, name: &str, alone: bool) -> Outcome<()> {
        let text = if alone { &TURN } else { &TURN_TOGETHER };
        let binds = [Bind::text(name)];
        self.send_with_next(text, &binds)?;
        // It lasts until rows of the tenant are committed as well.
        let there = self.at_tenant().await?;
        if there.guest.is_some() { there.send_with_next(text, &binds) } else { Ok(()) }
    }

    async fn hold(&mut self, keys: &[(EntityId, u128)]) -> Outcome<Vec<Option<Arc<Row>>>> {
        let lock = if self.writes() { Lock::Shared } else { Lock::None };
        self.locked_rows(keys, lock).await
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
        match self.is_spread(query.entity)? {
            true => self.lines_anywhere(query).await,
            false => self.at(query.entity).await?.lines(query).await,
        }
    }

    async fn walk(&mut self, walk: &Walk) -> Outcome<Vec<Arc<Row>>> {
        self.at(walk.entity).await?.walk_rows(walk).await
    }

    async fn outbox(&mut self, after: i64, limit: u32) -> Outcome<Vec<(i64, OutboxEvent)>> {
        self.events(after, limit).await
    }
}

impl Transaction for Session {
    async fn lock(&mut self, keys: &[(EntityId, u128)]) -> Outcome<Vec<Option<Arc<Row>>>> {
        self.locked_rows(keys, Lock::Alone).await
    }

    async fn insert(&mut self, row: &Row) -> Outcome<()> {
        if self.apart.is_none() {
            return self.insert_row(row).await;
        }
        self.check_outward(row).await?;
        if self.catalog.makes_databases(row.entity) {
            self.claim(required_id(row)?).await?;
        }
        self.ship_anew(row.entity)?;
        self.at_new(row.entity).await?.insert_row(row).await
    }

    async fn update(&mut self, before: &Row, after: &Row) -> Outcome<()> {
        if self.apart.is_none() {
            return self.update_row(before, after).await;
        }
        self.check_outward(after).await?;
        self.ship_anew(after.entity)?;
        self.at_row(after.entity, required_id(before)?).await?.update_row(before, after).await
    }

    async fn delete(&mut self, entity: EntityId, id: u128) -> Outcome<()> {
        if self.apart.is_none() {
            return self.delete_row(entity, id).await;
        }
        self.check_inward(entity, id).await?;
        self.ship_anew(entity)?;
        self.at_row(entity, id).await?.delete_row(entity, id).await
    }

    async fn next_in_sequence(
        &mut self,
        entity: EntityId,
        field: FieldIndex,
        per: u128,
    ) -> Outcome<i64> {
        self.at_new(entity).await?.next_number(entity, field, per).await
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
        if self.apart.is_none() {
            return self.add_lines(entries).await;
        }
        for entry in entries {
            let there = self.at(entry.entity).await?;
            there.add_lines(std::slice::from_ref(entry)).await?;
        }
        Ok(())
    }

    async fn forget_in_journal(&mut self, entity: EntityId, row: u128) -> Outcome<()> {
        self.at(entity).await?.forget_lines(entity, row).await
    }

    async fn purge_journal(&mut self, now: i64, limit: u32) -> Outcome<u32> {
        self.at_tenant().await?.purge_lines(now, limit).await
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

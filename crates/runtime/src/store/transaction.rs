//! What can be written.

use std::future::Future;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row};

use super::{
    IdempotencyKey, IdempotencyRecord, Job, JournalEntry, OutboxEvent, Record, Snapshot,
    StoreError, Subject, unsupported,
};

/// What can be written. Everything commits together. After an error the work is expected to return
/// one: a row may have been written without its parts.
pub trait Transaction: Snapshot {
    /// Reads rows and keeps others from writing them until the transaction ends. Implementations
    /// lock in the order of (entity, id) so that transactions cannot wait for each other in a
    /// circle; the result has the order of `keys`.
    fn lock(
        &mut self,
        keys: &[(EntityId, u128)],
    ) -> impl Future<Output = Result<Vec<Option<Arc<Row>>>, StoreError>> + Send;

    /// Inserts a row with its parts, for the one tenant that the work is for. Built-in fields are
    /// the caller's to fill.
    ///
    /// # Errors
    /// [`StoreError::Unique`], [`StoreError::MissingReference`].
    fn insert(&mut self, row: &Row) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes the fields and parts in which `after` differs from `before`; a part that differs is
    /// replaced as a whole. A soft deletion is an update of `deleted_at`.
    ///
    /// # Errors
    /// [`StoreError::Unique`], [`StoreError::MissingReference`], [`StoreError::Vanished`].
    fn update(
        &mut self,
        before: &Row,
        after: &Row,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a row and its parts.
    ///
    /// # Errors
    /// [`StoreError::StillReferenced`], [`StoreError::Vanished`].
    fn delete(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The next number of a `sequence(reference)` field, from 1, for rows that refer to `per`. Each
    /// tenant counts for itself.
    fn next_in_sequence(
        &mut self,
        entity: EntityId,
        field: FieldIndex,
        per: u128,
    ) -> impl Future<Output = Result<i64, StoreError>> + Send;

    /// Appends an event to the outbox.
    fn append(
        &mut self,
        event: &OutboxEvent,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Links a verified subject to the row that stands for it; in the tenant that the work is for,
    /// where rows of the entity belong to tenants.
    ///
    /// # Errors
    /// [`StoreError::Unique`] with the code `subject-linked` if the subject or the row is linked
    /// already.
    fn link(
        &mut self,
        entity: EntityId,
        subject: &Subject,
        row: u128,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets who a row stands for, because it is deleted. Rows that nobody is linked to are no
    /// error.
    fn unlink(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records, or replaces, what was answered under an idempotency key.
    fn put_idempotency(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes at most `limit` idempotency records that expired by `now`; how many there were.
    fn purge_idempotency(
        &mut self,
        now: i64,
        limit: u32,
    ) -> impl Future<Output = Result<u32, StoreError>> + Send;

    /// As [`Snapshot::record`], and keeps others from writing the record until the transaction
    /// ends. A record that does not exist cannot be locked: two that insert it at once meet at
    /// [`Transaction::add_record`].
    fn lock_record(
        &mut self,
        kind: &str,
        key: &str,
        now: i64,
    ) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// Inserts a record.
    ///
    /// # Errors
    /// [`StoreError::Unique`] with the code `record-exists` if there is one of its kind and key,
    /// expired or not.
    fn add_record(
        &mut self,
        record: &Record,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Inserts a record, or replaces the one of its kind and key.
    fn put_record(
        &mut self,
        record: &Record,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a record; whether there was one.
    fn remove_record(
        &mut self,
        kind: &str,
        key: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes at most `limit` records that expired by `now`; how many there were.
    fn purge_records(
        &mut self,
        now: i64,
        limit: u32,
    ) -> impl Future<Output = Result<u32, StoreError>> + Send;

    /// Adds lines to logs. Nothing changes them afterwards.
    fn add_to_journal(
        &mut self,
        entries: &[JournalEntry],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = entries;
        std::future::ready(Err(unsupported("logs of what was written and read")))
    }

    /// Takes the personal data of a row out of all lines about it, because a person is erased.
    fn forget_in_journal(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (entity, row);
        std::future::ready(Err(unsupported("logs of what was written and read")))
    }

    /// Removes at most `limit` lines that expired by `now`; how many there were.
    fn purge_journal(
        &mut self,
        now: i64,
        limit: u32,
    ) -> impl Future<Output = Result<u32, StoreError>> + Send {
        let _ = (now, limit);
        std::future::ready(Err(unsupported("logs of what was written and read")))
    }

    /// Records a durable job, or replaces the one with its id.
    ///
    /// # Errors
    /// [`StoreError::Unique`] with the code `in-progress` if another job holds its row.
    fn put_job(&mut self, job: &Job) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// At most `limit` jobs due by `now`, oldest first, postponed until `lease` so that nobody
    /// else takes them meanwhile.
    fn take_jobs(
        &mut self,
        now: i64,
        lease: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Job>, StoreError>> + Send;

    /// A durable job, which nobody else changes or removes before this transaction ends.
    fn lock_job(
        &mut self,
        id: u128,
    ) -> impl Future<Output = Result<Option<Job>, StoreError>> + Send;

    /// Leaves a job for later: its `attempts` and when it is `due` are kept. `false`, and nothing is
    /// kept, where it no longer waits for this call (its `key`), or somebody else has tried since
    /// it had `tried` attempts: then it is theirs.
    fn postpone_job(
        &mut self,
        job: &Job,
        tried: u32,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Leaves jobs to whoever is at them until a time in microseconds; longer leases stay.
    fn extend_leases(
        &mut self,
        jobs: &[u128],
        until: i64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a job that is done. Unknown ones are no error: the job was completed before.
    fn complete_job(&mut self, id: u128) -> impl Future<Output = Result<(), StoreError>> + Send;
}

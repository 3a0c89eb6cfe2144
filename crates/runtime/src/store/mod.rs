//! The narrow interface to a database, and its implementations.
//!
//! Everything above speaks to a [`Store`]: rows as typed values, conditions as compiled
//! expressions, pages, and the records that must commit together with a change (outbox,
//! idempotency, durable jobs, links of subjects). Nothing above knows SQL.
//!
//! Work is handed over as a function of the transaction, so that an implementation decides where
//! it runs: SQLite runs it on its one writer thread, where the transaction's futures are always
//! ready; a networked database runs it in the caller's task. Inside the work, await nothing but
//! the transaction itself.

pub mod area;
pub mod changes;
pub mod conditions;
pub mod crossing;
pub mod demands;
pub mod differences;
mod error;
mod journal;
mod keys;
pub mod keyset;
pub mod meaning;
pub mod membership;
mod query;
mod records;
pub mod reseal;
mod size;
pub mod sqlite;
pub mod tables;
pub mod template;
pub mod tenants;
mod terms;
mod together;
mod transaction;
mod tree;
mod tree_by_rows;
mod vault;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value, ir::Expression};

pub use error::StoreError;
pub use journal::{JournalEntry, JournalQuery, Log, Versions, Walk};
pub use keys::{Keys, KeysError, SealError};
pub use query::{
    Bound, Comparison, Condition, Cursor, Filter, Near, PAGE_BYTES, Page, PageQuery, Predicate,
    Sort,
};
pub use records::{
    Answer, Backlog, FAILING_AFTER, IdempotencyKey, IdempotencyRecord, Job, Link, OutboxEvent,
    Record, Subject,
};
pub use terms::{Tenant, Terms};
pub use transaction::Transaction;
pub use tree::{Level, PartLevel, QueryKind, Reference, Root, Tree, TreeQuery, TreeRow, TreeShape};
pub use tree_by_rows::tree as tree_by_rows;
pub use vault::Vault;

/// What work on a transaction returns. `Box::pin(async move { .. })` makes one.
pub type Work<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// A database that holds the rows of a model.
pub trait Store: Send + Sync + 'static {
    /// A consistent view of committed rows.
    type Snapshot: Snapshot;
    /// A transaction that may write.
    type Transaction: Transaction;

    /// Compiles a condition over `self` (a row of `entity`) once, at start. What it says about
    /// `actor`, `input`, `tenant` and `now` alone becomes [`Predicate::parameters`], whose values
    /// are given with each use.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] where the condition does not translate to SQL.
    fn predicate(&self, entity: EntityId, condition: &Expression) -> Result<Predicate, StoreError>;

    /// Compiles a question about all rows of an entity (`Membership.exists(m, ..)`, `.size()`)
    /// once, at start. It has no row of its own: every variable becomes a parameter.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] where the question does not translate to SQL.
    fn question(&self, question: &Expression) -> Result<Predicate, StoreError>;

    /// The keys of encrypted fields, where it has any.
    fn keys(&self) -> Option<&Arc<Keys>> {
        None
    }

    /// Whether it keeps tenants as far apart as a form of isolation says (`bridge`: a schema for
    /// each, `silo`: a database for each).
    fn keeps_apart(&self, isolation: &str) -> bool {
        let _ = isolation;
        false
    }

    /// For whom work has to be done that is for everybody: one after the other where tenants have
    /// databases of their own, the first of which is what belongs to no tenant.
    fn places(&self) -> Vec<Tenant> {
        vec![Tenant::All]
    }

    /// Whether other processes may work with it at the same time.
    fn is_shared(&self) -> bool {
        false
    }

    /// What OpenTelemetry calls the database (`db.system.name`).
    fn system(&self) -> &'static str {
        "sqlite"
    }

    /// Numbers of its own for `/metrics`: name (`_total` where it only grows), help, value.
    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)> {
        Vec::new()
    }

    /// Runs the work in one transaction: committed and durable if it returns `Ok`, rolled back
    /// entirely if it returns `Err` or panics.
    fn write<T, E, W>(&self, terms: Terms, work: W) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Self::Transaction) -> Work<'a, T, E> + Send + 'static;

    /// Runs short work (rows by id or key, conditions on single rows) on one consistent snapshot,
    /// which holds every write that was answered before. It may run in the caller's own task.
    fn read<T, E, W>(&self, terms: Terms, work: W) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Self::Snapshot) -> Work<'a, T, E> + Send + 'static;

    /// Like [`Self::read`], for work that may take long (pages, searches): it never holds up the
    /// caller's other tasks.
    fn scan<T, E, W>(&self, terms: Terms, work: W) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Self::Snapshot) -> Work<'a, T, E> + Send + 'static;
}

/// What can be read. Soft-deleted rows are outside of everything. Rows come with their parts.
///
/// Where tenants share tables, rows, pages, predicates and questions are of the tenant that the
/// work is for (shared entities aside), and everything that is not is as if it did not exist.
pub trait Snapshot: Send {
    /// Whose rows the work reaches: [`Terms::tenant`] until it enters another.
    fn tenant(&self) -> Tenant;

    /// From here on the work is for this tenant: found out in its course (the caller's row, the
    /// host), or created by it.
    fn enter(&mut self, tenant: Tenant) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whose a row is, whoever the work is for; soft-deleted or not. `None` where there is no such
    /// row, and where its entity belongs to no tenant.
    fn tenant_of(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> impl Future<Output = Result<Option<u128>, StoreError>> + Send;

    /// The row, or `None`.
    fn row(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> impl Future<Output = Result<Option<Arc<Row>>, StoreError>> + Send;

    /// As [`Self::row`], but soft-deleted rows are found: what refers to them still reads them.
    fn referred(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> impl Future<Output = Result<Option<Arc<Row>>, StoreError>> + Send;

    /// The rows, in the order of the ids; `None` for those that do not exist.
    fn rows(
        &mut self,
        entity: EntityId,
        ids: &[u128],
    ) -> impl Future<Output = Result<Vec<Option<Arc<Row>>>, StoreError>> + Send;

    /// The one row with these values, which together are a unique key.
    fn find(
        &mut self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> impl Future<Output = Result<Option<Arc<Row>>, StoreError>> + Send;

    /// Whether the row exists and all conditions hold for it.
    fn satisfies(
        &mut self,
        entity: EntityId,
        id: u128,
        conditions: &[Condition],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The answer to a question of [`Store::question`]: a count, or 0 or 1; `None` where it cannot
    /// be computed.
    fn ask(
        &mut self,
        question: &Bound,
    ) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;

    /// Whether others may write while this work goes on, so that it has to wait for its turn.
    fn takes_turns(&self) -> bool {
        false
    }

    /// Waits until nobody has the turn of this name: alone, or beside others who do not take it
    /// alone either. It lasts until the transaction ends.
    fn take_turn(
        &mut self,
        name: &str,
        alone: bool,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (name, alone);
        std::future::ready(Ok(()))
    }

    /// The rows, soft-deleted or not, in the order of the keys: nobody else changes them before the
    /// transaction ends. Others may hold them as well.
    fn hold(
        &mut self,
        keys: &[(EntityId, u128)],
    ) -> impl Future<Output = Result<Vec<Option<Arc<Row>>>, StoreError>> + Send {
        async move {
            let mut rows = Vec::with_capacity(keys.len());
            for (entity, id) in keys {
                rows.push(self.referred(*entity, *id).await?);
            }
            Ok(rows)
        }
    }

    /// One page of rows.
    fn page(&mut self, query: &PageQuery) -> impl Future<Output = Result<Page, StoreError>> + Send;
    /// How many rows a question finds, wherever its page starts; no more are counted than `most`.
    fn count<'a>(&'a mut self, query: &'a PageQuery, most: u32) -> Work<'a, u32, StoreError>;

    /// Rows with the rows around them, by one statement where the store has it.
    fn tree(&mut self, query: &TreeQuery) -> impl Future<Output = Result<Tree, StoreError>> + Send {
        tree_by_rows(self, query)
    }

    /// The work is about to ask whom a subject is linked to, and for that row: a store that is far
    /// away may read both along with what is asked before.
    fn expect(
        &mut self,
        entity: EntityId,
        subject: &Subject,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (entity, subject);
        std::future::ready(Ok(()))
    }

    /// The row that a verified subject is linked to: that of the tenant where the work is for one,
    /// else any, whoever's it is.
    fn linked(
        &mut self,
        entity: EntityId,
        subject: &Subject,
    ) -> impl Future<Output = Result<Option<Link>, StoreError>> + Send;

    /// What was recorded under an idempotency key, unless it has expired by `now` (microseconds
    /// since the Unix epoch).
    fn idempotency(
        &mut self,
        key: &IdempotencyKey,
        now: i64,
    ) -> impl Future<Output = Result<Option<IdempotencyRecord>, StoreError>> + Send;

    /// A durable job.
    fn job(&mut self, id: u128) -> impl Future<Output = Result<Option<Job>, StoreError>> + Send;

    /// At most `limit` durable jobs, the oldest first.
    fn jobs(&mut self, limit: u32) -> impl Future<Output = Result<Vec<Job>, StoreError>> + Send;

    /// The job in progress on a row, which makes other writes to it answer 409 `in-progress`.
    fn job_on(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> impl Future<Output = Result<Option<u128>, StoreError>> + Send;

    /// What waits to be done.
    fn backlog(&mut self) -> impl Future<Output = Result<Backlog, StoreError>> + Send;

    /// A record that the server keeps for itself, unless it has expired by `now`.
    fn record(
        &mut self,
        kind: &str,
        key: &str,
        now: i64,
    ) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// At most `limit` records of a kind in the order of their keys, after a key: all, or those of
    /// an owner. Expired ones are among them until they are purged.
    fn records(
        &mut self,
        kind: &str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Record>, StoreError>> + Send;

    /// Lines of a log, newest first: of the tenant of the terms.
    fn journal(
        &mut self,
        query: &JournalQuery,
    ) -> impl Future<Output = Result<Vec<JournalEntry>, StoreError>> + Send {
        let _ = query;
        std::future::ready(Err(unsupported("logs of what was written and read")))
    }

    /// Rows in the order of their ids, soft-deleted ones among them.
    fn walk(
        &mut self,
        walk: &Walk,
    ) -> impl Future<Output = Result<Vec<Arc<Row>>, StoreError>> + Send {
        let _ = walk;
        std::future::ready(Err(unsupported("walks over all rows")))
    }

    /// Events of the outbox after a sequence number (0 for all), in order, with their numbers.
    fn outbox(
        &mut self,
        after: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(i64, OutboxEvent)>, StoreError>> + Send;
}

/// The error of a store that cannot do something: nothing is done without it.
fn unsupported(what: &str) -> StoreError {
    StoreError::Unsupported { message: format!("this store has no {what}") }
}

//! The records of any store behind one type: what lets accounts be the same over all of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use runtime::Backend;
use runtime::store::{Record, Snapshot as _, Store, StoreError, Terms, Transaction};

/// An answer of the store on its way.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Kind and key of a record.
pub type RecordKey = (&'static str, String);

/// One change of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Inserts; [`StoreError::Unique`] (`record-exists`) undoes everything if there is one.
    Add(Record),
    /// Inserts or replaces.
    Put(Record),
    /// Removes, if there is one.
    Remove(RecordKey),
    /// Removes all of a kind that belong to an owner.
    RemoveOwned(&'static str, String),
}

/// What a transaction does, from the records that it has locked (in the order of their keys).
pub type Decide = Box<dyn FnOnce(&[Option<Record>]) -> Result<Vec<Change>, StoreError> + Send>;

/// The records of a store.
pub trait Records: Send + Sync + 'static {
    /// A record, unless it has expired by `now` (microseconds since the Unix epoch).
    fn record<'a>(&'a self, kind: &'static str, key: &str, now: i64) -> Asking<'a, Option<Record>>;

    /// At most `limit` records of a kind in the order of their keys, after a key: all, or those of
    /// an owner. Expired ones are among them until they are purged.
    fn records<'a>(
        &'a self,
        kind: &'static str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Asking<'a, Vec<Record>>;

    /// Locks records, decides by what they hold, and changes; all in one transaction.
    fn change(&self, locked: Vec<RecordKey>, now: i64, decide: Decide) -> Asking<'_, ()>;
}

/// As [`Records::change`], with something to tell.
///
/// # Errors
/// What the store or `decide` says.
pub async fn decided<T: Send + 'static>(
    records: &dyn Records,
    locked: Vec<RecordKey>,
    now: i64,
    decide: impl FnOnce(&[Option<Record>]) -> Result<(Vec<Change>, T), StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let told = Arc::new(Mutex::new(None));
    let telling = Arc::clone(&told);
    let decide: Decide = Box::new(move |found| {
        let (changes, answer) = decide(found)?;
        *telling.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(answer);
        Ok(changes)
    });
    records.change(locked, now, decide).await?;
    let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    told.take().ok_or_else(|| StoreError::Internal { message: "nothing was decided".to_owned() })
}

/// Records removed or read at once.
const BATCH: u32 = 500;

/// What has a store: a backend that serves it, or nothing else yet.
pub trait OverStore: Send + Sync + 'static {
    /// The store.
    type Store: Store;

    /// The store.
    fn over(&self) -> &Self::Store;
}

impl<S: Store> OverStore for Backend<S> {
    type Store = S;

    fn over(&self) -> &S {
        self.store()
    }
}

/// A store that nobody serves: for commands that look after its records.
#[derive(Debug)]
pub struct Unserved<S>(pub S);

impl<S: Store> OverStore for Unserved<S> {
    type Store = S;

    fn over(&self) -> &S {
        &self.0
    }
}

impl<O: OverStore> Records for O {
    fn record<'a>(&'a self, kind: &'static str, key: &str, now: i64) -> Asking<'a, Option<Record>> {
        let key = key.to_owned();
        Box::pin(self.over().read(Terms::SERVER, move |snapshot| {
            Box::pin(async move { snapshot.record(kind, &key, now).await })
        }))
    }

    fn records<'a>(
        &'a self,
        kind: &'static str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Asking<'a, Vec<Record>> {
        let (owner, after) = (owner.map(str::to_owned), after.to_owned());
        Box::pin(self.over().scan(Terms::SERVER, move |snapshot| {
            Box::pin(async move { snapshot.records(kind, owner.as_deref(), &after, limit).await })
        }))
    }

    fn change(&self, locked: Vec<RecordKey>, now: i64, decide: Decide) -> Asking<'_, ()> {
        Box::pin(self.over().write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                let mut found = Vec::with_capacity(locked.len());
                for (kind, key) in &locked {
                    found.push(tx.lock_record(kind, key, now).await?);
                }
                for change in decide(&found)? {
                    apply(tx, change).await?;
                }
                Ok(())
            })
        }))
    }
}

async fn apply<X: Transaction>(tx: &mut X, change: Change) -> Result<(), StoreError> {
    match change {
        Change::Add(record) => tx.add_record(&record).await,
        Change::Put(record) => tx.put_record(&record).await,
        Change::Remove((kind, key)) => tx.remove_record(kind, &key).await.map(drop),
        Change::RemoveOwned(kind, owner) => loop {
            let some = tx.records(kind, Some(&owner), "", BATCH).await?;
            for record in &some {
                tx.remove_record(kind, &record.key).await?;
            }
            if some.len() < BATCH as usize {
                return Ok(());
            }
        },
    }
}

//! Which contents there are: records in the store of the rows, whatever store that is.

use std::future::Future;
use std::pin::Pin;

use runtime::Backend;
use runtime::files::{HELD, Held, RELEASED, UPLOAD, Upload, released};
use runtime::store::{Snapshot as _, Store, StoreError, Terms, Transaction as _};

/// An answer of the store on its way.
pub(crate) type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Contents that are looked at in one transaction.
const BATCH: u32 = 100;

/// The records of contents.
pub(crate) trait Records: Send + Sync + 'static {
    /// Notes that a content is about to arrive, unless so many of the owner wait already: whether
    /// it may.
    fn begin(&self, key: &str, owner: &str, upload: Upload, most: u32) -> Asking<'_, bool>;

    /// Notes that it has arrived; whether it was still expected.
    fn arrived(&self, key: &str, owner: &str, upload: Upload) -> Asking<'_, bool>;

    /// Notes that it will not arrive: what is there of it is to be removed.
    fn abandon(&self, key: &str) -> Asking<'_, ()>;

    /// What is known of a content that is there.
    fn find(&self, key: &str, now: i64) -> Asking<'_, Option<Held>>;

    /// Releases uploads whose time is over, among a few after a key; where to go on.
    fn expire(&self, now: i64, after: &str) -> Asking<'_, Option<String>>;

    /// Contents to be removed, after a key.
    fn released(&self, after: &str) -> Asking<'_, Vec<String>>;

    /// Forgets a content that is removed.
    fn forget(&self, key: &str) -> Asking<'_, ()>;
}

impl<S: Store> Records for Backend<S> {
    fn begin(&self, key: &str, owner: &str, upload: Upload, most: u32) -> Asking<'_, bool> {
        let (key, owner) = (key.to_owned(), owner.to_owned());
        Box::pin(self.store().write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                let waiting = tx.records(UPLOAD, Some(&owner), "", most).await?;
                let room = waiting.len() < most as usize;
                if room {
                    tx.add_record(&upload.to_record(&key, &owner)).await?;
                }
                Ok(room)
            })
        }))
    }

    fn arrived(&self, key: &str, owner: &str, upload: Upload) -> Asking<'_, bool> {
        let (key, owner) = (key.to_owned(), owner.to_owned());
        Box::pin(self.store().write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                let expected = tx.lock_record(UPLOAD, &key, 0).await?.is_some();
                if expected {
                    tx.put_record(&upload.to_record(&key, &owner)).await?;
                }
                Ok(expected)
            })
        }))
    }

    fn abandon(&self, key: &str) -> Asking<'_, ()> {
        let key = key.to_owned();
        Box::pin(self.store().write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                if tx.remove_record(UPLOAD, &key).await? {
                    tx.put_record(&released(&key)).await?;
                }
                Ok(())
            })
        }))
    }

    fn find(&self, key: &str, now: i64) -> Asking<'_, Option<Held>> {
        let key = key.to_owned();
        Box::pin(self.store().read(Terms::SERVER, move |snapshot| {
            Box::pin(async move {
                if let Some(record) = snapshot.record(HELD, &key, now).await? {
                    return Held::of_record(&record).map(Some);
                }
                let record = snapshot.record(UPLOAD, &key, now).await?;
                let upload = record.map(|record| Upload::of_record(&record)).transpose()?;
                let there = upload.filter(|upload| upload.arrived);
                Ok(there.map(|upload| Held::of(&upload.file(&key), 0)))
            })
        }))
    }

    fn expire(&self, now: i64, after: &str) -> Asking<'_, Option<String>> {
        let after = after.to_owned();
        Box::pin(self.store().write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                let waiting = tx.records(UPLOAD, None, &after, BATCH).await?;
                for record in &waiting {
                    if Upload::of_record(record)?.until > now {
                        continue;
                    }
                    // Read again under a lock: a row may name it at this moment.
                    let Some(record) = tx.lock_record(UPLOAD, &record.key, now).await? else {
                        continue;
                    };
                    if Upload::of_record(&record)?.until <= now {
                        tx.remove_record(UPLOAD, &record.key).await?;
                        tx.put_record(&released(&record.key)).await?;
                    }
                }
                let full = waiting.len() == BATCH as usize;
                Ok(waiting.into_iter().next_back().filter(|_| full).map(|record| record.key))
            })
        }))
    }

    fn released(&self, after: &str) -> Asking<'_, Vec<String>> {
        let after = after.to_owned();
        Box::pin(self.store().scan(Terms::SERVER, move |snapshot| {
            Box::pin(async move {
                let found = snapshot.records(RELEASED, None, &after, BATCH).await?;
                Ok(found.into_iter().map(|record| record.key).collect())
            })
        }))
    }

    fn forget(&self, key: &str) -> Asking<'_, ()> {
        let key = key.to_owned();
        Box::pin(self.store().write(Terms::SERVER, move |tx| {
            Box::pin(async move { tx.remove_record(RELEASED, &key).await.map(drop) })
        }))
    }
}

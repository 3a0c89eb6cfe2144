//! Many rows at once, into a store that nobody serves yet.

use expression::Row;

use super::SqliteStore;
use crate::store::{Store, StoreError, Tenant, Terms};

/// Rows in one transaction.
const BATCH: usize = 2000;

impl SqliteStore {
    /// Inserts rows in large transactions: those before an error stay. Rows come in an order in
    /// which whatever is referred to is there first.
    ///
    /// # Errors
    /// That of the first row which cannot be inserted.
    pub async fn insert_all(&self, rows: impl IntoIterator<Item = Row>) -> Result<u64, StoreError> {
        self.insert_all_for(Tenant::All, rows).await
    }

    /// As [`Self::insert_all`], for one tenant.
    ///
    /// # Errors
    /// That of the first row which cannot be inserted.
    pub async fn insert_all_for(
        &self,
        tenant: Tenant,
        rows: impl IntoIterator<Item = Row>,
    ) -> Result<u64, StoreError> {
        let mut rows = rows.into_iter();
        let mut inserted = 0u64;
        loop {
            let batch: Vec<Row> = rows.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(inserted);
            }
            inserted += batch.len() as u64;
            self.write(Terms::of(tenant), move |session| {
                let inserted = batch.iter().try_for_each(|row| session.insert(row));
                Box::pin(std::future::ready(inserted))
            })
            .await?;
        }
    }
}

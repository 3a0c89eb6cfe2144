//! What has to be tidied up now and then.

use std::sync::Arc;
use std::time::Duration;

use super::backend::Inner;
use super::clock::now;
use super::report;
use crate::store::{Store, StoreError, Terms, Transaction as _};

/// How often.
const EVERY: Duration = Duration::from_secs(60);
/// Records removed in one transaction: others wait for it.
const BATCH: u32 = 500;

/// Forgets expired answers and records until the backend is closed.
pub(crate) async fn run<S: Store>(inner: Arc<Inner<S>>) {
    loop {
        match purge(&inner).await {
            Ok(removed) if removed == BATCH => tokio::task::yield_now().await,
            Ok(_) => tokio::time::sleep(EVERY).await,
            Err(StoreError::Closed) => return,
            Err(error) => {
                report::warning("maintenance", &error.to_string());
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

async fn purge<S: Store>(inner: &Inner<S>) -> Result<u32, StoreError> {
    let journals = inner.plans.journals.any();
    let purge = inner.store.write(Terms::SERVER, move |tx| {
        Box::pin(async move {
            let answers = tx.purge_idempotency(now(), BATCH).await?;
            let records = tx.purge_records(now(), BATCH).await?;
            let lines = if journals { tx.purge_journal(now(), BATCH).await? } else { 0 };
            Ok(answers.max(records).max(lines))
        })
    });
    purge.await
}

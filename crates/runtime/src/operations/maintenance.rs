//! What has to be tidied up now and then.

use std::sync::Arc;
use std::time::Duration;

use super::backend::Inner;
use super::clock::now;
use super::{logins, report};
use crate::store::{Store, StoreError, Terms, Transaction as _};

/// How often.
const EVERY: Duration = Duration::from_secs(60);
/// Records removed in one transaction: others wait for it.
const BATCH: u32 = 500;

/// In how many rounds all tenants are looked at that have databases of their own.
const ROUNDS: usize = 60;

/// Forgets expired answers and records until the backend is closed.
pub(crate) async fn run<S: Store>(inner: Arc<Inner<S>>) {
    while let Err(error) = logins::complete(&inner).await {
        if error == StoreError::Closed {
            return;
        }
        report::warning("maintenance", &error.to_string());
        tokio::time::sleep(EVERY).await;
    }
    let mut round = 0;
    loop {
        match purge(&inner, round).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => {
                round = (round + 1) % ROUNDS;
                tokio::time::sleep(EVERY).await;
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                report::warning("maintenance", &error.to_string());
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

/// Forgets some; whether there may be more.
async fn purge<S: Store>(inner: &Inner<S>, round: usize) -> Result<bool, StoreError> {
    let mut more = purge_for(inner, Terms::SERVER).await? == BATCH;
    let own = inner.store.places().into_iter().skip(1).enumerate();
    for (_, tenant) in own.filter(|(at, _)| inner.plans.journals.any() && at % ROUNDS == round) {
        more |= purge_for(inner, Terms::of(tenant)).await? == BATCH;
    }
    Ok(more)
}

async fn purge_for<S: Store>(inner: &Inner<S>, terms: Terms) -> Result<u32, StoreError> {
    let journals = inner.plans.journals.any();
    let purge = inner.store.write(terms, move |tx| {
        Box::pin(async move {
            let answers = tx.purge_idempotency(now(), BATCH).await?;
            let records = tx.purge_records(now(), BATCH).await?;
            let lines = if journals { tx.purge_journal(now(), BATCH).await? } else { 0 };
            Ok(answers.max(records).max(lines))
        })
    });
    purge.await
}

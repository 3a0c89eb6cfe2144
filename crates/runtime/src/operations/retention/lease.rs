//! Which process goes through the rows, and where it is: one record, written with every step.

use serde::{Deserialize, Serialize};

use crate::operations::clock::now;
use crate::store::{Record, StoreError, Transaction};

/// For how long a process that says nothing is waited for, in microseconds.
const PATIENCE: i64 = 60_000_000;
const KIND: &str = "retention";
const KEY: &str = "sweep";

/// What the record says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    holder: String,
    /// When the hold ends.
    until: i64,
    /// Qualified name of the entity that is gone through; empty where the last pass ended.
    pub(super) entity: String,
    /// The last row that was looked at.
    pub(super) after: String,
    /// When all entities were gone through last.
    pub(super) complete: i64,
}

/// Takes or keeps the hold, and reads where the last step ended; `None` where another process is
/// at it.
pub(super) async fn hold<X: Transaction>(
    tx: &mut X,
    holder: &str,
) -> Result<Option<Progress>, StoreError> {
    let record = tx.lock_record(KIND, KEY, i64::MIN).await?;
    let known = record.as_ref();
    let mut progress: Progress =
        known.and_then(|of| serde_json::from_str(&of.value).ok()).unwrap_or_default();
    if progress.holder != holder && progress.until > now() {
        return Ok(None);
    }
    progress.holder = holder.to_owned();
    if known.is_some() {
        keep(tx, &mut progress).await?;
        return Ok(Some(progress));
    }
    progress.until = now().saturating_add(PATIENCE);
    match tx.add_record(&record_of(&progress)).await {
        Ok(()) => Ok(Some(progress)),
        Err(error) => Err(error),
    }
}

/// Writes where it is, with what was done there.
pub(super) async fn keep<X: Transaction>(
    tx: &mut X,
    progress: &mut Progress,
) -> Result<(), StoreError> {
    progress.until = now().saturating_add(PATIENCE);
    tx.put_record(&record_of(progress)).await
}

/// Lets others go on at once.
pub(super) async fn release<X: Transaction>(tx: &mut X, holder: &str) -> Result<(), StoreError> {
    if let Some(mut progress) = hold(tx, holder).await? {
        progress.until = 0;
        tx.put_record(&record_of(&progress)).await?;
    }
    Ok(())
}

fn record_of(progress: &Progress) -> Record {
    Record {
        kind: KIND.to_owned(),
        key: KEY.to_owned(),
        owner: String::new(),
        value: serde_json::to_string(progress).unwrap_or_default(),
        expires: None,
    }
}

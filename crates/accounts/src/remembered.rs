//! What the store said about a secret, believed for a short time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use moka::sync::Cache;

/// Most that are remembered at once.
const MOST: u64 = 50_000;

/// Answers of the store by the hash of a secret. What is revoked here is forgotten at once; what
/// another process revokes, after the time for which answers are believed.
pub(crate) struct Remembered<T: Send + Sync + 'static> {
    known: Cache<String, Arc<T>>,
    /// Rises with each revocation, so that an answer from before it is not remembered after it.
    revoked: AtomicU64,
}

impl<T: Send + Sync + 'static> Remembered<T> {
    pub(crate) fn new(life: Duration) -> Self {
        let known = Cache::builder().max_capacity(MOST).time_to_live(life).build();
        Self { known, revoked: AtomicU64::new(0) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Arc<T>> {
        self.known.get(key)
    }

    /// What has to be told to [`Self::keep`]: taken before the store is asked.
    pub(crate) fn ask(&self) -> u64 {
        self.revoked.load(SeqCst)
    }

    /// Remembers an answer to a question that was asked at `asked`.
    pub(crate) fn keep(&self, key: &str, answer: Arc<T>, asked: u64) {
        self.known.insert(key.to_owned(), answer);
        if self.revoked.load(SeqCst) != asked {
            self.known.invalidate(key);
        }
    }

    /// Forgets one answer; called when the store has it.
    pub(crate) fn forget(&self, key: &str) {
        self.revoked.fetch_add(1, SeqCst);
        self.known.invalidate(key);
    }

    /// Forgets all: revocations of many at once are rare, and asking anew is cheap.
    pub(crate) fn forget_all(&self) {
        self.revoked.fetch_add(1, SeqCst);
        self.known.invalidate_all();
    }
}

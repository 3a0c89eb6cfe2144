//! Answers kept in this process (L1).

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::Key;
use super::entry::Entry;

/// Kept answers, bounded in bytes: those that are asked for seldom go first.
#[derive(Debug)]
pub(super) struct Local {
    entries: Cache<Key, Arc<Entry>>,
    /// An answer above this would push out too many others.
    largest: usize,
}

impl Local {
    /// At most so many bytes, none for longer than `life`.
    pub(super) fn new(bytes: u64, life: Duration) -> Self {
        let size =
            |_: &Key, entry: &Arc<Entry>| u32::try_from(entry.outcome.size()).unwrap_or(u32::MAX);
        let entries = Cache::builder().max_capacity(bytes).weigher(size).time_to_live(life).build();
        Self { entries, largest: usize::try_from(bytes / 16).unwrap_or(usize::MAX) }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.entries.get(key)
    }

    pub(super) fn keep(&self, key: Key, entry: Arc<Entry>) {
        if entry.outcome.size() <= self.largest {
            self.entries.insert(key, entry);
        }
    }

    /// Bytes and entries, about.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.entries.weighted_size(), self.entries.entry_count())
    }
}

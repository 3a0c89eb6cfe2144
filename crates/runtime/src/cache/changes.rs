//! What a transaction writes, as the tags that it makes old.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use expression::{EntityId, Row};

use super::{Caches, Tag};
use crate::store::Tenant;

/// Collects what one transaction writes; costs nothing where nothing is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Option<Arc<Collected>>);

#[derive(Debug)]
struct Collected {
    caches: Arc<Caches>,
    tags: Mutex<BTreeSet<Tag>>,
}

impl Changes {
    /// A row is written, for a tenant: as it was stored, and as it will be.
    pub(crate) fn note(
        &self,
        entity: EntityId,
        id: u128,
        tenant: Tenant,
        versions: [Option<&Row>; 2],
    ) {
        let Some(of) = &self.0 else { return };
        if let Ok(mut tags) = of.tags.lock() {
            of.caches.tags_of_write(entity, id, tenant, versions, &mut tags);
        }
    }
}

/// Sees to it that what was written is old once the transaction has ended, however it ends: whether
/// a commit whose answer was lost took place is not known.
#[derive(Debug)]
pub(crate) struct Watch(Changes);

impl Watch {
    /// Watches a transaction.
    pub(crate) fn new(caches: Option<&Arc<Caches>>) -> Self {
        let collected = |caches: &Arc<Caches>| {
            Arc::new(Collected { caches: caches.clone(), tags: Mutex::default() })
        };
        Self(Changes(caches.map(collected)))
    }

    /// What the transaction is to be given.
    pub(crate) fn changes(&self) -> Changes {
        self.0.clone()
    }

    /// Makes old what was written, here at once and then in other replicas.
    pub(crate) async fn done(self) {
        let tags = self.bump();
        if let Some(of) = self.0.0.as_ref().filter(|_| !tags.is_empty()) {
            of.caches.tell(tags).await;
        }
    }

    fn bump(&self) -> Vec<Tag> {
        let Some(of) = &self.0.0 else { return Vec::new() };
        let tags = of.tags.lock().map(|mut tags| std::mem::take(&mut *tags)).unwrap_or_default();
        let tags: Vec<Tag> = tags.into_iter().collect();
        of.caches.bump(&tags);
        tags
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bump();
    }
}

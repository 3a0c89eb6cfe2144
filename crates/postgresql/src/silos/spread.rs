//! What is for everybody: one database after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value};
use runtime::store::{Condition, JournalEntry, JournalQuery, Page, PageQuery, StoreError, Tenant};

use super::compare::Key;
use super::mentions::Looks;
use crate::read::Lock;
use crate::session::Session;

impl Session {
    /// Whether rows of an entity are in the databases of tenants, and the work is for everybody.
    pub(crate) fn is_spread(&self, entity: EntityId) -> Result<bool, StoreError> {
        let all = self.apart.is_some() && self.terms.tenant == Tenant::All;
        Ok(all && self.plan(entity)?.pooled)
    }

    /// Whose a row is, among all tenants.
    pub(crate) async fn owner_anywhere(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> Result<Option<u128>, StoreError> {
        for tenant in self.all_tenants().await? {
            let found = self.guest(tenant).await?.owner_of(entity, id).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Live rows, in the order of the ids, whosever they are.
    pub(crate) async fn rows_anywhere(
        &mut self,
        entity: EntityId,
        ids: &[u128],
    ) -> Result<Vec<Option<Arc<Row>>>, StoreError> {
        let mut all: Vec<Option<Arc<Row>>> = vec![None; ids.len()];
        for tenant in self.all_tenants().await? {
            let rows = self.guest(tenant).await?.by_ids(entity, ids, Lock::None).await?;
            for (slot, row) in all.iter_mut().zip(rows) {
                *slot = slot.take().or(row);
            }
            if all.iter().all(Option::is_some) {
                break;
            }
        }
        Ok(all)
    }

    /// A row by its key, whosever it is.
    pub(crate) async fn key_anywhere(
        &mut self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> Result<Option<Arc<Row>>, StoreError> {
        for tenant in self.all_tenants().await? {
            let found = self.guest(tenant).await?.by_key(entity, key).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// A row, deleted softly or not, whosever it is.
    pub(crate) async fn referred_anywhere(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> Result<Option<Arc<Row>>, StoreError> {
        match self.owner_anywhere(entity, id).await? {
            Some(tenant) => self.guest(tenant).await?.referred_here(entity, id).await,
            None => Ok(None),
        }
    }

    /// Whether conditions hold for a row, whosever it is.
    pub(crate) async fn holds_anywhere(
        &mut self,
        (entity, id): (EntityId, u128),
        conditions: &[Condition],
        looks: &Looks,
    ) -> Result<bool, StoreError> {
        match self.owner_anywhere(entity, id).await? {
            Some(tenant) => {
                self.guest_with(tenant, looks).await?.holds(entity, id, conditions).await
            }
            None => Ok(false),
        }
    }

    /// A page of the rows of all tenants: the first ones of each database, in the order of the page.
    pub(crate) async fn page_anywhere(
        &mut self,
        query: &PageQuery,
        looks: &Looks,
    ) -> Result<Page, StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(query.entity)?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let (mut all, mut more): (Vec<(Key, Arc<Row>)>, bool) = (Vec::new(), false);
        // Behind the last row of a page that was ended early, others are missing.
        let mut end: Option<Key> = None;
        for tenant in self.all_tenants().await? {
            let page = self.guest_with(tenant, looks).await?.page_of(query).await?;
            more |= page.more;
            if let Some(last) = page.rows.last().filter(|_| page.more && page.rows.len() < limit) {
                let last = Key::of(plan, query, last)?;
                end = match end {
                    Some(end) if end.compare(&last, &query.sort).is_le() => Some(end),
                    _ => Some(last),
                };
            }
            for row in page.rows {
                all.push((Key::of(plan, query, &row)?, row));
            }
            // No more rows are held than the page and those of one database.
            all.sort_by(|(a, _), (b, _)| a.compare(b, &query.sort));
            more |= all.len() > limit;
            all.truncate(limit);
            if let Some(end) = &end {
                all.retain(|(key, _)| key.compare(end, &query.sort).is_le());
            }
        }
        Ok(Page { rows: all.into_iter().map(|(_, row)| row).collect(), more })
    }

    /// How many rows of all tenants there are, up to so many.
    pub(crate) async fn count_anywhere(
        &mut self,
        query: &PageQuery,
        most: u32,
        looks: &Looks,
    ) -> Result<u32, StoreError> {
        let mut all = 0_u32;
        for tenant in self.all_tenants().await? {
            let found = self.guest_with(tenant, looks).await?.count_of(query, most).await?;
            all = all.saturating_add(found).min(most);
            if all == most {
                break;
            }
        }
        Ok(all)
    }

    /// Lines of a log, newest first, whosever they are.
    pub(crate) async fn lines_anywhere(
        &mut self,
        query: &JournalQuery,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let mut all: Vec<JournalEntry> = Vec::new();
        for tenant in self.all_tenants().await? {
            all.extend(self.guest(tenant).await?.lines(query).await?);
            all.sort_by_key(|line| std::cmp::Reverse(line.id));
            all.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        }
        Ok(all)
    }

    /// Reads rows and keeps others from writing them, wherever they are.
    pub(crate) async fn locked_rows(
        &mut self,
        keys: &[(EntityId, u128)],
        lock: Lock,
    ) -> Result<Vec<Option<Arc<Row>>>, StoreError> {
        let mut places: BTreeMap<(EntityId, Option<u128>), Vec<u128>> = BTreeMap::new();
        for (entity, id) in keys {
            let owned = self.apart.is_some() && self.plan(*entity)?.pooled;
            let tenant = match (owned, self.terms.tenant) {
                (true, Tenant::One(tenant)) => Some(tenant),
                (true, Tenant::All) => match self.owner_anywhere(*entity, *id).await? {
                    None => continue,
                    found => found,
                },
                _ => None,
            };
            places.entry((*entity, tenant)).or_default().push(*id);
        }
        let mut found = BTreeMap::new();
        for ((entity, tenant), ids) in places {
            let there = match tenant {
                Some(tenant) => self.guest_or_self(tenant).await?,
                None => &mut *self,
            };
            if let Some(guest) = &mut there.guest {
                guest.locked = true;
            }
            for (id, row) in ids.iter().zip(there.by_ids(entity, &ids, lock).await?) {
                found.insert((entity, *id), row);
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned().flatten()).collect())
    }
}

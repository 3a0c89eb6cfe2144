//! What is in more than one file, where tenants have files of their own: reads for everybody, and
//! references that lead from one file to another.

use std::cmp::Ordering;
use std::sync::Arc;

use decide::{Design, tenancy};
use expression::sql::SqlValue;
use expression::{EntityId, Row, Value};

use super::codec::{self, Bind};
use super::plan::{Column, Plan};
use super::session::Session;
use crate::store::changes::row_id;
use crate::store::crossing::{Crossing, crossings};
use crate::store::{JournalEntry, JournalQuery, Page, PageQuery, Sort, StoreError, keyset};

/// A reference that no foreign key holds.
#[derive(Debug)]
pub(super) struct Outward {
    crossing: Crossing,
    /// Looks up what it leads to, `?1`.
    find: String,
}

/// A reference to rows of an entity that no foreign key holds.
#[derive(Debug)]
pub(super) struct Inward {
    /// Looks up a row that refers to `?1`.
    find: String,
    /// Whether such rows belong to tenants.
    owned: bool,
}

/// The references between what is shared and what belongs to tenants, written into the plans.
pub(super) fn references(design: &Design, plans: &mut [Plan]) {
    if tenancy::apart(design) {
        crossings(design).into_iter().for_each(|crossing| note(plans, crossing));
    }
}

/// Notes one reference at both of its ends.
fn note(plans: &mut [Plan], crossing: Crossing) {
    let (from, to) = (crossing.from.0 as usize, crossing.to.0 as usize);
    let source = plans.get(from).and_then(|plan| {
        let (table, columns) = match crossing.part {
            Some(at) => plan.parts.get(at).map(|part| (&part.table, &part.columns))?,
            None => (&plan.table, &plan.columns),
        };
        Some((table.clone(), columns.of(crossing.field).first()?.name.clone()))
    });
    let target = plans.get(to).map(|plan| plan.table.clone());
    let Some(((table, column), target)) = source.zip(target) else { return };
    if let Some(plan) = plans.get_mut(to) {
        let find = format!("SELECT 1 FROM {table} WHERE {column} = ?1 LIMIT 1");
        plan.inward.push(Inward { find, owned: crossing.owned });
    }
    if let Some(plan) = plans.get_mut(from) {
        let find = format!("SELECT 1 FROM {target} WHERE \"id\" = ?1");
        plan.outward.push(Outward { crossing, find });
    }
}

impl Session {
    /// Whether what a row refers to in the other file is there.
    pub(super) fn check_outward(&self, plan: &Plan, row: &Row) -> Result<(), StoreError> {
        for reference in &plan.outward {
            for id in reference.crossing.ids(row) {
                if !self.prepare(&reference.find)?.exists([Bind::id(id)])? {
                    return Err(StoreError::MissingReference { entity: plan.entity });
                }
            }
        }
        Ok(())
    }

    /// Whether nothing in another file refers to a row that is to be removed: in that of any
    /// tenant, if the row is shared.
    pub(super) fn check_inward(&mut self, entity: EntityId, id: u128) -> Result<(), StoreError> {
        let catalog = Arc::clone(&self.catalog);
        let plan = catalog.plan(entity)?;
        let refers = |session: &mut Self, reference: &Inward| -> Result<bool, StoreError> {
            Ok(session.prepare(&reference.find)?.exists([Bind::id(id)])?)
        };
        for reference in &plan.inward {
            let mut found = refers(self, reference)?;
            let tenants = if reference.owned { self.all_tenants() } else { Vec::new() };
            for tenant in tenants {
                found = found || self.at(tenant, |session| refers(session, reference))?;
            }
            if found {
                return Err(StoreError::StillReferenced { entity });
            }
        }
        Ok(())
    }

    /// Live rows, in the order of the ids, whosever they are.
    pub(super) fn rows_of_all(
        &mut self,
        entity: EntityId,
        ids: &[u128],
    ) -> Result<Vec<Option<Arc<Row>>>, StoreError> {
        let mut all: Vec<Option<Arc<Row>>> = vec![None; ids.len()];
        let spread = self.each(
            entity,
            |session| session.rows(entity, ids),
            |rows| {
                for (slot, row) in all.iter_mut().zip(rows) {
                    *slot = slot.take().or(row);
                }
                all.iter().any(Option::is_none)
            },
        )?;
        if spread { Ok(all) } else { self.rows(entity, ids) }
    }

    /// Lines of a log, newest first, whosever they are.
    pub(super) fn journal_of_all(
        &mut self,
        query: &JournalQuery,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let mut all: Vec<JournalEntry> = Vec::new();
        let spread = self.each(
            query.entity,
            |session| session.journal(query),
            |lines| {
                all.extend(lines);
                all.sort_by_key(|line| std::cmp::Reverse(line.id));
                all.truncate(query.limit as usize);
                true
            },
        )?;
        if spread { Ok(all) } else { self.journal(query) }
    }

    /// A page of the rows of all tenants: the first ones of each file, in the order of the page.
    pub(super) fn page_of_all(&mut self, query: &PageQuery) -> Result<Page, StoreError> {
        let mut all: Vec<(Key, Arc<Row>)> = Vec::new();
        let (limit, mut more) = (query.limit as usize, false);
        let catalog = Arc::clone(&self.catalog);
        let plan = catalog.plan(query.entity)?;
        let mut failed = None;
        // Behind the last row of a page that was ended early, others are missing.
        let mut end: Option<Key> = None;
        let spread = self.each(
            query.entity,
            |session| session.page(query),
            |page| {
                more |= page.more;
                let early = page.more && page.rows.len() < limit;
                let rows = page.rows.into_iter().map(|row| Ok((key(plan, query, &row)?, row)));
                let rows: Vec<_> = match rows.collect::<Result<_, StoreError>>() {
                    Ok(rows) => rows,
                    Err(error) => {
                        failed = Some(error);
                        return false;
                    }
                };
                if let Some((last, _)) = rows.last().filter(|_| early) {
                    let first = end.take().filter(|end| end.compare(last, &query.sort).is_le());
                    end = Some(first.unwrap_or_else(|| last.clone()));
                }
                all.extend(rows);
                // No more rows are held than the page and those of one file.
                all.sort_by(|(a, _), (b, _)| a.compare(b, &query.sort));
                more |= all.len() > limit;
                all.truncate(limit);
                if let Some(end) = &end {
                    all.retain(|(key, _)| key.compare(end, &query.sort).is_le());
                }
                true
            },
        )?;
        match failed {
            Some(error) => Err(error),
            None if spread => {
                Ok(Page { rows: all.into_iter().map(|(_, row)| row).collect(), more })
            }
            None => self.page(query),
        }
    }
}

impl Session {
    /// How many rows of all tenants there are, up to so many.
    pub(super) fn count_of_all(&mut self, query: &PageQuery, most: u32) -> Result<u32, StoreError> {
        let mut all = 0_u32;
        let spread = self.each(
            query.entity,
            |session| session.count(query, most),
            |rows| {
                all = all.saturating_add(rows).min(most);
                all < most
            },
        )?;
        if spread { Ok(all) } else { self.count(query, most) }
    }
}

/// Where a row stands in a page: by each field of the sort, nulls last, then by id.
#[derive(Clone)]
struct Key(Vec<Option<Vec<SqlValue>>>, u128);

fn key(plan: &Plan, query: &PageQuery, row: &Row) -> Result<Key, StoreError> {
    let id = row_id(row).unwrap_or_default();
    let stored = |sort: &Sort| {
        let value = row.fields.get(usize::from(sort.field.0)).unwrap_or(&Value::Null);
        if value.is_null() {
            return Ok(None);
        }
        if let (Some(near), Value::Geo(place)) = (keyset::nearest(sort, query.near.as_ref()), value)
        {
            return Ok(Some(vec![SqlValue::Real(near.distance(place))]));
        }
        let encode = |column: &Column| {
            codec::encode_as(value, column.encoding, &column.name).map(|Bind(value)| value)
        };
        plan.columns.sorted(sort.field).map(encode).collect::<Result<_, StoreError>>().map(Some)
    };
    let values = query.sort.iter().map(stored).collect::<Result<_, StoreError>>()?;
    Ok(Key(values, id))
}

impl Key {
    fn compare(&self, other: &Self, sort: &[Sort]) -> Ordering {
        let by_columns = |a: &Vec<SqlValue>, b: &Vec<SqlValue>| keyset::in_turn(a, b, stored);
        keyset::compare(sort, (&self.0, &other.0), by_columns).then(self.1.cmp(&other.1))
    }
}

/// As `SQLite` compares values of one column.
fn stored(a: &SqlValue, b: &SqlValue) -> Ordering {
    match (a, b) {
        (SqlValue::Integer(a), SqlValue::Integer(b)) => a.cmp(b),
        (SqlValue::Real(a), SqlValue::Real(b)) => a.total_cmp(b),
        (SqlValue::Text(a), SqlValue::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (SqlValue::Blob(a), SqlValue::Blob(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

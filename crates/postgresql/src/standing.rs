//! Whom a caller stands for, asked together with what it asks.
//!
//! Nearly every request needs the row behind its caller before it can ask for anything else, and
//! that row is nearly always the one of the request before. So what was seen last is taken for
//! granted, the question is asked, and the link with its row is read along with it: where they have
//! changed meanwhile the work is done again. Nobody is ever answered on what was not so.
//!
//! A write asks nothing for it: along with what it changes goes a statement that is refused where
//! link or row were written by another transaction than those that were seen.
//!
//! Link and row are read after the question. They are what they were before it, and a row that is
//! changed never becomes what it was (its version counts), so they have been the same all the time.
#![allow(clippy::disallowed_types, reason = "looked up for every request, never iterated")]

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use expression::{EntityId, Row};
use runtime::store::{Link, StoreError, Subject, Tenant};

use crate::connection;
use crate::decode;
use crate::records::{get, tenant};
use crate::session::{Meaning, Questions, Session};
use crate::text::Text;
use crate::wire::{Bind, Wire};

/// Most subjects that are remembered.
const MOST: usize = 10_000;
/// Most rows of one subject that are.
const OF_ONE: usize = 16;

/// What is asked of a caller.
pub(crate) type Doubt = (Arc<Text>, [Bind; 4]);

/// The row behind a subject: of an entity, of one tenant where it was asked for that one.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    entity: EntityId,
    tenant: Option<u128>,
    link: Option<Link>,
    /// `None` as long as it was not read.
    row: Option<Option<Arc<Row>>>,
    /// The answer by which the database said so: the same answer says the same.
    said: Option<Box<[u8]>>,
    /// By which transactions link and row were written.
    written: Option<[u32; 2]>,
}

/// What was seen last.
#[derive(Debug, Default)]
pub(crate) struct Standings(RwLock<HashMap<Subject, Vec<Arc<Standing>>>>);

impl Standings {
    fn get(
        &self,
        subject: &Subject,
        entity: EntityId,
        tenant: Option<u128>,
    ) -> Option<Arc<Standing>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is = |of: &&Arc<Standing>| of.entity == entity && of.tenant == tenant;
        all.get(subject)?.iter().find(is).cloned()
    }

    fn put(&self, subject: &Subject, standing: Standing) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(subject) {
            all.clear();
        }
        let own = all.entry(subject.clone()).or_default();
        own.retain(|of| (of.entity, of.tenant) != (standing.entity, standing.tenant));
        if own.len() >= OF_ONE {
            own.clear();
        }
        own.push(Arc::new(standing));
    }
}

impl Session {
    /// The row that a subject is linked to.
    pub(crate) async fn linked_row(
        &mut self,
        entity: EntityId,
        subject: &Subject,
    ) -> Result<Option<Link>, StoreError> {
        let tenant = self.tenant_for(entity)?;
        // A subject has one row in a tenant.
        let fits = |of: &Standing| {
            let found = of.tenant.is_none() && of.link.is_some_and(|link| link.tenant == tenant);
            of.entity == entity && (of.tenant == tenant || found)
        };
        let known = self.standings.iter().find(|(of, standing)| of == subject && fits(standing));
        if let Some((_, standing)) = known {
            return Ok(standing.link);
        }
        let standing = match self.questions {
            Questions::Any => Arc::new(self.stand(entity, tenant, subject).await?),
            // After the one question nothing would verify what is taken for granted.
            Questions::Done => return Err(self.fail(StoreError::Several)),
            // Asked once in a transaction, it is remembered.
            Questions::One => match self.remembered_standings().get(subject, entity, tenant) {
                Some(standing) => standing,
                None => return Err(self.fail(StoreError::Conflict)),
            },
        };
        let link = standing.link;
        self.standings.push((subject.clone(), standing));
        Ok(link)
    }

    /// The row behind a subject will be asked for soon: it is taken for who it was, and asked with
    /// the next question.
    pub(crate) fn take_for_granted(
        &mut self,
        entity: EntityId,
        subject: &Subject,
    ) -> Result<(), StoreError> {
        if self.questions == Questions::Done || self.is_elsewhere(entity) {
            // Nothing would verify it any more, or not in one message.
            return Ok(());
        }
        let tenant = self.tenant_for(entity)?;
        let anything = self.questions == Questions::Any && self.standings.is_empty();
        let Some(standing) = self.remembered_standings().get(subject, entity, tenant) else {
            return Ok(());
        };
        let own = standing.link.and_then(|link| link.tenant);
        if let (true, Some(own), Tenant::None) = (anything, own, self.terms.tenant) {
            // Its row can be seen in its tenant alone, which is most likely the one to be entered.
            self.enter_ahead(Tenant::One(own));
        }
        self.doubtful |= self.questions == Questions::Any;
        self.standings.push((subject.clone(), standing));
        Ok(())
    }

    /// The row of a caller, if it is the one that is asked for and was read with its link.
    pub(crate) fn row_of_caller(&self, entity: EntityId, id: u128) -> Option<Option<Arc<Row>>> {
        let plan = self.plan(entity).ok()?;
        let is = |of: &&Arc<Standing>| of.entity == entity && of.is(id);
        let standing = self.standings.iter().map(|(_, standing)| standing).find(is)?;
        let tenant = standing.link.and_then(|link| link.tenant);
        let visible = match self.terms.tenant {
            Tenant::All => true,
            Tenant::One(_) => self.terms.tenant.id() == tenant,
            Tenant::None => false,
        };
        standing.row.clone().filter(|_| visible || !plan.pooled)
    }

    /// Remembers a row that was read, if it is that of a caller.
    pub(crate) fn learn(&mut self, entity: EntityId, id: u128, row: Option<&Arc<Row>>) {
        if self.changed {
            // What is not committed yet may never be.
            return;
        }
        for at in 0..self.standings.len() {
            let Some((subject, standing)) = self.standings.get(at) else { continue };
            if standing.entity == entity && standing.is(id) && standing.row.is_none() {
                let row = Some(row.cloned());
                let whole =
                    Standing { row, said: None, written: None, ..Standing::clone(standing) };
                self.remembered_standings().put(subject, whole);
            }
        }
    }

    /// Whether rows of an entity are in another database than links to them.
    fn is_elsewhere(&self, entity: EntityId) -> bool {
        self.apart.is_some() && self.plan(entity).is_ok_and(|plan| plan.pooled)
    }

    fn remembered_standings(&self) -> &Standings {
        &self.pool().standings
    }

    /// Reads a link, with its row where that can be seen already.
    async fn stand(
        &mut self,
        entity: EntityId,
        tenant: Option<u128>,
        subject: &Subject,
    ) -> Result<Standing, StoreError> {
        let (text, binds) = self.asked_of(entity, tenant, subject)?;
        let rows = self.query(&text, &binds).await?;
        let mut standing = self.read_standing(entity, tenant, &rows)?;
        let pooled = self.plan(entity)?.pooled;
        let seen = !pooled || (self.terms.tenant != Tenant::None && !self.is_elsewhere(entity));
        if !seen && standing.link.is_some() {
            (standing.row, standing.said, standing.written) = (None, None, None);
        } else if !self.changed {
            self.remembered_standings().put(subject, standing.clone());
        }
        Ok(standing)
    }

    fn asked_of(
        &self,
        entity: EntityId,
        tenant: Option<u128>,
        subject: &Subject,
    ) -> Result<Doubt, StoreError> {
        let plan = self.plan(entity)?;
        let binds = [
            Bind::text(&subject.subject),
            Bind::text(&subject.issuer),
            Bind::Text(plan.qualified.clone()),
            tenant.map_or(Bind::Null(Wire::Uuid), Bind::Uuid),
        ];
        Ok((plan.linked.of(self.terms.tenant).clone(), binds))
    }

    fn read_standing(
        &self,
        entity: EntityId,
        of: Option<u128>,
        rows: &[connection::Row],
    ) -> Result<Standing, StoreError> {
        let Some(found) = rows.first() else {
            let (link, row) = (None, Some(None));
            return Ok(Standing { entity, tenant: of, link, row, said: None, written: None });
        };
        let link = Link { row: decode::id(found, 0)?, tenant: tenant(found, 1)? };
        let there = decode::bytes(found, 2)?.is_some();
        let plan = self.plan(entity)?;
        let row = there.then(|| self.decode_from(plan, found, 2).map(Arc::new));
        let (link, row) = (Some(link), Some(row.transpose()?));
        let last = 2 + plan.columns.all.len() + plan.parts.len();
        let written = match there {
            true => Some([get(found, last)?, get(found, last + 1)?]),
            false => None,
        };
        let said = Some(found.content().into());
        Ok(Standing { entity, tenant: of, link, row, said, written })
    }

    /// Adds statements that are refused where callers are not who they were taken for. Whether
    /// there are such.
    pub(crate) fn verify_with_next(&mut self) -> Result<bool, StoreError> {
        let guard = |(subject, of): &(Subject, Arc<Standing>)| {
            let [link, row] = of.written?;
            let asked = self.asked_of(of.entity, of.tenant, subject);
            let text = self.plan(of.entity).ok()?.still_linked.of(self.terms.tenant).clone();
            let written = [Bind::Transaction(link), Bind::Transaction(row)];
            let binds = asked.ok()?.1.into_iter().chain(written).collect::<Vec<_>>();
            Some((text, binds))
        };
        let Some(guards) = self.standings.iter().map(guard).collect::<Option<Vec<_>>>() else {
            return Ok(false);
        };
        self.open()?;
        self.catalog.statements.fetch_add(guards.len() as u64, Ordering::Relaxed);
        for (text, binds) in guards {
            self.add(&text, &binds, Meaning::Standing)?;
        }
        self.doubtful = false;
        Ok(true)
    }

    /// The questions that tell whether what was taken for granted is so.
    pub(crate) fn doubts(&self) -> Result<Vec<Doubt>, StoreError> {
        let ask =
            |(subject, of): &(Subject, Arc<Standing>)| self.asked_of(of.entity, of.tenant, subject);
        self.standings.iter().map(ask).collect()
    }

    /// Compares their answers with what was taken for granted.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where something has changed.
    pub(crate) fn dispel(&self, answers: &[Vec<connection::Row>]) -> Result<(), StoreError> {
        for ((subject, taken), rows) in self.standings.iter().zip(answers) {
            let said = rows.first().map(connection::Row::content);
            if said.is_some() && said == taken.said.as_deref() {
                continue;
            }
            let found = self.read_standing(taken.entity, taken.tenant, rows)?;
            let same = found.link == taken.link && found.row == taken.row;
            if !same || said.is_some() {
                self.remembered_standings().put(subject, found);
            }
            if !same {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }
}

impl Standing {
    fn is(&self, id: u128) -> bool {
        self.link.is_some_and(|link| link.row == id)
    }
}

//! A session goes to the file of the tenant that its work turns out to be for.

use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use expression::EntityId;
use rusqlite::types::Value as Stored;

use super::super::session::Session;
use super::{Connected, Entry, Shared, Silos, redo};
use crate::store::{StoreError, Tenant};

/// What a session needs to know where tenants have files of their own.
#[derive(Debug)]
pub(in super::super) struct Visitor {
    silos: Shared,
    /// Whether it is the one that writes.
    writes: bool,
    /// Its own connection while it is at a tenant's.
    home: Option<Connected>,
    /// The connection that it goes back to from a look into another file.
    aside: Option<Connected>,
    /// Whether it looks into the file of one tenant for everybody.
    looking: bool,
    /// Changes of the connection when its transaction began.
    begun: u64,
    /// Whether the spare file becomes a tenant's by this transaction.
    adopting: bool,
}

impl Visitor {
    pub fn new(silos: Shared, writes: bool) -> Self {
        Self { silos, writes, home: None, aside: None, looking: false, begun: 0, adopting: false }
    }
}

impl Session {
    fn silos(&self) -> Option<Shared> {
        self.visitor.as_ref().map(|visitor| visitor.silos.clone())
    }

    /// Whether tenants have files of their own.
    pub(in super::super) const fn is_apart(&self) -> bool {
        self.visitor.is_some()
    }

    pub(super) fn is_adopting(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.adopting)
    }

    /// What the transaction has done in a tenant's file so far.
    pub(super) fn log(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a statement that was run, if it was on a tenant's file.
    ///
    /// # Errors
    /// A defect: nobody's file was written to.
    pub(in super::super) fn note<'b>(
        &self,
        owned: bool,
        sql: &str,
        binds: impl FnOnce() -> Vec<Stored> + 'b,
    ) -> Result<(), StoreError> {
        if !owned || self.visitor.is_none() {
            return Ok(());
        }
        if self.silo.is_none() {
            return Err(redo::nobody());
        }
        self.log().push(Entry { sql: sql.to_owned(), binds: binds() });
        Ok(())
    }

    /// The file that a log of an entity is in, as a prefix of its tables.
    pub(in super::super) fn place_of(&self, owned: bool) -> &'static str {
        if owned && self.is_apart() { "silo." } else { "" }
    }

    /// Begins a transaction that may write.
    pub(in super::super) fn begin(&mut self) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        let changes = self.connection.total_changes();
        if let Some(visitor) = &mut self.visitor {
            visitor.begun = changes;
        }
        Ok(())
    }

    /// Goes to the file of a tenant.
    ///
    /// # Errors
    /// Where the transaction has written already: it cannot be taken to another file.
    pub(in super::super) fn visit(&mut self, tenant: u128) -> Result<(), StoreError> {
        let Some(visitor) = &self.visitor else { return Ok(()) };
        if self.silo == Some(tenant) {
            return Ok(());
        }
        let (silos, writes) = (visitor.silos.clone(), visitor.writes);
        let dirty = self.connection.total_changes() != visitor.begun;
        if writes {
            silos.settle_doubt(tenant)?;
        }
        let late = writes && dirty && !self.is_autocommit();
        if silos.knows(tenant) {
            if late {
                return Err(two_files());
            }
            let next = silos.take(tenant, writes)?;
            return self.go(next);
        }
        if self.visitor.as_ref().is_some_and(|visitor| visitor.home.is_some()) {
            if late {
                return Err(two_files());
            }
            self.go_home()?;
        }
        if writes { self.adopt(tenant, &silos) } else { Ok(()) }
    }

    /// The spare file becomes the tenant's with this transaction, if that writes to it.
    fn adopt(&mut self, tenant: u128, silos: &Silos) -> Result<(), StoreError> {
        if self.is_autocommit() {
            return Ok(());
        }
        if self.is_adopting() {
            return Err(two_files());
        }
        if !silos.spare.load(Relaxed) {
            let message = "there is no file for a new tenant: see what was reported before";
            return Err(StoreError::Failed { message: message.to_owned() });
        }
        self.silo = Some(tenant);
        if let Some(visitor) = &mut self.visitor {
            visitor.adopting = true;
        }
        Ok(())
    }

    /// Goes on with another connection: nothing is written yet.
    fn go(&mut self, next: Connected) -> Result<(), StoreError> {
        let open = self.set_aside()?;
        if self.is_adopting() {
            self.silo = None;
        }
        let last = self.swap(next);
        let Some(visitor) = &mut self.visitor else { return Ok(()) };
        let writes = visitor.writes;
        visitor.adopting = false;
        if visitor.home.is_none() {
            visitor.home = Some(last);
        } else {
            visitor.silos.give_back(last, writes);
        }
        self.take_up(open)
    }

    fn go_home(&mut self) -> Result<(), StoreError> {
        let open = self.set_aside()?;
        self.return_home();
        self.take_up(open)
    }

    /// Ends the transaction, to begin another elsewhere; whether there was one.
    fn set_aside(&mut self) -> Result<bool, StoreError> {
        let open = !self.is_autocommit();
        if open {
            self.execute("ROLLBACK")?;
        }
        Ok(open)
    }

    fn take_up(&mut self, open: bool) -> Result<(), StoreError> {
        self.watch()?;
        let writes = self.visitor.as_ref().is_some_and(|visitor| visitor.writes);
        match (open, writes) {
            (false, _) => Ok(()),
            (true, false) => self.execute("BEGIN"),
            (true, true) => {
                self.begin()?;
                self.execute("SAVEPOINT work")
            }
        }
    }

    fn return_home(&mut self) {
        let home = self.visitor.as_mut().and_then(|visitor| visitor.home.take());
        let Some(home) = home else { return };
        let last = self.swap(home);
        if let Some(visitor) = &self.visitor {
            visitor.silos.give_back(last, visitor.writes);
        }
    }

    /// Uses another connection from here on; the one that was used.
    fn swap(&mut self, next: Connected) -> Connected {
        let silo = std::mem::replace(&mut self.silo, next.silo);
        let connection = std::mem::replace(&mut self.connection, next.connection);
        let current = std::mem::replace(&mut self.current, next.current);
        self.current.set(self.terms.tenant);
        Connected { connection, current, silo }
    }

    /// The work is done: whoever comes next begins at home.
    pub(in super::super) fn leave(&mut self) {
        if self.visitor.is_none() {
            return;
        }
        self.log().clear();
        drop(self.come_back());
        self.return_home();
        self.silo = None;
        self.terms.tenant = Tenant::All;
        self.current.set(Tenant::All);
        if let Some(visitor) = &mut self.visitor {
            (visitor.adopting, visitor.looking) = (false, false);
        }
    }

    /// The piece of work is rolled back.
    pub(in super::super) fn undone(&mut self) {
        self.log().clear();
    }

    /// Commits: first what is shared, with what is to be done in the tenant's file, then that.
    pub(in super::super) fn commit(&mut self) -> Result<(), StoreError> {
        let Some(silos) = self.silos() else { return self.execute("COMMIT") };
        let wrote = !self.log().is_empty();
        self.note_redo(&silos)?;
        let committed = self.execute("COMMIT");
        match (self.silo, &committed) {
            (Some(tenant), Err(_)) if wrote => silos.doubt(tenant),
            (Some(tenant), Ok(())) if wrote && self.is_adopting() => self.settle(tenant, &silos),
            _ => {}
        }
        committed
    }

    /// The spare file gets its name, and there is another one. What is committed stays so, whatever
    /// fails here: a start finds it.
    fn settle(&mut self, tenant: u128, silos: &Silos) {
        silos.spare.store(false, Relaxed);
        let settled = silos.aside().and_then(|aside| {
            // Closed, so that the file can be named.
            drop(self.swap(aside));
            silos.name_spare(tenant)?;
            silos.make_spare()?;
            let home = silos.home(true)?;
            drop(self.swap(home));
            Ok(())
        });
        if let Err(error) = settled {
            crate::operations::report::error("tenant-file", &error.to_string());
        }
    }

    /// Whether the work is for everybody, and does not look into one file after the other just now.
    pub(in super::super) fn everywhere(&self) -> bool {
        self.everybody() && self.visitor.as_ref().is_none_or(|visitor| !visitor.looking)
    }

    /// Whose files hold rows of an entity, where the work is for everybody.
    fn spread(&self, entity: EntityId) -> Result<Option<Vec<u128>>, StoreError> {
        let Some(silos) = self.silos().filter(|_| self.everywhere()) else {
            return Ok(None);
        };
        if !self.plan(entity)?.pooled {
            return Ok(None);
        }
        let mut all = silos.tenants();
        // That of a tenant that is being made has no name yet.
        all.extend(self.silo.filter(|own| !all.contains(own)));
        Ok(Some(all))
    }

    /// Looks in one file after the other, where the work is for everybody.
    pub(in super::super) fn each<T>(
        &mut self,
        entity: EntityId,
        mut look: impl FnMut(&mut Self) -> Result<T, StoreError>,
        mut more: impl FnMut(T) -> bool,
    ) -> Result<bool, StoreError> {
        let Some(tenants) = self.spread(entity)? else { return Ok(false) };
        for tenant in tenants {
            let found = self.at(tenant, &mut look)?;
            if !more(found) {
                break;
            }
        }
        Ok(true)
    }

    /// The first thing that is found in any file, or here.
    pub(in super::super) fn anywhere<T>(
        &mut self,
        entity: EntityId,
        look: impl Fn(&mut Self) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        let spread = self.each(entity, &look, |next| {
            found = next;
            found.is_none()
        })?;
        if spread { Ok(found) } else { look(self) }
    }

    /// Looks into the file of one tenant, as it is committed.
    pub(in super::super) fn at<T>(
        &mut self,
        tenant: u128,
        look: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let looking = self.look(true);
        let found = self.look_at(tenant, look);
        self.look(looking);
        found
    }

    fn look(&mut self, looking: bool) -> bool {
        let visitor = self.visitor.as_mut();
        visitor.is_some_and(|visitor| std::mem::replace(&mut visitor.looking, looking))
    }

    fn look_at<T>(
        &mut self,
        tenant: u128,
        look: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(silos) = self.silos().filter(|_| self.silo != Some(tenant)) else {
            return look(self);
        };
        let here = self.swap(silos.take(tenant, false)?);
        if let Some(visitor) = &mut self.visitor {
            visitor.aside = Some(here);
        }
        // Should it panic, `leave` finds the way back.
        let found = self.watch().and_then(|()| look(self));
        if let Some(guest) = self.come_back() {
            silos.give_back(guest, false);
        }
        found
    }

    /// Ends a look into another file; the connection to that.
    fn come_back(&mut self) -> Option<Connected> {
        let here = self.visitor.as_mut()?.aside.take()?;
        Some(self.swap(here))
    }

    /// Every tenant with a file.
    pub(in super::super) fn all_tenants(&self) -> Vec<u128> {
        self.silos().map(|silos| silos.tenants()).unwrap_or_default()
    }
}

impl Silos {
    /// A connection for the moment in which there is no spare file.
    fn aside(&self) -> Result<Connected, StoreError> {
        self.connect(&self.folder.join(super::NOBODY), true, None)
    }
}

fn two_files() -> StoreError {
    let message = "one transaction would write rows of two tenants, each of which has a database \
                   of its own, or had written before it was known for whom";
    StoreError::Failed { message: message.to_owned() }
}

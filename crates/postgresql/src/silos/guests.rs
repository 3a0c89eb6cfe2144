//! The databases that a piece of work is at, besides the main one.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::EntityId;
use runtime::store::{StoreError, Tenant, Terms};

use super::{Silos, nowhere};
use crate::decode;
use crate::records::get;
use crate::session::Session;
use crate::statements as sql;
use crate::text::Text;
use crate::wire::Bind;

/// Where work on the main database finds rows of tenants.
#[derive(Debug)]
pub(crate) struct Apart {
    pub silos: Arc<Silos>,
    /// Connections to the databases of tenants.
    guests: BTreeMap<u128, Box<Session>>,
    /// Rows of what is shared, by the place of its table, that were sent to a tenant's database.
    pub(super) shipped: BTreeMap<usize, Arc<str>>,
    /// The tenant that this work has made, which has a database from its commit on.
    pub(super) claimed: Option<u128>,
}

impl Apart {
    pub fn new(silos: Arc<Silos>) -> Self {
        Self { silos, guests: BTreeMap::new(), shipped: BTreeMap::new(), claimed: None }
    }

    /// Ends work at all guests: nothing of it stays.
    pub fn end(&mut self) {
        self.take_guests().into_values().for_each(Session::let_go);
    }

    /// Lets nobody be a guest any more; those who were.
    pub(super) fn take_guests(&mut self) -> BTreeMap<u128, Box<Session>> {
        std::mem::take(&mut self.guests)
    }
}

/// What a session at the database of a tenant keeps.
#[derive(Debug, Default)]
pub(crate) struct Guest {
    /// What has changed something, to be done again where it is lost.
    pub log: Vec<(Arc<Text>, Vec<Bind>)>,
    /// Whether rows are locked.
    pub locked: bool,
    /// Rows of what is shared, by the place of its table.
    pub shipped: BTreeMap<usize, Arc<str>>,
}

impl Guest {
    /// Whether nothing is lost if it goes.
    fn is_idle(&self) -> bool {
        self.log.is_empty() && !self.locked
    }
}

impl Session {
    /// Where rows of an entity are: here, or in the database of the tenant that the work is for.
    /// Where that has none, here, where there are none.
    pub(crate) async fn at(&mut self, entity: EntityId) -> Result<&mut Self, StoreError> {
        match (self.apart.is_some() && self.plan(entity)?.pooled, self.terms.tenant) {
            (true, Tenant::One(tenant)) => self.guest_or_self(tenant).await,
            _ => Ok(self),
        }
    }

    /// As [`Self::at`], for what is new: a tenant without a database is an error.
    pub(crate) async fn at_new(&mut self, entity: EntityId) -> Result<&mut Self, StoreError> {
        match (self.apart.is_some() && self.plan(entity)?.pooled, self.terms.tenant) {
            (true, Tenant::One(tenant)) => self.guest(tenant).await,
            _ => Ok(self),
        }
    }

    /// The database of the tenant that the work is for; this one where it has none.
    pub(crate) async fn at_tenant(&mut self) -> Result<&mut Self, StoreError> {
        match (self.apart.is_some(), self.terms.tenant) {
            (true, Tenant::One(tenant)) => self.guest_or_self(tenant).await,
            _ => Ok(self),
        }
    }

    /// As [`Self::at`], for a row that is to be written.
    pub(crate) async fn at_row(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> Result<&mut Self, StoreError> {
        if self.apart.is_none() || !self.plan(entity)?.pooled {
            return Ok(self);
        }
        let tenant = match self.terms.tenant {
            Tenant::One(tenant) => tenant,
            Tenant::None => return Ok(self),
            Tenant::All => match self.owner_anywhere(entity, id).await? {
                Some(tenant) => tenant,
                None => return Err(StoreError::Vanished { entity }),
            },
        };
        self.guest(tenant).await
    }

    /// The database of a tenant, which has one.
    pub(crate) async fn guest(&mut self, tenant: u128) -> Result<&mut Self, StoreError> {
        match self.visit(tenant).await? {
            true => self.visited(tenant),
            false => Err(self.fail(nowhere(tenant))),
        }
    }

    pub(super) async fn guest_or_self(&mut self, tenant: u128) -> Result<&mut Self, StoreError> {
        match self.visit(tenant).await? {
            true => self.visited(tenant),
            false => Ok(self),
        }
    }

    fn visited(&mut self, tenant: u128) -> Result<&mut Self, StoreError> {
        let guest = self.apart.as_mut().and_then(|apart| apart.guests.get_mut(&tenant));
        guest.map(|guest| &mut **guest).ok_or_else(|| nowhere(tenant))
    }

    /// Connects to the database of a tenant, as it is with everything that was committed so far.
    /// Whether it has one.
    async fn visit(&mut self, tenant: u128) -> Result<bool, StoreError> {
        let Some(apart) = &self.apart else { return Ok(false) };
        if apart.guests.contains_key(&tenant) {
            return Ok(true);
        }
        let silos = apart.silos.clone();
        let rows = self.query(&sql::DATABASE, &[Bind::Uuid(tenant)]).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let database: Arc<str> = get::<&str>(row, 0)?.into();
        let (version, waits): (&str, i64) = (get(row, 1)?, get(row, 2)?);
        if waits != 0 {
            let settled = silos.settle(tenant, &database).await;
            settled.map_err(|error| self.fail(error))?;
        }
        self.leave();
        let opened = silos.open(tenant, &database, version, self.terms, self.writes()).await;
        let guest = opened.map_err(|error| self.fail(error))?;
        if let Some(apart) = &mut self.apart {
            apart.guests.insert(tenant, Box::new(guest));
        }
        Ok(true)
    }

    /// Lets go of connections where nothing is lost by that: who reads for everybody has one.
    fn leave(&mut self) {
        let Some(apart) = &mut self.apart else { return };
        let idle = |of: &Self| of.guest.as_ref().is_none_or(Guest::is_idle);
        let guests = apart.take_guests().into_iter();
        let (left, kept) = guests.partition::<BTreeMap<_, _>, _>(|(_, guest)| idle(guest));
        apart.guests = kept;
        left.into_values().for_each(Self::let_go);
    }

    /// Ends work at a guest: nothing of it stays.
    pub(super) fn let_go(mut self: Box<Self>) {
        use crate::statements::{COMMIT, ROLLBACK};
        let how = if self.failed.is_none() && !self.writes() { &COMMIT } else { &ROLLBACK };
        self.held.clean = !self.opened || (self.pending.is_empty() && self.end_with(how));
    }

    /// Every tenant that has a database.
    pub(super) async fn all_tenants(&mut self) -> Result<Vec<u128>, StoreError> {
        let rows = self.query(&sql::TENANTS, &[]).await?;
        rows.iter().map(|row| decode::id(row, 0)).collect()
    }
}

impl Silos {
    /// A session at the database of a tenant.
    pub(super) async fn open(
        &self,
        tenant: u128,
        database: &Arc<str>,
        version: &str,
        terms: Terms,
        writes: bool,
    ) -> Result<Session, StoreError> {
        if version != self.version {
            self.fit_anew(database).await?;
        }
        let held = self.pool.take_to(Some(database)).await?;
        let terms = Terms { deadline: terms.deadline, ..Terms::of(Tenant::One(tenant)) };
        let mut guest = Session::new(held, self.catalog.clone(), terms, writes);
        guest.guest = Some(Guest::default());
        Ok(guest)
    }
}

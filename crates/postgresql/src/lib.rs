//! The store on PostgreSQL.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod address;
mod alone;
pub mod archive;
mod catalog;
mod connection;
mod decode;
mod ending;
mod exclusive;
mod failure;
mod interface;
mod journal;
mod numeric;
mod opening;
mod order;
mod page;
mod plan;
mod pool;
mod read;
mod records;
mod replica;
mod roles;
mod schema;
mod search;
mod session;
mod settings;
mod silence;
mod silos;
mod standing;
mod statements;
mod tenants;
mod text;
mod tls;
mod tree;
mod wire;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use decide::Design;
use expression::EntityId;
use expression::ir::Expression;
use runtime::store::{Keys, Predicate, Store, StoreError, Tenant, Terms, Work};

use address::Address;
use catalog::Catalog;
use pool::{Held, Pool};
use replica::Replica;
use silos::Silos;

pub use session::Session;
pub use settings::Settings;

/// A PostgreSQL database.
#[derive(Debug)]
pub struct PostgreSqlStore {
    pool: Arc<Pool>,
    replicas: Vec<Arc<Replica>>,
    next: AtomicUsize,
    catalog: Arc<Catalog>,
    /// Where tenants have databases of their own.
    silos: Option<Arc<Silos>>,
    notes: Vec<String>,
}

impl PostgreSqlStore {
    /// Opens a database, and fits its tables to the design where that only adds. Needs a Tokio
    /// runtime, which keeps the connections.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] for what is no URL of a database; [`StoreError::Unreachable`];
    /// [`StoreError::Incompatible`] with the differences if the design does not fit the rows that
    /// are stored, which are then left as they are.
    pub async fn open(settings: &Settings, design: Arc<Design>) -> Result<Self, StoreError> {
        let address = Address::parse(&settings.url)?;
        let admin = settings.admin.as_deref().map(Address::parse).transpose()?;
        let user = address.user();
        let makes = admin.as_ref().unwrap_or(&address);
        let own_databases = decide::tenancy::own_databases(&design);
        if own_databases {
            // All of them, before any is changed.
            silos::try_out(makes, &design, user).await?;
        }
        let schema::Fitted { mut role, mut notes, .. } = schema::fit(makes, &design, user).await?;
        let client = address.connect().await?;
        if admin.is_some() && role.is_none() {
            // An administrator may have made it by hand.
            role = Some(roles::name(&design));
        }
        let taken = match &role {
            Some(role) => roles::may_take(&client, role).await?,
            None => false,
        };
        if !taken {
            role = None;
            if admin.is_some() {
                notes.push("the server works as the user of its own address".to_owned());
            }
        }
        drop(client);
        if !own_databases {
            silos::unused(&makes.connect().await?).await?;
        }
        let divided = design.tables.iter().any(decide::bridge::divided);
        let set_up = settings::of_connections(role.as_deref(), address.pooler, divided);
        let size = settings.connections.unwrap_or_else(|| settings::connections(&design));
        let mut replicas = Vec::new();
        for url in &settings.replicas {
            let of_replica = Address::parse(url)?;
            let replica = Replica::new(Pool::new(of_replica.clone(), size, set_up.clone()));
            let watching = replica::watch(Arc::downgrade(&replica), address.clone(), of_replica);
            tokio::spawn(watching);
            replicas.push(replica);
        }
        let catalog = Arc::new(Catalog::new(design, settings.keys.clone()));
        let (size, silos) = match own_databases {
            false => (size, None),
            true => {
                let (main, tenants) = silos::divided(size);
                let makes = makes.clone();
                let start = Silos::start(makes, &address, catalog.clone(), (&set_up, tenants));
                (main, Some(start.await?))
            }
        };
        let pool = Pool::new(address, size, set_up);
        Ok(Self { pool, replicas, next: AtomicUsize::new(0), catalog, silos, notes })
    }

    /// What an operator should know about how the server reaches the database.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A connection to read with: to a replica where the terms let it be behind and it is behind by
    /// less, to the primary otherwise.
    async fn reader(&self, terms: Terms) -> Result<Held, StoreError> {
        // The databases of tenants are read as they are now: what they are read with is, too.
        if let Some(stale) = terms.stale.filter(|_| self.silos.is_none()) {
            let count = self.replicas.len();
            let first = self.next.fetch_add(1, Ordering::Relaxed);
            for at in 0..count {
                let Some(replica) = self.replicas.get((first.wrapping_add(at)) % count) else {
                    continue;
                };
                if replica.age().is_some_and(|age| age < stale)
                    && let Ok(held) = replica.pool.take().await
                {
                    return Ok(held);
                }
            }
        }
        self.pool.take().await
    }
}

impl Store for PostgreSqlStore {
    type Snapshot = Session;
    type Transaction = Session;

    fn predicate(&self, entity: EntityId, condition: &Expression) -> Result<Predicate, StoreError> {
        self.catalog.plan(entity)?;
        let conditions = &self.catalog.conditions;
        let predicate = conditions.register(&self.catalog.design, entity, condition)?;
        self.catalog.learn(&predicate)?;
        Ok(predicate)
    }

    fn question(&self, question: &Expression) -> Result<Predicate, StoreError> {
        let conditions = &self.catalog.conditions;
        let predicate = conditions.register_question(&self.catalog.design, question)?;
        self.catalog.learn(&predicate)?;
        Ok(predicate)
    }

    fn keys(&self) -> Option<&Arc<Keys>> {
        self.catalog.vault.keys()
    }

    fn keeps_apart(&self, isolation: &str) -> bool {
        isolation == "bridge" || (isolation == "silo" && self.silos.is_some())
    }

    fn places(&self) -> Vec<Tenant> {
        self.silos.as_ref().map_or_else(|| vec![Tenant::All], |silos| silos.places())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn system(&self) -> &'static str {
        "postgresql"
    }

    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)> {
        let (held, idle, most) = self.pool.counts();
        let (waits, waited) = self.pool.waits();
        let number = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
        let mut gauges = vec![
            ("store_connections_held", "Connections that work holds.", number(held)),
            ("store_connections_idle", "Connections that wait for work.", number(idle)),
            (
                "store_statements_total",
                "Statements, those aside that begin and end transactions.",
                self.catalog.statements.load(Ordering::Relaxed) as f64,
            ),
            ("store_connections_most", "Connections that there may be.", number(most)),
            ("store_connection_waits_total", "Who waited for a connection.", waits),
            ("store_connection_wait_seconds_total", "Time spent waiting for one.", waited),
        ];
        gauges.extend(self.silos.iter().flat_map(|silos| silos.gauges()));
        if !self.replicas.is_empty() {
            let usable = self.replicas.iter().filter(|replica| replica.age().is_some()).count();
            gauges.push(("store_replicas", "Read replicas that answer.", number(usable)));
            let ages = self.replicas.iter().filter_map(|replica| replica.age());
            let oldest = ages.max().unwrap_or_default().as_secs_f64();
            gauges.push(("store_replica_age_seconds", "How old the oldest of them is.", oldest));
        }
        gauges
    }

    async fn write<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        let held = self.pool.take().await?;
        let session = Session::new(held, self.catalog.clone(), terms, true);
        let mut session = session.among(self.silos.as_ref());
        match silence::bounded(work(&mut session)).await? {
            Ok(value) => {
                silence::bounded(session.commit()).await??;
                Ok(value)
            }
            Err(error) => {
                // A connection that is dropped undoes its work as well.
                match silence::bounded(session.roll_back()).await {
                    Ok(Err(StoreError::Conflict)) => Err(StoreError::Conflict.into()),
                    _ => Err(error),
                }
            }
        }
    }

    async fn read<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        let held = self.reader(terms).await?;
        let session = Session::new(held, self.catalog.clone(), terms, false);
        let mut session = session.among(self.silos.as_ref());
        let result = silence::bounded(work(&mut session)).await?;
        session.finish().await?;
        result
    }

    async fn scan<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        self.read(terms, work).await
    }
}

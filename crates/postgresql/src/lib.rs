//! The store on PostgreSQL.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod catalog;
mod decode;
mod failure;
mod interface;
mod numeric;
mod page;
mod plan;
mod pool;
mod read;
mod records;
mod schema;
mod session;
mod statements;
mod tenants;
mod text;
mod wire;
mod write;

use std::sync::Arc;

use decide::Design;
use expression::EntityId;
use expression::ir::Expression;
use runtime::store::{Predicate, Store, StoreError, Terms, Work};

use catalog::Catalog;
use pool::Pool;

pub use session::Session;

/// Connections where nothing else is said.
const CONNECTIONS: usize = 20;

/// A PostgreSQL database.
#[derive(Debug)]
pub struct PostgreSqlStore {
    pool: Arc<Pool>,
    catalog: Arc<Catalog>,
}

impl PostgreSqlStore {
    /// Opens the database at a URL, and fits its tables to the design where that only adds.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] for what is no URL of a database; [`StoreError::Unreachable`];
    /// [`StoreError::Incompatible`] with the differences if the design does not fit the rows that
    /// are stored, which are then left as they are.
    pub async fn open(url: &str, design: Arc<Design>) -> Result<Self, StoreError> {
        let config: tokio_postgres::Config = url.parse().map_err(|_| StoreError::Unusable {
            message: "the address of the store is not postgres://USER@HOST:PORT/DATABASE".into(),
        })?;
        schema::fit(&config, &design).await?;
        let catalog = Arc::new(Catalog::new(design));
        Ok(Self { pool: Pool::new(config, CONNECTIONS), catalog })
    }
}

impl Store for PostgreSqlStore {
    type Snapshot = Session;
    type Transaction = Session;

    fn predicate(&self, entity: EntityId, condition: &Expression) -> Result<Predicate, StoreError> {
        self.catalog.plan(entity)?;
        self.catalog.conditions.register(&self.catalog.design, entity, condition)
    }

    fn question(&self, question: &Expression) -> Result<Predicate, StoreError> {
        self.catalog.conditions.register_question(&self.catalog.design, question)
    }

    async fn write<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        let held = self.pool.take().await?;
        let mut session = Session::new(held, self.catalog.clone(), terms, true);
        match work(&mut session).await {
            Ok(value) => {
                session.commit().await?;
                Ok(value)
            }
            Err(error) => {
                session.roll_back().await;
                Err(error)
            }
        }
    }

    async fn read<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        let held = self.pool.take().await?;
        let mut session = Session::new(held, self.catalog.clone(), terms, false);
        let result = work(&mut session).await;
        session.finish();
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

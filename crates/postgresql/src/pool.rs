//! Connections: as many as may be, each with the statements that it has prepared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runtime::store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::failure;
use crate::text::Text;
use crate::wire::Bind;

/// Statements that stay prepared on each connection.
const STATEMENTS: usize = 1024;
/// How long work waits for a connection.
const WAIT: Duration = Duration::from_secs(2);

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub client: Arc<Client>,
    /// By the address of their texts, which are kept so that no other takes it.
    statements: BTreeMap<usize, (Arc<Text>, Statement)>,
}

impl Connection {
    /// The statement behind a text, prepared on the first use.
    pub async fn statement(
        &mut self,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Result<Statement, tokio_postgres::Error> {
        let key = Arc::as_ptr(text).addr();
        if let Some((_, statement)) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let types: Vec<_> = binds.iter().map(Bind::ty).collect();
        let statement = self.client.prepare_typed(&text.0, &types).await?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(key, (text.clone(), statement.clone()));
        Ok(statement)
    }
}

/// Connections to one database.
#[derive(Debug)]
pub(crate) struct Pool {
    config: Config,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    /// A pool of so many connections; none is made yet.
    pub fn new(config: Config, size: usize) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(size.max(1)));
        Arc::new(Self { config, free, idle: Mutex::default() })
    }

    /// A connection, as soon as there is one.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when that takes too long, [`StoreError::Unreachable`].
    pub async fn take(self: &Arc<Self>) -> Result<Held, StoreError> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(tokio::sync::TryAcquireError::Closed) => return Err(StoreError::Closed),
            Err(tokio::sync::TryAcquireError::NoPermits) => {
                let waiting = Arc::clone(&self.free).acquire_owned();
                let permit = tokio::time::timeout(WAIT, waiting).await;
                permit.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?
            }
        };
        let connection = match self.idle() {
            Some(connection) => connection,
            None => connect(&self.config).await?,
        };
        let pool = self.clone();
        Ok(Held { connection: Some(connection), pool, _permit: permit, clean: false })
    }

    /// An idle connection that is still open.
    fn idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let connection = idle.pop()?;
            if !connection.client.is_closed() {
                return Some(connection);
            }
        }
    }
}

/// Opens a connection.
pub(crate) async fn connect(config: &Config) -> Result<Connection, StoreError> {
    let (client, connection) =
        config.connect(NoTls).await.map_err(|error| failure::plain(&error))?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(Connection { client: Arc::new(client), statements: BTreeMap::new() })
}

/// A connection that one piece of work holds. It goes back to the pool if it is clean.
#[derive(Debug)]
pub(crate) struct Held {
    connection: Option<Connection>,
    pool: Arc<Pool>,
    /// Whether no transaction is open and no answer is awaited.
    pub clean: bool,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    /// The connection; there is one until this is dropped.
    pub fn get(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Closed)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.clean
            && !connection.client.is_closed()
        {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

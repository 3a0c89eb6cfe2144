//! Connections: as many as may be, each with the statements that it has prepared.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use runtime::store::{StoreError, Tenant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::address::Address;
use crate::connection::{Answer, Connection};
use crate::failure;
use crate::silence;
use crate::standing::Standings;

/// How long work waits for a connection.
const WAIT: Duration = Duration::from_secs(2);

/// Connections to one database, or to those of tenants, as many as may be in all.
#[derive(Debug)]
pub(crate) struct Pool {
    address: Address,
    /// What every connection starts with; with a pooler every transaction does.
    set_up: String,
    size: usize,
    free: Arc<Semaphore>,
    /// Who has waited for a connection, and for how many nanoseconds in all.
    waits: (AtomicU64, AtomicU64),
    /// Those that wait, and to which database where there are several; used last at the end.
    idle: Mutex<Vec<(Option<Arc<str>>, Connection)>>,
    /// Connections that were made.
    made: AtomicU64,
    /// Whom callers stood for when they were last asked about here.
    pub standings: Standings,
    /// Connections outlive the tasks that ask for them.
    runtime: Handle,
}

impl Pool {
    /// A pool of so many connections; none is made yet. Needs a Tokio runtime.
    pub fn new(address: Address, size: usize, set_up: String) -> Arc<Self> {
        let size = size.max(1);
        let free = Arc::new(Semaphore::new(size));
        let runtime = Handle::current();
        let (idle, standings) = (Mutex::default(), Standings::default());
        let (waits, made) = Default::default();
        Arc::new(Self { waits, address, set_up, size, free, idle, made, standings, runtime })
    }

    /// Whether a pooler gives each transaction another connection.
    pub const fn pooler(&self) -> bool {
        self.address.pooler
    }

    /// What a transaction has to set because connections cannot keep it.
    pub fn each_time(&self) -> Option<&str> {
        (self.address.pooler && !self.set_up.is_empty()).then_some(self.set_up.as_str())
    }

    /// Connections that work holds, those that wait for work, and how many there may be.
    pub fn counts(&self) -> (usize, usize, usize) {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        (self.size.saturating_sub(self.free.available_permits()), idle, self.size)
    }

    /// How many have waited for a connection, and for how many seconds in all.
    pub fn waits(&self) -> (f64, f64) {
        let (count, nanoseconds) = &self.waits;
        #[expect(clippy::cast_precision_loss, reason = "a nanosecond in a year does not matter")]
        let number = |of: &AtomicU64| of.load(Ordering::Relaxed) as f64;
        (number(count), number(nanoseconds) / 1e9)
    }

    /// Connections that were made so far.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// A connection, as soon as there is one.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when that takes too long, [`StoreError::Unreachable`].
    pub async fn take(self: &Arc<Self>) -> Result<Held, StoreError> {
        self.take_to(None).await
    }

    /// The same to another database of the server. The one that was used longest ago is closed for
    /// it where there are too many.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub async fn take_to(
        self: &Arc<Self>,
        database: Option<&Arc<str>>,
    ) -> Result<Held, StoreError> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(StoreError::Closed),
            Err(TryAcquireError::NoPermits) => {
                let began = Instant::now();
                let waiting = Arc::clone(&self.free).acquire_owned();
                let permit = tokio::time::timeout(WAIT, waiting).await;
                let waited = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.waits.0.fetch_add(1, Ordering::Relaxed);
                self.waits.1.fetch_add(waited, Ordering::Relaxed);
                permit.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?
            }
        };
        let database = database.cloned();
        let connection = match self.idle(database.as_ref()) {
            Some(connection) => connection,
            None => {
                let (pool, to) = (self.clone(), database.clone());
                let made = self.runtime.spawn(async move { pool.make(to.as_deref()).await }).await;
                made.map_err(|_| StoreError::Closed)??
            }
        };
        let (connection, pool) = (Some(connection), self.clone());
        Ok(Held { connection, database, pool, _permit: permit, clean: false, lost: false })
    }

    async fn make(&self, database: Option<&str>) -> Result<Connection, StoreError> {
        self.make_room();
        let mut connection = match database {
            Some(database) => self.address.to(database).open().await?,
            None => self.address.open().await?,
        };
        self.made.fetch_add(1, Ordering::Relaxed);
        if !self.pooler() {
            connection.add_query(&self.set_up);
            let answers = silence::bounded(connection.answers()).await?;
            let answers = answers.map_err(|broken| broken.error())?;
            if let Some(Answer::Refused(refusal)) = answers.first() {
                return Err(failure::refused(refusal));
            }
        }
        Ok(connection)
    }

    /// Closes what waits and was not used for longest, for one that is to be made.
    fn make_room(&self) {
        let held = self.size.saturating_sub(self.free.available_permits());
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let over = (held + idle.len()).saturating_sub(self.size).min(idle.len());
        let closed: Vec<_> = idle.drain(..over).collect();
        drop(idle);
        drop(closed);
    }

    /// An idle connection that is still open, the one used last first.
    fn idle(&self, database: Option<&Arc<str>>) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let at = idle.iter().rposition(|(to, _)| to.as_ref() == database)?;
            let (_, mut connection) = idle.remove(at);
            if connection.is_open() {
                return Some(connection);
            }
        }
    }
}

/// A connection that one piece of work holds. It goes back to the pool if it is clean.
#[derive(Debug)]
pub(crate) struct Held {
    connection: Option<Connection>,
    /// To which database, where the pool has several.
    database: Option<Arc<str>>,
    pool: Arc<Pool>,
    /// Whether no transaction is open and no answer is awaited.
    pub clean: bool,
    /// Whether it leads to no database that can be worked with.
    pub lost: bool,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    /// The connection; there is one until this is dropped.
    pub fn get(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Closed)
    }

    /// For whom work on it is, as the database was told.
    pub fn whom(&self) -> Option<Tenant> {
        self.connection.as_ref().and_then(|connection| connection.whom)
    }

    /// The pool that it belongs to.
    pub const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.is_broken() || (self.clean && self.lost) {
            return;
        }
        if self.clean {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((self.database.take(), connection));
            return;
        }
        // Whoever asked has gone away in the middle of something: the server need not go on, and
        // closing the connection undoes what was not committed.
        self.pool.runtime.spawn(async move {
            Address::cancel(&connection.canceller()).await;
        });
    }
}

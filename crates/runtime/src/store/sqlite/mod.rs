//! The embedded store: one SQLite file, one writer with group commit, readers beside it.

mod backup;
mod catalog;
mod codec;
mod connect;
mod digest;
mod directory;
mod exclusive;
mod failure;
mod functions;
mod interface;
mod journal;
mod kept;
mod page;
mod plan;
mod readers;
mod records;
mod schema;
mod search;
mod seed;
mod session;
mod silos;
mod spread;
mod tenants;
mod tree;
mod work;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use decide::{Design, tenancy};
use expression::{EntityId, ir::Expression};
use tokio::sync::oneshot;

use super::{Keys, Predicate, Store, StoreError, Tenant, Terms, Work};
use catalog::Catalog;
use directory::Directory;
use readers::Readers;
use writer::Writer;

pub use backup::{backup, restore};
pub use session::Session;

/// How much of the machine the store may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Writes that may wait; more are refused with [`StoreError::Busy`].
    pub waiting_writes: usize,
    /// Long reads that may wait.
    pub waiting_reads: usize,
    /// Long reads at once, and connections for short ones: at least one of each.
    pub readers: usize,
    /// Connections to files of tenants that wait for work, where each tenant has its own.
    pub tenants: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { waiting_writes: 4096, waiting_reads: 4096, readers: cores.clamp(2, 16), tenants: 64 }
    }
}

/// A SQLite database in a data directory that this process holds alone.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: readers, then the writer, then the hold on the directory.
    readers: Readers,
    writer: Writer,
    catalog: Arc<Catalog>,
    /// Files of tenants, where each has its own.
    silos: Option<silos::Shared>,
    notes: Vec<String>,
    directory: Directory,
}

impl SqliteStore {
    /// Opens the database in a directory, creating both where there are none, and fits its tables
    /// to the design where that only adds.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if another process holds the directory;
    /// [`StoreError::Incompatible`] with the differences if the design does not fit the rows that
    /// are stored, which are then left as they are.
    pub fn open(directory: &Path, design: Arc<Design>, limits: Limits) -> Result<Self, StoreError> {
        Self::open_with(directory, design, limits, None)
    }

    /// As [`Self::open`], with the keys of encrypted fields. Without, they can be neither read nor
    /// written.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        directory: &Path,
        design: Arc<Design>,
        limits: Limits,
        keys: Option<Arc<Keys>>,
    ) -> Result<Self, StoreError> {
        let directory = Directory::hold(directory)?;
        let database = directory.database();
        let (silos, notes) = match tenancy::apart(&design) {
            true => {
                let (silos, notes) = silos::open(&database, &design, limits.tenants)?;
                (Some(silos), notes)
            }
            false => {
                silos::unused(&database)?;
                let mut connection = connect::writer(&database)?;
                let extent = schema::Extent::Everything;
                (None, schema::fit(&mut connection, &design, extent, now())?)
            }
        };
        let catalog = Arc::new(Catalog::new(design, keys)?);
        let (shared, places) = (Arc::clone(&catalog), silos.clone());
        let session = move |writes: bool| match &places {
            Some(silos) => Session::among(silos, writes, Arc::clone(&shared)),
            None if writes => Session::new(connect::writer(&database)?, Arc::clone(&shared)),
            None => Session::new(connect::reader(&database)?, Arc::clone(&shared)),
        };
        // The one that writes is there first: readers need its log.
        let writer = Writer::start(session(true)?, limits.waiting_writes)?;
        let readers = Readers::new(move || session(false), limits.readers, limits.waiting_reads);
        Ok(Self { readers, writer, catalog, silos, notes, directory })
    }

    /// What an operator should know about what is stored.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Writes a consistent copy of the database while it goes on serving.
    ///
    /// # Errors
    /// Where the copy cannot be written; an existing file is not replaced.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        backup::copy(&self.directory.database(), to)
    }
}

/// Microseconds since the Unix epoch.
fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

impl Store for SqliteStore {
    type Snapshot = Session;
    type Transaction = Session;

    fn predicate(&self, entity: EntityId, condition: &Expression) -> Result<Predicate, StoreError> {
        self.catalog.register(entity, condition)
    }

    fn question(&self, question: &Expression) -> Result<Predicate, StoreError> {
        self.catalog.register_question(question)
    }

    fn keys(&self) -> Option<&Arc<Keys>> {
        self.catalog.vault.keys()
    }

    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)> {
        let counts = self.writer.counts();
        let (commits, writes) = (counts.commits.load(Relaxed), counts.writes.load(Relaxed));
        let statements = self.catalog.statements.load(Relaxed);
        let mut gauges = vec![
            (
                "store_statements_total",
                "Statements, those aside that begin and end transactions.",
                statements as f64,
            ),
            ("store_commits_total", "Commits, each of a group of writes.", commits as f64),
            ("store_writes_total", "Writes in them.", writes as f64),
        ];
        gauges.extend(self.silos.iter().flat_map(|silos| silos.gauges()));
        gauges
    }

    fn keeps_apart(&self, _isolation: &str) -> bool {
        true
    }

    fn places(&self) -> Vec<Tenant> {
        self.silos.as_ref().map_or_else(|| vec![Tenant::All], |silos| silos.places())
    }

    async fn write<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        self.writer.submit(work::writing(terms, work, sender))?;
        answer.await.unwrap_or_else(|_| Err(work::abandoned().into()))
    }

    async fn read<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        match self.readers.take() {
            Some(session) => {
                self.readers.run(session, |session| work::read(terms, work, session))?
            }
            None => self.scan(terms, work).await,
        }
    }

    async fn scan<T, E, W>(&self, terms: Terms, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let waiting = work::Waiting::default();
        self.readers.submit(work::scanning(terms, work, &waiting, sender))?;
        answer.await.unwrap_or_else(|_| Err(work::abandoned().into()))
    }
}

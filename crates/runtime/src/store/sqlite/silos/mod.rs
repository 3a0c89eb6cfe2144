//! A database file for each tenant, beside the one that holds what is shared.
//!
//! A connection is to the file of what is shared, and has the file of one tenant attached: no name
//! is in both, so that statements name tables as if there were one database. What a transaction
//! changes in both is committed in the first, with what it does in the second
//! ([`redo`]); should the process die in between, the second is brought up to it.

pub(super) mod images;
mod redo;
mod start;
mod visit;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::Connection;

use super::tenants::Current;
use super::{connect, failure};
use crate::store::{StoreError, Tenant};

pub(super) use redo::{Entry, TABLES as REDO};
pub(super) use start::{open, unused};
pub(super) use visit::Visitor;

/// The folder of the files, in the data directory.
pub(super) const FOLDER: &str = "tenants";
/// The file of nobody, in which nothing is: what new ones are copies of.
const NOBODY: &str = "nobody.db";
/// The file that the next new tenant gets.
const SPARE: &str = "spare.db";

/// Statements that stay prepared on a connection with a tenant's file: there are many of those.
const STATEMENTS: usize = 128;

/// The tables that each tenant's file has besides those of its rows.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS firmitas_silo (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  tenant BLOB,
  sequence INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO firmitas_silo (only, tenant, sequence) VALUES (1, NULL, 0);
";

/// A connection, and whose file it has attached.
#[derive(Debug)]
pub(super) struct Connected {
    pub connection: Connection,
    pub current: Current,
    /// Nobody's where none.
    pub silo: Option<u128>,
}

/// The files of tenants, and connections to them that wait for work.
#[derive(Debug)]
pub(super) struct Silos {
    /// The file of what is shared.
    central: PathBuf,
    folder: PathBuf,
    /// Tenants that have a file.
    known: RwLock<BTreeSet<u128>>,
    /// Connections by whether they write and whose file they have, used last at the end.
    idle: Mutex<VecDeque<(bool, Connected)>>,
    /// Most of them.
    most: usize,
    /// Tenants whose file may lack what was committed.
    unsettled: Mutex<BTreeSet<u128>>,
    /// Whether the spare file is there and empty.
    spare: AtomicBool,
    opened: AtomicU64,
}

impl Silos {
    fn new(database: &Path, most: usize) -> Self {
        let folder = database.parent().unwrap_or(Path::new(".")).join(FOLDER);
        Self {
            central: database.to_owned(),
            folder,
            known: RwLock::default(),
            idle: Mutex::default(),
            most,
            unsettled: Mutex::default(),
            spare: AtomicBool::new(false),
            opened: AtomicU64::new(0),
        }
    }

    fn file(&self, tenant: u128) -> PathBuf {
        self.folder.join(name(tenant))
    }

    /// Whether a tenant has a file.
    pub fn knows(&self, tenant: u128) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains(&tenant)
    }

    /// Tenants that have a file.
    pub fn tenants(&self) -> Vec<u128> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Everybody, first those without a file.
    pub fn places(&self) -> Vec<Tenant> {
        let own = self.tenants().into_iter().map(Tenant::One);
        std::iter::once(Tenant::All).chain(own).collect()
    }

    /// Numbers for `/metrics`.
    pub fn gauges(&self) -> [(&'static str, &'static str, f64); 2] {
        #[expect(clippy::cast_precision_loss, reason = "a count, far below 2^53")]
        let number = |count: u64| count as f64;
        let tenants = self.known.read().unwrap_or_else(PoisonError::into_inner).len() as u64;
        [
            ("store_tenant_files", "Tenants with a database file of their own.", number(tenants)),
            (
                "store_tenant_files_opened_total",
                "Connections to them that were made.",
                number(self.opened.load(Relaxed)),
            ),
        ]
    }

    /// A connection with nobody's file: what work begins on. Whoever writes has the file that the
    /// next new tenant gets.
    pub fn home(&self, writes: bool) -> Result<Connected, StoreError> {
        let file = if writes { SPARE } else { NOBODY };
        self.connect(&self.folder.join(file), writes, None)
    }

    /// A connection with a tenant's file.
    pub fn take(&self, tenant: u128, writes: bool) -> Result<Connected, StoreError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |(of, waits): &(bool, Connected)| *of == writes && waits.silo == Some(tenant);
        if let Some(at) = idle.iter().rposition(fits)
            && let Some((_, connected)) = idle.remove(at)
        {
            return Ok(connected);
        }
        drop(idle);
        if !writes && self.is_doubtful(tenant) {
            // The writer brings it up to date.
            return Err(StoreError::Busy);
        }
        self.connect(&self.file(tenant), writes, Some(tenant))
    }

    /// Keeps a connection for whoever comes next; the one that was used longest ago is closed where
    /// there are too many.
    pub fn give_back(&self, mut connected: Connected, writes: bool) {
        // Nobody waits for it: nobody interrupts it.
        drop(connected.connection.progress_handler(0, None::<fn() -> bool>));
        if connected.silo.is_none_or(|tenant| self.is_doubtful(tenant))
            || !connected.connection.is_autocommit()
        {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push_back((writes, connected));
        let oldest = if idle.len() > self.most { idle.pop_front() } else { None };
        drop(idle);
        // Closing folds its log: nobody waits for that.
        drop(oldest);
    }

    /// Work on a tenant's file was committed in that of what is shared, and nobody knows about the
    /// tenant's.
    fn doubt(&self, tenant: u128) {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, waits)| waits.silo != Some(tenant));
    }

    fn is_doubtful(&self, tenant: u128) -> bool {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).contains(&tenant)
    }

    /// Brings a tenant's file up to what was committed, where that is in doubt.
    fn settle_doubt(&self, tenant: u128) -> Result<(), StoreError> {
        if self.is_doubtful(tenant) {
            self.bring_up(&redo::waiting(&connect::reader(&self.central)?)?, Some(tenant))?;
            self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
        }
        Ok(())
    }

    /// Whether all that was committed is in the files of its tenants.
    fn is_settled(&self) -> bool {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn connect(
        &self,
        file: &Path,
        writes: bool,
        silo: Option<u128>,
    ) -> Result<Connected, StoreError> {
        let connection = match writes {
            true => connect::writer(&self.central)?,
            false => connect::reader(&self.central)?,
        };
        connect::attach(&connection, file, writes)?;
        let current = Current::default();
        current.register(&connection)?;
        if silo.is_some() {
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
        }
        self.opened.fetch_add(1, Relaxed);
        Ok(Connected { connection, current, silo })
    }

    /// Makes the file that the next new tenant gets.
    fn make_spare(&self) -> Result<(), StoreError> {
        let doing = |error: std::io::Error| failure::io("making the file of a new tenant", &error);
        let spare = self.folder.join(SPARE);
        remove(&spare).map_err(doing)?;
        fs::copy(self.folder.join(NOBODY), &spare).map_err(doing)?;
        flush(&spare).and_then(|()| flush(&self.folder)).map_err(doing)?;
        self.spare.store(true, Relaxed);
        Ok(())
    }

    /// Gives the spare file, which nobody has open any more, to the tenant whose rows it holds.
    fn name_spare(&self, tenant: u128) -> Result<(), StoreError> {
        let doing = |error: std::io::Error| failure::io("naming the file of a new tenant", &error);
        let (spare, own) = (self.folder.join(SPARE), self.file(tenant));
        // Folds the log into it: a log goes by the name of its file.
        drop(connect::writer(&spare)?);
        if beside(&spare, "-wal").exists() {
            let message = "the file of a new tenant is still in use".to_owned();
            return Err(StoreError::Failed { message });
        }
        fs::rename(&spare, &own).and_then(|()| flush(&self.folder)).map_err(doing)?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        Ok(())
    }

    /// Brings the files of tenants up to what was committed: of one tenant, or all.
    fn bring_up(
        &self,
        waiting: &BTreeMap<i64, redo::Committed>,
        only: Option<u128>,
    ) -> Result<(), StoreError> {
        let wanted = waiting.iter().filter(|(_, of)| only.is_none_or(|id| id == of.tenant));
        for (sequence, committed) in wanted {
            let file = self.file(committed.tenant);
            if !file.exists() {
                self.make_anew(committed, &file)?;
            }
            let connected = self.connect(&file, true, Some(committed.tenant))?;
            committed.apply(&connected, *sequence)?;
        }
        Ok(())
    }

    /// The file of a tenant that is not there, from the first change on.
    fn make_anew(&self, committed: &redo::Committed, file: &Path) -> Result<(), StoreError> {
        if !committed.first {
            return Err(missing(committed.tenant, file));
        }
        let doing = |error: std::io::Error| failure::io("making the file of a tenant", &error);
        fs::copy(self.folder.join(NOBODY), file).map_err(doing)?;
        flush(file).and_then(|()| flush(&self.folder)).map_err(doing)?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(committed.tenant);
        Ok(())
    }
}

impl Drop for Silos {
    /// Whoever writes closes last, which folds logs into their files: those who read cannot.
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner));
        let (writers, readers): (Vec<_>, Vec<_>) =
            idle.into_iter().partition(|(writes, _)| *writes);
        drop(readers);
        drop(writers);
    }
}

fn missing(tenant: u128, file: &Path) -> StoreError {
    StoreError::Corrupt {
        message: format!(
            "the file `{}` of the tenant {} is missing, in which its rows were; put it back",
            file.display(),
            uuid::Uuid::from_u128(tenant)
        ),
    }
}

/// What the file of a tenant is called.
pub(super) fn name(tenant: u128) -> String {
    format!("{}.db", uuid::Uuid::from_u128(tenant))
}

/// Whose files are in a folder.
pub(super) fn in_folder(folder: &Path) -> Result<BTreeSet<u128>, StoreError> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failure::io("reading the folder of tenants", &error)),
    };
    let tenant = |file: std::io::Result<fs::DirEntry>| {
        let name = file.ok()?.file_name();
        let id = name.to_str()?.strip_suffix(".db")?;
        Some(uuid::Uuid::try_parse(id).ok()?.as_u128())
    };
    Ok(files.filter_map(tenant).collect())
}

/// What SQLite keeps beside a file.
fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(what);
    name.into()
}

/// Removes a database file with what is beside it.
fn remove(file: &Path) -> std::io::Result<()> {
    for file in [beside(file, "-wal"), beside(file, "-shm"), file.to_owned()] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Sees to it that a file, or the names in a folder, survive the machine.
pub(super) fn flush(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

/// Shared by all sessions of a store.
pub(super) type Shared = Arc<Silos>;

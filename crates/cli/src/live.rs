//! A model as a live backend on the embedded store.

use std::{collections::BTreeMap, fs::TryLockError, path::Path, sync::Arc, time::Duration};

use base::Diagnostic;
use decide::Design;
use runtime::{
    Backend,
    operations::ConfiguredExternals,
    store::{
        StoreError,
        sqlite::{Limits, SqliteStore},
    },
};

use crate::failure::Failure;

/// The backend that `firm` runs.
pub type Live = Backend<SqliteStore>;

/// Why a design does not start.
#[derive(Debug)]
pub enum Refused {
    /// It asks for what is not built yet: findings with their places.
    Guards(Vec<Diagnostic>),
    /// The machine or the data is in the way.
    Failure(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// A backend with the externals that are stood in for.
pub struct Started {
    /// The backend.
    pub backend: Arc<Live>,
    /// Names of externals without a URL.
    pub stand_ins: Vec<String>,
}

/// Opens the store in a data folder and starts the design on it. Needs a Tokio runtime.
///
/// # Errors
/// See [`Refused`].
pub fn start(
    design: &Arc<Design>,
    data: &Path,
    externals: Vec<(String, String)>,
) -> Result<Started, Refused> {
    let urls: BTreeMap<String, String> = externals.into_iter().collect();
    let externals = ConfiguredExternals::new(design.model.clone(), urls)
        .map_err(|why| Failure::new("invalid-external", why))?;
    let stand_ins = externals.stand_ins().map(str::to_owned).collect();
    let store = SqliteStore::open(data, design.clone(), Limits::default())
        .map_err(|error| store_failure(&error))?;
    protect(data);
    let backend = Backend::start(design, store, Arc::new(externals)).map_err(Refused::Guards)?;
    Ok(Started { backend: Arc::new(backend), stand_ins })
}

/// Waits until this process has let go of a data folder, for a moment at most: what a backend does
/// in the background ends soon after it was dropped, not at once.
pub async fn released(data: &Path) {
    const STEP: Duration = Duration::from_millis(20);
    for _ in 0..250 {
        let lock = std::fs::File::options().write(true).open(data.join(LOCK));
        match lock.map(|lock| lock.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => tokio::time::sleep(STEP).await,
            _ => return,
        }
    }
}

/// The file that whoever uses a data folder holds locked.
const LOCK: &str = "firmitas.lock";

/// Keeps data out of version control, wherever the folder is. It works without.
fn protect(data: &Path) {
    let ignore = data.join(".gitignore");
    if !ignore.exists() {
        let _ = std::fs::write(ignore, "*\n");
    }
}

fn store_failure(error: &StoreError) -> Failure {
    match error {
        StoreError::Incompatible { differences } => {
            Failure::new("incompatible-data", "the stored rows do not fit the model")
                .notes(differences.iter().cloned())
                .help("nothing was changed; `--data DIR` starts with empty data elsewhere")
        }
        // It says what to do by itself.
        StoreError::Unusable { message } => Failure::new("store-unusable", message),
        other => Failure::new("store-unusable", other.to_string())
            .help("`--data DIR` keeps the data in another folder"),
    }
}

/// Microseconds since the Unix epoch.
#[must_use]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// The runtime that everything asynchronous runs on.
///
/// # Errors
/// When the system refuses threads.
pub fn tokio() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("no-threads", format!("cannot start threads: {error}")))
}

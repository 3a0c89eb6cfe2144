//! A design on the embedded store in a data folder.

use std::{collections::BTreeMap, fs::TryLockError, path::Path, sync::Arc, time::Duration};

use decide::Design;
use runtime::{
    operations::ConfiguredExternals,
    store::{
        Keys,
        sqlite::{Limits, SqliteStore},
    },
};

use crate::{Failure, KeySettings};

/// The store in a data folder.
pub(crate) fn open(
    design: &Arc<Design>,
    data: &Path,
    keys: &KeySettings,
) -> Result<SqliteStore, Failure> {
    open_with(design, data, keys.of_fields(design, data)?)
}

/// The same with other keys than those in the folder.
pub(crate) fn open_with(
    design: &Arc<Design>,
    data: &Path,
    keys: Option<Arc<Keys>>,
) -> Result<SqliteStore, Failure> {
    let store = SqliteStore::open_with(data, design.clone(), Limits::default(), keys)?;
    protect(data);
    Ok(store)
}

/// The externals of a design, by name with their URLs.
pub(crate) fn externals(
    design: &Arc<Design>,
    urls: Vec<(String, String)>,
) -> Result<ConfiguredExternals, Failure> {
    let urls: BTreeMap<String, String> = urls.into_iter().collect();
    ConfiguredExternals::new(design.model.clone(), urls)
        .map_err(|why| Failure::new("invalid-external", why))
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

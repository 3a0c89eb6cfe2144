//! The store that these tests run on. Another crate runs the same tests on its own store: it
//! includes them beside a module like this one.

use std::path::Path;
use std::sync::Arc;

use decide::Design;
use expression::Row;
use runtime::store::StoreError;
use runtime::store::sqlite::{Limits, Session, SqliteStore};

/// The store.
pub type TestStore = SqliteStore;
/// Work on it.
pub type TestSession = Session;

/// Whether a search finds `á` by `a`.
pub const FOLDS_DIACRITICS: bool = true;

/// What stands between a context and a table in names of tables.
pub const BETWEEN: &str = "_";

/// The store of a folder: the same folder, the same rows.
pub fn open(folder: &Path, design: Arc<Design>) -> Result<TestStore, StoreError> {
    SqliteStore::open(folder, design, Limits::default())
}

/// Inserts many rows.
pub async fn insert_all(store: &TestStore, rows: Vec<Row>) -> Result<u64, StoreError> {
    store.insert_all(rows).await
}

/// Waits for a future of the store's session, which is always ready.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("a session made its caller wait"),
    }
}

/// Gives another folder the rows of a store, whatever still goes on there.
pub fn copy(store: &TestStore, _from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    store.backup(&to.join("firmitas.db")).unwrap();
}

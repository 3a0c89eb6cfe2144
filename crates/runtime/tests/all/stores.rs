//! The store that these tests run on. Another crate runs the same tests on its own store: it
//! includes them beside a module like this one.

use std::path::Path;
use std::sync::Arc;

use decide::Design;
use expression::Row;
use runtime::store::sqlite::{Limits, Session, SqliteStore};
use runtime::store::{Keys, StoreError};

/// The store.
pub type TestStore = SqliteStore;
/// Work on it.
pub type TestSession = Session;

/// How it keeps tenants apart.
pub const ISOLATIONS: &[&str] = &["pool", "bridge", "silo"];

/// What stands between a context and a table in names of tables.
pub const BETWEEN: &str = "_";

/// The store of a folder: the same folder, the same rows.
pub fn open(folder: &Path, design: Arc<Design>) -> Result<TestStore, StoreError> {
    SqliteStore::open_with(folder, design, Limits::default(), Some(keys()))
}

/// Keys of encrypted fields, the same for all tests.
pub fn keys() -> Arc<Keys> {
    Arc::new(Keys::parse("test BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc").unwrap())
}

/// Whether a text stands anywhere in what a store has written.
pub fn holds(store: &TestStore, folder: &Path, text: &str) -> bool {
    let copy = folder.join("copy.db");
    drop(std::fs::remove_file(&copy));
    store.backup(&copy).unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let found = files.filter(|path| path.is_file()).any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    });
    std::fs::remove_file(&copy).unwrap();
    found
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

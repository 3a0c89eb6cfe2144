//! PostgreSQL under the tests of every store: a database for each folder, on the server that
//! `FIRMITAS_TEST_POSTGRES` names. Without one, nothing here can be tried.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use decide::Design;
use expression::Row;
use postgresql::{PostgreSqlStore, Session, Settings};
use runtime::store::{Keys, Store, StoreError, Terms, Transaction as _};
use tokio::runtime::Runtime;

/// The store.
pub type TestStore = PostgreSqlStore;
/// Work on it.
pub type TestSession = Session;

/// Keeps connections beyond the runtimes of single tests, and drives them while a test blocks.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    })
}

/// Runs something on the runtime of connections, whether or not a test's own runs here.
pub fn outside<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| runtime().block_on(work)).join().unwrap())
}

/// The administrator's address; without one, this process ends: there is nothing to try.
pub fn administrator() -> String {
    std::env::var("FIRMITAS_TEST_POSTGRES").unwrap_or_else(|_| {
        // Not captured, as what tests print is.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: FIRMITAS_TEST_POSTGRES is not set (run `cargo xtask test`)"
        );
        std::process::exit(0)
    })
}

/// The address of a database on the server.
pub fn url(database: &str) -> String {
    let administrator = administrator();
    let (server, _) = administrator.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

/// A connection for what a test does beside the store.
pub async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    runtime().spawn(async move { drop(connection.await) });
    client
}

/// Folders that share the database of another.
static SHARING: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());

/// Gives another folder the rows of a store that nobody works with any more, as they are when the
/// leases of its jobs have ended.
pub fn copy(_: &TestStore, from: &Path, to: &Path) {
    outside(async {
        let client = client(&made(from).await).await;
        client.batch_execute("UPDATE firmitas.jobs SET due = 0").await.unwrap();
    });
    shared(from, to);
}

/// Gives another folder the same database.
pub fn shared(from: &Path, to: &Path) {
    SHARING.lock().unwrap().insert(to.to_owned(), from.to_owned());
}

/// The name of a folder's database.
pub fn database(folder: &Path) -> String {
    let sharing = SHARING.lock().unwrap();
    let folder = sharing.get(folder).map_or(folder, PathBuf::as_path);
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("firmitas_test_{}_{:016x}", std::process::id(), hasher.finish())
}

/// Makes a folder's database where there is none; its address.
pub async fn made(folder: &Path) -> String {
    static SWEPT: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    SWEPT.get_or_init(sweep).await;
    let name = database(folder);
    let server = client(&administrator()).await;
    let made = server.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    if let Err(error) = made {
        let there = Some(&tokio_postgres::error::SqlState::DUPLICATE_DATABASE);
        assert_eq!(error.code(), there, "{error:?}");
    }
    url(&name)
}

/// Drops what earlier runs have left.
async fn sweep() {
    let server = client(&administrator()).await;
    let left = "SELECT datname FROM pg_database WHERE datname LIKE 'firmitas\\_test\\_%'";
    for row in server.query(left, &[]).await.unwrap() {
        let name: String = row.get(0);
        let process = name.split('_').nth(2).unwrap_or_default();
        if !Path::new("/proc").join(process).exists() {
            drop(server.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await);
        }
    }
}

/// How it keeps tenants apart.
pub const ISOLATIONS: &[&str] = &["pool", "bridge", "silo"];

/// What stands between a context and a table in names of tables.
pub const BETWEEN: &str = ".";

/// The store of a folder: the same folder, the same rows.
pub fn open(folder: &Path, design: Arc<Design>) -> Result<TestStore, StoreError> {
    outside(async {
        let url = made(folder).await;
        let keys = Some(keys());
        let settings = Settings { connections: Some(8), keys, ..Settings::from(url.as_str()) };
        PostgreSqlStore::open(&settings, design).await
    })
}

/// Keys of encrypted fields, the same for all tests.
pub fn keys() -> Arc<Keys> {
    Arc::new(Keys::parse("test BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc").unwrap())
}

/// Databases that tenants of a folder have.
pub async fn databases(url: &str) -> Vec<String> {
    let asked = "SELECT database FROM firmitas.silos ORDER BY tenant";
    let rows = client(url).await.query(asked, &[]).await.unwrap();
    rows.iter().map(|row| self::url(row.get(0))).collect()
}

/// Whether a text stands anywhere in what a store has written.
pub fn holds(_: &TestStore, folder: &Path, text: &str) -> bool {
    outside(async {
        let main = made(folder).await;
        let mut all = content(&main).await;
        for url in databases(&main).await {
            all.push_str(&content(&url).await);
        }
        // Bytes are shown in hexadecimal digits.
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        all.contains(text) || all.contains(&hex)
    })
}

/// All rows of a database as text.
pub async fn content(url: &str) -> String {
    let client = client(url).await;
    let tables = "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables \
         WHERE table_schema NOT IN ('pg_catalog', 'information_schema')";
    let mut all = String::new();
    for row in client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let rows = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t");
        all.push_str(client.query_one(&rows, &[]).await.unwrap().get(0));
    }
    all
}

/// Inserts many rows.
pub async fn insert_all(store: &TestStore, rows: Vec<Row>) -> Result<u64, StoreError> {
    store
        .write(Terms::SERVER, move |session| {
            Box::pin(async move {
                for row in &rows {
                    session.insert(row).await?;
                }
                Ok(rows.len() as u64)
            })
        })
        .await
}

/// Waits for a future of a session, whose connection another runtime drives.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

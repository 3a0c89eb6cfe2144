//! The writer: groups, failures, panics, bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runtime::store::sqlite::{Limits, SqliteStore};
use tokio::task::JoinHandle;

use runtime::store::{PageQuery, Snapshot, Store, StoreError, Transaction};

use crate::small::{self, CUSTOMER};
use crate::store_support::{Folder, customer, design, now, open, row, shop, write};
use crate::stores::{TestSession, TestStore};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_committed_together_and_seen_only_then() {
    let (folder, store) = shop();
    let store = Arc::new(store);
    // Everything that is queued while this one holds the writer belongs to its group.
    let (first, hold) = held(&store).await;
    let inserts = (1..=50u128).map(|id| {
        write(&store, move |session| {
            now(session.insert(&customer(id, &format!("{id}@example.org"))))
        })
    });
    let commits = || commits_of(&folder);
    let before = commits();
    // All are asked for before the writer goes on.
    let inserts = futures_util::future::join_all(inserts);
    let goes_on = async { hold.send(()).unwrap() };
    let (inserted, ()) = tokio::join!(biased; inserts, goes_on);
    first.await.unwrap().unwrap();
    assert!(inserted.iter().all(Result::is_ok), "{inserted:?}");
    for id in 1..=50 {
        assert!(row(&store, CUSTOMER, id).await.is_some());
    }
    // The log marks each commit in the frame of its last page.
    let grouped = commits() - before;
    assert!((1..=3).contains(&grouped), "51 writes took {grouped} commits");
}

/// A write that holds the writer until it is told to go on.
async fn held(
    store: &Arc<TestStore>,
) -> (JoinHandle<Result<(), StoreError>>, std::sync::mpsc::Sender<()>) {
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (hold, wait) = std::sync::mpsc::channel();
    let store = store.clone();
    let work = move |_: &mut TestSession| {
        begun.send(()).unwrap();
        wait.recv().unwrap();
        Ok(())
    };
    let first = tokio::spawn(async move { write(&store, work).await });
    begins.await.unwrap();
    (first, hold)
}

/// Commits in the write-ahead log: frames whose header says how large the database then is.
fn commits_of(folder: &Folder) -> usize {
    let log = std::fs::read(folder.path().join("firmitas.db-wal")).unwrap_or_default();
    let frames = log.get(32..).unwrap_or_default().chunks_exact(24 + 4096);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[tokio::test]
async fn a_failing_piece_of_work_is_undone_alone() {
    let (_folder, store) = shop();
    let failing = async {
        write(&store, |session| {
            now(session.insert(&customer(1, "one@example.org")))?;
            Err::<(), _>(StoreError::Busy)
        })
        .await
    };
    let succeeding = async {
        write(&store, |session| now(session.insert(&customer(2, "two@example.org")))).await
    };
    let (failed, succeeded) = tokio::join!(failing, succeeding);
    assert_eq!(failed, Err(StoreError::Busy));
    assert_eq!(succeeded, Ok(()));
    assert!(row(&store, CUSTOMER, 1).await.is_none());
    assert!(row(&store, CUSTOMER, 2).await.is_some());
}

#[tokio::test]
async fn a_panic_undoes_its_work_and_leaves_the_writer_alive() {
    let (_folder, store) = shop();
    let panicked = write::<()>(&store, |session| {
        now(session.insert(&customer(1, "one@example.org")))?;
        panic!("a defect (expected by this test)")
    })
    .await;
    assert!(matches!(panicked, Err(StoreError::Internal { .. })), "{panicked:?}");
    assert!(row(&store, CUSTOMER, 1).await.is_none());
    write(&store, |session| now(session.insert(&customer(1, "one@example.org")))).await.unwrap();
}

#[tokio::test]
async fn a_reader_outlives_a_panic_and_cannot_write() {
    let folder = Folder::new();
    let limits = Limits { readers: 1, ..Limits::default() };
    let store = SqliteStore::open(folder.path(), design(small::shop()), limits).unwrap();
    let panicked: Result<(), StoreError> = store
        .read(runtime::store::Terms::SERVER, |_| panic!("a defect (expected by this test)"))
        .await;
    assert!(matches!(panicked, Err(StoreError::Internal { .. })));
    let written: Result<(), StoreError> = store
        .read(runtime::store::Terms::SERVER, |session| {
            Box::pin(async move { session.insert(&customer(1, "one@example.org")).await })
        })
        .await;
    assert!(written.is_err());
    assert!(row(&store, CUSTOMER, 1).await.is_none());
}

#[tokio::test]
async fn a_long_read_ends_when_nobody_waits_for_it() {
    let folder = Folder::new();
    let limits = Limits { readers: 1, ..Limits::default() };
    let store = SqliteStore::open(folder.path(), design(small::shop()), limits).unwrap();
    let rows = (1..500).map(|id| customer(id, &format!("{id}@example.org")));
    store.insert_all(rows).await.unwrap();
    let ended = Arc::new(AtomicUsize::new(0));
    let counted = ended.clone();
    let endless = store.scan(runtime::store::Terms::SERVER, move |session| {
        Box::pin(async move {
            let query = PageQuery::new(CUSTOMER, 500);
            let started = std::time::Instant::now();
            let error = loop {
                // Fails the test rather than hanging it.
                assert!(started.elapsed() < Duration::from_secs(30), "never interrupted");
                if let Err(error) = session.page(&query).await {
                    break error;
                }
            };
            counted.store(1, Ordering::SeqCst);
            Err::<(), _>(error)
        })
    });
    let waited = tokio::time::timeout(Duration::from_millis(50), endless).await;
    assert!(waited.is_err(), "an endless read ended");
    let next = store.scan(runtime::store::Terms::SERVER, |session| {
        Box::pin(async move {
            let page = session.page(&PageQuery::new(CUSTOMER, 10)).await?;
            Ok::<_, StoreError>(page.rows.len())
        })
    });
    let next = tokio::time::timeout(Duration::from_secs(20), next).await;
    assert_eq!(next.expect("the only reader is still busy").unwrap(), 10);
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn work_that_awaits_something_else_is_refused() {
    let (_folder, store) = shop();
    let stuck: Result<(), StoreError> = store
        .write(runtime::store::Terms::SERVER, |_| Box::pin(async { std::future::pending().await }))
        .await;
    assert!(matches!(stuck, Err(StoreError::Internal { .. })));
}

#[tokio::test]
async fn a_full_queue_says_busy() {
    let folder = Folder::new();
    let limits = Limits { waiting_writes: 2, ..Limits::default() };
    let store = SqliteStore::open(folder.path(), design(small::shop()), limits).unwrap();
    let store = Arc::new(store);
    let (first, hold) = held(&store).await;
    let ran = Arc::new(AtomicUsize::new(0));
    let counts = (0..5).map(|_| {
        let ran = ran.clone();
        write(&store, move |_: &mut _| Ok(ran.fetch_add(1, Ordering::SeqCst)))
    });
    // All are asked for before the writer goes on.
    let counts = futures_util::future::join_all(counts);
    let goes_on = async { hold.send(()).unwrap() };
    let (counts, ()) = tokio::join!(biased; counts, goes_on);
    first.await.unwrap().unwrap();
    let busy = counts.iter().filter(|count| **count == Err(StoreError::Busy)).count();
    assert_eq!((busy, ran.load(Ordering::SeqCst)), (3, 2));
}

#[tokio::test]
async fn a_second_process_is_refused_and_the_first_lets_go() {
    let (folder, store) = shop();
    let second = open(&folder, small::shop());
    let Err(StoreError::Unusable { message }) = second else { panic!("opened twice") };
    assert!(message.contains("in use by another process"), "{message}");
    drop(store);
    open(&folder, small::shop()).unwrap();
}

#[tokio::test]
async fn a_file_of_another_program_is_left_alone() {
    let folder = Folder::new();
    let file = folder.path().join("firmitas.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let Err(StoreError::Unusable { .. }) = open(&folder, small::shop()) else { panic!("taken") };
    std::fs::write(&file, vec![7; 5000]).unwrap();
    let Err(StoreError::Corrupt { .. }) = open(&folder, small::shop()) else { panic!("taken") };
}

#[tokio::test]
async fn a_backup_is_consistent_while_writing_goes_on() {
    let (folder, store) = shop();
    let store = Arc::new(store);
    let stop = Arc::new(AtomicUsize::new(0));
    let writing = tokio::spawn({
        let (store, stop) = (store.clone(), stop.clone());
        async move {
            let mut id = 0;
            while stop.load(Ordering::SeqCst) == 0 || id < 20 {
                id += 2;
                // Two rows always come together.
                write(&store, move |session| {
                    now(session.insert(&customer(id, &format!("{id}@example.org"))))?;
                    now(session.insert(&customer(id + 1, &format!("{}@example.org", id + 1))))
                })
                .await
                .unwrap();
            }
        }
    });
    let copies: Vec<_> = (0..3).map(|at| folder.path().join(format!("copy-{at}.db"))).collect();
    for copy in &copies {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let (store, copy) = (store.clone(), copy.clone());
        tokio::task::spawn_blocking(move || store.backup(&copy).unwrap()).await.unwrap();
    }
    stop.store(1, Ordering::SeqCst);
    writing.await.unwrap();
    for copy in &copies {
        let connection = rusqlite::Connection::open(copy).unwrap();
        let one = |sql| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(one("SELECT count(*) % 2 FROM sales_customers"), 0);
        assert_eq!(
            one("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
            0
        );
    }
    assert!(matches!(store.backup(&copies[0]), Err(StoreError::Unusable { .. })));
    // The command for operators needs no hold on the directory.
    let another = folder.path().join("another.db");
    runtime::store::sqlite::backup(folder.path(), &another).unwrap();
    assert!(another.is_file());
}

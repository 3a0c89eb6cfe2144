//! Backups of a database that goes on being written, restored elsewhere.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use postgresql::archive;
use runtime::store::{
    OutboxEvent, PageQuery, Snapshot as _, Store as _, StoreError, Terms, Transaction as _,
};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT};
use crate::store_support::{Folder, customer, insert, open, order, product, row};
use crate::stores::{TestStore, client, made, outside};

fn backup(url: &str, to: &std::path::Path) -> Result<archive::Summary, StoreError> {
    outside(archive::backup(url, to))
}

fn restore(url: &str, from: &std::path::Path) -> Result<archive::Summary, StoreError> {
    outside(archive::restore(url, from))
}

/// An event of an order, whose number is its key.
fn event(id: u128) -> OutboxEvent {
    OutboxEvent {
        id,
        event: "sales.Placed".into(),
        key: id.to_string(),
        payload: "{\"tab\":\"\\t\"}".into(),
        at: 1,
        tenant: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_writes_is_one_moment_and_serves_elsewhere() {
    let (folder, other) = (Folder::new(), Folder::new());
    let store = Arc::new(open(&folder, small::shop()).unwrap());
    let strange = product(2, "tab\there", "line\nbreak \\N \"quoted\" 'it''s' é 漢", 1250);
    insert(&store, vec![customer(1, "one@example.org"), strange.clone()]).await.unwrap();
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writing = {
        let (store, stop, count) = (store.clone(), stop.clone(), count.clone());
        tokio::spawn(async move {
            for id in 100u128.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let row = order(id, 1, 7, &[(2, 1), (2, 2)]);
                let written: Result<(), StoreError> = store
                    .write(Terms::SERVER, move |session| {
                        Box::pin(async move {
                            session.insert(&row).await?;
                            session.append(&event(id)).await
                        })
                    })
                    .await;
                written.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    while count.load(Ordering::Relaxed) < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let before = count.load(Ordering::Relaxed);
    let url = outside(made(folder.path()));
    let file: PathBuf = folder.path().join("shop.backup");
    let saved = backup(&url, &file).unwrap();
    let after = count.load(Ordering::Relaxed) + 1;
    assert!(matches!(backup(&url, &file), Err(StoreError::Unusable { .. })), "overwritten");
    stop.store(true, Ordering::Relaxed);
    writing.await.unwrap();

    let elsewhere = outside(made(other.path()));
    assert_eq!(restore(&elsewhere, &file).unwrap(), saved);
    assert!(matches!(restore(&elsewhere, &file), Err(StoreError::Unusable { .. })), "twice");
    let restored = open(&other, small::shop()).unwrap();
    assert_eq!(row(&restored, PRODUCT, 2).await.as_deref(), Some(&strange));
    is_one_moment(&restored, before..=after).await;
    goes_on(&restored).await;
}

/// As many orders as had been written, each with its lines and its event.
async fn is_one_moment(restored: &TestStore, written: RangeInclusive<u64>) {
    assert!(row(restored, CUSTOMER, 1).await.is_some());
    let mut query = PageQuery::new(ORDER, 100_000);
    query.sort = Vec::new();
    let found: Result<_, StoreError> = restored
        .read(Terms::SERVER, move |session| {
            Box::pin(async move {
                Ok((session.page(&query).await?.rows, session.outbox(0, 100_000).await?))
            })
        })
        .await;
    let (orders, events) = found.unwrap();
    let held = orders.len() as u64;
    assert!(written.contains(&held), "{held} in {written:?}");
    assert!(orders.iter().all(|order| order.parts[0].len() == 2), "an order without its lines");
    assert_eq!(events.len(), orders.len(), "an order without its event");
    assert_eq!(events[0].1, event(100));
}

/// Numbers of the outbox go on behind those that were restored; keys and references hold.
async fn goes_on(restored: &TestStore) {
    let appended: Result<_, StoreError> = restored
        .write(Terms::SERVER, |session| {
            Box::pin(async move {
                let last = session.outbox(0, 100_000).await?.last().map(|last| last.0);
                session.append(&event(7)).await?;
                let appended = session.outbox(0, 100_000).await?.last().map(|last| last.0);
                Ok((last, appended))
            })
        })
        .await;
    let (last, appended) = appended.unwrap();
    assert!(last.is_some() && appended > last, "{appended:?} after {last:?}");
    let taken = insert(restored, vec![customer(9, "one@example.org")]).await;
    assert_eq!(taken, Err(StoreError::Unique { code: "email-taken".into() }));
    let missing = insert(restored, vec![order(9, 99, 1, &[])]).await;
    assert!(matches!(missing, Err(StoreError::MissingReference { .. })), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_backup_leaves_the_database_empty() {
    let (folder, other) = (Folder::new(), Folder::new());
    let empty = outside(made(other.path()));
    let file = folder.path().join("shop.backup");
    assert!(matches!(backup(&empty, &file), Err(StoreError::Unusable { .. })));
    assert!(!file.exists());
    let store = open(&folder, small::shop()).unwrap();
    insert(&store, vec![customer(1, "one@example.org")]).await.unwrap();
    let url = outside(made(folder.path()));
    backup(&url, &file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let at = whole.windows(15).position(|bytes| bytes == b"one@example.org").unwrap();
    let mut bent = whole.clone();
    bent[at] = b'O';
    for wrong in [&whole[..whole.len() - 9], &whole[..at], &bent, b"anything else at all"] {
        std::fs::write(&file, wrong).unwrap();
        assert!(restore(&empty, &file).is_err());
        let client = client(&empty).await;
        let there = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('firmitas', 'sales')";
        let there: i64 = client.query_one(there, &[]).await.unwrap().get(0);
        assert_eq!(there, 0);
    }
    std::fs::write(&file, &whole).unwrap();
    restore(&empty, &file).unwrap();
}

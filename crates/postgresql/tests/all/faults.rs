//! What goes wrong between a server and its database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use expression::Value;
use postgresql::{PostgreSqlStore, Settings};
use runtime::store::{Snapshot as _, Store as _, StoreError, Terms, Transaction as _};

use crate::small::{self, CUSTOMER};
use crate::store_support::{Folder, customer, design, insert, row, shop, with};
use crate::stores::{client, database, made, outside, url};

/// Ends every connection of the store by force.
async fn terminate(folder: &Folder) {
    let name = database(folder.path());
    let server = client(&url("postgres")).await;
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = $1 AND application_name = 'firmitas'";
    server.execute(ended, &[&name]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_undoes_its_work_and_the_next_work_has_another() {
    let (folder, store) = shop();
    let store = Arc::new(store);
    let (sender, mut inserted) = tokio::sync::mpsc::channel::<()>(1);
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(Terms::SERVER, move |session| {
                    Box::pin(async move {
                        session.insert(&customer(1, "one@example.org")).await?;
                        session.row(CUSTOMER, 1).await?;
                        sender.send(()).await.unwrap();
                        gone.await.unwrap();
                        session.insert(&customer(2, "two@example.org")).await
                    })
                })
                .await
        }
    });
    inserted.recv().await.unwrap();
    terminate(&folder).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    go.send(()).unwrap();
    let ended: Result<(), StoreError> = working.await.unwrap();
    assert!(matches!(ended, Err(StoreError::Unreachable { .. })), "{ended:?}");
    assert!(row(&store, CUSTOMER, 1).await.is_none());
    insert(&store, vec![customer(1, "one@example.org")]).await.unwrap();
    assert!(row(&store, CUSTOMER, 1).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_died_cost_nobody_an_error() {
    let (folder, store) = shop();
    insert(&store, vec![customer(1, "one@example.org")]).await.unwrap();
    terminate(&folder).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(row(&store, CUSTOMER, 1).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_finds_no_connection_is_told_so_in_time() {
    let folder = Folder::new();
    let store = outside(async {
        let settings =
            Settings { connections: Some(1), ..Settings::from(&*made(folder.path()).await) };
        PostgreSqlStore::open(&settings, design(small::shop())).await.unwrap()
    });
    let store = Arc::new(store);
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (sender, mut holding) = tokio::sync::mpsc::channel::<()>(1);
    let holds = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .read(Terms::SERVER, move |session| {
                    Box::pin(async move {
                        session.row(CUSTOMER, 1).await?;
                        sender.send(()).await.unwrap();
                        gone.await.unwrap();
                        Ok::<_, StoreError>(())
                    })
                })
                .await
        }
    });
    holding.recv().await.unwrap();
    let started = Instant::now();
    let refused: Result<(), StoreError> =
        store.read(Terms::SERVER, |_| Box::pin(async { Ok(()) })).await;
    assert_eq!(refused, Err(StoreError::Busy));
    assert!(started.elapsed() < Duration::from_secs(10));
    go.send(()).unwrap();
    holds.await.unwrap().unwrap();
    assert!(row(&store, CUSTOMER, 1).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_lock_in_a_circle_end_with_one_that_may_try_again() {
    let (_folder, store) = shop();
    let rows = vec![customer(1, "one@example.org"), customer(2, "two@example.org")];
    insert(&store, rows).await.unwrap();
    let store = Arc::new(store);
    let barrier = Arc::new(tokio::sync::Barrier::new(2));
    let lock = |first: u128, second: u128| {
        let (store, barrier) = (store.clone(), barrier.clone());
        tokio::spawn(async move {
            store
                .write(Terms::SERVER, move |session| {
                    Box::pin(async move {
                        session.lock(&[(CUSTOMER, first)]).await?;
                        barrier.wait().await;
                        session.lock(&[(CUSTOMER, second)]).await.map(drop)
                    })
                })
                .await
        })
    };
    let (one, two) = tokio::join!(lock(1, 2), lock(2, 1));
    let mut ends: Vec<Result<(), StoreError>> = vec![one.unwrap(), two.unwrap()];
    ends.sort_by_key(Result::is_err);
    assert_eq!(ends, [Ok(()), Err(StoreError::Conflict)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_ends_when_whoever_asked_stops_waiting() {
    let (_folder, store) = shop();
    insert(&store, vec![customer(1, "one@example.org")]).await.unwrap();
    let store = Arc::new(store);
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (sender, mut holding) = tokio::sync::mpsc::channel::<()>(1);
    let holds = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(Terms::SERVER, move |session| {
                    Box::pin(async move {
                        session.lock(&[(CUSTOMER, 1)]).await?;
                        sender.send(()).await.unwrap();
                        gone.await.unwrap();
                        Ok::<_, StoreError>(())
                    })
                })
                .await
        }
    });
    holding.recv().await.unwrap();
    let started = Instant::now();
    let deadline = Some(started + Duration::from_millis(300));
    let waited: Result<(), StoreError> = store
        .write(Terms { deadline, ..Terms::SERVER }, |session| {
            Box::pin(async move { session.lock(&[(CUSTOMER, 1)]).await.map(drop) })
        })
        .await;
    assert_eq!(waited, Err(StoreError::Busy));
    assert!(started.elapsed() < Duration::from_secs(3));
    go.send(()).unwrap();
    holds.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_work_swallows_is_not_committed_over() {
    let (_folder, store) = shop();
    insert(&store, vec![customer(1, "one@example.org")]).await.unwrap();
    let swallowed: Result<(), StoreError> = store
        .write(Terms::SERVER, |session| {
            Box::pin(async move {
                session.insert(&customer(2, "two@example.org")).await?;
                drop(session.insert(&customer(3, "one@example.org")).await);
                drop(session.row(CUSTOMER, 1).await);
                Ok(())
            })
        })
        .await;
    let taken = StoreError::Unique { code: "email-taken".to_owned() };
    assert_eq!(swallowed, Err(taken));
    assert!(row(&store, CUSTOMER, 2).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_a_row_that_is_gone_do_not_commit() {
    let (_folder, store) = shop();
    let ghost = customer(9, "ghost@example.org");
    let after = with(&ghost, "email", Value::text("other@example.org"));
    let written: Result<(), StoreError> = store
        .write(Terms::SERVER, move |session| {
            Box::pin(async move {
                session.insert(&customer(1, "one@example.org")).await?;
                session.update(&ghost, &after).await
            })
        })
        .await;
    assert_eq!(written, Err(StoreError::Vanished { entity: CUSTOMER }));
    assert!(row(&store, CUSTOMER, 1).await.is_none());
}

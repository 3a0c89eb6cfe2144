//! Starting on tables that are there already.

use runtime::store::StoreError;

use crate::small::{self, CUSTOMER};
use crate::store_support::{Folder, customer, design, insert, row};
use crate::stores::{client, made, open, outside};

#[tokio::test(flavor = "multi_thread")]
async fn starting_again_keeps_the_rows() {
    let folder = Folder::new();
    let store = open(folder.path(), design(small::shop())).unwrap();
    insert(&store, vec![customer(1, "one@example.org")]).await.unwrap();
    drop(store);
    let store = open(folder.path(), design(small::shop())).unwrap();
    assert!(row(&store, CUSTOMER, 1).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_start_at_once_make_one_set_of_tables() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    let starts = (0..4).map(|_| {
        let settings = postgresql::Settings::from(&*url);
        tokio::spawn(async move {
            postgresql::PostgreSqlStore::open(&settings, design(small::shop())).await.map(drop)
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
    let client = client(&url).await;
    let of_server = "SELECT count(*) FROM pg_tables WHERE schemaname = 'firmitas'";
    let tables: i64 = client.query_one(of_server, &[]).await.unwrap().get(0);
    assert_eq!(tables, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_server_is_said_to_be_one() {
    let settings = postgresql::Settings::from("postgres://nobody@127.0.0.1:1/nothing");
    let refused = postgresql::PostgreSqlStore::open(&settings, design(small::shop())).await;
    assert!(matches!(refused, Err(StoreError::Unreachable { .. })), "{refused:?}");
}

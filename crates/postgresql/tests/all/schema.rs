//! Starting on tables that are there already.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use expression::{Type, Value};
use model::Model;
use runtime::store::StoreError;

use crate::small::{self, CUSTOMER, ORDER, PRODUCT, string};
use crate::store_support::{Folder, customer, design, insert, order, product, row};
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
    assert_eq!(tables, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_server_is_said_to_be_one() {
    let settings = postgresql::Settings::from("postgres://nobody@127.0.0.1:1/nothing");
    let refused = postgresql::PostgreSqlStore::open(&settings, design(small::shop())).await;
    assert!(matches!(refused, Err(StoreError::Unreachable { .. })), "{refused:?}");
}

/// The shop with what may be added while servers of the shop before go on: fields, one of them with
/// a default, a key, members, a wider range, an entity that refers to others.
pub fn grown() -> Model {
    let mut model = small::shop();
    let at = PRODUCT.0 as usize;
    for (name, ty, default) in [
        ("note", string(0, 9).optional(), None),
        ("colour", string(1, 9), Some(model::model::Default::Value(Value::text("red")))),
    ] {
        let mut field = model.entities[at].fields[0].clone();
        field.name.value = name.to_owned();
        (field.ty, field.built_in, field.default) = (ty.clone(), None, default);
        model.entities[at].fields.push(field);
        let shape = expression::FieldShape { name: name.to_owned(), ty };
        model.schema.entities[at].fields.push(shape);
    }
    let mut key = model.entities[at].unique[0].clone();
    key.code.value = "name-taken".to_owned();
    key.fields = vec![model.shape(PRODUCT).field("name").unwrap()];
    model.entities[at].unique.push(key);
    let name = usize::from(model.shape(PRODUCT).field("name").unwrap().0);
    model.entities[at].fields[name].ty = string(1, 999);
    model.schema.entities[at].fields[name].ty = string(1, 999);
    let members: Vec<String> = ["open", "paid", "sent"].map(str::to_owned).to_vec();
    let status = usize::from(model.shape(ORDER).field("status").unwrap().0);
    model.entities[ORDER.0 as usize].fields[status].ty = Type::Enum(members.clone().into());
    model.schema.entities[ORDER.0 as usize].fields[status].ty = Type::Enum(members.into());
    small::entity(&model, "Note", "notes", 0).field("of", Type::Reference(PRODUCT)).add(&mut model);
    model
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_of_a_new_model_start_at_once_while_one_of_the_old_model_serves() {
    let folder = Folder::new();
    let store = Arc::new(open(folder.path(), design(small::shop())).unwrap());
    insert(&store, vec![customer(1, "one@example.org")]).await.unwrap();
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(10)));
    let serving = (0..3).map(|_| {
        let (store, stop, next) = (store.clone(), stop.clone(), next.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let id = u128::from(next.fetch_add(2, Ordering::Relaxed));
                let one = product(id, &format!("code-{id}"), &format!("Lamp {id}"), 100);
                let rows = vec![one, order(id + 1, 1, 7, &[(id, 1)])];
                // As a backend does.
                let written = loop {
                    match insert(&store, rows.clone()).await {
                        Err(StoreError::Conflict) => {}
                        written => break written,
                    }
                };
                assert_eq!(written, Ok(2));
                assert!(row(&store, PRODUCT, id).await.is_some());
            }
        })
    });
    let serving: Vec<_> = serving.collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let url = outside(made(folder.path()));
    let starts = (0..2).map(|_| {
        let url = url.clone();
        tokio::spawn(async move {
            let settings = postgresql::Settings::from(&*url);
            postgresql::PostgreSqlStore::open(&settings, design(grown())).await
        })
    });
    let mut started = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        started.push(start.await.unwrap().unwrap());
    }
    let between = u128::from(next.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    for serving in serving {
        serving.await.unwrap();
    }
    let last = u128::from(next.load(Ordering::Relaxed));
    assert!(last > between, "the old model did not go on");
    let at = grown().shape(PRODUCT).field("colour").unwrap();
    for id in [10, last - 2] {
        let found = row(&started[0], PRODUCT, id).await.unwrap();
        assert_eq!(found.fields[usize::from(at.0)], Value::text("red"), "{id}");
    }
    let client = client(&url).await;
    let open = "SELECT (SELECT count(*) FROM pg_constraint WHERE NOT convalidated) \
                + (SELECT count(*) FROM pg_index WHERE NOT indisvalid)";
    let open: i64 = client.query_one(open, &[]).await.unwrap().get(0);
    assert_eq!(open, 0);
    let mut again = product(2, "another", "Lamp 10", 1);
    again.fields.extend([Value::Null, Value::text("blue")]);
    let taken = insert(&started[1], vec![again]).await;
    assert_eq!(taken, Err(StoreError::Unique { code: "name-taken".into() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_table_is_waited_for_and_the_next_start_finishes_what_was_begun() {
    let folder = Folder::new();
    let store = open(folder.path(), design(small::shop())).unwrap();
    insert(&store, vec![product(2, "lamp", "Lamp", 1)]).await.unwrap();
    let url = outside(made(folder.path()));
    let holder = client(&url).await;
    holder.batch_execute("BEGIN; SELECT count(*) FROM sales.products").await.unwrap();
    let begun = std::time::Instant::now();
    let starting = {
        let url = url.clone();
        tokio::spawn(async move {
            let settings = postgresql::Settings::from(&*url);
            postgresql::PostgreSqlStore::open(&settings, design(grown())).await
        })
    };
    // Whoever comes later is not kept waiting by the change that waits.
    for id in 3u128..13 {
        let rows = vec![product(id, &format!("code-{id}"), &format!("Desk {id}"), 1)];
        insert(&store, rows).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    holder.batch_execute("COMMIT").await.unwrap();
    let started = starting.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    drop((store, started));
    // As if a start had broken off after its first transaction.
    holder
        .batch_execute(
            "DROP INDEX sales.products_name_taken_key; \
             ALTER TABLE sales.products DROP CONSTRAINT products_name_check; \
             ALTER TABLE sales.products ADD CHECK (char_length(name) BETWEEN 1 AND 999) NOT VALID",
        )
        .await
        .unwrap();
    let again = open(folder.path(), design(grown())).unwrap();
    let mut same = product(20, "another", "Desk 3", 1);
    same.fields.extend([Value::Null, Value::text("blue")]);
    let taken = insert(&again, vec![same]).await;
    assert_eq!(taken, Err(StoreError::Unique { code: "name-taken".into() }));
    let open = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated";
    let open: i64 = holder.query_one(open, &[]).await.unwrap().get(0);
    assert_eq!(open, 0);
}

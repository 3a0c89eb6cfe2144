//! Rows of tenants that share tables, and the roles that work on them.

use expression::{FieldIndex, Value};
use postgresql::{PostgreSqlStore, Settings};
use runtime::store::{
    PageQuery, Snapshot as _, Store as _, StoreError, Tenant, Terms, Transaction as _,
};

use crate::notes;
use crate::store_support::{Folder, design};
use crate::stores::{client, made, outside};
use crate::support::model;

#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_reaches_anothers_rows_and_the_database_would_not_let_it() {
    let folder = Folder::new();
    let model = model(&notes::pooled("Shared Notes", ""));
    let design = design((*model).clone());
    let of_note = notes::entity(&model, "Note");
    let url = outside(made(folder.path()));
    let store = outside(PostgreSqlStore::open(&Settings::from(&*url), design)).unwrap();
    for (tenant, id) in [(10u128, 1u128), (20, 2)] {
        let row = notes::row(&model, "Note", id, "of a tenant");
        let written: Result<(), StoreError> = store
            .write(Terms::of(Tenant::One(tenant)), move |session| {
                Box::pin(async move { session.insert(&row).await })
            })
            .await;
        written.unwrap();
    }
    let seen = |tenant: Tenant| {
        store.read(Terms::of(tenant), move |session| {
            Box::pin(async move {
                let page = session.page(&PageQuery::new(of_note, 10)).await?;
                let one = session.row(of_note, 1).await?.is_some();
                let key = [(FieldIndex(0), Value::Uuid(1))];
                let found = session.find(of_note, &key).await?.is_some();
                let many = session.rows(of_note, &[1, 2]).await?;
                let many = many.iter().filter(|row| row.is_some()).count();
                let holds = session.satisfies(of_note, 1, &[]).await?;
                Ok::<_, StoreError>((page.rows.len(), one, found, many, holds))
            })
        })
    };
    assert_eq!(seen(Tenant::One(10)).await.unwrap(), (1, true, true, 1, true));
    assert_eq!(seen(Tenant::One(20)).await.unwrap(), (1, false, false, 1, false));
    assert_eq!(seen(Tenant::One(30)).await.unwrap(), (0, false, false, 0, false));
    assert_eq!(seen(Tenant::None).await.unwrap(), (0, false, false, 0, false));
    assert_eq!(seen(Tenant::All).await.unwrap(), (2, true, true, 2, true));
    // Others' rows are neither changed nor removed.
    let deleted: Result<(), StoreError> = store
        .write(Terms::of(Tenant::One(20)), move |session| {
            Box::pin(async move { session.delete(of_note, 1).await })
        })
        .await;
    assert_eq!(deleted, Err(StoreError::Vanished { entity: of_note }));
    // The second lock: the server's role without the predicate.
    let client = client(&url).await;
    client.batch_execute("SET ROLE shared_notes_server").await.unwrap();
    let count = "SELECT count(*) FROM office.notes";
    let all: i64 = client.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(all, 0);
    let tenant = format!("SET firmitas.tenant = '{:032x}'", 10u128);
    client.batch_execute(&tenant).await.unwrap();
    let own: i64 = client.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(own, 1);
    for forbidden in [
        "DROP TABLE office.notes",
        "CREATE TABLE office.other (id int)",
        "ALTER TABLE office.notes DISABLE ROW LEVEL SECURITY",
        "INSERT INTO firmitas.schema VALUES (1, 'x')",
        "UPDATE firmitas.journal SET actor = 'x'",
    ] {
        assert!(client.batch_execute(forbidden).await.is_err(), "{forbidden}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_for_a_read_reaches_nobody_elses() {
    let folder = Folder::new();
    let model = model(&notes::pooled("Shared Notes", ""));
    let of_note = notes::entity(&model, "Note");
    let url = outside(made(folder.path()));
    // All work meets the same connection.
    let settings = Settings { connections: Some(1), ..Settings::from(&*url) };
    let store = outside(PostgreSqlStore::open(&settings, design((*model).clone()))).unwrap();
    let add = |tenant: u128, id: u128| {
        let row = notes::row(&model, "Note", id, "of a tenant");
        store.write(Terms::of(Tenant::One(tenant)), move |session| {
            Box::pin(async move {
                session.insert(&row).await?;
                // Behind what may be refused: left out then, and prepared again the next time.
                let known = session.row(of_note, id).await?;
                // Looks at everybody's rows, and goes on for the tenant.
                assert_eq!(session.tenant_of(of_note, id).await?, Some(tenant));
                Ok::<_, StoreError>(known.is_some())
            })
        })
    };
    assert_eq!(add(10, 1).await, Ok(true));
    assert!(matches!(add(10, 1).await, Err(StoreError::Unique { .. })));
    assert_eq!(add(20, 2).await, Ok(true));
    let ask = |tenant: Tenant, id: u128, single: bool| {
        let terms = Terms { single, ..Terms::of(tenant) };
        store.read(terms, move |session| {
            Box::pin(async move { Ok::<_, StoreError>(session.row(of_note, id).await?.is_some()) })
        })
    };
    let beside = client(&url).await;
    let mut next = 100;
    let tenants = [Tenant::None, Tenant::One(10), Tenant::One(20), Tenant::One(30), Tenant::All];
    // Each behind each other, and behind its own: alone, in a transaction, and after an error.
    for (first, second) in tenants.into_iter().flat_map(|one| tenants.map(|two| (one, two))) {
        for how in 0..8u8 {
            let (before, then) = (how & 1 == 0, how & 2 == 0);
            if how & 4 != 0 {
                beside.batch_execute("ALTER TABLE office.notes RENAME TO away").await.unwrap();
                assert!(ask(first, 1, before).await.is_err());
                beside.batch_execute("ALTER TABLE office.away RENAME TO notes").await.unwrap();
            } else {
                ask(first, 1, before).await.unwrap();
            }
            for (id, owner) in [(1, 10), (2, 20)] {
                let visible = second == Tenant::All || second == Tenant::One(owner);
                let seen = ask(second, id, then).await;
                assert_eq!(seen, Ok(visible), "{first:?}, then {second:?} ({how}), row {id}");
            }
        }
        if let Tenant::One(tenant) = second {
            assert!(matches!(add(tenant, 1).await, Err(StoreError::Unique { .. })));
            next += 1;
            assert_eq!(add(tenant, next).await, Ok(true));
        }
    }
}

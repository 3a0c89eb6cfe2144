//! Tenants with a schema each.

use expression::Row;
use postgresql::{PostgreSqlStore, Settings, archive};
use runtime::store::{
    PageQuery, Snapshot as _, Store as _, StoreError, Tenant, Terms, Transaction as _,
};

use crate::notes;
use crate::store_support::{Folder, design};
use crate::stores::{TestStore, client, made, outside};
use crate::support::model;

fn plain() -> String {
    notes::apart("bridge")
}

/// With a key, a column and an entity more.
fn grown() -> String {
    notes::apart_and_grown("bridge")
}

fn row(text: &str, name: &str, id: u128, says: &str) -> Row {
    notes::row(&model(text), name, id, says)
}

struct Apart {
    url: String,
    text: String,
    store: TestStore,
}

impl Apart {
    fn open(url: &str, text: &str) -> Result<Self, StoreError> {
        let design = design((*model(text)).clone());
        let settings = Settings { connections: Some(4), ..Settings::from(url) };
        let store = outside(PostgreSqlStore::open(&settings, design))?;
        Ok(Self { url: url.to_owned(), text: text.to_owned(), store })
    }

    /// With the companies 10 and 20, and their notes 1 and 2 of the same text.
    async fn with_two(url: &str, text: &str) -> Self {
        let apart = Self::open(url, text).unwrap();
        for (tenant, note) in [(10, 1), (20, 2)] {
            apart.sign_up(tenant).await;
            apart.note(tenant, note, "same").await.unwrap();
        }
        apart
    }

    async fn write(&self, tenant: Tenant, rows: Vec<Row>) -> Result<(), StoreError> {
        self.store
            .write(Terms::of(tenant), move |session| {
                Box::pin(async move {
                    for row in &rows {
                        session.insert(row).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn sign_up(&self, id: u128) {
        self.write(Tenant::None, vec![row(&self.text, "Company", id, "one")]).await.unwrap();
    }

    async fn note(&self, tenant: u128, id: u128, says: &str) -> Result<(), StoreError> {
        self.write(Tenant::One(tenant), vec![row(&self.text, "Note", id, says)]).await
    }

    /// Ids of the notes that are seen.
    async fn seen(&self, tenant: Tenant) -> Vec<u128> {
        let of_note = notes::entity(&model(&self.text), "Note");
        let page: Result<_, StoreError> = self
            .store
            .scan(Terms::of(tenant), move |session| {
                Box::pin(async move { session.page(&PageQuery::new(of_note, 100)).await })
            })
            .await;
        let rows = page.unwrap().rows;
        assert!(rows.iter().all(|row| row.parts[0].len() == 1), "parts are missing");
        rows.iter().filter_map(|row| runtime::store::changes::row_id(row)).collect()
    }

    async fn ask<T: for<'a> tokio_postgres::types::FromSql<'a>>(&self, sql: &str) -> T {
        client(&self.url).await.query_one(sql, &[]).await.unwrap().get(0)
    }
}

fn place(id: u128) -> String {
    format!("tenant_{id:032x}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_has_a_schema_from_the_moment_that_it_is_there() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    let apart = Apart::open(&url, &plain()).unwrap();
    for (tenant, note) in [(10, 1), (20, 2)] {
        apart.sign_up(tenant).await;
        apart.note(tenant, note, "same").await.unwrap();
        let own = format!("SELECT count(*) FROM {}.office_notes", place(tenant));
        assert_eq!(apart.ask::<i64>(&own).await, 1);
    }
    assert_eq!(apart.seen(Tenant::One(10)).await, [1]);
    assert_eq!(apart.seen(Tenant::One(20)).await, [2]);
    assert_eq!(apart.seen(Tenant::All).await, [1, 2]);
    assert_eq!(apart.seen(Tenant::None).await, [0u128; 0]);
    // Of a tenant that is not there nothing is found, and nothing can be written for it.
    assert_eq!(apart.seen(Tenant::One(30)).await, [0u128; 0]);
    assert!(apart.note(30, 3, "lost").await.is_err());
    assert!(apart.write(Tenant::None, vec![row(&plain(), "Note", 4, "lost")]).await.is_err());
    // A sign-up that fails leaves no schema.
    let failing: Result<(), StoreError> = {
        let company = row(&plain(), "Company", 40, "never");
        apart
            .store
            .write(Terms::of(Tenant::None), move |session| {
                Box::pin(async move {
                    session.insert(&company).await?;
                    session.enter(Tenant::One(40)).await?;
                    session.insert(&row(&plain(), "Note", 5, "first")).await?;
                    Err(StoreError::Busy)
                })
            })
            .await
    };
    assert_eq!(failing, Err(StoreError::Busy));
    let there = format!("SELECT to_regnamespace('{}') IS NOT NULL", place(40));
    assert!(!apart.ask::<bool>(&there).await);
    // Whoever adds a tenant by hand makes its schema, too.
    let by_hand = client(&url).await;
    by_hand
        .batch_execute(&format!(
            "INSERT INTO office.companies (id, created_at, updated_at, version, name) \
             VALUES ('{}', now(), now(), 1, 'by hand')",
            uuid::Uuid::from_u128(50)
        ))
        .await
        .unwrap();
    apart.note(50, 6, "found").await.unwrap();
    assert_eq!(apart.seen(Tenant::One(50)).await, [6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_schemas_apart_whatever_it_is_asked() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    let _apart = Apart::with_two(&url, &plain()).await;
    let client = client(&url).await;
    client.batch_execute("SET ROLE apart_server").await.unwrap();
    let own = format!("SET firmitas.tenant = '{:032x}'", 10u128);
    client.batch_execute(&own).await.unwrap();
    for (table, rows) in [
        (format!("{}.office_notes", place(10)), 1),
        (format!("{}.office_notes", place(20)), 0),
        (format!("{}.office_notes_lines", place(20)), 0),
        ("all_tenants.office_notes".to_owned(), 1),
    ] {
        let count = format!("SELECT count(*) FROM {table}");
        let seen: i64 = client.query_one(&count, &[]).await.unwrap().get(0);
        assert_eq!(seen, rows, "{table}");
    }
    for forbidden in [
        format!("DROP SCHEMA {} CASCADE", place(20)),
        format!("CREATE TABLE {}.other (id int)", place(10)),
        format!("INSERT INTO {}.office_notes SELECT * FROM {}.office_notes", place(20), place(10)),
        "SELECT firmitas.place(gen_random_uuid(), false)".to_owned(),
        "INSERT INTO firmitas.places VALUES (0, 'table', 'x', 'x', 'DROP TABLE x')".to_owned(),
    ] {
        assert!(client.batch_execute(&forbidden).await.is_err(), "{forbidden}");
    }
    // What is asked for one tenant is asked of its schema alone.
    client.batch_execute(&format!("SET search_path = {}", place(10))).await.unwrap();
    let plan = client.query("EXPLAIN SELECT * FROM office_notes", &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(!plan.join("\n").contains("Append"), "{plan:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_model_reaches_every_schema_and_goes_on_where_it_broke_off() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    let before = Apart::with_two(&url, &plain()).await;
    let after = Apart::open(&url, &grown()).unwrap();
    // Servers of the model before go on; their tenants have what the new one wants.
    before.sign_up(30).await;
    before.note(30, 3, "same").await.unwrap();
    for (tenant, note) in [(10, 11), (20, 12), (30, 13)] {
        let taken = after.note(tenant, note, "same").await;
        assert!(matches!(taken, Err(StoreError::Unique { .. })), "{tenant}: {taken:?}");
        let tags = format!("SELECT count(*) FROM {}.office_tags", place(tenant));
        assert_eq!(after.ask::<i64>(&tags).await, 0);
    }
    let colours = "SELECT count(*) FROM all_tenants.office_notes WHERE colour = 'red'";
    assert_eq!(after.ask::<i64>(colours).await, 3);
    // As if a start had broken off, and somebody had been at it.
    let keys = "SELECT string_agg(format('DROP INDEX %I.%I', schemaname, indexname), '; ') \
                FROM pg_indexes WHERE schemaname = 'SCHEMA' AND indexdef LIKE '%UNIQUE%text)%'";
    let drop: String = after.ask(&keys.replace("SCHEMA", &place(20))).await;
    let by_hand = client(&url).await;
    by_hand
        .batch_execute(&format!(
            "{drop}; CREATE INDEX stray ON {}.office_notes (version); \
             DROP TABLE {}.office_tags CASCADE",
            place(20),
            place(10)
        ))
        .await
        .unwrap();
    drop_store(after);
    let again = Apart::open(&url, &grown()).unwrap();
    let taken = again.note(20, 22, "same").await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })), "{taken:?}");
    assert_eq!(
        again.ask::<i64>("SELECT count(*) FROM pg_indexes WHERE indexname = 'stray'").await,
        0
    );
    let tags = format!("SELECT count(*) FROM {}.office_tags", place(10));
    assert_eq!(again.ask::<i64>(&tags).await, 0);
    let open = "SELECT (SELECT count(*) FROM pg_constraint WHERE NOT convalidated) \
                + (SELECT count(*) FROM pg_index WHERE NOT indisvalid)";
    assert_eq!(again.ask::<i64>(open).await, 0);
    // Nothing is left to do.
    let marks = "SELECT sum(oid::bigint)::bigint FROM pg_class WHERE relname LIKE 'office%'";
    let all: i64 = again.ask(marks).await;
    let last = Apart::open(&url, &grown()).unwrap();
    assert_eq!(last.ask::<i64>(marks).await, all);
}

fn drop_store(apart: Apart) {
    drop(apart);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_every_schema_back() {
    let (folder, other) = (Folder::new(), Folder::new());
    let url = outside(made(folder.path()));
    let _apart = Apart::with_two(&url, &grown()).await;
    let file = folder.path().join("backup");
    outside(archive::backup(&url, &file)).unwrap();
    let elsewhere = outside(made(other.path()));
    outside(archive::restore(&elsewhere, &file)).unwrap();
    let restored = Apart::open(&elsewhere, &grown()).unwrap();
    assert_eq!(restored.seen(Tenant::One(10)).await, [1]);
    assert_eq!(restored.seen(Tenant::One(20)).await, [2]);
    restored.sign_up(30).await;
    restored.note(30, 3, "same").await.unwrap();
    let taken = restored.note(20, 4, "same").await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_that_sign_up_at_once_wait_for_each_other() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    let apart = std::sync::Arc::new(Apart::open(&url, &plain()).unwrap());
    let all: Vec<_> = (100..112u128)
        .map(|tenant| {
            let apart = apart.clone();
            tokio::spawn(async move {
                apart.sign_up(tenant).await;
                apart.note(tenant, tenant, "own").await.unwrap();
            })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(apart.seen(Tenant::All).await.len(), 12);
}

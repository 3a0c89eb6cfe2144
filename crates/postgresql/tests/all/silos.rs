//! Tenants with a database each.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use expression::{FieldIndex, Row, Value};
use postgresql::{PostgreSqlStore, Settings};
use runtime::store::changes::row_id;
use runtime::store::{
    PageQuery, Snapshot as _, Sort, Store as _, StoreError, Tenant, Terms, Transaction as _,
};

use tokio::sync::oneshot;

use crate::notes;
use crate::store_support::{Folder, design};
use crate::stores::{TestStore, client, content, databases, made, outside};
use crate::support::model;

fn plain() -> String {
    notes::apart("silo")
}

/// With a key, a column and an entity more.
fn grown() -> String {
    notes::apart_and_grown("silo")
}

struct Own {
    url: String,
    text: String,
    store: Arc<TestStore>,
}

impl Own {
    fn open(url: &str, text: &str) -> Result<Self, StoreError> {
        Self::open_with(url, text, 8)
    }

    fn open_with(url: &str, text: &str, connections: usize) -> Result<Self, StoreError> {
        let design = design((*model(text)).clone());
        let settings = Settings { connections: Some(connections), ..Settings::from(url) };
        let store = Arc::new(outside(PostgreSqlStore::open(&settings, design))?);
        Ok(Self { url: url.to_owned(), text: text.to_owned(), store })
    }

    /// With the companies 10 and 20, and their notes 1 and 2 of the same text.
    async fn with_two(url: &str) -> Self {
        let own = Self::open(url, &plain()).unwrap();
        for (tenant, note) in [(10, 1), (20, 2)] {
            own.sign_up(tenant).await.unwrap();
            own.note(tenant, note, "same").await.unwrap();
        }
        own
    }

    fn row(&self, name: &str, id: u128, says: &str) -> Row {
        notes::row(&model(&self.text), name, id, says)
    }

    fn entity(&self, name: &str) -> expression::EntityId {
        notes::entity(&model(&self.text), name)
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

    async fn sign_up(&self, id: u128) -> Result<(), StoreError> {
        self.write(Tenant::None, vec![self.row("Company", id, "one")]).await
    }

    async fn note(&self, tenant: u128, id: u128, says: &str) -> Result<(), StoreError> {
        self.write(Tenant::One(tenant), vec![self.row("Note", id, says)]).await
    }

    /// A note that names a country.
    fn of_country(&self, id: u128, country: u128) -> Row {
        let mut row = self.row("Note", id, "far");
        row.fields[self.field("Note", "country")] = Value::Uuid(country);
        row
    }

    /// Changes the text of a note; the text before. Once it is locked, somebody hears of it, and it
    /// goes on when it is told to.
    async fn change(
        self: Arc<Self>,
        id: u128,
        says: &'static str,
        (locked, go): (oneshot::Sender<()>, oneshot::Receiver<()>),
    ) -> Result<Value, StoreError> {
        let (of_note, at) = (self.entity("Note"), self.field("Note", "text"));
        self.store
            .write(Terms::of(Tenant::One(10)), move |session| {
                Box::pin(async move {
                    let row = session.lock(&[(of_note, id)]).await?.remove(0).unwrap();
                    let _ = locked.send(());
                    drop(go.await);
                    let mut after = (*row).clone();
                    after.fields[at] = Value::text(says);
                    session.update(&row, &after).await?;
                    Ok(row.fields[at].clone())
                })
            })
            .await
    }

    fn field(&self, entity: &str, name: &str) -> usize {
        let model = model(&self.text);
        let shape = model.shape(self.entity(entity));
        shape.fields.iter().position(|field| field.name == name).unwrap()
    }

    /// Ids of the notes that are seen, in the order of their texts.
    async fn seen(&self, tenant: Tenant) -> Vec<u128> {
        let of_note = self.entity("Note");
        let field = FieldIndex(u16::try_from(self.field("Note", "text")).unwrap());
        let page: Result<_, StoreError> = self
            .store
            .scan(Terms::of(tenant), move |session| {
                Box::pin(async move {
                    let sort = vec![Sort { field, descending: false }];
                    session.page(&PageQuery { sort, ..PageQuery::new(of_note, 100) }).await
                })
            })
            .await;
        let rows = page.unwrap().rows;
        assert!(rows.iter().all(|row| row.parts[0].len() == 1), "parts are missing");
        rows.iter().filter_map(|row| row_id(row)).collect()
    }

    async fn ask<T: for<'a> tokio_postgres::types::FromSql<'a>>(&self, sql: &str) -> T {
        client(&self.url).await.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// Lets the next transaction of a tenant die between the two commits.
async fn kill_the_next(url: &str) {
    let kill = "CREATE TABLE IF NOT EXISTS public.doomed (once int);
        INSERT INTO public.doomed VALUES (1);
        CREATE OR REPLACE FUNCTION public.kill() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER AS $$ DECLARE found int; BEGIN
          DELETE FROM public.doomed RETURNING once INTO found;
          IF found IS NOT NULL THEN
            PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE backend_xid::text = NEW.transaction::text;
          END IF;
          RETURN NULL;
        END $$;
        DROP TRIGGER IF EXISTS kill ON firmitas.redo;
        CREATE CONSTRAINT TRIGGER kill AFTER INSERT ON firmitas.redo
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.kill();";
    client(url).await.batch_execute(kill).await.unwrap();
}

/// Waits until something is so.
async fn until(url: &str, asked: &str) {
    let (client, began) = (client(url).await, Instant::now());
    while !client.query_one(asked, &[]).await.unwrap().get::<_, bool>(0) {
        assert!(began.elapsed() < Duration::from_secs(20), "{asked}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn url() -> (Folder, String) {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    (folder, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_has_a_database_from_the_moment_that_it_is_there() {
    let (_folder, url) = url();
    let own = Own::with_two(&url).await;
    assert_eq!(own.seen(Tenant::One(10)).await, [1]);
    assert_eq!(own.seen(Tenant::One(20)).await, [2]);
    assert_eq!(own.seen(Tenant::None).await, [0; 0]);
    assert_eq!(own.seen(Tenant::All).await, [1, 2]);
    assert_eq!(own.seen(Tenant::One(30)).await, [0; 0], "who is nobody has nothing");
    assert!(own.note(30, 3, "lost").await.is_err());
    own.note(10, 4, "only here").await.unwrap();
    // One is there for whoever comes next; then nothing is made while we look.
    until(&url, "SELECT count(*) = 3 FROM firmitas.silos WHERE version <> ''").await;
    let all = databases(&url).await;
    let mut holding = Vec::new();
    for database in std::iter::once(&url).chain(&all) {
        if content(database).await.contains("only here") {
            holding.push(database.clone());
        }
    }
    let first: String =
        own.ask("SELECT database FROM firmitas.silos WHERE tenant::text LIKE '%0a'").await;
    assert_eq!(holding.len(), 1, "{holding:?}");
    assert!(holding[0].ends_with(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_was_not_made_leaves_its_database_to_the_next() {
    let (_folder, url) = url();
    let own = Own::open(&url, &plain()).unwrap();
    let spare: String = own.ask("SELECT database FROM firmitas.silos").await;
    let (company, note) = (own.row("Company", 10, "one"), own.row("Note", 1, "never"));
    let undone: Result<(), StoreError> = own
        .store
        .write(Terms::of(Tenant::None), move |session| {
            Box::pin(async move {
                session.insert(&company).await?;
                session.enter(Tenant::One(10)).await?;
                session.insert(&note).await?;
                session.insert(&note).await?;
                Ok(())
            })
        })
        .await;
    assert!(matches!(undone, Err(StoreError::Unique { .. })), "{undone:?}");
    own.sign_up(20).await.unwrap();
    let taken = "SELECT database FROM firmitas.silos WHERE tenant IS NOT NULL";
    assert_eq!(own.ask::<String>(taken).await, spare);
    assert_eq!(own.seen(Tenant::One(20)).await, [0; 0]);
    assert_eq!(own.seen(Tenant::One(10)).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_may_be_more_tenants_than_connections() {
    let (_folder, url) = url();
    let own = Own::open_with(&url, &plain(), 2).unwrap();
    for tenant in 1..=5 {
        own.sign_up(tenant).await.unwrap();
        own.note(tenant, 100 + tenant, &format!("text {}", 9 - tenant)).await.unwrap();
    }
    assert_eq!(own.seen(Tenant::All).await, [105, 104, 103, 102, 101], "in the order of texts");
    for tenant in 1..=5 {
        assert_eq!(own.seen(Tenant::One(tenant)).await, [100 + tenant]);
    }
    let shared = "SELECT count(*) <= 1 FROM pg_stat_activity AS a JOIN firmitas.silos AS s \
                  ON s.database = a.datname AND s.tenant IS NOT NULL";
    until(&url, shared).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_two_tenants_are_written_together_or_not_at_all() {
    let (_folder, url) = url();
    let own = Own::with_two(&url).await;
    for (of_first, of_second, written) in [(3, 2, false), (3, 4, true)] {
        let rows = [(10, own.row("Note", of_first, "b")), (20, own.row("Note", of_second, "b"))];
        let both: Result<(), StoreError> = own
            .store
            .write(Terms::of(Tenant::None), move |session| {
                Box::pin(async move {
                    for (tenant, row) in rows {
                        session.enter(Tenant::One(tenant)).await?;
                        session.insert(&row).await?;
                    }
                    Ok(())
                })
            })
            .await;
        assert_eq!(both.is_ok(), written, "{both:?}");
        assert_eq!(own.seen(Tenant::One(10)).await.contains(&3), written);
    }
    assert_eq!(own.seen(Tenant::One(20)).await, [4, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dies_between_the_commits_is_done_again() {
    let (_folder, url) = url();
    let own = Own::with_two(&url).await;
    kill_the_next(&url).await;
    // It is committed with what is shared: that counts.
    own.note(10, 3, "risen").await.unwrap();
    assert_eq!(own.seen(Tenant::One(10)).await, [3, 1]);
    // And by another server, when the one that did it is gone.
    kill_the_next(&url).await;
    own.note(20, 4, "risen").await.unwrap();
    let Own { store, .. } = own;
    drop(store);
    let again = Own::open(&url, &plain()).unwrap();
    assert_eq!(again.seen(Tenant::One(20)).await, [4, 2]);
    assert_eq!(again.seen(Tenant::All).await.len(), 4);
    until(&url, "SELECT count(*) = 0 FROM firmitas.redo").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_waited_for_what_was_lost_begins_anew() {
    let (_folder, url) = url();
    let own = Arc::new(Own::with_two(&url).await);
    let (locked, is_locked) = oneshot::channel();
    let (go, goes) = oneshot::channel();
    let first = tokio::spawn(own.clone().change(1, "first", (locked, goes)));
    is_locked.await.unwrap();
    let (waiting, _heard) = oneshot::channel();
    let (at_once, now) = oneshot::channel();
    at_once.send(()).unwrap();
    let second = tokio::spawn(own.clone().change(1, "second", (waiting, now)));
    until(
        &url,
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')",
    )
    .await;
    kill_the_next(&url).await;
    go.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(Value::text("same")));
    // It has locked the row as it was before.
    assert_eq!(second.await.unwrap(), Err(StoreError::Conflict));
    let (locked, _heard) = oneshot::channel();
    let (go, goes) = oneshot::channel();
    go.send(()).unwrap();
    assert_eq!(own.change(1, "second", (locked, goes)).await, Ok(Value::text("first")));
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_sign_up_tenants_at_once_give_each_a_database() {
    let (_folder, url) = url();
    let one = Arc::new(Own::open(&url, &plain()).unwrap());
    let two = Arc::new(Own::open(&url, &plain()).unwrap());
    let mut all = Vec::new();
    for tenant in 1..=6 {
        let own = if tenant % 2 == 0 { one.clone() } else { two.clone() };
        all.push(tokio::spawn(async move {
            own.sign_up(tenant).await?;
            own.note(tenant, 100 + tenant, "same").await
        }));
    }
    for signed_up in all {
        signed_up.await.unwrap().unwrap();
    }
    let taken = "SELECT count(DISTINCT database) FROM firmitas.silos WHERE tenant IS NOT NULL";
    assert_eq!(one.ask::<i64>(taken).await, 6);
    for own in [one, two] {
        let seen: BTreeSet<u128> = own.seen(Tenant::All).await.into_iter().collect();
        assert_eq!(seen, (101..=106).collect());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn references_between_databases_hold() {
    let (_folder, url) = url();
    let own = Own::with_two(&url).await;
    own.write(Tenant::None, vec![own.row("Country", 7, "Far"), own.row("Country", 8, "Near")])
        .await
        .unwrap();
    let missing = own.write(Tenant::One(10), vec![own.of_country(3, 9)]).await;
    let entity = own.entity("Note");
    assert_eq!(missing, Err(StoreError::MissingReference { entity }));
    own.write(Tenant::One(20), vec![own.of_country(3, 7)]).await.unwrap();
    let of_country = own.entity("Country");
    let delete = async |id: u128| {
        let terms = Terms::of(Tenant::None);
        let work = own.store.write(terms, move |session| {
            Box::pin(async move { session.delete(of_country, id).await })
        });
        work.await
    };
    let held: Result<(), StoreError> = delete(7).await;
    assert_eq!(held, Err(StoreError::StillReferenced { entity: of_country }));
    assert_eq!(delete(8).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_changes_all_databases_or_none() {
    let (_folder, url) = url();
    let own = Own::with_two(&url).await;
    own.note(20, 3, "same").await.unwrap();
    drop(own);
    let Err(StoreError::Incompatible { differences }) = Own::open(&url, &grown()).map(drop) else {
        panic!("the tenant 20 has a text twice")
    };
    let own = Own::open(&url, &plain()).unwrap();
    let second: String =
        own.ask("SELECT database FROM firmitas.silos WHERE tenant::text LIKE '%14'").await;
    assert!(differences.iter().all(|of| of.contains(&second)), "{differences:?}");
    let columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'colour'";
    for database in std::iter::once(url.clone()).chain(databases(&url).await) {
        let count: i64 = client(&database).await.query_one(columns, &[]).await.unwrap().get(0);
        assert_eq!(count, 0, "{database}");
    }
    own.note(20, 4, "other").await.unwrap();
    let of_note = own.entity("Note");
    let removed: Result<(), StoreError> = own
        .store
        .write(Terms::of(Tenant::One(20)), move |session| {
            Box::pin(async move { session.delete(of_note, 3).await })
        })
        .await;
    removed.unwrap();
    let after = Own::open(&url, &grown()).unwrap();
    for database in std::iter::once(url.clone()).chain(databases(&url).await) {
        let count: i64 = client(&database).await.query_one(columns, &[]).await.unwrap().get(0);
        assert_eq!(count, 1, "{database}");
    }
    after.note(20, 5, "new").await.unwrap();
    assert!(after.note(20, 6, "new").await.is_err(), "it is a key now");
    // A server of the model before goes on.
    own.sign_up(30).await.unwrap();
    own.note(30, 7, "old").await.unwrap();
    assert_eq!(after.seen(Tenant::One(30)).await, [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_make_databases_is_told_what_to_do() {
    let (_folder, url) = url();
    let server = client(&url).await;
    let name = format!("maker_{:08x}", std::process::id());
    let (base, database) = url.rsplit_once('/').unwrap();
    let (_, host) = base.rsplit_once('@').unwrap();
    let as_maker = format!("postgres://{name}@{host}/{database}");
    server
        .batch_execute(&format!(
            "DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN; \
             GRANT CREATE ON DATABASE {database} TO {name}"
        ))
        .await
        .unwrap();
    let Err(refused) = Own::open(&as_maker, &plain()) else { panic!("it may not") };
    assert!(refused.to_string().contains(&format!("ALTER ROLE {name} CREATEDB")), "{refused}");
    server.batch_execute(&format!("ALTER ROLE {name} CREATEDB")).await.unwrap();
    let own = Own::with_two(&as_maker).await;
    assert_eq!(own.seen(Tenant::All).await, [1, 2]);
    let public = "SELECT bool_or(has_database_privilege('pg_monitor', database, 'CONNECT')) \
                  FROM firmitas.silos WHERE version <> ''";
    assert!(!own.ask::<bool>(public).await, "nobody else gets in");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_not_left_behind_where_the_form_changes() {
    let (_folder, url) = url();
    let shared = Own::open(&url, &notes::apart("pool")).unwrap();
    shared.sign_up(10).await.unwrap();
    drop(shared);
    let own = Own::open(&url, &plain()).unwrap();
    own.note(10, 1, "own").await.unwrap();
    drop(own);
    let Err(refused) = Own::open(&url, &notes::apart("pool")) else { panic!("rows are elsewhere") };
    assert!(refused.to_string().contains("databases of their own"), "{refused}");
    let (_other, url) = self::url();
    let shared = Own::open(&url, &notes::apart("pool")).unwrap();
    shared.sign_up(10).await.unwrap();
    shared.note(10, 1, "shared").await.unwrap();
    drop(shared);
    let Err(refused) = Own::open(&url, &plain()) else { panic!("rows are elsewhere") };
    assert!(refused.to_string().contains("notes"), "{refused}");
}

//! The same on PostgreSQL, where row-level security is a second lock: it keeps tenants apart for the
//! server's role whatever the statement.

use std::collections::BTreeSet;

use super::case::Case;
use super::folder::Folder;
use super::marks::Owner;
use super::model::Without;
use super::site::{Defect, Site};
use super::{ask, budget, design, plan};
use crate::database::{Database, connect};
use postgresql::{PostgreSqlStore, Settings};

/// Nothing is left of the model before.
async fn empty(database: &Database) {
    let client = connect(&database.url()).await;
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname IN \
                   ('app', 'firmitas', 'all_tenants') OR nspname LIKE 'tenant\\_%'";
    for row in client.query(schemas, &[]).await.unwrap() {
        let schema: String = row.get(0);
        client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    }
    database.drop_own().await;
}

/// The same where each tenant has a database; and the rows of each are in one alone.
async fn second_locks(database: &Database, case: &Case) -> Result<(), String> {
    second_lock(&database.url(), case).await?;
    for name in database.own().await {
        let url = database.url_of(&name);
        let known = "SELECT to_regnamespace('app') IS NOT NULL";
        if !connect(&url).await.query_one(known, &[]).await.unwrap().get::<_, bool>(0) {
            continue;
        }
        second_lock(&url, case).await?;
        let holds = own_rows(&url).await;
        let owners = (0..2).filter(|at| {
            let others = of_tenant(case, Some(1 - at));
            case.marks.leak(holds.as_bytes(), "", |owner| others.contains(owner)).is_some()
        });
        if owners.count() > 1 {
            return Err(format!("{name} holds rows of both tenants"));
        }
    }
    Ok(())
}

/// All rows of a database.
async fn own_rows(url: &str) -> String {
    let client = connect(url).await;
    let tables = "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables \
                  WHERE table_schema IN ('app', 'firmitas')";
    client.batch_execute("SET firmitas.tenants = 'all'").await.unwrap();
    let mut all = String::new();
    for row in client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let text = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        all.push_str(client.query_one(&text, &[]).await.unwrap().get(0));
    }
    all
}

/// What each tenant's role gets out of the tables themselves, whatever it asks.
async fn second_lock(url: &str, case: &Case) -> Result<(), String> {
    let client = connect(url).await;
    let tables = "SELECT DISTINCT format('%I.%I', table_schema, table_name) \
         FROM information_schema.columns WHERE column_name = 'tenant_id' \
         AND (table_schema IN ('app', 'all_tenants') OR table_schema LIKE 'tenant\\_%')";
    let rows = client.query(tables, &[]).await.unwrap();
    let tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(tables.len() > 3, "{tables:?}");
    client.batch_execute("SET ROLE random_server").await.unwrap();
    for tenant in [None, Some(0), Some(1)] {
        let id = tenant.map_or("", |at: usize| case.tenants[at].as_str());
        client.batch_execute(&format!("SET firmitas.tenant = '{id}'")).await.unwrap();
        let seen = of_tenant(case, tenant);
        for table in &tables {
            let text = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
            let text: String = client.query_one(&text, &[]).await.unwrap().get(0);
            let leak = case.marks.leak(text.as_bytes(), "", |owner| seen.contains(owner));
            if leak.is_some() || (tenant.is_none() && !text.is_empty()) {
                return Err(format!("{table} shows {leak:?} to {tenant:?}"));
            }
        }
    }
    Ok(())
}

fn of_tenant(case: &Case, tenant: Option<usize>) -> BTreeSet<Owner> {
    let users = (0..case.users.len()).filter(|at| Some(case.users[*at].tenant) == tenant);
    let items = (0..case.items.len()).filter(|at| Some(case.items[*at].tenant) == tenant);
    let of_user = |at| [Owner::User(at), Owner::Person(at)];
    let of_item = |at| [Owner::Item(at), Owner::Id(at), Owner::Secret(at)];
    let own = users.flat_map(of_user).chain(items.flat_map(of_item));
    own.chain(tenant.map(Owner::Org)).collect()
}

async fn served(database: &Database, seed: u64, isolation: &str) -> Case {
    empty(database).await;
    let (plan, random) = plan(seed);
    let text = plan.text(Without::Nothing);
    let design = design(&text.replace("isolation: pool", &format!("isolation: {isolation}")));
    let (connections, keys) = (Some(6), Some(super::keys()));
    let settings = Settings { connections, keys, ..Settings::from(database.url().as_str()) };
    let store = PostgreSqlStore::open(&settings, design.clone()).await.unwrap();
    let site = Site::start(design, store, Folder::new(), None, Defect::None).await;
    Case::fill(site, plan, random).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_on_postgresql() {
    asked(5, "pool").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_where_each_tenant_has_a_schema() {
    asked(3, "bridge").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_where_each_tenant_has_a_database() {
    asked(3, "silo").await;
}

async fn asked(models: u64, isolation: &str) {
    let Some(database) = Database::make().await else { return };
    let (first, models, requests) = budget(models, 200);
    for seed in first..first + models {
        let mut case = served(&database, seed, isolation).await;
        let asked = ask(&mut case, seed, requests).await;
        let locked = second_locks(&database, &case).await;
        case.site.stop().await;
        if let Err(leak) = asked.and(locked) {
            panic!("{leak}");
        }
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_lock_that_is_open_is_noticed() {
    let Some(database) = Database::make().await else { return };
    let case = served(&database, 3, "pool").await;
    assert_eq!(second_lock(&database.url(), &case).await, Ok(()));
    let client = connect(&database.url()).await;
    for table in ["item0s", "item0s_lines", "users"] {
        let open = format!("ALTER TABLE app.{table} DISABLE ROW LEVEL SECURITY");
        client.batch_execute(&open).await.unwrap();
        assert!(second_lock(&database.url(), &case).await.is_err(), "{table} is open");
        let close = format!("ALTER TABLE app.{table} ENABLE ROW LEVEL SECURITY");
        client.batch_execute(&close).await.unwrap();
    }
    case.site.stop().await;
    database.drop().await;
}

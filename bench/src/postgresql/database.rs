//! The database that all contestants share: tables as the design makes them, filled by SQL.

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

use crate::predict::busy;

/// Customers who sign in.
pub const CALLERS: i64 = 32;
const CUSTOMERS: i64 = 10_000;

/// How much there is.
#[derive(Clone, Copy)]
pub struct Extent {
    pub products: i64,
    pub orders: i64,
}

/// A connection to a database of the cluster.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("PostgreSQL")?;
    tokio::spawn(connection);
    Ok(client)
}

/// What the server says it is.
pub async fn version(url: &str) -> Result<String> {
    let row = connect(url).await?.query_one("SHOW server_version", &[]).await?;
    Ok(row.get(0))
}

/// The process above all others of the server, which is on this machine.
pub async fn process(url: &str) -> Result<u32> {
    let row = connect(url).await?.query_one("SELECT pg_backend_pid()", &[]).await?;
    let backend = u32::try_from(row.get::<_, i32>(0))?;
    busy::parent(backend).context("the database is on another machine")
}

/// Makes an empty database beside the one of the URL, in place of one with its name.
pub async fn create(admin: &str, name: &str) -> Result<String> {
    let client = connect(admin).await?;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    let (server, _) = admin.rsplit_once('/').context("a URL with a database")?;
    Ok(format!("{server}/{name}"))
}

/// The company whose everything is.
const COMPANY: &str = "01890000-0000-7000-8000-000000000001";
/// Who adds products.
pub const STAFF: &str = "staff";

/// The subject of a caller, which is also its address.
pub fn caller(at: i64) -> String {
    format!("caller{at}@example.org")
}

/// The row of a caller.
fn row_of_caller(at: i64) -> String {
    format!("01890000-0000-7000-8000-{:012x}", 0x1000 + at)
}

/// A row of values for each caller: its subject and the id of its row.
fn for_callers(write: impl Fn(&str, &str) -> String) -> String {
    let rows: Vec<String> = (0..CALLERS).map(|at| write(&caller(at), &row_of_caller(at))).collect();
    rows.join(", ")
}

/// Fills the tables, which exist. What the handlers written by hand keep beside them stands in a
/// schema of its own. Those that know of no company write for this one; for their pages there is an
/// index without it.
pub async fn fill(url: &str, extent: Extent) -> Result<()> {
    let client = connect(url).await?;
    let id = |kind: char, n: &str| {
        format!(
            "(lpad(to_hex(1700000000000 + {n}), 12, '0') || '7{kind}00' || '8' || \
             substr(md5(({n})::text), 1, 15))::uuid"
        )
    };
    let (product, customer, order) = (id('1', "n"), id('2', "n"), id('3', "n"));
    let line_product = id('1', "((o.n::bigint * 7919 + l.n * 104729) % $PRODUCTS + 1)")
        .replace("$PRODUCTS", &extent.products.to_string());
    let people =
        for_callers(|subject, row| format!("('{row}'::uuid, now(), now(), 1, '{subject}')"));
    let links = for_callers(|subject, row| {
        format!(
            "('sales.Customer', 'urn:firmitas:built-in', '{subject}', '{row}'::uuid, '{COMPANY}'::uuid)"
        )
    });
    let by_hand =
        for_callers(|subject, row| format!("('{subject}', '{row}'::uuid, '{COMPANY}'::uuid)"));
    let staff = row_of_caller(CALLERS);
    let defaults: String = ["merchandisers", "customers", "products", "orders", "orders_lines"]
        .iter()
        .map(|table| format!("ALTER TABLE sales.{table} ALTER tenant_id SET DEFAULT '{COMPANY}';"))
        .collect();
    let (products, orders) = (extent.products, extent.orders);
    let others = CUSTOMERS - CALLERS;
    let sql = format!(
        "{defaults}
         INSERT INTO sales.companies (id, created_at, updated_at, version, name)
           VALUES ('{COMPANY}', now(), now(), 1, 'The company');
         INSERT INTO sales.merchandisers (id, created_at, updated_at, version, company, name)
           VALUES ('{staff}', now(), now(), 1, '{COMPANY}', 'Staff');
         INSERT INTO sales.customers (id, created_at, updated_at, version, email) VALUES {people};
         INSERT INTO firmitas.subjects (entity, issuer, subject, row, tenant) VALUES {links},
           ('sales.Merchandiser', 'urn:firmitas:built-in', '{STAFF}', '{staff}', '{COMPANY}');
         CREATE SCHEMA bench;
         CREATE TABLE bench.subjects
           (subject text PRIMARY KEY, row uuid NOT NULL, tenant uuid NOT NULL);
         INSERT INTO bench.subjects VALUES {by_hand}, ('{STAFF}', '{staff}', '{COMPANY}');
         CREATE INDEX by_category ON sales.products (category, price, id);
         CREATE TABLE bench.idempotency (key text, caller text, hash bytea NOT NULL,
           answer bytea NOT NULL, PRIMARY KEY (key, caller));
         INSERT INTO sales.customers (id, created_at, updated_at, version, email)
           SELECT {customer}, now(), now(), 1, 'customer' || n || '@example.com'
           FROM generate_series(1, {others}) n;
         INSERT INTO sales.products (id, created_at, updated_at, version, sku, name, category, price, active)
           SELECT {product}, now(), now(), 1, 'sku-' || n, 'Product number ' || n, n % 1000,
             (n * 37 % 50000) / 100.0 + 1, true
           FROM generate_series(1, {products}) n;
         CREATE TEMPORARY TABLE people AS
           SELECT row_number() OVER (ORDER BY id) - 1 AS at, id FROM sales.customers;
         CREATE UNIQUE INDEX ON people (at);
         INSERT INTO sales.orders (id, created_at, updated_at, version, customer, note, total, placed_at)
           SELECT {order}, now(), now(), 1, p.id, '', 30.00, now() - n * interval '1 second'
           FROM generate_series(1, {orders}) n JOIN people p ON p.at = n % {CUSTOMERS};
         INSERT INTO sales.orders_lines (owner_id, position, product, quantity, unit_price)
           SELECT {order_id}, l.n, {line_product}, l.n + 1, 10.00
           FROM generate_series(1, {orders}) AS o(n), generate_series(0, 2) AS l(n);
         ANALYZE;
         CHECKPOINT;",
        order_id = id('3', "o.n"),
    );
    // Foreign keys of made-up rows hold by construction.
    client.batch_execute("SET session_replication_role = replica").await?;
    client.batch_execute(&sql).await.context("filling")?;
    Ok(())
}

/// Ids of products that exist, and orders with the position of their caller.
pub async fn samples(url: &str) -> Result<(Vec<String>, Vec<(usize, String)>)> {
    let client = connect(url).await?;
    let text = |row: tokio_postgres::Row| row.get::<_, String>(0);
    let sql = "SELECT id::text FROM sales.products ORDER BY md5(id::text) LIMIT 20000";
    let products = client.query(sql, &[]).await?.into_iter().map(text).collect();
    let mut orders = Vec::new();
    for at in 0..CALLERS {
        let sql = "SELECT id::text FROM sales.orders WHERE customer = $1::text::uuid LIMIT 100";
        let found = client.query(sql, &[&row_of_caller(at)]).await?.into_iter().map(text);
        orders.extend(found.map(|id| (usize::try_from(at).unwrap_or(0), id)));
    }
    Ok((products, orders))
}

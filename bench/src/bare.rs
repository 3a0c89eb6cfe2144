//! What one would write by hand for the same three requests: axum and rusqlite, the same columns,
//! the same durability (WAL, `synchronous=FULL`), one connection for writes, one per thread for
//! reads. No identity, no validation beyond types, no idempotency, no limits.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Money {
    amount: String,
    currency: String,
}

#[derive(Deserialize)]
struct NewProduct {
    sku: String,
    name: String,
    description: Option<String>,
    price: Money,
}

#[derive(Serialize)]
struct Product {
    id: Uuid,
    created_at: i64,
    updated_at: i64,
    version: i64,
    sku: String,
    name: String,
    description: Option<String>,
    price: Money,
    category: Option<String>,
    active: bool,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Product>,
    next: String,
}

struct App {
    file: String,
    writer: Mutex<Connection>,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

const COLUMNS: &str =
    "id, created_at, updated_at, version, sku, name, description, price, category, active";

fn open(file: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    )?;
    Ok(connection)
}

fn product(row: &rusqlite::Row) -> rusqlite::Result<Product> {
    let cents: i64 = row.get(7)?;
    Ok(Product {
        id: row.get::<_, [u8; 16]>(0).map(Uuid::from_bytes)?,
        created_at: row.get(1)?,
        updated_at: row.get(2)?,
        version: row.get(3)?,
        sku: row.get(4)?,
        name: row.get(5)?,
        description: row.get(6)?,
        price: Money {
            amount: format!("{}.{:02}", cents / 100, cents % 100),
            currency: "EUR".into(),
        },
        category: row.get(8)?,
        active: row.get(9)?,
    })
}

impl App {
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        READER.with_borrow_mut(|reader| {
            if reader.is_none() {
                *reader = Some(open(&self.file)?);
            }
            reader.as_ref().map_or(Err(rusqlite::Error::InvalidQuery), work)
        })
    }

    fn by_id(&self, id: Uuid) -> rusqlite::Result<Option<Product>> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM products WHERE id = ? AND active = 1");
            connection.prepare_cached(&sql)?.query_row([id.as_bytes()], product).optional()
        })
    }

    fn page(&self) -> rusqlite::Result<Vec<Product>> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM products WHERE active = 1 ORDER BY price, id LIMIT 50"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map([], product)?.collect()
        })
    }

    fn insert(&self, new: NewProduct) -> Result<Product> {
        let id = Uuid::now_v7();
        let cents: i64 = new.price.amount.replace('.', "").parse()?;
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_micros() as i64;
        let writer = self.writer.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        let sql = "INSERT INTO products VALUES (?1, ?2, ?2, 1, ?3, ?4, ?5, ?6, NULL, 1)";
        let values = params![id.as_bytes(), now, new.sku, new.name, new.description, cents];
        writer.prepare_cached(sql)?.execute(values)?;
        Ok(Product {
            id,
            created_at: now,
            updated_at: now,
            version: 1,
            sku: new.sku,
            name: new.name,
            description: new.description,
            price: new.price,
            category: None,
            active: true,
        })
    }
}

async fn view(State(app): State<Arc<App>>, Path(id): Path<Uuid>) -> Response {
    match app.by_id(id) {
        Ok(Some(product)) => Json(product).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn browse(State(app): State<Arc<App>>) -> Response {
    match app.page() {
        Ok(items) => Json(Page { items, next: String::new() }).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn add(State(app): State<Arc<App>>, Json(new): Json<NewProduct>) -> Response {
    let inserted = tokio::task::spawn_blocking(move || app.insert(new)).await;
    match inserted {
        Ok(Ok(product)) => {
            (StatusCode::CREATED, [(header::ETAG, "\"1\"")], Json(product)).into_response()
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Serves on a free port, with its file in the folder, until killed.
pub fn serve(folder: &str) -> Result<()> {
    let file = format!("{folder}/bare.db");
    let writer = open(&file)?;
    writer.execute_batch(
        "CREATE TABLE IF NOT EXISTS products (id BLOB PRIMARY KEY NOT NULL, created_at INTEGER NOT NULL,
           updated_at INTEGER NOT NULL, version INTEGER NOT NULL, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
           description TEXT, price INTEGER NOT NULL, category BLOB, active INTEGER NOT NULL) STRICT;
         CREATE INDEX IF NOT EXISTS products_price ON products (price, id) WHERE active = 1;",
    )?;
    let app = Arc::new(App { file, writer: Mutex::new(writer) });
    let router = Router::new()
        .route("/catalog/v1/products", get(browse).post(add))
        .route("/catalog/v1/products/{id}", get(view))
        .with_state(app);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{{\"url\":\"http://{}\"}}", listener.local_addr()?);
        axum::serve(listener, router).await.context("axum ended")
    })
}

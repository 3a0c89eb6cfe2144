//! What one would write by hand: axum and tokio-postgres over the same tables, once without any
//! checks, once with those that the design asks for (token, linked row, tenant and other predicates,
//! validation, idempotency in the transaction, a histogram for each route).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, RwLock};
use std::time::Instant;

use anyhow::{Context, Result};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};
use uuid::Uuid;

const PRODUCT: &str = "id, (extract(epoch FROM created_at) * 1000000)::bigint, \
     (extract(epoch FROM updated_at) * 1000000)::bigint, version, sku, name, category, \
     price::text, active";
const ORDER: &str = "SELECT o.id, o.version, o.customer, o.note, o.total::text, \
     (extract(epoch FROM o.placed_at) * 1000000)::bigint, \
     (SELECT json_agg(json_build_object('quantity', l.quantity, 'unit_price', l.unit_price::text, \
        'product', json_build_object('id', p.id, 'sku', p.sku, 'name', p.name, \
          'category', p.category, 'price', p.price::text, 'active', p.active)) ORDER BY l.position)::text \
      FROM sales.orders_lines l JOIN sales.products p ON p.id = l.product WHERE l.owner_id = o.id) \
     FROM sales.orders o WHERE o.id = $1";
/// Whoever asks sees rows of its own company alone; the subject is the parameter before it.
const OWN: &str = "(SELECT tenant FROM bench.subjects WHERE subject = $";

#[derive(Serialize, Deserialize)]
struct Money {
    amount: String,
    currency: String,
}

#[derive(Serialize)]
struct Product {
    id: Uuid,
    created_at: String,
    updated_at: String,
    version: i64,
    sku: String,
    name: String,
    category: i64,
    price: Money,
    active: bool,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Product>,
    next: String,
}

#[derive(Deserialize)]
struct NewProduct {
    sku: String,
    name: String,
    category: i64,
    price: Money,
}

#[derive(Deserialize)]
struct Browse {
    category: i64,
    #[serde(rename = "price.gte")]
    price: String,
}

#[derive(Serialize)]
struct Order {
    id: Uuid,
    version: i64,
    customer: Uuid,
    note: String,
    total: Money,
    placed_at: String,
    lines: Box<serde_json::value::RawValue>,
}

#[derive(Deserialize, Clone)]
struct Claims {
    sub: String,
    exp: u64,
    #[serde(default)]
    roles: Vec<String>,
}

/// What checks need; without it there are none.
struct Checks {
    /// By their names.
    keys: Vec<(Option<String>, DecodingKey)>,
    validation: Validation,
    verified: RwLock<HashMap<String, Arc<Claims>>>,
    durations: [AtomicU64; 16],
}

struct App {
    pool: Pool,
    checks: Option<Checks>,
}

type Answer = Result<Response, (StatusCode, String)>;

fn failed(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

fn refused(status: StatusCode) -> (StatusCode, String) {
    (status, String::new())
}

fn time(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).unwrap_or_default().to_string()
}

fn product(row: &Row) -> Product {
    Product {
        id: row.get(0),
        created_at: time(row.get(1)),
        updated_at: time(row.get(2)),
        version: row.get(3),
        sku: row.get(4),
        name: row.get(5),
        category: row.get(6),
        price: Money { amount: row.get(7), currency: "EUR".into() },
        active: row.get(8),
    }
}

impl App {
    /// Who asks, if that is checked.
    fn claims(&self, headers: &HeaderMap) -> Result<Option<Arc<Claims>>, (StatusCode, String)> {
        let Some(checks) = &self.checks else { return Ok(None) };
        let unauthorized = || refused(StatusCode::UNAUTHORIZED);
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            value.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(unauthorized)?;
        let now = jiff::Timestamp::now().as_second() as u64;
        if let Some(claims) = checks.verified.read().map_err(failed)?.get(token) {
            return if claims.exp > now { Ok(Some(claims.clone())) } else { Err(unauthorized()) };
        }
        let named = jsonwebtoken::decode_header(token).map_err(|_| unauthorized())?.kid;
        let keys = checks.keys.iter().filter(|(name, _)| named.is_none() || *name == named);
        let mut claims = keys.filter_map(|(_, key)| {
            jsonwebtoken::decode::<Claims>(token, key, &checks.validation).ok()
        });
        let claims = Arc::new(claims.next().ok_or_else(unauthorized)?.claims);
        checks.verified.write().map_err(failed)?.insert(token.to_owned(), claims.clone());
        Ok(Some(claims))
    }

    fn measured(&self, started: Instant) {
        if let Some(checks) = &self.checks {
            let micros = started.elapsed().as_micros() as u64;
            let bucket = (micros.max(1).ilog2() as usize).min(checks.durations.len() - 1);
            checks.durations[bucket].fetch_add(1, Relaxed);
        }
    }

    /// The row that the caller stands for: whoever has none may see nothing.
    async fn customer(
        client: &deadpool_postgres::Client,
        claims: &Option<Arc<Claims>>,
    ) -> Result<Option<Uuid>, (StatusCode, String)> {
        let Some(claims) = claims else { return Ok(None) };
        let sql = "SELECT s.row FROM bench.subjects s JOIN sales.customers c \
                   ON c.id = s.row AND c.tenant_id = s.tenant WHERE s.subject = $1";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let found = client.query_opt(&statement, &[&claims.sub]).await.map_err(failed)?;
        found.map(|row| Some(row.get(0))).ok_or_else(|| refused(StatusCode::FORBIDDEN))
    }
}

async fn view(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<Uuid>) -> Answer {
    let started = Instant::now();
    let claims = app.claims(&headers)?;
    let client = app.pool.get().await.map_err(failed)?;
    let sql = format!("SELECT {PRODUCT} FROM sales.products WHERE id = $1 AND active");
    let row = async {
        let Some(claims) = &claims else {
            let statement = client.prepare_cached(&sql).await.map_err(failed)?;
            return client.query_opt(&statement, &[&id]).await.map_err(failed);
        };
        let sql = format!("{sql} AND tenant_id = {OWN}2)");
        let statement = client.prepare_cached(&sql).await.map_err(failed)?;
        client.query_opt(&statement, &[&id, &claims.sub]).await.map_err(failed)
    };
    let (_, row) = futures_util::try_join!(App::customer(&client, &claims), row)?;
    let row = row.ok_or_else(|| refused(StatusCode::NOT_FOUND))?;
    let answer = Json(product(&row)).into_response();
    app.measured(started);
    Ok(answer)
}

async fn browse(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(asked): Query<Browse>,
) -> Answer {
    let started = Instant::now();
    let claims = app.claims(&headers)?;
    let client = app.pool.get().await.map_err(failed)?;
    let sql = format!(
        "SELECT {PRODUCT} FROM sales.products WHERE active AND category = $1 \
         AND price >= ($2::text)::numeric"
    );
    let order = "ORDER BY price, id LIMIT 50";
    let rows = async {
        let Some(claims) = &claims else {
            let statement =
                client.prepare_cached(&format!("{sql} {order}")).await.map_err(failed)?;
            let values: [&(dyn ToSql + Sync); 2] = [&asked.category, &asked.price];
            return client.query(&statement, &values).await.map_err(failed);
        };
        let sql = format!("{sql} AND tenant_id = {OWN}3) {order}");
        let statement = client.prepare_cached(&sql).await.map_err(failed)?;
        let values: [&(dyn ToSql + Sync); 3] = [&asked.category, &asked.price, &claims.sub];
        client.query(&statement, &values).await.map_err(failed)
    };
    let (_, rows) = futures_util::try_join!(App::customer(&client, &claims), rows)?;
    let items = rows.iter().map(product).collect();
    let answer = Json(Page { items, next: String::new() }).into_response();
    app.measured(started);
    Ok(answer)
}

async fn order(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<Uuid>) -> Answer {
    let started = Instant::now();
    let claims = app.claims(&headers)?;
    let client = app.pool.get().await.map_err(failed)?;
    let row = async {
        let Some(claims) = &claims else {
            let statement = client.prepare_cached(ORDER).await.map_err(failed)?;
            return client.query_opt(&statement, &[&id]).await.map_err(failed);
        };
        let sql = format!("{ORDER} AND o.tenant_id = {OWN}2)");
        let statement = client.prepare_cached(&sql).await.map_err(failed)?;
        client.query_opt(&statement, &[&id, &claims.sub]).await.map_err(failed)
    };
    let (customer, row) = futures_util::try_join!(App::customer(&client, &claims), row)?;
    let row = row.ok_or_else(|| refused(StatusCode::NOT_FOUND))?;
    let order = Order {
        id: row.get(0),
        version: row.get(1),
        customer: row.get(2),
        note: row.get(3),
        total: Money { amount: row.get(4), currency: "EUR".into() },
        placed_at: time(row.get(5)),
        lines: serde_json::value::RawValue::from_string(row.get(6)).map_err(failed)?,
    };
    if customer.is_some_and(|customer| customer != order.customer) {
        return Err(refused(StatusCode::NOT_FOUND));
    }
    let answer = Json(order).into_response();
    app.measured(started);
    Ok(answer)
}

const INSERT: &str = "INSERT INTO sales.products \
     (id, created_at, updated_at, version, sku, name, category, price, active, tenant_id) \
     VALUES ($1, now(), now(), 1, $2, $3, $4, ($5::text)::numeric, true, $6) RETURNING ";
const HIRED: &str = "SELECT s.tenant FROM bench.subjects s JOIN sales.merchandisers m \
     ON m.id = s.row AND m.tenant_id = s.tenant WHERE s.subject = $1";

async fn add(State(app): State<Arc<App>>, headers: HeaderMap, body: bytes::Bytes) -> Answer {
    let started = Instant::now();
    let claims = app.claims(&headers)?;
    let new: NewProduct = serde_json::from_slice(&body).map_err(failed)?;
    let mut client = app.pool.get().await.map_err(failed)?;
    let id = Uuid::now_v7();
    let sql = format!("{INSERT}{PRODUCT}");
    let Some(claims) = claims else {
        let sql = sql.replace("$6", "DEFAULT");
        let values: [&(dyn ToSql + Sync); 5] =
            [&id, &new.sku, &new.name, &new.category, &new.price.amount];
        let statement = client.prepare_cached(&sql).await.map_err(failed)?;
        let row = client.query_one(&statement, &values).await.map_err(failed)?;
        return Ok((StatusCode::CREATED, Json(product(&row))).into_response());
    };
    let valid = (1..=40).contains(&new.sku.chars().count())
        && (1..=255).contains(&new.name.chars().count())
        && (0..=999).contains(&new.category)
        && new.price.currency == "EUR";
    if !valid || !claims.roles.iter().any(|role| role == "staff") {
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    let key = key.ok_or_else(|| refused(StatusCode::BAD_REQUEST))?;
    let hash = Sha256::digest(&body).to_vec();
    let transaction = client.transaction().await.map_err(failed)?;
    let known = "SELECT hash, answer FROM bench.idempotency WHERE key = $1 AND caller = $2";
    let statement = transaction.prepare_cached(known).await.map_err(failed)?;
    let found = transaction.query_opt(&statement, &[&key, &claims.sub]).await.map_err(failed)?;
    if let Some(found) = found {
        let same = found.get::<_, Vec<u8>>(0) == hash;
        let answer: Vec<u8> = found.get(1);
        let status = if same { StatusCode::CREATED } else { StatusCode::UNPROCESSABLE_ENTITY };
        return Ok((status, answer).into_response());
    }
    let statement = transaction.prepare_cached(HIRED).await.map_err(failed)?;
    let hired = transaction.query_opt(&statement, &[&claims.sub]).await.map_err(failed)?;
    let hired = hired.ok_or_else(|| refused(StatusCode::FORBIDDEN))?;
    let tenant: Uuid = hired.get(0);
    let values: [&(dyn ToSql + Sync); 6] =
        [&id, &new.sku, &new.name, &new.category, &new.price.amount, &tenant];
    let statement = transaction.prepare_cached(&sql).await.map_err(failed)?;
    let row = transaction.query_one(&statement, &values).await.map_err(failed)?;
    let answer = serde_json::to_vec(&product(&row)).map_err(failed)?;
    let keep = "INSERT INTO bench.idempotency (key, caller, hash, answer) VALUES ($1, $2, $3, $4)";
    let statement = transaction.prepare_cached(keep).await.map_err(failed)?;
    transaction.execute(&statement, &[&key, &claims.sub, &hash, &answer]).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    app.measured(started);
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::ETAG, "\"1\"")];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

/// Serves on a free port until killed; with checks if there is a key set to verify tokens by.
pub fn serve(url: &str, keys: Option<&str>) -> Result<()> {
    let manager = Manager::from_config(
        url.parse()?,
        NoTls,
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    let pool = Pool::builder(manager).max_size(20).build()?;
    let checks = keys.map(checks).transpose()?;
    let router = Router::new()
        .route("/sales/v1/products", get(browse).post(add))
        .route("/sales/v1/products/{id}", get(view))
        .route("/sales/v1/orders/{id}", get(order))
        .with_state(Arc::new(App { pool, checks }));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{{\"url\":\"http://{}\"}}", listener.local_addr()?);
        axum::serve(listener, router).await.context("axum ended")
    })
}

/// From a JSON Web Key Set.
fn checks(keys: &str) -> Result<Checks> {
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_str(keys)?;
    let key =
        |key: &jsonwebtoken::jwk::Jwk| Ok((key.common.key_id.clone(), DecodingKey::from_jwk(key)?));
    let keys: Vec<_> = keys.keys.iter().map(key).collect::<Result<_>>()?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_aud = false;
    Ok(Checks { keys, validation, verified: RwLock::default(), durations: Default::default() })
}

//! The shop of the examples, running and filled, with the requests of its mix.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::cores::Cores;
use super::open::{Kind, Requests, once};
use crate::process::{Server, firm, folder, remove, shop};

/// Customers who sign in.
const CUSTOMERS: u64 = 16;
const PRODUCTS: u64 = 1_000;
const CATEGORIES: u64 = 50;

/// A running shop.
pub struct Shop {
    pub server: Server,
    data: PathBuf,
    tokens: Arc<Vec<String>>,
    /// Who each customer is.
    users: Arc<Vec<String>>,
    products: Arc<Vec<String>>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        remove(&self.data);
    }
}

impl Shop {
    /// Starts `firm up` on a store (its URL; the embedded one if there is none) and fills it.
    /// Answers are not kept in memory: what a cache answers grows with the load, so that times of
    /// one load would not be those of another.
    pub fn open(store: Option<&str>, cores: &Cores) -> Result<Self> {
        let data = folder("predict")?;
        let mut command = cores.command(&firm()?);
        command.arg("up").arg(shop()).args(["--listen", "127.0.0.1:0", "--json", "--log", "off"]);
        command.args(["--rate-limit", "off", "--cache", "off"]);
        if let Some(store) = store {
            command.args(["--store", store]);
        }
        let server = Server::start(command.arg("--data").arg(&data))?;
        let staff = token(&data, "merchandiser", "staff")?;
        let customer = |at| token(&data, "customer", &format!("customer{at}"));
        let tokens = (0..CUSTOMERS).map(customer).collect::<Result<Vec<_>>>()?;
        let address = server.address.as_str();
        let mut users = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let body =
                format!("{{\"email\":\"customer{at}@example.org\",\"name\":\"Customer {at}\"}}");
            users.push(created(address, &write("/identity/v1/users", token, &body, at as u64))?);
        }
        let mut categories = Vec::new();
        for at in 0..CATEGORIES {
            let body = format!("{{\"name\":\"Category {at}\"}}");
            let key = 1_000 + at;
            categories
                .push(created(address, &write("/catalog/v1/categories", &staff, &body, key))?);
        }
        let mut products = Vec::new();
        for at in 0..PRODUCTS {
            let category = &categories[at as usize % categories.len()];
            let body = format!(
                "{{\"sku\":\"sku-{at}\",\"name\":\"Product {at}\",\"description\":\"A plain product\",\"price\":{{\"amount\":\"{}.50\",\"currency\":\"EUR\"}},\"category\":\"{category}\"}}",
                at * 37 % 500 + 1
            );
            let key = 10_000 + at;
            products.push(created(address, &write("/catalog/v1/products", &staff, &body, key))?);
        }
        Ok(Self {
            server,
            data,
            tokens: tokens.into(),
            users: users.into(),
            products: products.into(),
        })
    }

    /// The mix: what the model states as peaks, of the operations that need no external. Adding a
    /// card stands for placing an order (40/s), whose flow would call one.
    pub fn mix(&self) -> Vec<Kind> {
        let (products, tokens) = (self.products.clone(), self.tokens.clone());
        let view = move |n: u64| {
            let id = &products[(n as usize).wrapping_mul(7919) % products.len()];
            get(&format!("/catalog/v1/products/{id}"), None)
        };
        let browse = |n: u64| {
            get(&format!("/catalog/v1/products?limit=20&price.gte={}.00&sort=price", n % 400), None)
        };
        let (users, own) = (self.users.clone(), tokens.clone());
        let profile = move |n: u64| {
            let at = n as usize % users.len();
            get(&format!("/identity/v1/users/{}", users[at]), Some(&own[at]))
        };
        let own = tokens.clone();
        let cards =
            move |n: u64| get("/payments/v1/cards?limit=10", Some(&own[n as usize % own.len()]));
        let add = move |n: u64| {
            let body = "{\"token\":\"a-token-of-a-card\",\"last4\":\"4242\"}";
            write("/payments/v1/cards", &tokens[n as usize % tokens.len()], body, n)
        };
        let peaks: [(&'static str, f64, Requests); 6] = [
            ("catalog.viewProduct", 2000.0, Arc::new(view)),
            ("catalog.browseProducts", 1200.0, Arc::new(browse)),
            (
                "catalog.browseCategories",
                80.0,
                Arc::new(|_| get("/catalog/v1/categories?limit=20", None)),
            ),
            ("identity.viewProfile", 60.0, Arc::new(profile)),
            ("payments.listMyCards", 50.0, Arc::new(cards)),
            ("payments.addCard", 40.0, Arc::new(add)),
        ];
        let all: f64 = peaks.iter().map(|(_, rate, _)| rate).sum();
        let kind = |(name, rate, request)| Kind { name, share: rate / all, request };
        peaks.into_iter().map(kind).collect()
    }

    /// A scrape of its numbers.
    pub fn metrics(&self) -> Result<String> {
        let (status, text) = once(&self.server.address, &get("/metrics", None))?;
        if status == 200 { Ok(text) } else { bail!("/metrics: status {status}") }
    }
}

fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let authorization = token.map_or(String::new(), |of| format!("authorization: Bearer {of}\r\n"));
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{authorization}\r\n").into_bytes()
}

fn write(path: &str, token: &str, body: &str, key: u64) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\nidempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn created(address: &str, request: &[u8]) -> Result<String> {
    let (status, body) = once(address, request)?;
    if status != 201 {
        bail!("status {status}: {body}");
    }
    let row: Value = serde_json::from_str(&body).with_context(|| body.clone())?;
    Ok(row["id"].as_str().context("no id")?.to_owned())
}

fn token(data: &Path, actor: &str, subject: &str) -> Result<String> {
    let mut command = Command::new(firm()?);
    command.arg("token").arg(shop()).args(["--actor", actor, "--as", subject, "--data"]);
    let output = command.arg(data).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().last().context("`firm token` printed nothing")?.to_owned())
}

//! The same questions as each contestant is asked them.

use std::sync::Arc;

use super::contestants::{Field, Kind};
use crate::load::Requests;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// One product by its id.
    Get,
    /// 50 products of a category from a price on, by price.
    Page,
    /// A new product, once.
    Create,
    /// An order with its lines and their products.
    Nested,
    /// Four of five read a product, one of five creates one.
    Mixed,
}

impl Question {
    /// All, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Get, Self::Page, Self::Create, Self::Nested, Self::Mixed];

    /// As the table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get by key",
            Self::Page => "page of 50",
            Self::Create => "create, idempotent",
            Self::Nested => "order, lines, products",
            Self::Mixed => "mixed 80/20",
        }
    }

    /// The requests of a run, whose number makes new rows unique.
    pub fn requests(self, field: &Field, kind: Kind, run: u64) -> Requests {
        let products = field.products.clone();
        let orders = field.orders.clone();
        let tokens = field.tokens.clone();
        let staff = field.staff.clone();
        let get = move |n: u64| {
            let id = &products[(n as usize).wrapping_mul(7919) % products.len()];
            let token = &tokens[n as usize % tokens.len()];
            match kind {
                Kind::PostGraphile => graph(
                    "query($id:UUID!){productById(id:$id){id createdAt updatedAt version sku name category price active}}",
                    &format!("{{\"id\":\"{id}\"}}"),
                ),
                _ => read(&format!("/sales/v1/products/{id}"), token),
            }
        };
        let tokens = field.tokens.clone();
        let page = move |n: u64| {
            let (category, token) = (n % 1000, &tokens[n as usize % tokens.len()]);
            match kind {
                Kind::PostGraphile => graph(
                    "query($c:BigInt!){allProducts(first:50,condition:{category:$c,active:true},orderBy:[PRICE_ASC,ID_ASC]){nodes{id createdAt updatedAt version sku name category price active}}}",
                    &format!("{{\"c\":\"{category}\"}}"),
                ),
                _ => {
                    let path = format!(
                        "/sales/v1/products?category={category}&price.gte=10.00&sort=price&limit=50"
                    );
                    read(&path, token)
                }
            }
        };
        let create = move |n: u64| create(kind, run, n, &staff);
        let tokens = field.tokens.clone();
        let nested = move |n: u64| {
            let (caller, id) = &orders[(n as usize).wrapping_mul(7919) % orders.len()];
            let token = &tokens[*caller];
            match kind {
                Kind::PostGraphile => graph(
                    "query($id:UUID!){orderById(id:$id){id version note total placedAt customer ordersLinesByOwnerId(orderBy:PRIMARY_KEY_ASC){nodes{quantity unitPrice productByTenantIdAndProduct{id sku name category price active}}}}}",
                    &format!("{{\"id\":\"{id}\"}}"),
                ),
                Kind::Firm | Kind::Before => {
                    read(&format!("/sales/v1/orders/{id}?expand=lines.product"), token)
                }
                _ => read(&format!("/sales/v1/orders/{id}"), token),
            }
        };
        match self {
            Self::Get => Arc::new(get),
            Self::Page => Arc::new(page),
            Self::Create => Arc::new(create),
            Self::Nested => Arc::new(nested),
            Self::Mixed => Arc::new(move |n| if n % 5 == 0 { create(n) } else { get(n) }),
        }
    }
}

fn create(kind: Kind, run: u64, n: u64, staff: &str) -> Vec<u8> {
    let (sku, price) = (format!("r{run}-{n}"), n % 90 + 1);
    match kind {
        Kind::PostGraphile => graph(
            "mutation($p:ProductInput!){createProduct(input:{product:$p}){product{id createdAt updatedAt version sku name category price active}}}",
            &format!(
                "{{\"p\":{{\"id\":\"{}\",\"createdAt\":\"2026-01-01T00:00:00Z\",\"updatedAt\":\"2026-01-01T00:00:00Z\",\"version\":\"1\",\"sku\":\"{sku}\",\"name\":\"Product {n}\",\"category\":\"{}\",\"price\":\"{price}.50\",\"active\":true}}}}",
                uuid::Uuid::now_v7(),
                n % 1000
            ),
        ),
        _ => {
            let body = format!(
                "{{\"sku\":\"{sku}\",\"name\":\"Product {n}\",\"category\":{},\"price\":{{\"amount\":\"{price}.50\",\"currency\":\"EUR\"}}}}",
                n % 1000
            );
            write("/sales/v1/products", staff, &sku, &body)
        }
    }
}

fn read(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

fn write(path: &str, token: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\nidempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn graph(query: &str, variables: &str) -> Vec<u8> {
    let body = format!("{{\"query\":\"{query}\",\"variables\":{variables}}}");
    format!(
        "POST /graphql HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

//! Bad input of every kind gets a problem document with a stable code, never a 500, and changes
//! nothing.

use serde_json::json;

use super::shop::{Shop, order, product};

const JSON: (&str, &str) = ("content-type", "application/json");
const PRODUCTS: &str = "/catalog/v1/products";

#[test]
fn bad_bodies_are_refused() {
    let shop = Shop::open("bodies");
    let merchandiser = shop.merchandiser();
    let deep = "[".repeat(100_000);
    let large = format!("{{\"sku\":\"{}\"}}", "x".repeat(20 << 20));
    let unknown = json!({ "sku": "A", "name": "a", "price": { "amount": "1.00", "currency": "EUR" }, "colour": 1 });
    let wrong = json!({ "sku": 7, "name": null, "price": "cheap", "active": "yes" });
    let long = product(&"s".repeat(41), "1.00");
    let negative = product("A", "-1.00");
    let precise = product("A", "1.001");
    let foreign =
        json!({ "sku": "A", "name": "a", "price": { "amount": "1.00", "currency": "XYZ" } });
    let cases: [(&str, Vec<u8>, &[u16]); 14] = [
        ("not JSON", b"{".to_vec(), &[400]),
        ("empty", b"".to_vec(), &[400, 422]),
        ("not UTF-8", b"{\"sku\":\"\xff\"}".to_vec(), &[400]),
        ("an array", b"[]".to_vec(), &[400, 422]),
        ("deep", deep.into_bytes(), &[400]),
        ("large", large.into_bytes(), &[413]),
        ("duplicate key", b"{\"sku\":\"A\",\"sku\":\"B\"}".to_vec(), &[400, 422]),
        ("unknown property", unknown.to_string().into_bytes(), &[422]),
        ("wrong types", wrong.to_string().into_bytes(), &[422]),
        ("missing", b"{}".to_vec(), &[422]),
        ("too long", long.to_string().into_bytes(), &[422]),
        ("negative price", negative.to_string().into_bytes(), &[422]),
        ("too precise", precise.to_string().into_bytes(), &[422]),
        ("unknown currency", foreign.to_string().into_bytes(), &[422]),
    ];
    for (name, body, statuses) in cases {
        let key = name.replace(' ', "-");
        let headers = [JSON, ("idempotency-key", &*key)];
        // A server may answer an oversized body before it has read it, and close the connection.
        match merchandiser.send("POST", PRODUCTS, &headers, Some(&body)) {
            Ok(reply) => {
                assert!(
                    statuses.contains(&reply.status),
                    "{name}: {} {}",
                    reply.status,
                    reply.text
                );
                assert!(!reply.code().is_empty(), "{name}");
            }
            Err(error) => assert_eq!(name, "large", "{error}"),
        }
    }
    let all = shop.anyone().get(PRODUCTS).expect(200);
    assert_eq!(all.body["items"], json!([]), "a refused request changed something");
}

#[test]
fn all_mistakes_of_a_body_are_named_at_once() {
    let shop = Shop::open("mistakes");
    let wrong = json!({ "sku": 7, "price": "cheap", "colour": 1 });
    let reply = shop.merchandiser().post(PRODUCTS, &wrong).expect(422);
    for place in ["/sku", "/name", "/price", "/colour"] {
        let errors = reply.body["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["pointer"] == place), "{place}: {}", reply.text);
    }
}

#[test]
fn bad_requests_are_refused() {
    let shop = Shop::open("requests");
    let merchandiser = shop.merchandiser();
    let anyone = shop.anyone();
    let body = product("A", "1.00").to_string();
    let send = |headers: &[(&str, &str)]| {
        merchandiser.send("POST", PRODUCTS, headers, Some(body.as_bytes())).unwrap()
    };
    send(&[JSON]).refused(400, "idempotency-key-required");
    send(&[("content-type", "text/plain"), ("idempotency-key", "k")]).expect(415).code();
    anyone.send("PUT", PRODUCTS, &[JSON], Some(b"{}")).unwrap().expect(405).code();
    anyone.get("/nowhere").refused(404, "unknown-route");
    anyone.get("/catalog/v1/products/not-an-id").expect(404).code();
    anyone.get("/catalog/v1/products?limit=0").expect(400).code();
    anyone.get("/catalog/v1/products?limit=1001").expect(400).code();
    anyone.get("/catalog/v1/products?colour=red").refused(400, "unknown-parameter");
    anyone.get("/catalog/v1/products?after=forged").refused(400, "invalid-cursor");
    anyone.get("/catalog/v1/products?price.gte=dear").expect(400).code();
    anyone.get("/catalog/v1/products?sort=sku").expect(400).code();
    anyone.get("/catalog/v1/products?q=%22%20OR%20*%20NEAR(").expect(200);
    anyone.get("/catalog/v1/products?q=%00").expect(400).code();
    let listed = anyone.get(PRODUCTS).expect(200);
    assert_eq!(listed.body["items"], json!([]));
}

#[test]
fn routes_of_the_system_and_of_what_does_not_run_yet_are_closed() {
    let shop = Shop::open("closed");
    let (alice, card) = shop.customer("alice");
    let tea = shop.merchandiser().post(PRODUCTS, &product("TEA", "1.00")).expect(201).id();
    let placed = alice.post("/ordering/v1/orders", &order(&card, &[(&tea, 1)])).expect(201).id();
    let confirm = format!("/ordering/v1/orders/{placed}/confirm-order");
    alice.post(&confirm, &json!({})).refused(404, "unknown-route");
    // A customer is not a merchandiser, and a merchandiser is not a customer.
    alice.post(PRODUCTS, &product("A", "1.00")).refused(403, "forbidden");
    shop.merchandiser()
        .post("/payments/v1/cards", &json!({ "token": "tok_1234567", "last4": "1111" }))
        .refused(403, "forbidden");
}

#[test]
fn tokens_are_checked() {
    let shop = Shop::open("tokens");
    let (_, _) = shop.customer("alice");
    let good =
        super::server::token(&super::server::example("shop"), &shop.data.0, "customer", "alice");
    let parts: Vec<&str> = good.split('.').collect();
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let mut forged = good.clone().into_bytes();
    let at = parts[0].len() + 1 + parts[1].len() / 2;
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    let cut = good[..good.len() - 4].to_owned();
    let huge = "x".repeat(6_000);
    for bad in [unsigned, forged, cut, huge, "x".to_owned()] {
        let client = super::client::Client::new(&shop.server.url, Some(bad));
        let reply = client.get("/ordering/v1/orders").refused(401, "invalid-token");
        assert!(reply.header("www-authenticate").is_some());
    }
    let other = Shop::open("tokens-of-another");
    let stranger =
        super::server::token(&super::server::example("shop"), &other.data.0, "customer", "alice");
    let client = super::client::Client::new(&shop.server.url, Some(stranger));
    client.get("/ordering/v1/orders").refused(401, "invalid-token");
}

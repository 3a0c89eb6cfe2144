//! `kill -9` at random moments during bursts of orders: what was acknowledged is there after the
//! restart, nothing is half done, and repeating a request with its key gives the same answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::client::Client;
use super::shop::{Shop, order, product};

const ROUNDS: u32 = 50;
const CLIENTS: u32 = 4;

/// A request that was sent, and its answer if one came back.
struct Sent {
    key: String,
    body: Value,
    answer: Option<Value>,
}

/// Sends orders until the connection breaks.
fn burst(client: &Client, prefix: &str, card: &str, products: &[String]) -> Vec<Sent> {
    let mut sent = Vec::new();
    for number in 0..10_000usize {
        let key = format!("{prefix}-{number}");
        let first = (&*products[number % products.len()], 1);
        let second = (&*products[(number + 1) % products.len()], 2);
        let body = order(card, &[first, second]);
        let reply = client.post_with("/ordering/v1/orders", &key, &body);
        let answer = reply.ok().map(|reply| reply.expect(201).body);
        let broken = answer.is_none();
        sent.push(Sent { key, body, answer });
        if broken {
            break;
        }
    }
    sent
}

pub fn whole(order: &Value) {
    let cents =
        |money: &Value| money["amount"].as_str().unwrap().replace('.', "").parse::<u64>().unwrap();
    let lines = order["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "{order}");
    let sum: u64 = lines
        .iter()
        .map(|line| cents(&line["unit_price"]) * line["quantity"].as_u64().unwrap())
        .sum();
    assert_eq!(sum, cents(&order["total"]), "{order}");
}

/// Every order of the customer, by id.
pub fn all_orders(client: &Client) -> BTreeMap<String, Value> {
    let (mut orders, mut after) = (BTreeMap::new(), String::new());
    loop {
        let page = client.get(&format!("/ordering/v1/orders?limit=1000{after}")).expect(200);
        for item in page.body["items"].as_array().unwrap() {
            whole(item);
            orders.insert(item["id"].as_str().unwrap().to_owned(), item.clone());
        }
        match page.body["next"].as_str() {
            Some(next) if !next.is_empty() => after = format!("&after={next}"),
            _ => return orders,
        }
    }
}

#[test]
fn acknowledged_orders_survive_kill_9() {
    let mut shop = Shop::open("crash");
    let merchandiser = shop.merchandiser();
    let products: Vec<String> = (0..3)
        .map(|n| merchandiser.post("/catalog/v1/products", &product(&format!("P{n}"), "1.25")))
        .map(|reply| reply.expect(201).id())
        .collect();
    let (alice, card) = shop.customer("alice");
    let token =
        super::server::token(&super::server::example("shop"), &shop.data.0, "customer", "alice");
    drop(alice);
    let acknowledged = AtomicU32::new(0);
    let mut keys = 0;
    for round in 0..ROUNDS {
        // A different moment each round: from during the first commits to deep into the burst.
        let moment = Duration::from_millis(u64::from(5 + (round * 37) % 190));
        let url = shop.server.url.clone();
        let (card, products, token) = (&card, &products, &token);
        let server = &mut shop.server;
        let sent: Vec<Sent> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CLIENTS)
                .map(|n| {
                    let client = Client::new(&url, Some(token.clone()));
                    scope.spawn(move || burst(&client, &format!("r{round}-c{n}"), card, products))
                })
                .collect();
            std::thread::sleep(moment);
            server.kill();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        shop = shop.reopen(drop);
        let client = Client::new(&shop.server.url, Some(token.clone()));
        let before = all_orders(&client);
        for request in &sent {
            check(&client, request, &before, &acknowledged);
        }
        keys += sent.len();
        assert_eq!(all_orders(&client).len(), keys, "one order for each key, in round {round}");
    }
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    eprintln!("{ROUNDS} rounds: {keys} orders sent, {acknowledged} acknowledged before a kill");
    assert!(acknowledged > ROUNDS, "the bursts were too short to show anything");
}

fn check(client: &Client, sent: &Sent, stored: &BTreeMap<String, Value>, count: &AtomicU32) {
    if let Some(answer) = &sent.answer {
        count.fetch_add(1, Ordering::Relaxed);
        let id = answer["id"].as_str().unwrap();
        assert_eq!(stored.get(id), Some(answer), "an acknowledged order is gone or changed");
    }
    let again = client.post_with("/ordering/v1/orders", &sent.key, &sent.body).unwrap();
    let again = again.expect(201).body;
    whole(&again);
    if let Some(answer) = &sent.answer {
        assert_eq!(&again, answer, "the replay differs");
    }
}

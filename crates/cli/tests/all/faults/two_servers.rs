//! Two servers on one database get the same requests at the same moment: each is done once.

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::Value;

use super::backend::Backend;
use super::cluster::Cluster;
use super::rounds;
use crate::acceptance::client::Client;
use crate::acceptance::crash::all_orders;
use crate::acceptance::shop::{order, product};

#[test]
fn a_request_that_two_servers_get_at_once_is_done_once() {
    let Some(cluster) = Cluster::start("two-servers", &[]) else { return };
    let one = Backend::new("two-servers").store(&cluster.url()).started();
    // The same keys sign for both.
    let two = Backend::new("two-servers").store(&cluster.url()).data(one.data.clone()).started();
    let customer = one.customer();
    let token = one.token("customer", "alice@example.com");
    let staff = one.token("merchandiser", "mary");
    let rounds = rounds(40, 2000);
    let barrier = Barrier::new(2);
    let ask = |url: &str| -> Vec<(Value, Value)> {
        let (buyer, staff) =
            (Client::new(url, Some(token.clone())), Client::new(url, Some(staff.clone())));
        let ask = |round| {
            barrier.wait();
            let body =
                order(&customer.card, &[(&customer.products[0], 1), (&customer.products[1], 2)]);
            let placed = settled(&buyer, "/ordering/v1/orders", &format!("o{round}"), &body);
            barrier.wait();
            let body = product(&format!("T{round}"), "1.00");
            (placed, settled(&staff, "/catalog/v1/products", &format!("p{round}"), &body))
        };
        (0..rounds).map(ask).collect()
    };
    let (of_one, of_two) = std::thread::scope(|scope| {
        let other = scope.spawn(|| ask(&two.url));
        (ask(&one.url), other.join().unwrap())
    });
    assert_eq!(of_one, of_two, "both get the same answers");
    let ids: BTreeSet<String> = of_one.iter().map(|(order, _)| order["id"].to_string()).collect();
    let orders = all_orders(&customer.client).len();
    assert_eq!((ids.len(), orders), (rounds as usize, rounds as usize), "one order for each key");
}

/// The answer to a request, also where the other server is still at it.
fn settled(client: &Client, path: &str, key: &str, body: &Value) -> Value {
    for _ in 0..100 {
        let reply = client.post_with(path, key, body).unwrap();
        if reply.status == 201 {
            return reply.body;
        }
        let code = reply.code().to_owned();
        assert!(["idempotency-in-progress", "overloaded"].contains(&&*code), "{reply:?}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{key} is never answered");
}

//! The walk of the README.

use serde_json::json;

use super::server::Server;
use super::shop::{Shop, order, product};

#[test]
fn a_shop_sells_and_remembers() {
    let shop = Shop::open("walk");
    let merchandiser = shop.merchandiser();
    let tea = merchandiser.post("/catalog/v1/products", &product("TEA", "4.50")).expect(201).id();
    let cup = merchandiser.post("/catalog/v1/products", &product("CUP", "12.00")).expect(201).id();
    let (alice, card) = shop.customer("alice");

    // Prices come from the catalogue, not from the client.
    let placed =
        alice.post_with("/ordering/v1/orders", "first", &order(&card, &[(&tea, 2), (&cup, 1)]));
    let placed = placed.unwrap().expect(201);
    assert_eq!(placed.body["total"], json!({ "amount": "21.00", "currency": "EUR" }));
    assert_eq!(placed.body["lines"][0]["unit_price"]["amount"], "4.50");
    assert_eq!(placed.body["status"], "pending");
    assert!(placed.header("etag").is_some(), "{placed:?}");
    let mut cheap = order(&card, &[(&tea, 1)]);
    cheap["lines"][0]["unit_price"] = json!({ "amount": "0.01", "currency": "EUR" });
    let refused = alice.post("/ordering/v1/orders", &cheap).expect(422);
    assert!(refused.text.contains("unit_price"), "{}", refused.text);

    // The same key again: the same order.
    let body = order(&card, &[(&tea, 2), (&cup, 1)]);
    let again = alice.post_with("/ordering/v1/orders", "first", &body).unwrap().expect(201);
    assert_eq!(again.body, placed.body);
    let other = order(&card, &[(&tea, 3)]);
    alice.post_with("/ordering/v1/orders", "first", &other).unwrap().expect(422);
    assert_eq!(
        alice.get("/ordering/v1/orders").expect(200).body["items"].as_array().unwrap().len(),
        1
    );

    // Restarted, it is still there, for its owner alone.
    let address = format!("/ordering/v1/orders/{}", placed.id());
    let shop = shop.reopen(Server::stop);
    let alice = shop.signed_in("customer", "alice");
    assert_eq!(alice.get(&address).expect(200).body, placed.body);
    let again = alice.post_with("/ordering/v1/orders", "first", &body).unwrap().expect(201);
    assert_eq!(again.body, placed.body);
    let (bob, _) = shop.customer("bob");
    bob.get(&address).refused(404, "not-found");
    shop.anyone().get(&address).refused(401, "unauthenticated");
}

#[test]
fn what_is_not_for_sale_is_not_sold_and_cards_of_others_do_not_exist() {
    let shop = Shop::open("refusals");
    let merchandiser = shop.merchandiser();
    let tea = merchandiser.post("/catalog/v1/products", &product("TEA", "4.50")).expect(201).id();
    let mut withdrawn = product("OLD", "1.00");
    withdrawn["active"] = json!(false);
    let old = merchandiser.post("/catalog/v1/products", &withdrawn).expect(201).id();
    let (alice, card) = shop.customer("alice");
    let (bob, card_of_bob) = shop.customer("bob");

    // The `by` of browseProducts admits everyone to every product (its `where` only filters), so
    // the reference is accepted, and the rule of placeOrder refuses it.
    let refused = alice.post("/ordering/v1/orders", &order(&card, &[(&old, 1)])).expect(422);
    assert_eq!(refused.code(), "product-not-for-sale", "{}", refused.text);

    let theirs = alice.post("/ordering/v1/orders", &order(&card_of_bob, &[(&tea, 1)])).expect(422);
    let nobodys = order("0190b5a4-0000-7000-8000-000000000000", &[(&tea, 1)]);
    let nobodys = alice.post("/ordering/v1/orders", &nobodys).expect(422);
    assert_eq!(theirs.code(), nobodys.code());
    let shape = |reply: &super::client::Reply| reply.body["errors"][0]["code"].clone();
    assert_eq!(shape(&theirs), shape(&nobodys));
    assert_eq!(bob.get("/ordering/v1/orders").expect(200).body["items"], json!([]));
    assert_eq!(alice.get("/ordering/v1/orders").expect(200).body["items"], json!([]));
}

#[test]
fn secrets_stay_inside() {
    let shop = Shop::open("secrets");
    let (alice, card) = shop.customer("alice");
    let cards = alice.get("/payments/v1/cards").expect(200);
    assert_eq!(cards.body["items"][0]["id"], card);
    assert_eq!(cards.body["items"][0]["last4"], "4242");
    assert!(!cards.text.contains("tok_alice"), "{}", cards.text);
}

#[test]
fn a_removed_card_is_gone_for_everything_but_history() {
    let shop = Shop::open("removed");
    let tea = shop.merchandiser().post("/catalog/v1/products", &product("TEA", "4.50"));
    let tea = tea.expect(201).id();
    let (alice, card) = shop.customer("alice");
    let placed = alice.post("/ordering/v1/orders", &order(&card, &[(&tea, 1)])).expect(201);
    let address = format!("/payments/v1/cards/{card}");
    alice.delete(&address, "\"9\"").refused(412, "precondition-failed");
    alice.delete(&address, "\"1\"").expect(204);
    alice.delete(&address, "\"1\"").refused(404, "not-found");
    assert_eq!(alice.get("/payments/v1/cards").expect(200).body["items"], json!([]));
    alice.post("/ordering/v1/orders", &order(&card, &[(&tea, 1)])).expect(422);
    let kept = alice.get(&format!("/ordering/v1/orders/{}", placed.id())).expect(200);
    assert_eq!(kept.body["card"], card);
}

#[test]
fn edits_need_the_version_they_were_made_from() {
    let shop = Shop::open("versions");
    let merchandiser = shop.merchandiser();
    let tea = merchandiser.post("/catalog/v1/products", &product("TEA", "4.50")).expect(201);
    let address = format!("/catalog/v1/products/{}", tea.id());
    let etag = tea.header("etag").unwrap().to_owned();
    let rename = json!({ "name": "Green tea" });
    let headers = [("content-type", "application/merge-patch+json")];
    let without =
        merchandiser.send("PATCH", &address, &headers, Some(rename.to_string().as_bytes()));
    without.unwrap().refused(428, "precondition-required");
    let renamed = merchandiser.patch(&address, &etag, &rename).expect(200);
    assert_eq!(renamed.body["name"], "Green tea");
    assert_eq!(renamed.body["price"], tea.body["price"]);
    merchandiser.patch(&address, &etag, &rename).refused(412, "precondition-failed");
    let found = shop.anyone().get("/catalog/v1/products?q=green").expect(200);
    assert_eq!(found.body["items"].as_array().unwrap().len(), 1, "{}", found.text);
    merchandiser.post("/catalog/v1/products", &product("TEA", "1.00")).refused(409, "sku-taken");
}

#[test]
fn pages_follow_each_other_without_gaps() {
    let shop = Shop::open("pages");
    let merchandiser = shop.merchandiser();
    for number in 0..25 {
        let price = format!("{}.00", number % 4 + 1);
        let body = product(&format!("P{number}"), &price);
        merchandiser.post("/catalog/v1/products", &body).expect(201);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = shop.anyone().get(&format!("/catalog/v1/products?limit=7&sort=-price{after}"));
        let page = page.expect(200);
        for item in page.body["items"].as_array().unwrap() {
            seen.push((item["price"]["amount"].as_str().unwrap().to_owned(), item["id"].clone()));
        }
        match page.body["next"].as_str() {
            Some(next) if !next.is_empty() => after = format!("&after={next}"),
            _ => break,
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.windows(2).all(|pair| pair[0].0 >= pair[1].0), "{seen:?}");
    let distinct: std::collections::BTreeSet<String> =
        seen.iter().map(|(_, id)| id.to_string()).collect();
    assert_eq!(distinct.len(), 25);
    let cheap = shop.anyone().get("/catalog/v1/products?price.lte=2.00").expect(200);
    assert!(
        cheap.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| { matches!(item["price"]["amount"].as_str(), Some("1.00" | "2.00")) })
    );
}

//! The shop of the examples, operation by operation.

use std::sync::Arc;
use std::time::Duration;

use expression::Value;
use runtime::operations::{CallError, CallResult, ExternalCall, Externals};
use serde_json::{Value as Json, json};

use crate::support::{Directory, Who, World, model, refusal, shop};

struct Shop {
    world: Arc<World>,
    staff: Who,
    warehouse: Who,
    ann: Who,
    system: Who,
}

async fn start() -> Shop {
    furnish(World::start(&shop())).await
}

async fn furnish(world: World) -> Shop {
    let staff = world.user("sam", &["merchandiser"]);
    let warehouse = world.user("robot", &["warehouse"]);
    let ann = world.user("ann", &["customer"]);
    let system = world.system();
    let shop = Shop { world: Arc::new(world), staff, warehouse, ann, system };
    shop.register(&shop.ann, "ann@example.com").await;
    shop
}

impl Shop {
    async fn ok(&self, who: &Who, operation: &str, at: Option<&str>, body: Json) -> Json {
        self.world.call(who, operation, at, body).await.unwrap().json
    }

    async fn register(&self, who: &Who, email: &str) -> String {
        let body = json!({ "email": email, "name": "Ann" });
        id(&self.ok(who, "identity.register", None, body).await)
    }

    async fn product(&self, sku: &str, price: &str) -> String {
        let body =
            json!({ "sku": sku, "name": sku, "price": { "amount": price, "currency": "EUR" } });
        id(&self.ok(&self.staff, "catalog.addProduct", None, body).await)
    }

    async fn card(&self, who: &Who) -> String {
        let body = json!({ "token": "tok_123456", "last4": "4242" });
        id(&self.ok(who, "payments.addCard", None, body).await)
    }

    async fn stocked(&self, sku: &str, quantity: u32) -> (String, String) {
        let product = self.product(sku, "1").await;
        let body = json!({ "product": product });
        let item = id(&self.ok(&self.staff, "inventory.stockProduct", None, body).await);
        let body = json!({ "quantity": quantity });
        self.ok(&self.warehouse, "inventory.receiveStock", Some(&item), body).await;
        (product, item)
    }

    async fn order(&self, product: &str) -> String {
        let card = self.card(&self.ann).await;
        let body = json!({ "card": card, "lines": [{ "product": product, "quantity": 1 }] });
        id(&self.ok(&self.ann, "ordering.placeOrder", None, body).await)
    }
}

fn id(json: &Json) -> String {
    json["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_takes_its_prices_from_the_catalogue() {
    let shop = start().await;
    let (nut, bolt) = (shop.product("nut", "1.25").await, shop.product("bolt", "10").await);
    let card = shop.card(&shop.ann).await;
    let body = json!({ "card": card, "lines": [
        { "product": nut, "quantity": 3 }, { "product": bolt, "quantity": 2 } ] });
    let order = shop.ok(&shop.ann, "ordering.placeOrder", None, body.clone()).await;
    assert_eq!(order["total"], json!({ "amount": "23.75", "currency": "EUR" }));
    assert_eq!(order["lines"][0]["unit_price"]["amount"], "1.25");
    assert_eq!(order["status"], "pending");
    let mine = shop.world.list(&shop.ann, "ordering.listMyOrders").await.unwrap();
    assert_eq!(mine, std::slice::from_ref(&order));
    let (event, key, payload) = shop.world.events().await.pop().unwrap();
    assert_eq!((event.as_str(), key), ("ordering.OrderPlaced", id(&order)));
    assert_eq!(payload["lines"][1]["product"], json!(bolt));
    // A price in the request is none of the client's business.
    let mut cheap = body;
    cheap["lines"][0]["unit_price"] = json!({ "amount": "0", "currency": "EUR" });
    let refused = shop.world.call(&shop.ann, "ordering.placeOrder", None, cheap).await;
    assert_eq!(refusal(refused).0, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_refused_with_the_models_codes() {
    let shop = start().await;
    let nut = shop.product("nut", "1").await;
    let old = shop.product("old", "1").await;
    shop.ok(&shop.staff, "catalog.editProduct", Some(&old), json!({ "active": false })).await;
    let card = shop.card(&shop.ann).await;
    let place = |card: String, lines: Json| {
        shop.world.call(
            &shop.ann,
            "ordering.placeOrder",
            None,
            json!({ "card": card, "lines": lines }),
        )
    };
    let inactive = place(card.clone(), json!([{ "product": old, "quantity": 1 }])).await;
    assert_eq!(refusal(inactive), (422, "product-not-for-sale".into()));
    let twice = json!([{ "product": nut, "quantity": 1 }, { "product": nut, "quantity": 2 }]);
    assert_eq!(refusal(place(card, twice).await), (422, "duplicate-line".into()));
    let bob = shop.world.user("bob", &["customer"]);
    shop.register(&bob, "bob@example.com").await;
    let theirs = shop.card(&bob).await;
    let line = json!([{ "product": nut, "quantity": 1 }]);
    let stolen = refusal(place(theirs, line.clone()).await);
    let missing = refusal(place(uuid::Uuid::nil().to_string(), line.clone()).await);
    assert_eq!(stolen, (422, "validation-failed /card unknown-reference".into()));
    assert_eq!(stolen, missing, "somebody else's card does not exist");
    let nobody = shop.world.user("new", &["customer"]);
    let body = json!({ "card": uuid::Uuid::nil().to_string(), "lines": line });
    let unlinked = shop.world.call(&nobody, "ordering.placeOrder", None, body).await;
    assert_eq!(refusal(unlinked), (403, "not-linked".into()));
    assert!(shop.world.list(&shop.ann, "ordering.listMyOrders").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_see_what_is_for_sale() {
    let shop = start().await;
    let old = shop.product("old", "1").await;
    shop.product("new", "2").await;
    shop.ok(&shop.staff, "catalog.editProduct", Some(&old), json!({ "active": false })).await;
    let anyone = shop.world.anyone();
    let seen = shop.world.list(&anyone, "catalog.browseProducts").await.unwrap();
    assert_eq!(seen.len(), 1);
    let hidden = shop.world.get(&anyone, "catalog.viewProduct", &old).await;
    assert_eq!(refusal(hidden), (404, "not-found".into()));
    assert!(shop.world.get(&shop.staff, "catalog.viewProduct", &old).await.is_ok());
    let sold = shop.world.list(&shop.staff, "catalog.browseProducts").await.unwrap();
    assert_eq!(sold.len(), 1, "`where` is for everyone");
    let body = json!({ "price": { "amount": "3", "currency": "EUR" } });
    shop.ok(&shop.staff, "catalog.changePrice", Some(&old), body).await;
    let (event, _, payload) = shop.world.events().await.pop().unwrap();
    assert_eq!(
        (event.as_str(), &payload["price"]["amount"]),
        ("catalog.PriceChanged", &json!("3.00"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_move_through_their_states() {
    let shop = start().await;
    let product = shop.product("nut", "1").await;
    let order = shop.order(&product).await;
    let ship = || shop.world.call(&shop.warehouse, "ordering.shipOrder", Some(&order), json!(null));
    assert_eq!(refusal(ship().await), (409, "invalid-state".into()));
    let confirm =
        shop.world.call(&shop.ann, "ordering.confirmOrder", Some(&order), json!(null)).await;
    assert_eq!(refusal(confirm), (403, "forbidden".into()));
    shop.ok(&shop.system, "ordering.confirmOrder", Some(&order), json!(null)).await;
    let due = shop.world.list(&shop.warehouse, "ordering.ordersToShip").await.unwrap();
    let names: Vec<_> = due[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["id", "placed_at", "lines", "status"]);
    ship().await.unwrap();
    let cancel =
        shop.world.call(&shop.ann, "ordering.cancelOrder", Some(&order), json!(null)).await;
    assert_eq!(refusal(cancel), (409, "invalid-state".into()));
    let done = shop.ok(&shop.warehouse, "ordering.deliverOrder", Some(&order), json!(null)).await;
    assert_eq!(done["status"], "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_never_promised_twice() {
    let shop = start().await;
    let (product, item) = shop.stocked("nut", 30).await;
    let orders: Vec<String> = {
        let mut orders = Vec::new();
        for _ in 0..100 {
            orders.push(shop.order(&product).await);
        }
        orders
    };
    let calls = orders.into_iter().map(|order| {
        let (world, system, item) = (shop.world.clone(), shop.system.clone(), item.clone());
        tokio::spawn(async move {
            let body = json!({ "order": order, "item": item, "quantity": 1 });
            world.call(&system, "inventory.reserveStock", None, body).await
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut reserved = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => reserved += 1,
            refused => assert_eq!(refusal(refused), (422, "out-of-stock".into())),
        }
    }
    assert_eq!(reserved, 30);
    let stock = shop.world.list(&shop.warehouse, "inventory.listStock").await.unwrap();
    assert_eq!((&stock[0]["on_hand"], &stock[0]["reserved"]), (&json!(30), &json!(30)));
}

#[tokio::test(flavor = "multi_thread")]
async fn reservations_are_released_or_taken_once() {
    let shop = start().await;
    let (product, item) = shop.stocked("nut", 10).await;
    let order = shop.order(&product).await;
    let body = json!({ "order": order, "item": item, "quantity": 4 });
    let reservation =
        shop.world.call(&shop.system, "inventory.reserveStock", None, body.clone()).await;
    let reservation = reservation.unwrap().id();
    let again = shop.world.call(&shop.system, "inventory.reserveStock", None, body).await;
    assert_eq!(refusal(again), (409, "one-reservation-per-item".into()));
    shop.ok(&shop.system, "inventory.takeStock", Some(&reservation), json!(null)).await;
    let stock = shop.world.list(&shop.warehouse, "inventory.listStock").await.unwrap();
    assert_eq!((&stock[0]["on_hand"], &stock[0]["reserved"]), (&json!(6), &json!(0)));
    let release = shop
        .world
        .call(&shop.system, "inventory.releaseStock", Some(&reservation), json!(null))
        .await;
    assert_eq!(refusal(release), (409, "invalid-state".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_an_account_ends_it() {
    let shop = start().await;
    let ann = shop.world.list(&shop.ann, "payments.listMyCards").await.unwrap();
    assert!(ann.is_empty());
    let bob = shop.world.user("bob", &["customer"]);
    let bob_id = shop.register(&bob, "bob@example.com").await;
    let card = shop.card(&bob).await;
    let seen = shop.world.list(&bob, "payments.listMyCards").await.unwrap();
    assert!(seen[0].get("token").is_none() && seen[0]["last4"] == "4242");
    shop.world.call(&bob, "payments.removeCard", Some(&card), json!(null)).await.unwrap();
    assert!(shop.world.list(&bob, "payments.listMyCards").await.unwrap().is_empty());
    shop.world.call(&bob, "identity.closeAccount", Some(&bob_id), json!(null)).await.unwrap();
    let cards = shop.world.list(&bob, "payments.listMyCards").await;
    assert_eq!(refusal(cards), (403, "not-linked".into()));
}

/// A card processor of a certain character.
#[derive(Clone, Copy)]
enum Processor {
    Refuses,
    Down,
    Slow,
}

impl Externals for Processor {
    fn call(&self, _: ExternalCall) -> CallResult {
        let processor = *self;
        Box::pin(async move {
            match processor {
                Self::Refuses => Err(CallError::Refused("insufficient-funds".to_owned())),
                Self::Down => Err(CallError::unreachable("connection refused", false)),
                Self::Slow => {
                    tokio::time::sleep(Duration::from_millis(700)).await;
                    Ok(Value::Record([Value::text("ref-1")].into()))
                }
            }
        })
    }
}

async fn charge(
    processor: Option<Processor>,
) -> (Shop, Result<crate::support::Done, runtime::Problem>) {
    let shop = match processor {
        None => start().await,
        Some(processor) => {
            let externals = Arc::new(processor);
            furnish(World::start_with(model(&shop()), externals, Directory::new())).await
        }
    };
    let product = shop.product("nut", "5").await;
    let order = shop.order(&product).await;
    let card = shop.card(&shop.ann).await;
    let body =
        json!({ "order": order, "card": card, "amount": { "amount": "5", "currency": "EUR" } });
    let mut request = shop.world.with_body(&shop.system, "payments.charge", None, &body).unwrap();
    if processor.is_some() {
        request.patience = Some(Duration::from_millis(400));
    }
    let done = shop.world.execute(request).await;
    (shop, done)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_goes_through_the_stand_in() {
    let (shop, done) = charge(None).await;
    let done = done.unwrap();
    assert_eq!((done.answer.status, &done.json["status"]), (201, &json!("charged")));
    let id = done.id();
    let refunded = shop.ok(&shop.system, "payments.refund", Some(&id), json!(null)).await;
    assert_eq!(refunded["status"], "refunded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_charge_is_failed() {
    let (_, done) = charge(Some(Processor::Refuses)).await;
    assert_eq!(refusal(done), (422, "card-declined".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_waits_for_a_processor_that_is_down() {
    let (shop, done) = charge(Some(Processor::Down)).await;
    let done = done.unwrap();
    assert_eq!(done.answer.status, 202);
    let refund =
        shop.world.call(&shop.system, "payments.refund", Some(&done.id()), json!(null)).await;
    assert_eq!(refusal(refund), (409, "in-progress".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_charge_completes_in_the_background() {
    let (shop, done) = charge(Some(Processor::Slow)).await;
    let done = done.unwrap();
    assert_eq!(done.answer.status, 202);
    let id = done.id();
    let refund = || shop.world.call(&shop.system, "payments.refund", Some(&id), json!(null));
    for _ in 0..100 {
        match refund().await {
            Ok(done) if done.answer.status == 200 || done.answer.status == 202 => return,
            Ok(done) => panic!("{done:?}"),
            refused => assert_eq!(refusal(refused).1, "in-progress"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never charged");
}

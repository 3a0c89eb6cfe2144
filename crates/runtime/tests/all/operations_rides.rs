//! The second example: no contexts, an upsert by a reference, distances, a lookup that prices.

use runtime::call::{Near, PageRequest};
use serde_json::{Value as Json, json};

use crate::support::{Done, Who, World, refusal};

fn rides() -> World {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/rides/firmitas.yaml");
    World::start(&std::fs::read_to_string(path).unwrap())
}

async fn ok(world: &World, who: &Who, operation: &str, at: Option<&str>, body: Json) -> Done {
    world.call(who, &format!("rides.{operation}"), at, body).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_from_quote_to_completion() {
    let world = rides();
    let rider = world.user("ria", &["rider"]);
    let driver = world.user("dan", &["driver"]);
    let (matcher, support) = (world.user("m", &["matcher"]), world.user("s", &["support"]));
    let body = json!({ "name": "Ria", "phone": "+491701234567" });
    ok(&world, &rider, "signUpRider", None, body).await;
    let body = json!({ "name": "Dan", "phone": "+491707654321", "licence": "AB-1234" });
    let dan = ok(&world, &driver, "signUpDriver", None, body).await;
    assert!(dan.json.get("licence").is_none(), "secret");
    let (here, there) =
        (json!({ "lat": 52.52, "lon": 13.40 }), json!({ "lat": 52.50, "lon": 13.45 }));

    let body = json!({ "at": here, "heading": 90 });
    let id = dan.id();
    let put = || world.call(&driver, "rides.reportLocation", Some(&id), body.clone());
    assert_eq!(put().await.unwrap().answer.status, 201);
    assert_eq!(put().await.unwrap().answer.status, 200);
    let other = world.user("eve", &["driver"]);
    let eve = json!({ "name": "Eve", "phone": "+491700000000", "licence": "XY-1234" });
    ok(&world, &other, "signUpDriver", None, eve).await;
    let forged = world.call(&other, "rides.reportLocation", Some(&dan.id()), body.clone()).await;
    assert_eq!(refusal(forged), (404, "not-found".into()), "somebody else's place");

    let point = expression::value::Geo { latitude: 52.52, longitude: 13.41 };
    let near = Some(Near { point, within: Some(5_000.0) });
    let page = PageRequest { limit: 10, near, ..PageRequest::default() };
    let (found, _) = world.page(&rider, "rides.findNearbyDrivers", page).await.unwrap();
    assert_eq!(found, [json!({ "at": here, "heading": 90 })], "where, not who");

    let body = json!({ "pickup": here, "dropoff": there });
    let quote = ok(&world, &rider, "quoteFare", None, body).await;
    let amount: f64 = quote.json["amount"]["amount"].as_str().unwrap().parse().unwrap();
    assert!(amount >= 2.5, "{amount}");

    let body = json!({ "processor_token": "tok_12345", "last4": "1111" });
    let method = ok(&world, &rider, "addPaymentMethod", None, body).await.id();
    let body = json!({ "pickup": here, "dropoff": there, "method": method });
    let trip = ok(&world, &rider, "requestTrip", None, body).await.id();
    assert_eq!(world.list(&matcher, "rides.openTrips").await.unwrap().len(), 1);
    let body = json!({ "driver": dan.id() });
    ok(&world, &matcher, "matchTrip", Some(&trip), body).await;
    let start = world.call(&other, "rides.startTrip", Some(&trip), json!(null)).await;
    assert_eq!(refusal(start), (404, "not-found".into()));
    let early = world.call(&driver, "rides.completeTrip", Some(&trip), fare("9")).await;
    assert_eq!(refusal(early), (409, "invalid-state".into()));
    ok(&world, &driver, "startTrip", Some(&trip), json!(null)).await;
    let done = ok(&world, &driver, "completeTrip", Some(&trip), fare("9.5")).await;
    assert_eq!(
        (&done.json["status"], &done.json["fare"]["amount"]),
        (&json!("completed"), &json!("9.50"))
    );

    let body =
        json!({ "trip": trip, "method": method, "amount": { "amount": "9.5", "currency": "EUR" } });
    let charge = ok(&world, &world.system(), "chargeTrip", None, body).await;
    assert_eq!(charge.json["status"], "captured");
    let refunded = ok(&world, &support, "refundCharge", Some(&charge.id()), json!(null)).await;
    assert_eq!(refunded.json["status"], "refunded");
    let events: Vec<_> = world.events().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(events, ["rides.TripRequested", "rides.TripMatched", "rides.TripCompleted"]);
}

fn fare(amount: &str) -> Json {
    json!({ "fare": { "amount": amount, "currency": "EUR" } })
}

//! Secrets: written, used, and never seen again, by clients or in the store.

use std::time::Duration;

use expression::Value;
use runtime::operations::Backend;
use serde_json::json;

use crate::operations_calls::{Act, Script, reference};
use crate::stores;
use crate::support::{Directory, World, model, refusal};

const CARDS: &str = r"
firmitas: 1
system: { name: Purse, summary: Cards. }
actors:
  holder: { auth: user, role: holder }
entities:
  Card:
    fields:
      label: string(1..40)
      token: string(1..40) secret
      invitation: string(1..40) secret unique
      pin: string(4..8)? secret
      paid: bool = false readonly
    parts:
      doors: { size: 0..9, fields: { name: string(1..40), code: string(1..40) secret } }
operations:
  add: { create: Card, by: [holder], input: [label, token, invitation, pin, doors.name, doors.code], rate: 1/s }
  view: { get: Card, by: [holder], rate: 1/s }
  pay:
    act: Card
    by: [holder]
    input: { code: string }
    do:
      - require: self.pin == null || self.pin == input.code
        else: wrong-pin
      - call: bank.charge
        with: { token: self.token }
        as: slip
      - set: { paid: 'true' }
    rate: 1/s
    latency: p95 2s
externals:
  bank:
    operations:
      charge: { input: { token: string }, output: { reference: string(1..100) }, latency: p50 10ms p99 50ms, idempotent: true }
";

/// None of them may be found in what the store holds.
const HIDDEN: [&str; 3] = ["ZQtoken", "ZQpin", "ZQdoor"];

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_used_and_nobody_sees_it_not_even_while_a_call_waits() {
    let never = Act::Slow(Duration::from_secs(3600), reference("never"));
    let script = Script::of([never]);
    let world = World::start_with(model(CARDS), script.clone(), Directory::new());
    let holder = world.user("hanna", &["holder"]);
    let body = json!({
        "label": "mine", "token": "ZQtoken", "invitation": "ZQinvitation", "pin": "ZQpin",
        "doors": [{ "name": "front", "code": "ZQdoor" }],
    });
    let added = world.call(&holder, "purse.add", None, body.clone()).await.unwrap();
    assert!(!added.json.to_string().contains("ZQ"), "{}", added.json);
    // Rules of the model read what nobody sees.
    let wrong =
        world.call(&holder, "purse.pay", Some(&added.id()), json!({ "code": "1234" })).await;
    assert_eq!(refusal(wrong), (422, "wrong-pin".to_owned()));
    let code = json!({ "code": "ZQpin" });
    let mut pay = world.with_body(&holder, "purse.pay", Some(&added.id()), &code).unwrap();
    pay.patience = Some(Duration::from_millis(50));
    assert_eq!(world.execute(pay).await.unwrap().answer.status, 202);
    for hidden in HIDDEN {
        let (store, folder) = (world.backend.store(), &world.directory.0);
        assert!(!stores::holds(store, folder, hidden), "{hidden} is found");
    }
    assert_eq!(script.calls.lock().unwrap()[0].1, [Value::text("ZQtoken")]);
    // Another process goes on with it.
    let id = added.id();
    let script = Script::of([]);
    let copy = Directory::new();
    world.backend.close();
    stores::copy(world.backend.store(), &world.directory.0, &copy.0);
    let world = World::start_with(world.model.clone(), script.clone(), copy);
    for _ in 0..200 {
        if world.get(&holder, "purse.view", &id).await.unwrap()["paid"] == json!(true) {
            assert_eq!(script.calls.lock().unwrap()[0].1, [Value::text("ZQtoken")]);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the call did not go on");
}

/// The database keeps these apart, and an operator is told that it sees them.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_unique_stands_in_the_clear_and_that_is_said() {
    let world = World::start(CARDS);
    let holder = world.user("hanna", &["holder"]);
    let body = json!({ "label": "mine", "token": "ZQtoken", "invitation": "ZQinvitation" });
    let added = world.call(&holder, "purse.add", None, body.clone()).await.unwrap();
    assert!(!added.json.to_string().contains("ZQ"), "{}", added.json);
    let again = world.call(&holder, "purse.add", None, body).await;
    assert_eq!(refusal(again), (409, "invitation-taken".to_owned()));
    let told: Vec<&str> = world.backend.not_running().iter().map(|of| &*of.message).collect();
    assert_eq!(told, ["the secret `invitation` is unique: it is stored in the clear"]);
}

/// The database could not do it, and would find nothing.
#[tokio::test(flavor = "multi_thread")]
async fn conditions_of_lists_that_look_at_a_secret_are_refused() {
    for (condition, refused) in [
        ("self.token == 'x'", true),
        ("self.doors.exists(d, d.code == 'x')", true),
        ("self.pin == null", false),
        ("self.label == 'x'", false),
        ("self.invitation == 'x'", false),
    ] {
        let list =
            format!("  some: {{ list: Card, by: [holder], where: \"{condition}\", rate: 1/s }}");
        let text = CARDS.replace("  view:", &format!("{list}\n  view:"));
        let directory = Directory::new();
        let (design, _) = decide::decide(model(&text));
        let design = std::sync::Arc::new(design);
        let store = stores::open(&directory.0, design.clone()).unwrap();
        let started = Backend::start(&design, store, Script::of([]));
        let told = started.err().map(|found| format!("{:?}", found[0])).unwrap_or_default();
        assert_eq!(told.contains("encrypted"), refused, "{condition}: {told}");
    }
}

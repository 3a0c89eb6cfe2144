//! Durable calls: committed before, under way meanwhile, finished after a crash too.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expression::Value;
use runtime::operations::{CallError, CallResult, ExternalCall, Externals};
use runtime::store::{Snapshot as _, Store as _, StoreError};
use serde_json::{Value as Json, json};

use crate::support::{Directory, Done, Who, World, model, refusal};

pub const PAYMENTS: &str = r"
firmitas: 1
system: { name: Till, summary: Payments. }
actors:
  clerk: { auth: user, role: clerk }
contexts:
  till:
    entities:
      Payment:
        fields: { amount: int(1..1000), memo: string?, receipt: string(1..100)? internal, asked: bool = false readonly }
        states: { pending: [paid, failed, unsure], paid: [], failed: [], unsure: [] }
      Wish:
        fields: { text: string(1..40), distance: int(0..) readonly }
      Order:
        fields: { what: string(1..40), parcel: depot.Parcel? readonly }
    operations:
      pay:
        create: Payment
        by: [clerk]
        input: [amount]
        do:
          - emit: Asked
          - call: bank.charge
            with: { amount: self.amount }
            as: slip
            else: declined
            refused: [{ move: failed }]
          - set: { receipt: slip.reference }
          - move: paid
          - emit: Paid
        rate: 1/s
        latency: p95 2s
      payOrGuess:
        create: Payment
        by: [clerk]
        route: guess
        input: [amount]
        do:
          - call: bank.charge
            with: { amount: self.amount }
            as: slip
            else: declined
            fallback: [{ move: unsure }]
          - set: { receipt: slip.reference }
          - move: paid
        rate: 1/s
        latency: p95 2s
      payTwice:
        create: Payment
        by: [clerk]
        route: twice
        input: [amount]
        do:
          - call: bank.charge
            with: { amount: self.amount }
            as: first
          - set: { memo: first.reference }
          - call: bank.charge
            with: { amount: 1 }
            as: second
          - set: { receipt: first.reference + second.reference }
          - move: paid
        rate: 1/s
        latency: p95 2s
      payOnce:
        create: Payment
        by: [clerk]
        route: once
        input: [amount]
        do:
          - call: bank.wire
            with: { amount: self.amount }
          - move: paid
        rate: 1/s
      settle: { act: Payment, by: [clerk], do: [{ call: bank.charge, with: { amount: self.amount }, as: slip, else: declined }, { move: paid }], rate: 1/s }
      view: { get: Payment, by: [clerk], rate: 1/s }
      annotate: { act: Payment, by: [clerk], input: [memo], rate: 1/s }
      annotateMine: { act: Payment, by: { clerk: self.amount == 1 }, input: [memo], rate: 1/s }
      wish:
        create: Wish
        by: [clerk]
        input: [text]
        do:
          - call: maps.measure
            with: { text: input.text }
            as: found
            else: no-way
          - set: { distance: found.metres }
        rate: 1/s
      listWishes: { list: Wish, by: [clerk], rate: 1/s }
      order:
        create: Order
        by: [clerk]
        input: [what]
        do:
          - call: depot.reserve
            with: { label: self.what }
            as: parcel
            else: no-parcel
          - set: { parcel: parcel }
        rate: 1/s
    events:
      Asked: { key: payment, payload: { payment: Payment } }
      Paid: { key: payment, payload: { payment: Payment } }
  depot:
    entities:
      Parcel: { fields: { label: string(1..20) unique } }
    operations:
      reserve: { create: Parcel, by: [system], input: [label], rate: 1/s }
      listParcels: { list: Parcel, by: [clerk], rate: 1/s }
externals:
  bank:
    operations:
      charge: { input: { amount: int }, output: { reference: string(1..100) }, latency: p50 10ms p99 50ms, idempotent: true }
      wire: { input: { amount: int }, latency: p50 10ms p99 50ms, idempotent: false }
  maps:
    operations:
      measure: { safe: true, input: { text: string }, output: { metres: int(0..) }, latency: p50 10ms p99 1s, idempotent: true }
";

/// What a scripted external does with one call.
#[derive(Clone, Debug)]
pub enum Act {
    Answer(Value),
    Refuse(&'static str),
    Fail {
        ambiguous: bool,
    },
    Later(Duration),
    Slow(Duration, Value),
    /// Answers when there is a permit.
    Held(Arc<tokio::sync::Semaphore>, Value),
}

/// Externals that follow a script, then answer.
#[derive(Default)]
pub struct Script {
    acts: Mutex<VecDeque<Act>>,
    pub calls: Mutex<Vec<(String, Vec<Value>)>>,
    count: AtomicUsize,
}

impl Script {
    pub fn of(acts: impl IntoIterator<Item = Act>) -> Arc<Self> {
        let acts = Mutex::new(acts.into_iter().collect());
        Arc::new(Self { acts, ..Self::default() })
    }

    fn keys(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|(key, _)| key.clone()).collect()
    }
}

impl Externals for Script {
    fn call(&self, call: ExternalCall) -> CallResult {
        self.calls.lock().unwrap().push((call.key, call.arguments));
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let act = self.acts.lock().unwrap().pop_front();
        let act = act.unwrap_or_else(|| Act::Answer(reference(&format!("r{number}"))));
        Box::pin(async move {
            match act {
                Act::Answer(value) => Ok(value),
                Act::Refuse(code) => Err(CallError::Refused(code.to_owned())),
                Act::Fail { ambiguous } => Err(CallError::unreachable("scripted", ambiguous)),
                Act::Later(after) => Err(CallError::Unreachable {
                    reason: "scripted".to_owned(),
                    ambiguous: false,
                    after: Some(after),
                }),
                Act::Slow(time, value) => {
                    tokio::time::sleep(time).await;
                    Ok(value)
                }
                Act::Held(permits, value) => {
                    permits.acquire().await.unwrap().forget();
                    Ok(value)
                }
            }
        })
    }
}

pub fn reference(text: &str) -> Value {
    Value::Record([Value::text(text)].into())
}

struct Fixture {
    world: World,
    clerk: Who,
    script: Arc<Script>,
}

fn fixture(acts: impl IntoIterator<Item = Act>) -> Fixture {
    let script = Script::of(acts);
    let world = World::start_with(model(PAYMENTS), script.clone(), Directory::new());
    let clerk = world.user("carla", &["clerk"]);
    Fixture { world, clerk, script }
}

impl Fixture {
    async fn create(&self, operation: &str) -> Result<Done, runtime::Problem> {
        self.world.call(&self.clerk, operation, None, json!({ "amount": 7 })).await
    }

    async fn view(&self, id: &str) -> Json {
        self.world.get(&self.clerk, "till.view", id).await.unwrap()
    }

    /// Waits until a payment has left a state.
    async fn until_not(&self, id: &str, state: &str) -> Json {
        for _ in 0..200 {
            let seen = self.view(id).await;
            if seen["status"] != state {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("still {state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_is_there_after_the_call() {
    let f = fixture([]);
    let done = f.create("till.pay").await.unwrap();
    assert_eq!((done.answer.status, &done.json["status"]), (201, &json!("paid")));
    assert_eq!(done.answer.version, Some(2));
    assert!(done.json.get("receipt").is_none(), "internal");
    assert_eq!(f.script.calls.lock().unwrap()[0].1, [Value::Int(7)]);
    let events: Vec<_> = f.world.events().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(events, ["till.Asked", "till.Paid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_answered_and_remembered() {
    let f = fixture([Act::Refuse("no-money")]);
    let body = json!({ "amount": 7 });
    let pay = || f.world.call_once(&f.clerk, "till.pay", None, body.clone(), "k");
    for replayed in [false, true] {
        let refused = pay().await;
        let reply = refused.as_ref().err().map(runtime::http::reply::problem).unwrap();
        assert_eq!(reply.headers().contains_key("idempotency-replayed"), replayed);
        assert_eq!(refusal(refused), (422, "declined".into()));
    }
    assert_eq!(f.script.keys().len(), 1);
    assert_eq!(f.world.events().await.len(), 1, "asked, not paid");
    let payment = f.world.events().await[0].2["payment"].as_str().unwrap().to_owned();
    assert_eq!(f.view(&payment).await["status"], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_for_a_row_that_cannot_go_where_the_answer_leads() {
    let f = fixture([]);
    let paid = f.create("till.pay").await.unwrap().id();
    let settle = f.world.call(&f.clerk, "till.settle", Some(&paid), json!(null)).await;
    assert_eq!(refusal(settle), (409, "invalid-state".into()));
    assert_eq!(f.script.keys().len(), 1, "once, for the first payment");
    f.world.call(&f.clerk, "till.annotate", Some(&paid), json!({ "memo": "free" })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_tried_again_with_the_same_key() {
    let fail = Act::Fail { ambiguous: true };
    let f = fixture([fail.clone(), fail]);
    let done = f.create("till.pay").await.unwrap();
    assert_eq!(done.json["status"], "paid");
    let keys = f.script.keys();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_that_says_when_is_not_asked_before() {
    let (pause, hour) = (Duration::from_millis(700), Duration::from_secs(3600));
    let (f, started) = (fixture([pause, hour].map(Act::Later)), std::time::Instant::now());
    let done = f.create("till.pay").await.unwrap();
    assert!(started.elapsed() >= pause);
    // Nobody waits for so long.
    assert_eq!((done.answer.status, f.script.keys().len()), (202, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_what_waits_are_counted() {
    let fail = Act::Fail { ambiguous: true };
    let f = fixture([fail.clone(), fail, Act::Answer(reference("r")), Act::Refuse("no-money")]);
    f.create("till.pay").await.unwrap();
    f.create("till.pay").await.unwrap_err();
    let counted = f.world.backend.external_calls().into_iter();
    let charged = counted
        .filter(|of| of.name == "external_calls_total")
        .filter(|of| of.labels.contains("operation=\"charge\""));
    let charged: Vec<(String, f64)> = charged.map(|of| (of.labels, of.value)).collect();
    let expected = [("done", 1.0), ("refused", 1.0), ("unreachable", 2.0)].map(|(how, count)| {
        (format!("external=\"bank\",operation=\"charge\",outcome=\"{how}\""), count)
    });
    assert_eq!(charged, expected);
    let store = f.world.backend.store();
    let backlog = store
        .read::<_, StoreError, _>(runtime::store::Terms::SERVER, |rows| Box::pin(rows.backlog()))
        .await
        .unwrap();
    assert_eq!((backlog.events, backlog.calls, backlog.failing), (3, 0, 0));
    let age = backlog.samples(backlog.oldest_event.unwrap() + 2_500_000)[1].value;
    assert!((age - 2.5).abs() < 1e-9, "{age}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_ends_the_effects() {
    let f = fixture(vec![Act::Fail { ambiguous: false }; 10]);
    let done = f.create("till.payOrGuess").await.unwrap();
    assert_eq!((done.answer.status, &done.json["status"]), (201, &json!("unsure")));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_calls_follow_each_other() {
    let f = fixture([]);
    let done = f.create("till.payTwice").await.unwrap();
    assert_eq!((&done.json["status"], &done.json["memo"]), (&json!("paid"), &json!("r1")));
    let keys = f.script.keys();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1], "each call has a key of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_gets_the_address() {
    let f = fixture([Act::Slow(Duration::from_millis(900), reference("late"))]);
    let body = json!({ "amount": 7 });
    let mut request = f.world.with_body(&f.clerk, "till.pay", None, &body).unwrap();
    request.patience = Some(Duration::from_millis(100));
    let done = f.world.execute(request).await.unwrap();
    assert_eq!((done.answer.status, &done.answer.body), (202, &runtime::call::Body::Empty));
    let id = done.id();
    assert_eq!(done.answer.location, Some(format!("/till/v1/payments/{id}")));
    assert_eq!(f.view(&id).await["status"], "pending");
    let note = f.world.call(&f.clerk, "till.annotate", Some(&id), json!({ "memo": "x" })).await;
    assert_eq!(refusal(note), (409, "in-progress".into()));
    let own = f.world.call(&f.clerk, "till.annotateMine", Some(&id), json!({ "memo": "x" })).await;
    assert_eq!(refusal(own), (404, "not-found".into()), "not even that it is in progress");
    assert_eq!(f.until_not(&id, "pending").await["status"], "paid");
    let note = f.world.call(&f.clerk, "till.annotate", Some(&id), json!({ "memo": "x" })).await;
    assert_eq!(note.unwrap().json["memo"], "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_nothing() {
    let never = Act::Slow(Duration::from_secs(3600), reference("never"));
    let f = fixture([never]);
    let body = json!({ "amount": 7 });
    let mut request = f.world.with_body(&f.clerk, "till.pay", None, &body).unwrap();
    request.patience = Some(Duration::from_millis(50));
    let id = f.world.execute(request).await.unwrap().id();
    let Fixture { world, clerk, script: first } = f;
    let script = Script::of([]);
    // The tasks of the first life hold its store until their calls time out.
    world.backend.close();
    let directory = world.directory.clone();
    let copy = Directory::new();
    crate::stores::copy(world.backend.store(), &directory.0, &copy.0);
    let revived = World::start_with(world.model.clone(), script.clone(), copy);
    drop(directory);
    let f = Fixture { world: revived, clerk, script };
    assert_eq!(f.until_not(&id, "pending").await["status"], "paid");
    assert_eq!(f.script.keys(), first.keys(), "the same call, under the same key");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_repeated_is_left_to_people() {
    let f = fixture([Act::Fail { ambiguous: true }]);
    let body = json!({ "amount": 7 });
    let mut request = f.world.with_body(&f.clerk, "till.payOnce", None, &body).unwrap();
    request.patience = Some(Duration::from_millis(500));
    let done = f.world.execute(request).await.unwrap();
    assert_eq!(done.answer.status, 202);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(f.script.keys().len(), 1);
    assert_eq!(f.view(&done.id()).await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_come_before_the_transaction() {
    let metres = Value::Record([Value::Int(12)].into());
    let f = fixture([Act::Answer(metres), Act::Refuse("nowhere")]);
    let wish = || f.world.call(&f.clerk, "till.wish", None, json!({ "text": "home" }));
    assert_eq!(wish().await.unwrap().json["distance"], 12);
    assert_eq!(refusal(wish().await), (422, "no-way".into()));
    assert_eq!(f.world.list(&f.clerk, "till.listWishes").await.unwrap().len(), 1);
    let nobody = f.world.call(&f.world.anyone(), "till.wish", None, json!({ "text": "x" })).await;
    assert_eq!(refusal(nobody), (401, "unauthenticated".into()));
    assert_eq!(f.script.keys().len(), 2, "nobody looks up nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_contexts_are_called_durably() {
    let f = fixture([]);
    let order = || f.world.call(&f.clerk, "till.order", None, json!({ "what": "pear" }));
    let done = order().await.unwrap();
    let parcels = f.world.list(&f.clerk, "depot.listParcels").await.unwrap();
    assert_eq!((parcels.len(), &done.json["parcel"]), (1, &parcels[0]["id"]));
    assert_eq!(refusal(order().await), (422, "no-parcel".into()));
}

/// The number at the start of a parameter of what was decided about a call.
fn decided(f: &Fixture, call: &str, name: &str) -> f64 {
    let design = f.world.backend.design();
    let verdict = design.verdict("resilience", call).unwrap();
    let found = verdict.parameters.iter().find(|(known, _)| known == name);
    let number = found.unwrap().1.split(' ').next().unwrap();
    number.parse().unwrap()
}

/// Waits until so many calls were made.
async fn made(script: &Script, count: usize) {
    for _ in 0..100 {
        if script.keys().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} of {count} calls", script.keys().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_are_under_way_than_was_decided_and_the_others_wait_for_their_place() {
    let held = Arc::new(tokio::sync::Semaphore::new(0));
    let acts = (0..60).map(|_| Act::Held(held.clone(), reference("r")));
    let f = Arc::new(fixture(acts));
    let most = decided(&f, "pay->bank.charge", "bulkhead") as usize;
    assert!((1..20).contains(&most), "{most}");
    let asked: Vec<_> = (0..most + 5)
        .map(|_| {
            let f = f.clone();
            tokio::spawn(async move { f.create("till.pay").await.unwrap().json["status"].clone() })
        })
        .collect();
    made(&f.script, most).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(f.script.keys().len(), most, "the others wait");
    held.add_permits(1000);
    for asked in asked {
        assert_eq!(asked.await.unwrap(), "paid");
    }
    assert_eq!(f.script.keys().len(), most + 5, "none was made twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_finds_too_many_under_way_is_turned_away() {
    let held = Arc::new(tokio::sync::Semaphore::new(0));
    let acts = (0..60).map(|_| Act::Held(held.clone(), Value::Record([Value::Int(5)].into())));
    let f = Arc::new(fixture(acts));
    let most = decided(&f, "wish->maps.measure", "bulkhead") as usize;
    let wish = |f: Arc<Fixture>| async move {
        let body = json!({ "text": "a kite" });
        f.world.call(&f.clerk, "till.wish", None, body).await.map(|done| done.answer.status)
    };
    let first: Vec<_> = (0..most).map(|_| tokio::spawn(wish(f.clone()))).collect();
    made(&f.script, most).await;
    assert!(wish(f.clone()).await.is_err(), "at once");
    held.add_permits(1000);
    for asked in first {
        assert_eq!(asked.await.unwrap().unwrap(), 201);
    }
}

/// After as many failures as were decided nothing is asked any more: what stands for it is done at
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_opens_as_was_decided() {
    let f = fixture(vec![Act::Fail { ambiguous: true }; 100]);
    let opens = {
        let design = f.world.backend.design();
        let verdict = design.verdict("resilience", "payOrGuess->bank.charge").unwrap();
        verdict.parameters.iter().find(|(name, _)| name == "breaker").unwrap().1.clone()
    };
    assert!(opens.starts_with("opens at 5 failures in a row"), "{opens}");
    for _ in 0..4 {
        let done = f.create("till.payOrGuess").await.unwrap();
        assert_eq!(done.json["status"], "unsure");
    }
    assert_eq!(f.script.keys().len(), 5, "three, then two, then none");
    let began = std::time::Instant::now();
    f.create("till.payOrGuess").await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(80), "no pause");
    // Other callers have breakers of their own.
    assert_eq!(f.create("till.pay").await.unwrap().answer.status, 202);
    assert_eq!(f.script.keys().len(), 8);
}

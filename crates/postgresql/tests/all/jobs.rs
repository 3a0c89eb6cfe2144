//! Durable calls of several servers on one database.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::operations_calls::{Act, PAYMENTS, Script, reference};
use crate::stores;
use crate::support::{Directory, Who, World, model, refusal};

/// A call that another server is at would be made twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_leaves_alone_what_another_one_is_at() {
    let slow = Act::Slow(Duration::from_secs(3600), reference("slow"));
    let first = Script::of([slow]);
    let world = World::start_with(model(PAYMENTS), first.clone(), Directory::new());
    let clerk = world.user("carla", &["clerk"]);
    let mut request =
        world.with_body(&clerk, "till.payOnce", None, &json!({ "amount": 7 })).unwrap();
    request.patience = Some(Duration::from_millis(50));
    let id = world.execute(request).await.unwrap().id();
    let (folder, second) = (Directory::new(), Script::of([]));
    stores::shared(&world.directory.0, &folder.0);
    let beside = World::start_with(model(PAYMENTS), second.clone(), folder);
    // Those that a server takes over at its start, it takes over at once.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(second.calls.lock().unwrap().len(), 0, "it was made twice");
    assert_eq!(first.calls.lock().unwrap().len(), 1);
    let seen = beside.get(&clerk, "till.view", &id).await.unwrap();
    assert_eq!(seen["status"], "pending");
}

/// One that stood still for longer than its lease, and goes on: what another one has done meanwhile
/// is not done again.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_a_job_leaves_it_to_who_took_it_over() {
    let permits = Arc::new(tokio::sync::Semaphore::new(0));
    let held = Act::Held(permits.clone(), reference("late"));
    let first = Script::of([held.clone(), held]);
    let patient = PAYMENTS.replace("p99 50ms", "p99 10s");
    let world = World::start_with(model(&patient), first.clone(), Directory::new());
    let clerk = world.user("carla", &["clerk"]);
    let make = |operation| {
        let mut request =
            world.with_body(&clerk, operation, None, &json!({ "amount": 7 })).unwrap();
        request.patience = Some(Duration::from_millis(50));
        world.execute(request)
    };
    let (paid, twice) = (make("till.pay").await, make("till.payTwice").await);
    let ids = [paid.unwrap().id(), twice.unwrap().id()];
    assert_eq!(first.calls.lock().unwrap().len(), 2);
    let (folder, second) = (Directory::new(), Script::of([]));
    stores::copy(world.backend.store(), &world.directory.0, &folder.0);
    let beside = World::start_with(model(&patient), second.clone(), folder);
    for id in &ids {
        until_paid(&beside, &clerk, id).await;
    }
    let seen = second.calls.lock().unwrap().len();
    permits.add_permits(2);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for id in &ids {
        let seen = world.get(&clerk, "till.view", id).await.unwrap();
        assert_eq!(seen["memo"].as_str().filter(|memo| *memo == "late"), None);
    }
    let events: Vec<_> = world.events().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(events, ["till.Asked", "till.Paid"], "nothing was done twice");
    assert_eq!(second.calls.lock().unwrap().len(), seen);
    assert_eq!(first.calls.lock().unwrap().len(), 2, "nothing follows what was lost");
}

const SCANS: &str = r"
firmitas: 1
system: { name: Depot, summary: Scans. }
actors:
  clerk: { auth: user, role: clerk }
contexts:
  depot:
    entities:
      Scan: { append_only: true, fields: { amount: int(1..1000) } }
    operations:
      scan:
        create: Scan
        by: [clerk]
        input: [amount]
        do:
          - call: bank.charge
            with: { amount: self.amount }
            else: declined
          - emit: Scanned
        rate: 1/s
    events:
      Scanned: { key: scan, payload: { scan: Scan } }
externals:
  bank:
    operations:
      charge: { input: { amount: int }, output: { reference: string(1..100) }, latency: p50 10ms p99 50ms, idempotent: true }
";

/// Rows that nobody may change cannot be locked: what follows the call of one goes without.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_the_call_of_a_row_that_stays_as_it_is_is_done() {
    let script = Script::of([Act::Answer(reference("a")), Act::Refuse("no")]);
    let world = World::start_with(model(SCANS), script.clone(), Directory::new());
    let clerk = world.user("carla", &["clerk"]);
    let scan = || world.call(&clerk, "depot.scan", None, json!({ "amount": 7 }));
    assert_eq!(scan().await.unwrap().answer.status, 201);
    assert_eq!(refusal(scan().await), (422, "declined".into()));
    let events: Vec<_> = world.events().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(events, ["depot.Scanned"]);
}

async fn until_paid(world: &World, clerk: &Who, id: &str) {
    for _ in 0..400 {
        if world.get(clerk, "till.view", id).await.unwrap()["status"] == "paid" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it was not taken over");
}

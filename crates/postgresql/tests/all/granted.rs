//! Writes take for granted that nobody asked under their key before, and are never answered on that
//! where somebody has.

use std::collections::BTreeMap;
use std::sync::Arc;

use runtime::operations::ConfiguredExternals;
use runtime::store::Store as _;
use serde_json::json;

use crate::stores::{client, database, outside, url};
use crate::support::{Who, World, refusal};

const MODEL: &str = "
firmitas: 1
system:
  name: Granted Things
  summary: Things with names of their own.
actors:
  clerk: { auth: user, is: office.Clerk }
  visitor: { auth: none }
contexts:
  office:
    entities:
      Clerk:
        fields: { name: string(1..40) }
      Thing:
        fields: { name: string(1..40) unique, times: int(0..9) = 0 }
    operations:
      addThing: { create: Thing, by: [clerk], input: [name], rate: 1/s }
      useThing:
        act: Thing
        by: [clerk]
        do:
          - require: self.times < 1
            else: used-up
          - set: { times: self.times + 1 }
        rate: 1/s
      listThings: { list: Thing, by: [visitor], rate: 1/s }
";

const CLERK: &str = "00000000-0000-0000-0000-00000000000a";

/// A clerk who has a row.
async fn world() -> (World, tokio_postgres::Client, Who) {
    let world = World::start(MODEL);
    let client = outside(client(&url(&database(&world.directory.0))));
    let sql = format!(
        "INSERT INTO office.clerks (id, created_at, updated_at, version, name) \
           VALUES ('{CLERK}', now(), now(), 1, 'Anna');
         INSERT INTO firmitas.subjects (entity, issuer, subject, row) \
           VALUES ('office.Clerk', 'urn:firmitas:built-in', 'anna', '{CLERK}');"
    );
    client.batch_execute(&sql).await.unwrap();
    let anna = world.user("anna", &["clerk"]);
    (world, client, anna)
}

async fn things(world: &World) -> usize {
    world.list(&world.anyone(), "office.listThings").await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_as_before_and_done_once() {
    let (world, _client, anna) = world().await;
    let add = async |name: &str, key: &str| {
        world.call_once(&anna, "office.addThing", None, json!({ "name": name }), key).await
    };
    let first = add("lamp", "one").await.unwrap();
    for _ in 0..2 {
        let again = add("lamp", "one").await.unwrap();
        assert!(again.answer.replayed && !first.answer.replayed);
        assert_eq!((again.id(), &again.json), (first.id(), &first.json));
    }
    // Its name is taken, by itself; under another key it is by another.
    let taken = refusal(add("lamp", "two").await);
    assert_eq!(taken.0, 409, "{taken:?}");
    assert_eq!(refusal(add("chair", "one").await), (422, "idempotency-key-reused".to_owned()));
    add("chair", "two").await.unwrap();
    assert_eq!(things(&world).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_first_request_has_changed_does_not_refuse_the_same_one() {
    let (world, _client, anna) = world().await;
    let thing = world.call_once(&anna, "office.addThing", None, json!({ "name": "pen" }), "key");
    let id = thing.await.unwrap().id();
    let used = async |key: &str| {
        world.call_once(&anna, "office.useThing", Some(&id), json!({}), key).await
    };
    used("first").await.unwrap();
    assert_eq!(refusal(used("second").await), (422, "used-up".to_owned()));
    assert!(used("first").await.unwrap().answer.replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_are_asked_the_same_at_once_do_it_once() {
    let (world, _client, anna) = world().await;
    let externals = ConfiguredExternals::new(world.model.clone(), BTreeMap::new()).unwrap();
    let (model, directory) = (world.model.clone(), world.directory.clone());
    let other = World::start_with(model, Arc::new(externals), directory);
    for round in 0..30 {
        let (name, key) = (json!({ "name": format!("thing {round}") }), format!("key {round}"));
        let ask = |of| World::call_once(of, &anna, "office.addThing", None, name.clone(), &key);
        let (one, two) = tokio::join!(ask(&world), ask(&other));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!((one.id(), &one.json), (two.id(), &two.json));
        assert!(one.answer.replayed != two.answer.replayed, "round {round}");
    }
    assert_eq!(things(&world).await, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_nobody_has_made_before_asks_nothing_first() {
    let (world, client, anna) = world().await;
    let statements = || {
        let gauges = world.backend.store().gauges();
        let found = gauges.iter().find(|(name, ..)| *name == "store_statements_total");
        found.map(|(.., count)| *count).unwrap()
    };
    let add = async |name: &str| {
        world.call_once(&anna, "office.addThing", None, json!({ "name": name }), name).await
    };
    add("one").await.unwrap();
    let before = statements();
    add("two").await.unwrap();
    // That the caller is who it was, the row, the answer.
    assert_eq!(statements() - before, 3.0);
    // By whatever way the caller's row is changed, what was taken for granted is not so any more.
    client.batch_execute("UPDATE office.clerks SET name = 'Anna Maria'").await.unwrap();
    add("three").await.unwrap();
    client.batch_execute("DELETE FROM firmitas.subjects").await.unwrap();
    assert_eq!(refusal(add("four").await), (403, "not-linked".to_owned()));
    assert_eq!(things(&world).await, 3);
}

//! Fields that are encrypted before the database sees them.

use runtime::store::reseal::reseal;
use serde_json::{Value as Json, json};

use crate::stores;
use crate::support::{Who, World, refusal};

const CLINIC: &str = r#"
firmitas: 1
system: { name: Clinic, summary: Patients. }
actors:
  clerk: { auth: user }
  auditor: { auth: user, role: auditor }
entities:
  Patient:
    audit: writes
    history: true
    fields:
      name: string(1..40)
      ssn: string(1..40) sensitive
      born: date? sensitive
      weight: decimal(5,2)? sensitive
      fee: money(0..)? sensitive
      place: geo? sensitive
      notes: json? sensitive
      codes: list(string(1..40), 0..5) sensitive
      count: int? sensitive
    parts:
      visits: { size: 0..9, fields: { room: string(1..20), finding: string(0..80) sensitive } }
    retain: 30d after created_at then archive
operations:
  admit:
    create: Patient
    by: [clerk]
    input: [name, ssn, born, weight, fee, place, notes, codes, count, visits.room, visits.finding]
    fields: [id, version, ssn, visits]
    rate: 1/s
  patients: { list: Patient, by: [clerk], rate: 1/s }
  view:
    get: Patient
    by: [clerk]
    fields: [id, version, name, ssn, born, weight, fee, place, notes, codes, count, visits.room, visits.finding]
    rate: 1/s
  correct: { update: Patient, by: [clerk], input: [name, ssn, born, visits.room, visits.finding], rate: 1/s }
  check:
    act: Patient
    by: [clerk]
    do: [{ require: "self.ssn.startsWith('ZQ')", else: not-ours }, { set: { name: "'checked'" } }]
    rate: 1/s
  changes: { list: Patient.audit, by: [auditor], rate: 1/s }
  versions: { list: Patient.history, by: [auditor], rate: 1/s }
"#;

/// The sensitive values: none of them may be found in what the store holds.
const SECRETS: [&str; 8] =
    ["ZQssn4711", "1971-03-14", "482.37", "913.55", "52.7771", "ZQnote", "ZQcode", "ZQfinding"];

fn patient() -> Json {
    json!({
        "name": "ann", "ssn": "ZQssn4711", "born": "1971-03-14", "weight": "482.37",
        "fee": { "amount": "913.55", "currency": "EUR" }, "place": { "lat": 52.7771, "lon": 13.25 },
        "notes": { "deep": ["ZQnote"] }, "codes": ["ZQcode", ""], "count": 7,
        "visits": [{ "room": "a", "finding": "ZQfinding" }, { "room": "b", "finding": "" }],
    })
}

async fn admitted(world: &World, clerk: &Who) -> String {
    let mut body = patient();
    body["codes"] = json!(["ZQcode"]);
    world.call_once(clerk, "clinic.admit", None, body, "one").await.unwrap().id()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_and_the_store_never_holds_them() {
    let world = World::start(CLINIC);
    let clerk = world.user("carla", &["clerk"]);
    let id = admitted(&world, &clerk).await;
    let seen = world.get(&clerk, "clinic.view", &id).await.unwrap();
    for field in ["ssn", "born", "weight", "fee", "place", "notes", "count", "visits"] {
        assert_eq!(seen[field], patient()[field], "{field}");
    }
    // Only where they are named.
    let listed = world.list(&clerk, "clinic.patients").await.unwrap();
    assert!(listed[0].get("ssn").is_none(), "{listed:?}");
    let body =
        json!({ "ssn": "ZQother1", "born": null, "visits": [{ "room": "c", "finding": "ZQnew" }] });
    world.call(&clerk, "clinic.correct", Some(&id), body).await.unwrap();
    let seen = world.get(&clerk, "clinic.view", &id).await.unwrap();
    assert_eq!(
        (&seen["ssn"], &seen["born"], &seen["version"]),
        (&json!("ZQother1"), &Json::Null, &json!(2))
    );
    assert_eq!(seen["visits"], json!([{ "room": "c", "finding": "ZQnew" }]));
    // Rules read them.
    world.call(&clerk, "clinic.check", Some(&id), Json::Null).await.unwrap();
    world.call(&clerk, "clinic.correct", Some(&id), json!({ "ssn": "x" })).await.unwrap();
    let refused = world.call(&clerk, "clinic.check", Some(&id), Json::Null).await;
    assert_eq!(refusal(refused), (422, "not-ours".to_owned()));
    let (store, folder) = (world.backend.store(), &world.directory.0);
    for secret in SECRETS.iter().chain(&["ZQother1", "ZQnew"]) {
        assert!(!stores::holds(store, folder, secret), "{secret} is found");
    }
    assert!(stores::holds(store, folder, "checked"), "what is not encrypted is found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_beside_the_rows_holds_nothing_in_the_clear() {
    let world = World::start(CLINIC);
    let clerk = world.user("carla", &["clerk"]);
    let id = admitted(&world, &clerk).await;
    // The kept answer shows what was answered then.
    let mut body = patient();
    body["codes"] = json!(["ZQcode"]);
    let again = world.call_once(&clerk, "clinic.admit", None, body, "one").await.unwrap();
    assert!(again.answer.replayed);
    assert_eq!((again.id(), &again.json["ssn"]), (id.clone(), &json!("ZQssn4711")));
    let auditor = world.user("otto", &["auditor"]);
    for list in ["clinic.changes", "clinic.versions"] {
        let lines = world.list(&auditor, list).await.unwrap();
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].to_string().contains("ZQ"), "{lines:?}");
    }
    world
        .backend
        .sweep(jiff::Timestamp::now().as_microsecond() + 31 * 86_400_000_000)
        .await
        .unwrap();
    assert_eq!(world.list(&clerk, "clinic.patients").await.unwrap().len(), 0);
    for secret in SECRETS {
        let (store, folder) = (world.backend.store(), &world.directory.0);
        assert!(!stores::holds(store, folder, secret), "{secret} is found");
    }
}

/// A value whose key is of another name is what it was after it was encrypted anew; a second run
/// has nothing left to do.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_encrypted_anew_a_few_rows_at_a_time() {
    let world = World::start(CLINIC);
    let clerk = world.user("carla", &["clerk"]);
    let mut ids = Vec::new();
    let mut body = patient();
    body["codes"] = json!(["ZQcode"]);
    for _ in 0..53 {
        ids.push(world.call(&clerk, "clinic.admit", None, body.clone()).await.unwrap().id());
    }
    let seen = async |id: &str| world.get(&clerk, "clinic.view", id).await.unwrap();
    let before = seen(&ids[0]).await;
    let design = &world.backend.design().clone();
    let done = reseal(world.backend.store(), design).await.unwrap();
    assert_eq!((done.len(), &*done[0].entity, done[0].rows), (1, "clinic.Patient", 53));
    for id in [&ids[0], &ids[49], &ids[50], &ids[52]] {
        let mut after = seen(id).await;
        after["id"] = before["id"].clone();
        assert_eq!(after, before, "values, parts and versions stay");
    }
    let body = json!({ "ssn": "ZQother1" });
    world.call(&clerk, "clinic.correct", Some(&ids[3]), body).await.unwrap();
    let again = reseal(world.backend.store(), design).await.unwrap();
    assert_eq!(again, done, "it is done");
    assert_eq!(seen(&ids[3]).await["ssn"], "ZQother1");
}

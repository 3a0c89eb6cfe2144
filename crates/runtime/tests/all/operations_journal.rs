//! Who wrote and read rows, and what they were before.

use runtime::call::PageRequest;
use serde_json::json;

use crate::support::{World, refusal};

const CLINIC: &str = r#"
firmitas: 1
system: { name: Clinic, summary: Patients. }
actors:
  doctor: { auth: user }
  auditor: { auth: user, role: auditor }
entities:
  Patient:
    fields:
      name: string(1..40) pii
      ward: string(0..40)
      pin: string(4..4)? secret
    parts:
      visits: { size: 0..10, fields: { note: 'string(0..40)' } }
    audit: all
    history: true
  Ward:
    fields: { name: 'string(1..40)' }
    audit: { writes, retain: 30d }
operations:
  admit: { create: Patient, by: [doctor], input: [name, ward, pin, visits.note], rate: 1/s }
  move: { update: Patient, by: [doctor], input: [ward], rate: 1/s }
  view: { get: Patient, by: [doctor], rate: 1/s }
  listPatients: { list: Patient, by: [doctor], rate: 1/s }
  release: { delete: Patient, by: [doctor], rate: 1/s }
  looked: { list: Patient.audit, by: [auditor], rate: 1/s }
  earlier: { list: Patient.history, by: [auditor], rate: 1/s }
  addWard: { create: Ward, by: [doctor], input: [name], rate: 1/s }
  viewWard: { get: Ward, by: [doctor], rate: 1/s }
  wards: { list: Ward.audit, by: [auditor], rate: 1/s }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn writes_and_reads_are_recorded_with_who_and_what() {
    let world = World::start(CLINIC);
    let (ann, eve) = (world.user("ann", &["doctor"]), world.user("eve", &["auditor"]));
    let input = json!({ "name": "Bo", "ward": "A", "pin": "1234", "visits": [{ "note": "n" }] });
    let id = world.call(&ann, "clinic.admit", None, input).await.unwrap().id();
    world.call(&ann, "clinic.move", Some(&id), json!({ "ward": "B" })).await.unwrap();
    world.call(&ann, "clinic.view", Some(&id), json!({})).await.unwrap();
    world.list(&ann, "clinic.listPatients").await.unwrap();
    world.call(&ann, "clinic.release", Some(&id), json!({})).await.unwrap();

    let lines = world.list(&eve, "clinic.looked").await.unwrap();
    let operations: Vec<&str> = lines.iter().map(|l| l["operation"].as_str().unwrap()).collect();
    let expected = ["release", "listPatients", "view", "move", "admit"];
    assert_eq!(operations, expected.map(|name| format!("clinic.{name}")));
    for line in &lines {
        assert_eq!(line["rows"], json!([id]), "{line}");
        assert_eq!(line["who"], "ann");
        assert_eq!(line["actor"], "doctor");
        assert!(!line.to_string().contains("1234"), "{line}");
    }
    let [release, listed, viewed, moved, admitted] = lines.as_slice() else { panic!() };
    assert!(listed["before"].is_null() && viewed["after"].is_null());
    assert!(admitted["before"].is_null() && release["after"].is_null());
    assert_eq!(admitted["after"]["name"], "Bo");
    assert_eq!(admitted["after"]["visits"], json!([{ "note": "n" }]));
    assert_eq!((&moved["before"]["ward"], &moved["after"]["ward"]), (&json!("A"), &json!("B")));
    assert_eq!((&moved["before"]["version"], &moved["after"]["version"]), (&json!(1), &json!(2)));

    let versions = world.list(&eve, "clinic.earlier").await.unwrap();
    let operations: Vec<&str> = versions.iter().map(|l| l["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["clinic.release", "clinic.move", "clinic.admit"]);
}

const NOTES: &str = r#"
firmitas: 1
system: { name: Notes, summary: Notes. }
actors:
  clerk: { auth: user, role: clerk }
entities:
  Note: { audit: all, fields: { text: 'string(1..40)' } }
operations:
  write: { create: Note, by: [clerk], input: [text], rate: 1/s }
  view: { get: Note, by: [clerk], rate: 1/s }
  notes: { list: Note, by: [clerk], rate: 1/s }
  looked: { list: Note.audit, by: [clerk], rate: 1/s }
"#;

/// A read that asks one question is answered without a transaction; that it was made is recorded in
/// one all the same.
#[tokio::test(flavor = "multi_thread")]
async fn reads_that_ask_one_question_are_recorded_too() {
    let world = World::start(NOTES);
    let clerk = world.user("carla", &["clerk"]);
    let note = json!({ "text": "n" });
    let id = world.call(&clerk, "notes.write", None, note).await.unwrap().id();
    for _ in 0..2 {
        world.get(&clerk, "notes.view", &id).await.unwrap();
        assert_eq!(world.list(&clerk, "notes.notes").await.unwrap().len(), 1);
    }
    let lines = world.list(&clerk, "notes.looked").await.unwrap();
    assert_eq!(lines.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_read_by_those_who_may_and_page_by_page() {
    let world = World::start(CLINIC);
    let (ann, eve) = (world.user("ann", &["doctor"]), world.user("eve", &["auditor"]));
    for number in 0..7 {
        let name = json!({ "name": number.to_string() });
        let ward = world.call(&ann, "clinic.addWard", None, name).await.unwrap().id();
        world.call(&ann, "clinic.viewWard", Some(&ward), json!({})).await.unwrap();
    }
    assert_eq!(refusal(world.list(&ann, "clinic.wards").await).0, 403);
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 3, after: after.take(), ..PageRequest::default() };
        let (lines, next) = world.page(&eve, "clinic.wards", page).await.unwrap();
        names.extend(lines.iter().map(|l| l["after"]["name"].as_str().unwrap().to_owned()));
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, ["6", "5", "4", "3", "2", "1", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_not_recorded_as_done() {
    let world = World::start(CLINIC);
    let (ann, eve) = (world.user("ann", &["doctor"]), world.user("eve", &["auditor"]));
    let none = uuid::Uuid::nil().to_string();
    assert_eq!(refusal(world.call(&ann, "clinic.view", Some(&none), json!({})).await).0, 404);
    assert_eq!(refusal(world.call(&ann, "clinic.admit", None, json!({})).await).0, 422);
    assert!(world.list(&eve, "clinic.looked").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_lines_cannot_be_changed() {
    let world = World::start(CLINIC);
    let ann = world.user("ann", &["doctor"]);
    world.call(&ann, "clinic.addWard", None, json!({ "name": "A" })).await.unwrap();
    let path = std::fs::read_dir(&world.directory.0).unwrap();
    let files = path.map(|entry| entry.unwrap().path());
    let database = files.into_iter().find(|path| path.extension().is_some_and(|e| e == "db"));
    let database = rusqlite::Connection::open(database.unwrap()).unwrap();
    let changed = database.execute("UPDATE firmitas_journal SET actor = 'nobody'", ());
    assert!(changed.unwrap_err().to_string().contains("cannot be changed"));
}

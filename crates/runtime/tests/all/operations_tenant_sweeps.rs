//! Rows of tenants that share tables, when their time is over: each is ended for its tenant.

use serde_json::{Value as Json, json};

use crate::support::{Who, World, in_form};

const DAY: i64 = 86_400_000_000;

const OFFICES: &str = r#"
firmitas: 1
system: { name: Offices, tenancy: { by: desk.Company, from: actor, isolation: pool } }
actors:
  visitor: { auth: none }
  person: { auth: user, is: desk.Person, login: email }
  staff: { auth: user, role: staff, tenants: all }
contexts:
  desk:
    entities:
      Company: { fields: { name: string(1..40) }, audit: writes }
      Person:
        fields: { name: string(1..40) pii, email: email unique }
        subject: self
        audit: writes
      Case:
        fields: { title: 'string(1..40)', about: Person, told: string(0..80) pii }
        parts: { notes: { size: 0..9, fields: { text: string(0..40) pii, page: int } } }
        states: { open: [closed], closed: [] }
        subject: about
        retain: 30d
        audit: writes
        history: true
      Visit: { fields: { room: 'string(1..40)' }, volatile: true, ttl: 1h }
      Bill:
        fields: { payer: Person, address: string(1..80) pii }
        parts: { lines: { size: 0..9, fields: { what: string(0..40) pii } } }
        subject: payer
        retain: 10d after created_at then anonymise
        audit: writes
      Letter:
        fields: { to: string(1..40) }
        soft_delete: true
        retain: 10d after created_at then archive
    operations:
      signUp:
        create: Company
        by: [visitor]
        input: { name: string(1..40), email: email }
        do:
          - set: { name: input.name }
          - create: Person
            with: { email: input.email, name: input.name }
        rate: 1/s
      renameCompany: { update: Company, by: [staff], input: [name], rate: 1/s }
      people: { list: Person, by: [person, staff], rate: 1/s }
      file: { create: Case, by: [person], input: [title, about, told, notes.text, notes.page], rate: 1/s }
      close: { act: Case, by: [person], do: [{ move: closed }], rate: 1/s }
      cases: { list: Case, by: [person], rate: 1/s }
      forgetMe: { act: Person, by: { person: self.id == actor.id }, do: [{ erase: self }], rate: 1/s }
      enter: { create: Visit, by: [person], input: [room], rate: 1/s }
      visits: { list: Visit, by: [person], rate: 1/s }
      bill: { create: Bill, by: [person], input: [payer, address, lines.what], rate: 1/s }
      bills: { list: Bill, by: [person], rate: 1/s }
      write: { create: Letter, by: [person], input: [to], rate: 1/s }
      letters: { list: Letter, by: [person], rate: 1/s }
      tear: { delete: Letter, by: [person], rate: 1/s }
      ofCases: { list: Case.audit, by: [person], rate: 1/s }
      versions: { list: Case.history, by: [person], rate: 1/s }
      ofBills: { list: Bill.audit, by: [person, staff], rate: 1/s }
      ofCompanies: { list: Company.audit, by: [person], rate: 1/s }
"#;

/// The system with two companies, each with one person.
struct Offices {
    world: World,
    people: Vec<(Who, String)>,
    start: i64,
}

impl Offices {
    async fn open(isolation: &str) -> Self {
        let world = World::start(&in_form(OFFICES, isolation));
        let mut people = Vec::new();
        for name in ["acme", "bolt"] {
            let email = format!("boss@{name}.example");
            let body = json!({ "name": name, "email": email });
            world.call(&world.anyone(), "desk.signUp", None, body).await.unwrap();
            let boss = world.user(name, &["person"]).with_login(&email);
            let row = world.list(&boss, "desk.people").await.unwrap().remove(0);
            people.push((boss, row["id"].as_str().unwrap().to_owned()));
        }
        let start = jiff::Timestamp::now().as_microsecond();
        Self { world, people, start }
    }

    async fn make(&self, side: usize, operation: &str, body: Json) -> String {
        self.world.call(&self.people[side].0, operation, None, body).await.unwrap().id()
    }

    async fn list(&self, side: usize, operation: &str) -> Vec<Json> {
        self.world.list(&self.people[side].0, operation).await.unwrap()
    }

    async fn sweep(&self, days: i64) {
        self.world.backend.sweep(self.start + days * DAY).await.unwrap();
    }

    /// A case with a note, and a bill with a line.
    async fn papers(&self, side: usize) -> (String, String) {
        let person = &self.people[side].1;
        let case = json!({
            "title": "t", "about": person, "told": "secret",
            "notes": [{ "text": "secret", "page": 1 }],
        });
        let bill = json!({ "payer": person, "address": "secret", "lines": [{ "what": "secret" }] });
        (self.make(side, "desk.file", case).await, self.make(side, "desk.bill", bill).await)
    }
}

async fn rows_of_every_tenant_come_to_their_end_with_their_parts(isolation: &str) {
    let offices = Offices::open(isolation).await;
    let mut cases = Vec::new();
    for side in 0..2 {
        let (case, _) = offices.papers(side).await;
        offices.make(side, "desk.enter", json!({ "room": "1" })).await;
        let letter = offices.make(side, "desk.write", json!({ "to": "x" })).await;
        let (who, _) = &offices.people[side];
        offices.world.call(who, "desk.tear", Some(&letter), json!(null)).await.unwrap();
        offices.make(side, "desk.write", json!({ "to": "y" })).await;
        cases.push(case);
    }
    let (who, _) = &offices.people[0];
    offices.world.call(who, "desk.close", Some(&cases[0]), json!(null)).await.unwrap();
    offices.sweep(40).await;
    for side in 0..2 {
        assert_eq!(offices.list(side, "desk.visits").await.len(), 0);
        assert_eq!(offices.list(side, "desk.letters").await.len(), 0);
        let bills = offices.list(side, "desk.bills").await;
        assert_eq!(bills[0]["lines"].as_array().unwrap().len(), 1, "the part stays its tenant's");
        assert!(!bills[0].to_string().contains("secret"), "{bills:?}");
        // A case that is open stays.
        assert_eq!(offices.list(side, "desk.cases").await.len(), side);
    }
    assert_eq!(archived(&offices.world).await, 4);
}

/// Rows in the archive, each of which says whose it was.
async fn archived(world: &World) -> usize {
    use runtime::store::{Snapshot as _, Store as _, StoreError, Terms};
    let read = world.backend.store().read(Terms::SERVER, |snapshot| {
        Box::pin(async move { snapshot.records("archive", None, "", 100).await })
    });
    let records: Result<_, StoreError> = read.await;
    let tenants: Vec<String> = records
        .unwrap()
        .iter()
        .map(|record| serde_json::from_str::<Json>(&record.value).unwrap())
        .map(|value| value["tenant_id"].as_str().unwrap().to_owned())
        .collect();
    let apart: std::collections::BTreeSet<_> = tenants.iter().collect();
    assert_eq!(apart.len(), 2);
    tenants.len()
}

async fn what_the_server_does_to_rows_is_recorded_for_their_tenant(isolation: &str) {
    let offices = Offices::open(isolation).await;
    for side in 0..2 {
        let (case, _) = offices.papers(side).await;
        let (who, _) = &offices.people[side];
        offices.world.call(who, "desk.close", Some(&case), json!(null)).await.unwrap();
    }
    offices.sweep(40).await;
    let count = |lines: &[Json]| lines.iter().filter(|of| of["actor"] == "system").count();
    for side in 0..2 {
        for (list, all) in [("desk.ofCases", 3), ("desk.versions", 3), ("desk.ofBills", 2)] {
            let lines = offices.list(side, list).await;
            assert_eq!((lines.len(), count(&lines)), (all, 1), "{list} {lines:?}");
        }
    }
    let staff = offices.world.user("staff", &["staff"]);
    assert_eq!(offices.world.list(&staff, "desk.ofBills").await.unwrap().len(), 4);
}

async fn a_person_is_erased_in_its_tenant_alone(isolation: &str) {
    let offices = Offices::open(isolation).await;
    for side in 0..2 {
        offices.papers(side).await;
    }
    let (who, person) = &offices.people[0];
    offices.world.call(who, "desk.forgetMe", Some(person), json!(null)).await.unwrap();
    offices.sweep(1).await;
    let other = offices.list(1, "desk.cases").await;
    assert_eq!(other[0]["notes"][0]["text"], "secret");
    let staff = offices.world.user("staff", &["staff"]);
    let people = offices.world.list(&staff, "desk.people").await.unwrap();
    let gone: Vec<&Json> = people.iter().filter(|of| of["id"] == person.as_str()).collect();
    assert!(gone[0]["email"].as_str().unwrap().ends_with("@erased.invalid"), "{gone:?}");
    let lines = offices.world.list(&staff, "desk.ofBills").await.unwrap();
    assert!(!lines.iter().any(|of| of["actor"] == "system" && of.to_string().contains("secret")));
    let lines = offices.list(1, "desk.ofCases").await;
    assert_eq!(lines.len(), 1, "the other tenant's log holds nothing of it: {lines:?}");
}

crate::support::in_each_form!(
    rows_of_every_tenant_come_to_their_end_with_their_parts,
    what_the_server_does_to_rows_is_recorded_for_their_tenant,
    a_person_is_erased_in_its_tenant_alone
);

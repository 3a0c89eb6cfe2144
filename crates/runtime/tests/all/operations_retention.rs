//! Rows whose time is over, and people who ask to be forgotten, by a clock that the test moves.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::support::{Who, World};

const DAY: i64 = 86_400_000_000;

const OFFICE: &str = r#"
firmitas: 1
system: { name: Office, summary: Cases. }
actors:
  clerk: { auth: user }
  person: { auth: user, is: Person }
  auditor: { auth: user, role: auditor }
types:
  Contact: { fields: { label: string(0..20), mail: email? } }
entities:
  Person:
    fields: { name: string(1..40) pii, email: email unique, phone: phone?, note: 'string(0..40)', home: Contact?, others: 'list(Contact, 0..3)?', mails: 'list(email, 0..3)?' }
    soft_delete: true
    subject: self
    audit: writes
    history: true
  Case:
    fields: { title: 'string(1..40)', about: Person?, told: string(0..80) pii, closed_on: date? }
    states: { open: [closed], closed: [] }
    parts:
      notes: { size: 0..20, fields: { text: string(0..40) pii, page: int } }
    subject: about
    retain: 30d
  Bill:
    fields: { payer: Person, address: string(1..80) pii, amount: int }
    subject: payer
    keep: { for: 100d, because: 'Books are kept.' }
    retain: 300d after created_at then anonymise
  Paper:
    fields: { of: Case, text: 'string(0..40)' }
    retain: 90d after created_at
  Visit:
    fields: { room: 'string(1..40)' }
    volatile: true
    ttl: 1h
  Letter:
    fields: { to: 'string(1..40)', sent_at: timestamp? }
    soft_delete: true
    retain: 10d after sent_at then archive
operations:
  join: { create: Person, by: [person, clerk], input: [name, email, phone, note, home, others, mails], rate: 1/s }
  people: { list: Person, by: [clerk], rate: 1/s }
  viewPerson: { get: Person, by: [clerk], rate: 1/s }
  leave: { delete: Person, by: [clerk], rate: 1/s }
  forgetMe: { act: Person, by: { person: self.id == actor.id }, do: [{ erase: self }], rate: 1/s }
  file: { create: Case, by: [clerk], input: [title, about, told, notes.text, notes.page], rate: 1/s }
  close: { act: Case, by: [clerk], do: [{ move: closed }], rate: 1/s }
  cases: { list: Case, by: [clerk], rate: 1/s }
  bill: { create: Bill, by: [clerk], input: [payer, address, amount], rate: 1/s }
  bills: { list: Bill, by: [clerk], rate: 1/s }
  add: { create: Paper, by: [clerk], input: [of, text], rate: 1/s }
  papers: { list: Paper, by: [clerk], rate: 1/s }
  enter: { create: Visit, by: [clerk], input: [room], rate: 1/s }
  visits: { list: Visit, by: [clerk], rate: 1/s }
  write: { create: Letter, by: [clerk], input: [to, sent_at], rate: 1/s }
  tear: { delete: Letter, by: [clerk], rate: 1/s }
  letters: { list: Letter, by: [clerk], rate: 1/s }
  changes: { list: Person.audit, by: [auditor], rate: 1/s }
  versions: { list: Person.history, by: [auditor], rate: 1/s }
"#;

struct Office {
    world: World,
    clerk: Who,
    start: i64,
}

impl Office {
    fn open() -> Self {
        let world = World::start(OFFICE);
        let clerk = world.user("carla", &["clerk"]);
        Self { world, clerk, start: jiff::Timestamp::now().as_microsecond() }
    }

    async fn make(&self, operation: &str, input: Json) -> String {
        let name = format!("office.{operation}");
        self.world.call(&self.clerk, &name, None, input).await.unwrap().id()
    }

    async fn act(&self, operation: &str, id: &str) {
        let name = format!("office.{operation}");
        self.world.call(&self.clerk, &name, Some(id), json!({})).await.unwrap();
    }

    async fn list(&self, operation: &str) -> Vec<Json> {
        self.world.list(&self.clerk, &format!("office.{operation}")).await.unwrap()
    }

    /// The time passes, and rows are swept.
    async fn after(&self, micros: i64) {
        self.world.backend.sweep(self.start + micros).await.unwrap();
    }

    async fn person(&self, name: &str) -> String {
        let email = format!("{name}@example.org");
        let input = json!({ "name": name, "email": email, "phone": "+4915112345678", "note": "n" });
        self.make("join", input).await
    }
}

fn case(title: &str, about: Option<&str>) -> Json {
    let notes = json!([{ "text": "seen", "page": 3 }]);
    json!({ "title": title, "about": about, "told": "secretly", "notes": notes })
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_when_their_time_is_over_and_not_before() {
    let office = Office::open();
    let kept = office.make("file", case("open", None)).await;
    let closed = office.make("file", case("closed", None)).await;
    office.act("close", &closed).await;
    office.make("enter", json!({ "room": "a" })).await;
    office.after(DAY / 25).await;
    assert_eq!(office.list("visits").await.len(), 1, "an hour is not over");
    office.after(DAY / 23).await;
    assert!(office.list("visits").await.is_empty());
    office.after(30 * DAY - 1).await;
    assert_eq!(office.list("cases").await.len(), 2);
    office.after(31 * DAY).await;
    let cases = office.list("cases").await;
    assert_eq!((cases.len(), &cases[0]["id"]), (1, &json!(kept)), "open ones are never due");
    office.after(40_000 * DAY).await;
    assert_eq!(office.list("cases").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_referred_to_is_emptied_and_goes_with_the_last_reference() {
    let office = Office::open();
    let case_id = office.make("file", case("c", None)).await;
    office.make("add", json!({ "of": case_id, "text": "t" })).await;
    office.act("close", &case_id).await;
    office.after(31 * DAY).await;
    let cases = office.list("cases").await;
    assert_eq!(cases.len(), 1);
    assert_ne!(cases[0]["told"], "secretly");
    assert_ne!(cases[0]["notes"][0]["text"], "seen");
    assert_eq!((&cases[0]["notes"][0]["page"], &cases[0]["title"]), (&json!(3), &json!("c")));
    office.after(91 * DAY).await;
    assert!(office.list("papers").await.is_empty());
    office.after(92 * DAY).await;
    assert!(office.list("cases").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn soft_deleted_rows_end_and_the_archive_keeps_what_was_moved() {
    let office = Office::open();
    let sent_at = jiff::Timestamp::from_microsecond(office.start).unwrap().to_string();
    let torn = office.make("write", json!({ "to": "Ann", "sent_at": sent_at })).await;
    office.make("write", json!({ "to": "Bob" })).await;
    office.act("tear", &torn).await;
    office.after(11 * DAY).await;
    assert_eq!(office.list("letters").await.len(), 1, "never sent, never due");
    let archive = records(&office.world, "archive").await;
    assert_eq!(archive.len(), 1);
    let row: Json = serde_json::from_str(&archive[0].value).unwrap();
    assert_eq!((&archive[0].key, &row["to"]), (&format!("office.Letter/{torn}"), &json!("Ann")));
    office.after(12 * DAY).await;
    assert_eq!(records(&office.world, "archive").await.len(), 1);
}

async fn records(world: &World, kind: &'static str) -> Vec<runtime::store::Record> {
    use runtime::store::{Snapshot as _, Store as _, StoreError, Terms};
    let read = world.backend.store().read(Terms::SERVER, move |snapshot| {
        Box::pin(async move { snapshot.records(kind, None, "", 100).await })
    });
    let read: Result<_, StoreError> = read.await;
    read.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_asks_is_forgotten_wherever_rows_are_about_them() {
    let office = Office::open();
    let ann = office.world.user("ann", &["person"]);
    let home = json!({ "label": "home", "mail": "home@example.org" });
    let input = json!({
        "name": "Ann Ab", "email": "ann@example.org", "note": "stays", "home": home,
        "others": [home], "mails": ["third@example.org"],
    });
    let person = office.world.call(&ann, "office.join", None, input).await.unwrap().id();
    let other = office.person("bob").await;
    office.make("file", case("hers", Some(&person))).await;
    office.make("file", case("his", Some(&other))).await;
    let bill = |payer: &str| json!({ "payer": payer, "address": "Here 1", "amount": 7 });
    office.make("bill", bill(&person)).await;
    office.world.call(&ann, "office.forgetMe", Some(&person), json!({})).await.unwrap();
    office.after(DAY).await;

    let rest = [office.list("people").await, office.list("cases").await].concat();
    let about_her: Vec<&Json> =
        rest.iter().filter(|row| row["id"] == *person || row["about"] == *person).collect();
    assert_eq!(about_her.len(), 2);
    let text = serde_json::to_string(&about_her).unwrap();
    for gone in ["Ann Ab", "example.org", "secretly", "seen"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert!(text.contains("stays") && text.contains("hers"), "{text}");
    let his = rest.iter().find(|row| row["title"] == "his").unwrap();
    assert_eq!(his["told"], "secretly");
    assert_eq!(office.list("bills").await[0]["address"], "Here 1", "kept by law");
    assert_eq!(records(&office.world, "erasure").await.len(), 1);

    let eve = office.world.user("eve", &["auditor"]);
    for log in ["office.changes", "office.versions"] {
        let lines = office.world.list(&eve, log).await.unwrap();
        let of_her: Vec<&Json> = lines.iter().filter(|line| line["rows"][0] == *person).collect();
        assert!(!of_her.is_empty());
        let text = serde_json::to_string(&of_her).unwrap();
        assert!(!text.contains("Ann Ab") && !text.contains("example.org"), "{text}");
        assert!(text.contains("office.join"), "{text}");
    }
    let unlinked = office.world.call(&ann, "office.forgetMe", Some(&person), json!({})).await;
    assert_eq!(unlinked.unwrap_err().status, 403, "nobody is that row any more");

    office.after(101 * DAY).await;
    assert_ne!(office.list("bills").await[0]["address"], "Here 1");
    assert!(records(&office.world, "erasure").await.is_empty());
    assert_eq!(records(&office.world, "erased").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_softly_is_forgotten_as_well() {
    let office = Office::open();
    let ann = office.world.user("ann", &["person"]);
    let input = json!({ "name": "Ann Ab", "email": "ann@example.org", "note": "" });
    let person = office.world.call(&ann, "office.join", None, input).await.unwrap().id();
    office.world.call(&ann, "office.forgetMe", Some(&person), json!({})).await.unwrap();
    office.act("leave", &person).await;
    office.after(DAY).await;
    let database =
        rusqlite::Connection::open(office.world.directory.0.join("firmitas.db")).unwrap();
    let names = "SELECT count(*) FROM office_people WHERE name LIKE '%Ann%' OR email LIKE 'ann%'";
    let count: i64 = database.query_row(names, (), |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_go_in_small_transactions_and_are_counted() {
    let office = Office::open();
    for number in 0..130 {
        office.make("enter", json!({ "room": number.to_string() })).await;
    }
    office.after(DAY).await;
    assert!(office.list("visits").await.is_empty());
    let samples = office.world.backend.ended_rows();
    let deleted = samples.iter().find(|s| s.labels.contains("office.Visit")).unwrap();
    assert_eq!((deleted.value, deleted.labels.contains("deleted")), (130.0, true));
}

/// What a test does with one case: when it is closed, if it is, and when the clock is looked at.
fn lives() -> impl Strategy<Value = Vec<(bool, u8)>> {
    prop::collection::vec((any::<bool>(), 0u8..80), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is closed when, and however often the clock is looked at: a row is there exactly as
    /// long as its period is not over at the last look.
    #[test]
    fn rows_are_there_until_their_time_is_over(lives in lives(), looks in prop::collection::vec(0i64..100, 1..6)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let office = Office::open();
            let mut closed = std::collections::BTreeSet::new();
            for (closes, number) in &lives {
                let id = office.make("file", case(&format!("c{number}"), None)).await;
                if *closes {
                    office.act("close", &id).await;
                    closed.insert(id);
                }
            }
            let mut latest = 0;
            for look in looks {
                latest = latest.max(look);
                office.after(look * DAY).await;
                let left = office.list("cases").await;
                let expected = if latest > 30 { lives.len() - closed.len() } else { lives.len() };
                assert_eq!(left.len(), expected, "day {look}, latest {latest}");
            }
        });
    }
}

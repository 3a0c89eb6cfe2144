//! Conditions over all rows of an entity, keys against overlaps, and what is refused at start.

use std::collections::BTreeMap;
use std::sync::Arc;

use runtime::operations::{Backend, ConfiguredExternals};
use serde_json::{Value as Json, json};

use crate::support::{Directory, Who, World, model, refusal};

const CHAT: &str = r#"
firmitas: 1
system: { name: Chat, summary: Channels. }
actors:
  member: { auth: user, is: User }
entities:
  User: { fields: { name: 'string(1..40)' } }
  Channel: { fields: { name: 'string(1..40)' } }
  Membership:
    fields: { channel: Channel, member: User }
    unique: { one-membership: [channel, member] }
  Message:
    fields: { channel: Channel, text: 'string(1..100)', author: User readonly }
operations:
  join: { create: User, by: [member], input: [name], rate: 1/s }
  listUsers: { list: User, by: [member], rate: 1/s }
  open:
    create: Channel
    by: [member]
    input: [name]
    do:
      - require: "!Channel.exists(c, c.name == self.name)"
        else: name-taken
      - require: "Membership.filter(m, m.member == actor.id).size() < 2"
        else: too-many
      - create: Membership
        with: { channel: self, member: actor.id }
    rate: 1/s
  listChannels: { list: Channel, by: { member: "Membership.exists(m, m.channel == self.id && m.member == actor.id)" }, rate: 1/s }
  viewChannel: { get: Channel, by: { member: "Membership.exists(m, m.channel == self.id && m.member == actor.id)" }, rate: 1/s }
  invite:
    create: Membership
    by: { member: "Membership.exists(m, m.channel == self.channel && m.member == actor.id)" }
    input: [channel, member]
    rate: 1/s
  post:
    create: Message
    by: { member: "Membership.exists(m, m.channel == self.channel && m.member == actor.id)" }
    input: [channel, text]
    do: [{ set: { author: actor.id } }]
    rate: 1/s
  rename:
    act: Channel
    by: [member]
    input: { name: 'string(1..40)' }
    do:
      - set: { name: input.name }
      - require: "!Channel.exists(c, c.id != self.id && c.name == self.name)"
        else: name-taken
    rate: 1/s
"#;

struct Chat {
    world: World,
    ann: Who,
    bob: Who,
    bob_id: String,
}

async fn chat() -> Chat {
    let world = World::start(CHAT);
    let (ann, bob) = (world.user("ann", &["member"]), world.user("bob", &["member"]));
    world.call(&ann, "chat.join", None, json!({ "name": "Ann" })).await.unwrap();
    let bob_id = world.call(&bob, "chat.join", None, json!({ "name": "Bob" })).await.unwrap().id();
    Chat { world, ann, bob, bob_id }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_may_ask_about_other_rows() {
    let Chat { world, ann, bob, bob_id } = chat().await;
    let open = world.call(&ann, "chat.open", None, json!({ "name": "News" })).await.unwrap();
    let channel = open.id();
    assert_eq!(world.list(&ann, "chat.listChannels").await.unwrap().len(), 1);
    assert!(world.list(&bob, "chat.listChannels").await.unwrap().is_empty());
    assert!(world.get(&ann, "chat.viewChannel", &channel).await.is_ok());
    assert_eq!(refusal(world.get(&bob, "chat.viewChannel", &channel).await).0, 404);
    let body = json!({ "channel": channel, "text": "Hi" });
    let post = |who| world.call(who, "chat.post", None, body.clone());
    let hidden = (422, "validation-failed /channel unknown-reference".into());
    assert_eq!(refusal(post(&bob).await), hidden, "who is not in the channel does not see it");
    let body = json!({ "channel": channel, "member": bob_id });
    // The grant is about the finished row: it must not open the door by itself.
    assert_eq!(refusal(world.call(&bob, "chat.invite", None, body.clone()).await), hidden);
    world.call(&ann, "chat.invite", None, body).await.unwrap();
    post(&bob).await.unwrap();
    post(&ann).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_may_ask_about_other_rows() {
    let Chat { world, ann, .. } = chat().await;
    let open = |name: &str| world.call(&ann, "chat.open", None, json!({ "name": name }));
    let first = open("One").await.unwrap().id();
    assert_eq!(refusal(open("One").await), (422, "name-taken".into()));
    open("Two").await.unwrap();
    assert_eq!(refusal(open("Three").await), (422, "too-many".into()));
    let rename =
        |name: &str| world.call(&ann, "chat.rename", Some(&first), json!({ "name": name }));
    assert_eq!(refusal(rename("Two").await), (422, "name-taken".into()));
    let seen = world.get(&ann, "chat.viewChannel", &first).await.unwrap();
    assert_eq!(seen["name"], "One", "rolled back");
    let done = rename("Four").await.unwrap();
    assert_eq!((&done.json["name"], done.answer.version), (&json!("Four"), Some(2)));
}

const CLINIC: &str = r#"
firmitas: 1
system: { name: Clinic, summary: Appointments. }
actors: { clerk: { auth: user, role: clerk } }
entities:
  Doctor: { fields: { name: 'string(1..40)' } }
  Visit:
    fields: { doctor: Doctor, starts_at: timestamp, ends_at: timestamp }
    states: { booked: [cancelled], cancelled: [booked] }
    exclusive: { no-double-booking: { same: [doctor], overlap: [starts_at, ends_at], where: "self.status == 'booked'" } }
    invariants: { ends-after-start: self.starts_at < self.ends_at }
operations:
  addDoctor: { create: Doctor, by: [clerk], input: [name], rate: 1/s }
  listDoctors: { list: Doctor, by: [clerk], rate: 1/s }
  book: { create: Visit, by: [clerk], input: [doctor, starts_at, ends_at], rate: 1/s }
  cancel: { act: Visit, by: [clerk], do: [{ move: cancelled }], rate: 1/s }
  rebook: { act: Visit, by: [clerk], do: [{ move: booked }], rate: 1/s }
  shift: { update: Visit, by: [clerk], input: [starts_at, ends_at], rate: 1/s }
"#;

fn at(doctor: &str, from: u32, to: u32) -> Json {
    let time = |hour: u32| format!("2026-12-01T{hour:02}:00:00Z");
    json!({ "doctor": doctor, "starts_at": time(from), "ends_at": time(to) })
}

#[tokio::test(flavor = "multi_thread")]
async fn times_do_not_overlap() {
    let world = World::start(CLINIC);
    let clerk = world.user("carla", &["clerk"]);
    let doctor = |name: &str| world.call(&clerk, "clinic.addDoctor", None, json!({ "name": name }));
    let (house, grey) = (doctor("House").await.unwrap().id(), doctor("Grey").await.unwrap().id());
    let book = |body: Json| world.call(&clerk, "clinic.book", None, body);
    let first = book(at(&house, 9, 11)).await.unwrap().id();
    let taken = (409, "no-double-booking".to_owned());
    for (from, to) in [(9, 11), (8, 10), (10, 12), (8, 12), (10, 11)] {
        assert_eq!(refusal(book(at(&house, from, to)).await), taken, "{from}-{to}");
    }
    book(at(&house, 11, 12)).await.unwrap();
    book(at(&grey, 9, 11)).await.unwrap();
    assert_eq!(refusal(book(at(&grey, 14, 13)).await), (409, "ends-after-start".into()));
    world.call(&clerk, "clinic.cancel", Some(&first), json!(null)).await.unwrap();
    let second = book(at(&house, 9, 10)).await.unwrap().id();
    let rebook = world.call(&clerk, "clinic.rebook", Some(&first), json!(null)).await;
    assert_eq!(refusal(rebook), taken);
    let shift = json!({ "ends_at": "2026-12-01T12:00:00Z" });
    let shift = world.call(&clerk, "clinic.shift", Some(&second), shift).await;
    assert_eq!(refusal(shift), taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_exclusive_keys_do_not_run_backwards() {
    let world = World::start(&CLINIC.replace("self.starts_at < self.ends_at", "true"));
    let clerk = world.user("carla", &["clerk"]);
    let doctor = world.call(&clerk, "clinic.addDoctor", None, json!({ "name": "House" })).await;
    let doctor = doctor.unwrap().id();
    let book = |from, to| world.call(&clerk, "clinic.book", None, at(&doctor, from, to));
    let refused = book(14, 13).await.expect_err("backwards");
    assert_eq!((refused.status, refused.errors[0].pointer.as_str()), (422, "/ends_at"));
    book(14, 14).await.unwrap();
}

const STAYS: &str = r#"
firmitas: 1
system: { name: Stays, summary: Guests. }
actors: { clerk: { auth: user } }
entities:
  Room: { fields: { name: 'string(1..40)' } }
  Stay:
    fields: { room: Room, from_on: date?, to_on: date? }
    exclusive: { room-taken: { same: [room], overlap: [from_on, to_on] } }
operations:
  addRoom: { create: Room, by: [clerk], input: [name], rate: 1/s }
  listRooms: { list: Room, by: [clerk], rate: 1/s }
  arrive: { create: Stay, by: [clerk], input: [room, from_on, to_on], rate: 1/s }
  leave: { update: Stay, by: [clerk], input: [to_on], rate: 1/s }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_range_without_an_end_goes_on_and_one_without_a_start_is_nowhere() {
    let world = World::start(STAYS);
    let clerk = world.user("carla", &["clerk"]);
    let room =
        world.call(&clerk, "stays.addRoom", None, json!({ "name": "1" })).await.unwrap().id();
    let arrive = |from: Json, to: Json| {
        let body = json!({ "room": room, "from_on": from, "to_on": to });
        world.call(&clerk, "stays.arrive", None, body)
    };
    let day = |day: &str| json!(format!("2026-12-{day}"));
    let nothing = Json::Null;
    let open = arrive(day("10"), nothing.clone()).await.unwrap().id();
    let taken = (409, "room-taken".to_owned());
    for (from, to) in
        [("20", nothing.clone()), ("09", nothing.clone()), ("30", day("31")), ("01", day("11"))]
    {
        assert_eq!(refusal(arrive(day(from), to).await), taken, "{from}");
    }
    // One may come on the day on which another leaves.
    arrive(day("05"), day("10")).await.unwrap();
    arrive(nothing.clone(), nothing.clone()).await.unwrap();
    arrive(nothing.clone(), day("12")).await.unwrap();
    world.call(&clerk, "stays.leave", Some(&open), json!({ "to_on": "2026-12-15" })).await.unwrap();
    arrive(day("15"), nothing.clone()).await.unwrap();
    let again = world.call(&clerk, "stays.leave", Some(&open), json!({ "to_on": null })).await;
    assert_eq!(refusal(again), taken);
}

fn start(text: &str) -> Result<Backend<crate::stores::TestStore>, Vec<base::Diagnostic>> {
    let model = model(text);
    let (design, _) = decide::decide(model.clone());
    let design = Arc::new(design);
    let directory = Directory::new();
    let store = crate::stores::open(&directory.0, design.clone()).unwrap();
    let externals = ConfiguredExternals::new(model, BTreeMap::new()).unwrap();
    Backend::start(&design, store, Arc::new(externals))
}

#[tokio::test]
async fn guards_that_are_not_built_stop_the_start() {
    let base = "firmitas: 1\nsystem: { name: S, summary: S. }\nactors: { a: { auth: user } }\n";
    let create = "operations: { c: { create: E, by: [a], input: [x], DO rate: 1/s } }";
    let event = "do: [{ emit: Made, with: { code: self.x } }],";
    let rest = [
        ("unique", "entities: { E: { fields: { x: 'string sensitive unique' } } }", ""),
        ("reference", "entities: { E: { fields: { x: 'E? sensitive' } } }", ""),
        (
            "in the clear",
            "entities: { E: { fields: { x: 'string sensitive' } } }\nevents: { Made: { key: e, payload: { e: E, code: string } } }",
            event,
        ),
    ];
    let rest =
        rest.map(|(name, of, effects)| (name, format!("{of}\n{}", create.replace("DO", effects))));
    for (name, rest) in rest {
        let refused = start(&format!("{base}{rest}")).expect_err(name);
        assert_eq!(refused[0].id, "guard-not-built", "{name}");
        assert!(refused[0].message.contains(name), "{}", refused[0].message);
    }
    let plain = "entities: { E: { fields: { x: int } } }\noperations: { c: { create: E, by: [a], input: [x], rate: 1/s } }";
    assert!(start(&format!("{base}{plain}")).is_ok());
}

#[tokio::test]
async fn the_shop_says_what_does_not_run() {
    let backend = start(&crate::support::shop()).unwrap();
    let said: Vec<&str> = backend.not_running().iter().map(|d| d.message.as_str()).collect();
    for part in ["ordering.watchOrder", "the flow `checkout`"] {
        assert!(said.iter().any(|line| line.contains(part)), "{part}: {said:#?}");
    }
    let runs = backend.design().model.operations().filter(|(id, _)| backend.runs(*id)).count();
    assert_eq!(runs + 1, backend.design().model.operations.len(), "all but the stream");
}

const SHELF: &str = r#"
firmitas: 1
system: { name: Shelf, summary: Lists. }
actors: { clerk: { auth: user } }
entities:
  Tag: { fields: { name: 'string(1..40)' } }
  Book: { fields: { name: 'string(1..40)', tags: list(Tag) } }
  Row:
    fields: { name: 'string(1..40)' }
    parts: { spots: { size: 0..5, fields: { allowed: list(Tag) } } }
operations:
  addTag: { create: Tag, by: [clerk], input: [name], rate: 1/s }
  tags: { list: Tag, by: [clerk], rate: 1/s }
  dropTag: { delete: Tag, by: [clerk], rate: 1/s }
  addBook: { create: Book, by: [clerk], input: [name, tags], rate: 1/s }
  retag: { update: Book, by: [clerk], input: [tags], rate: 1/s }
  addRow: { create: Row, by: [clerk], input: [name, spots.allowed], rate: 1/s }
  dropRow: { delete: Row, by: [clerk], rate: 1/s }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_row_in_a_list_of_references_cannot_be_removed() {
    let world = World::start(SHELF);
    let clerk = world.user("carla", &["clerk"]);
    let call = |operation: &'static str, id: Option<String>, body: Json| {
        let (world, clerk) = (&world, &clerk);
        async move { world.call(clerk, operation, id.as_deref(), body).await }
    };
    let mut tags = Vec::new();
    for name in ["a", "b", "c"] {
        tags.push(call("shelf.addTag", None, json!({ "name": name })).await.unwrap().id());
    }
    let book = json!({ "name": "n", "tags": [tags[0], tags[1]] });
    let book = call("shelf.addBook", None, book).await.unwrap().id();
    let row = json!({ "name": "r", "spots": [{ "allowed": [] }, { "allowed": [tags[2]] }] });
    let row = call("shelf.addRow", None, row).await.unwrap().id();
    let drop_tag = |at: usize| call("shelf.dropTag", Some(tags[at].clone()), json!(null));
    for at in 0..3 {
        assert_eq!(refusal(drop_tag(at).await), (409, "still-referenced".into()), "{at}");
    }
    call("shelf.retag", Some(book), json!({ "tags": [tags[1]] })).await.unwrap();
    drop_tag(0).await.unwrap();
    assert_eq!(refusal(drop_tag(1).await).0, 409);
    call("shelf.dropRow", Some(row), json!(null)).await.unwrap();
    drop_tag(2).await.unwrap();
    assert_eq!(world.list(&clerk, "shelf.tags").await.unwrap().len(), 1);
}

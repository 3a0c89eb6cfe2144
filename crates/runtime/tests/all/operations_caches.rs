//! Kept answers: what they are made of, what makes them old, and who must never get them.

use model::model::OperationKind;
use proptest::prelude::*;
use runtime::call::PageRequest;
use serde_json::json;

use crate::support::{Who, World, refusal};

/// Each read twice: once kept, once not.
const NOTES: &str = r"
firmitas: 1
system: { name: Notes, summary: What is kept. }
actors:
  visitor: { auth: none }
  person: { auth: user, is: Person }
  guest: { auth: user, is: Person, when: actor.active }
  clerk: { auth: user, role: clerk }
entities:
  Person:
    rows: 10
    fields: { name: string(1..40) unique, active: bool = true }
  Note:
    rows: 10
    fields:
      code: string(1..20) unique
      text: string(..40)
      open: bool = false
      owner: Person
operations:
  join: { create: Person, by: [person], input: [name], rate: 1/s }
  viewPerson: { get: Person, by: [visitor], rate: 1/s }
  mute: { act: Person, by: [clerk], do: [{ set: { active: false } }], rate: 1/s }
  unmute: { act: Person, by: [clerk], do: [{ set: { active: true } }], rate: 1/s }
  write: { create: Note, by: [clerk], input: [code, text, open, owner], rate: 1/s }
  edit: { update: Note, by: [clerk], input: [code, text, open], rate: 1/s }
  remove: { delete: Note, by: [clerk], rate: 1/s }
  list: { list: Note, by: &who { visitor: self.open, person: self.owner == actor.id, guest: self.owner.active, clerk: true }, sort: [code], filter: [open], rate: 1/s, stale: 60s }
  listNow: { list: Note, by: { visitor: self.open, person: self.owner == actor.id, guest: self.owner.active, clerk: true }, sort: [code], filter: [open], route: now, rate: 1/s }
  view: { get: Note, by: { visitor: self.open, person: self.owner == actor.id, guest: self.owner.active, clerk: true }, rate: 1/s, stale: 60s }
  viewNow: { get: Note, by: { visitor: self.open, person: self.owner == actor.id, guest: self.owner.active, clerk: true }, route: now, rate: 1/s }
  find: { get: Note, key: code, by: { visitor: self.open, person: self.owner == actor.id, guest: self.owner.active, clerk: true }, rate: 1/s, stale: 60s }
decisions:
  cache.list: { choose: l1, because: the test is about it }
  cache.view: { choose: l1, because: the test is about it }
  cache.find: { choose: l1, because: the test is about it }
";

fn notes() -> World {
    World::start(&NOTES.replace("&who ", ""))
}

impl World {
    /// A number of `/metrics` about an operation's kept answers.
    fn kept(&self, name: &str, operation: &str) -> f64 {
        let label = format!("operation=\"{operation}\"");
        let all = self.backend.kept_answers();
        let found = all.iter().find(|of| of.name == name && of.labels == label);
        found.unwrap_or_else(|| panic!("{name} {label}: {all:?}")).value
    }
}

/// People with rows of their own, as several kinds of actor.
async fn people(world: &World) -> Vec<(Who, String)> {
    let mut people = Vec::new();
    for name in ["ann", "bob", "cid"] {
        let who = world.user(name, &["person"]);
        let row = world.call(&who, "notes.join", None, json!({ "name": name })).await.unwrap();
        people.push((who, row.id()));
    }
    people
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_until_a_row_in_it_is_written() {
    let world = notes();
    let clerk = world.user("carla", &["clerk"]);
    let owner = people(&world).await.remove(0).1;
    let write = |code: &str| json!({ "code": code, "text": "a", "open": true, "owner": owner });
    let made = world.call(&clerk, "notes.write", None, write("one")).await.unwrap().id();
    let other = world.call(&clerk, "notes.write", None, write("two")).await.unwrap().id();
    let find = world.request(&clerk, "notes.find", Some("three"));
    assert_eq!(refusal(world.execute(find.clone()).await).0, 404);
    for _ in 0..3 {
        assert_eq!(world.get(&clerk, "notes.view", &made).await.unwrap()["text"], "a");
        assert_eq!(world.list(&clerk, "notes.list").await.unwrap().len(), 2);
        assert_eq!(refusal(world.execute(find.clone()).await).0, 404);
    }
    for (operation, hits, loads) in
        [("notes.view", 2.0, 1.0), ("notes.list", 2.0, 1.0), ("notes.find", 3.0, 1.0)]
    {
        assert_eq!(world.kept("cache_hits_total", operation), hits, "{operation}");
        assert_eq!(world.kept("cache_loads_total", operation), loads, "{operation}");
    }
    // Another row: the list is old, the answer about this row is not.
    let change = json!({ "text": "b", "code": "three" });
    world.call(&clerk, "notes.edit", Some(&other), change).await.unwrap();
    assert_eq!(world.get(&clerk, "notes.view", &made).await.unwrap()["text"], "a");
    assert_eq!(world.list(&clerk, "notes.list").await.unwrap()[1]["text"], "b");
    assert_eq!(world.execute(find.clone()).await.unwrap().json["text"], "b");
    // It is still there under its key, and gone from it when it gets another.
    world.call(&clerk, "notes.edit", Some(&other), json!({ "code": "four" })).await.unwrap();
    assert_eq!(refusal(world.execute(find).await).0, 404);
    world.call(&clerk, "notes.remove", Some(&made), json!(null)).await.unwrap();
    assert_eq!(refusal(world.get(&clerk, "notes.view", &made).await).0, 404);
    assert_eq!(world.list(&clerk, "notes.list").await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_cost_few_loads_and_all_get_the_answer() {
    let world = std::sync::Arc::new(notes());
    let clerk = world.user("carla", &["clerk"]);
    let owner = people(&world).await.remove(0).1;
    let body = json!({ "code": "one", "text": "a", "open": true, "owner": owner });
    world.call(&clerk, "notes.write", None, body).await.unwrap();
    let ask = |_| {
        let (world, clerk) = (world.clone(), clerk.clone());
        tokio::spawn(async move { world.list(&clerk, "notes.list").await.unwrap().len() })
    };
    let asked: Vec<_> = (0..200).map(ask).collect();
    for task in asked {
        assert_eq!(task.await.unwrap(), 1);
    }
    // One, and another where the machine is so slow that the answer grows old meanwhile.
    let loads = world.kept("cache_loads_total", "notes.list");
    assert!((1.0..=5.0).contains(&loads), "{loads}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_has_ended_shows_nothing_more() {
    let world = notes();
    let clerk = world.user("carla", &["clerk"]);
    let people = people(&world).await;
    let note = |code: &str, owner: &str| json!({ "code": code, "text": "a", "owner": owner });
    world.call(&clerk, "notes.write", None, note("one", &people[1].1)).await.unwrap();
    let guest = world.user("ann", &["guest"]);
    assert_eq!(world.list(&guest, "notes.list").await.unwrap().len(), 1);
    assert_eq!(world.list(&guest, "notes.list").await.unwrap().len(), 1);
    assert_eq!(world.kept("cache_hits_total", "notes.list"), 1.0);
    world.call(&clerk, "notes.mute", Some(&people[0].1), json!({})).await.unwrap();
    assert_eq!(world.list(&guest, "notes.list").await.unwrap().len(), 0);
    // And what is followed makes an answer old as well as what is listed.
    world.call(&clerk, "notes.unmute", Some(&people[0].1), json!({})).await.unwrap();
    assert_eq!(world.list(&guest, "notes.list").await.unwrap().len(), 1);
    world.call(&clerk, "notes.mute", Some(&people[1].1), json!({})).await.unwrap();
    assert_eq!(world.list(&guest, "notes.list").await.unwrap().len(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Write {
        code: u8,
        open: bool,
        owner: usize,
    },
    Edit {
        at: usize,
        code: u8,
        open: bool,
    },
    Remove {
        at: usize,
    },
    Mute {
        person: usize,
        on: bool,
    },
    /// Everybody asks everything.
    Ask,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6u8, any::<bool>(), 0..3usize)
            .prop_map(|(code, open, owner)| Step::Write { code, open, owner }),
        2 => (0..8usize, 0..6u8, any::<bool>())
            .prop_map(|(at, code, open)| Step::Edit { at, code, open }),
        1 => (0..8usize).prop_map(|at| Step::Remove { at }),
        1 => (0..3usize, any::<bool>()).prop_map(|(person, on)| Step::Mute { person, on }),
        4 => Just(Step::Ask),
    ]
}

/// Whoever asks gets what an operation without a cache answers at the same moment.
async fn kept_and_read_agree(world: &World, callers: &[Who], ids: &[String]) {
    for who in callers {
        for open in [None, Some(true)] {
            let mut page = PageRequest { limit: 100, ..PageRequest::default() };
            let note = world.model.operation(world.operation("notes.list"));
            assert_eq!(note.kind, OperationKind::List);
            page.filters = open.iter().map(|open| filter(note.filter[0], *open)).collect();
            let kept = world.page(who, "notes.list", page.clone()).await.map_err(|e| e.status);
            let read = world.page(who, "notes.listNow", page).await.map_err(|e| e.status);
            assert_eq!(kept, read, "{who:?}");
        }
        for id in ids {
            let kept = world.get(who, "notes.view", id).await.map_err(|e| e.status);
            let read = world.get(who, "notes.viewNow", id).await.map_err(|e| e.status);
            assert_eq!(kept, read, "{who:?} {id}");
            if let Ok(row) = &read {
                let code = row["code"].as_str().unwrap();
                let found = world.execute(world.request(who, "notes.find", Some(code))).await;
                assert_eq!(found.unwrap().json, *row, "{who:?} {code}");
            }
        }
    }
}

fn filter(field: expression::FieldIndex, open: bool) -> runtime::call::Filter {
    let value = expression::Value::Bool(open);
    runtime::call::Filter { field, comparison: runtime::call::Comparison::Equal, value }
}

async fn play(steps: Vec<Step>) {
    let world = notes();
    let clerk = world.user("carla", &["clerk"]);
    let people = people(&world).await;
    let mut callers = vec![world.anyone(), clerk.clone(), world.user("nobody", &["person"])];
    for (at, name) in ["ann", "bob", "cid"].into_iter().enumerate() {
        callers.push(people[at].0.clone());
        callers.push(world.user(name, &["guest"]));
        callers.push(world.user(name, &["person", "guest", "clerk"]));
    }
    let mut ids: Vec<String> = Vec::new();
    for step in steps {
        match step {
            Step::Write { code, open, owner } => {
                let owner = &people[owner].1;
                let body = json!({ "code": format!("c{code}"), "text": "t", "open": open, "owner": owner });
                if let Ok(done) = world.call(&clerk, "notes.write", None, body).await {
                    ids.push(done.id());
                }
            }
            Step::Edit { at, code, open } => {
                if let Some(id) = ids.get(at) {
                    let body = json!({ "code": format!("c{code}"), "open": open });
                    drop(world.call(&clerk, "notes.edit", Some(id), body).await);
                }
            }
            Step::Remove { at } => {
                if let Some(id) = ids.get(at) {
                    drop(world.call(&clerk, "notes.remove", Some(id), json!(null)).await);
                }
            }
            Step::Mute { person, on } => {
                let act = if on { "notes.mute" } else { "notes.unmute" };
                world.call(&clerk, act, Some(&people[person].1), json!({})).await.unwrap();
            }
            Step::Ask => kept_and_read_agree(&world, &callers, &ids).await,
        }
    }
    kept_and_read_agree(&world, &callers, &ids).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn nobody_gets_from_a_cache_what_the_store_would_not_tell(
        steps in prop::collection::vec(step(), 1..30)
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(play(steps));
    }
}

//! `do`: every effect, in order, all or nothing.

use serde_json::json;

use crate::support::{Who, World, refusal};

const STORE: &str = r#"
firmitas: 1
system: { name: Store, summary: A warehouse., currency: EUR }
actors:
  clerk: { auth: user, role: clerk }
contexts:
  catalog:
    entities:
      Ware:
        fields: { name: 'string(1..40)', price: money(0..), sold: bool = true }
    operations:
      addWare: { create: Ware, by: [clerk], input: [name, price, sold], rate: 1/s }
      listWares: { list: Ware, by: [clerk], rate: 1/s }
  stock:
    entities:
      Shelf:
        fields: { name: string(1..20) unique, room: int(0..1000), used: int(0..) = 0 readonly, boxes: int(0..) = 0 readonly }
        invariants: { used-within-room: self.used <= self.room }
      Box:
        fields:
          shelf: Shelf
          label: string(1..20)
          size: int(1..100)
          number: int(1..) sequence(shelf) readonly
          total: money(0..)? readonly
          opened_at: timestamp? readonly
        parts:
          items:
            size: 0..10
            fields: { ware: catalog.Ware, count: int(1..100), cost: money(0..) readonly }
        states: { packed: [open, sealed], open: [packed], sealed: [] }
        unique: { one-label-per-shelf: [shelf, label] }
      Movement:
        fields: { box: Box, what: 'enum(put, open, gone)', count: int(0..) = 0 }
    operations:
      addShelf: { create: Shelf, by: [clerk], input: [name, room], rate: 1/s }
      viewShelf: { get: Shelf, by: [clerk], rate: 1/s }
      pack:
        create: Box
        by: [clerk]
        uses: [catalog.Ware.price, catalog.Ware.sold]
        input: [shelf, label, size, items.ware, items.count]
        do:
          - require: self.items.all(i, i.ware.sold)
            else: ware-not-sold
          - set:
              items.cost: each.ware.price * each.count
              total: self.items.map(i, i.cost).sum()
              shelf.used: self.shelf.used + self.size
              shelf.boxes: self.shelf.boxes + 1
          - create: Movement
            with: { box: self, what: "'put'", count: self.items.size() }
          - emit: BoxPacked
        rate: 1/s
      viewBox: { get: Box, by: [clerk], rate: 1/s }
      open:
        act: Box
        by: [clerk]
        input: { note: string? }
        do:
          - move: open
          - set: { opened_at: now }
          - emit: BoxOpened
            with: { note: input.note }
        rate: 1/s
      seal: { act: Box, by: [clerk], do: [{ move: sealed }], rate: 1/s }
      discard:
        delete: Box
        by: [clerk]
        do:
          - set: { shelf.used: self.shelf.used - self.size, shelf.boxes: self.shelf.boxes - 1 }
        rate: 1/s
      note: { create: Movement, by: [system], input: [box, what, count], rate: 1/s }
      listMovements: { list: Movement, by: [clerk], rate: 1/s }
      clear: { act: Shelf, by: [clerk], input: { movements: "list(Movement)" }, do: [{ each: m in input.movements, delete: m }], rate: 1/s }
      audit:
        act: Box
        by: [clerk]
        input: { counts: "list(int(0..100))" }
        do:
          - each: c in input.counts
            when: c > 0
            call: note
            with: { box: self, what: "'gone'", count: c }
        rate: 1/s
    events:
      BoxPacked: { key: box, payload: { box: Box, shelf: Shelf, total: money?, items: Box.items } }
      BoxOpened: { key: box, payload: { box: Box, note: string? } }
"#;

struct Fixture {
    world: World,
    clerk: Who,
    shelf: String,
    ware: String,
}

async fn fixture() -> Fixture {
    let world = World::start(STORE);
    let clerk = world.user("carla", &["clerk"]);
    let body = json!({ "name": "A", "room": 10 });
    let shelf = world.call(&clerk, "stock.addShelf", None, body).await.unwrap().id();
    let body = json!({ "name": "Nut", "price": { "amount": "0.25", "currency": "EUR" } });
    let ware = world.call(&clerk, "catalog.addWare", None, body).await.unwrap().id();
    Fixture { world, clerk, shelf, ware }
}

impl Fixture {
    fn body(&self, label: &str, size: u32) -> serde_json::Value {
        let items = json!([{ "ware": self.ware, "count": 3 }, { "ware": self.ware, "count": 5 }]);
        json!({ "shelf": self.shelf, "label": label, "size": size, "items": items })
    }

    async fn pack(&self, label: &str, size: u32) -> String {
        let body = self.body(label, size);
        self.world.call(&self.clerk, "stock.pack", None, body).await.unwrap().id()
    }

    async fn shelf(&self) -> (i64, i64) {
        let shelf = self.world.get(&self.clerk, "stock.viewShelf", &self.shelf).await.unwrap();
        (shelf["used"].as_i64().unwrap(), shelf["boxes"].as_i64().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_see_those_above_them() {
    let f = fixture().await;
    let id = f.pack("one", 4).await;
    let seen = f.world.get(&f.clerk, "stock.viewBox", &id).await.unwrap();
    assert_eq!(seen["items"][0]["cost"]["amount"], "0.75");
    assert_eq!(seen["items"][1]["cost"]["amount"], "1.25");
    assert_eq!(seen["total"]["amount"], "2.00");
    assert_eq!((seen["status"].as_str(), seen["number"].as_i64()), (Some("packed"), Some(1)));
    assert_eq!(f.shelf().await, (4, 1));
    let movements = f.world.list(&f.clerk, "stock.listMovements").await.unwrap();
    assert_eq!((&movements[0]["box"], &movements[0]["count"]), (&json!(id), &json!(2)));
    let events = f.world.events().await;
    let (name, key, payload) = &events[0];
    assert_eq!((name.as_str(), key.as_str()), ("stock.BoxPacked", id.as_str()));
    assert_eq!(payload["shelf"], json!(f.shelf));
    assert_eq!(payload["total"], json!({ "amount": "2.00", "currency": "EUR" }));
    assert_eq!(payload["items"][1]["count"], 5);
    let second = f.pack("two", 1).await;
    assert_eq!(f.world.get(&f.clerk, "stock.viewBox", &second).await.unwrap()["number"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_anywhere_leaves_nothing() {
    let f = fixture().await;
    f.pack("one", 4).await;
    let full = f.world.call(&f.clerk, "stock.pack", None, f.body("two", 7)).await;
    assert_eq!(refusal(full), (409, "used-within-room".into()), "invariant of another row");
    let taken = f.world.call(&f.clerk, "stock.pack", None, f.body("one", 1)).await;
    assert_eq!(refusal(taken), (409, "one-label-per-shelf".into()));
    let body =
        json!({ "name": "Old", "price": { "amount": "1", "currency": "EUR" }, "sold": false });
    let old = f.world.call(&f.clerk, "catalog.addWare", None, body).await.unwrap().id();
    let body = json!({ "shelf": f.shelf, "label": "x", "size": 1,
        "items": [{ "ware": old, "count": 1 }] });
    let unsold = f.world.call(&f.clerk, "stock.pack", None, body).await;
    assert_eq!(refusal(unsold), (422, "ware-not-sold".into()));
    assert_eq!(f.shelf().await, (4, 1));
    assert_eq!(f.world.events().await.len(), 1);
    assert_eq!(f.world.list(&f.clerk, "stock.listMovements").await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn states_move_only_as_stated() {
    let f = fixture().await;
    let id = f.pack("one", 4).await;
    let open = |body| f.world.call(&f.clerk, "stock.open", Some(&id), body);
    let done = open(json!({ "note": "dusty" })).await.unwrap();
    assert_eq!((&done.json["status"], done.answer.version), (&json!("open"), Some(2)));
    assert!(done.json["opened_at"].is_string());
    assert_eq!(f.world.events().await[1].2["note"], "dusty");
    assert_eq!(refusal(open(json!({})).await), (409, "invalid-state".into()));
    let seal = f.world.call(&f.clerk, "stock.seal", Some(&id), json!(null)).await;
    assert_eq!(refusal(seal), (409, "invalid-state".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_runs_its_effects_first() {
    let f = fixture().await;
    let id = f.pack("one", 4).await;
    let discard = f.world.call(&f.clerk, "stock.discard", Some(&id), json!(null)).await;
    assert_eq!(refusal(discard), (409, "still-referenced".into()), "a movement refers to it");
    assert_eq!(f.shelf().await, (4, 1));
    let movement = f.world.list(&f.clerk, "stock.listMovements").await.unwrap()[0]["id"].clone();
    let body = json!({ "movements": [movement] });
    f.world.call(&f.clerk, "stock.clear", Some(&f.shelf), body).await.unwrap();
    f.world.call(&f.clerk, "stock.discard", Some(&id), json!(null)).await.unwrap();
    assert_eq!(f.shelf().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_the_own_context_are_part_of_the_transaction() {
    let f = fixture().await;
    let id = f.pack("one", 4).await;
    let audit =
        |counts| f.world.call(&f.clerk, "stock.audit", Some(&id), json!({ "counts": counts }));
    audit(json!([3, 0, 5])).await.unwrap();
    let movements = f.world.list(&f.clerk, "stock.listMovements").await.unwrap();
    let gone: Vec<_> =
        movements.iter().filter(|m| m["what"] == "gone").map(|m| m["count"].clone()).collect();
    assert_eq!(gone, [json!(3), json!(5)]);
}

//! Creates, updates, deletes: inputs, defaults, parts, keys, versions, idempotency.

use serde_json::json;

use crate::support::{World, refusal};

const LIBRARY: &str = r"
firmitas: 1
system: { name: Library, summary: A library. }
actors:
  clerk: { auth: user, role: clerk }
contexts:
  lending:
    entities:
      Author:
        fields: { name: 'string(1..80)' }
      Book:
        soft_delete: true
        fields:
          isbn: string(1..20) unique immutable
          title: string(1..200)
          author: Author?
          copies: int(0..100) = 1
          lent: int(0..) = 0 readonly
          price: money(0..)?
          weight: decimal(6,2)?
          added_on: timestamp = now readonly
          tags: list(string(1..20), 0..3)
        parts:
          chapters:
            size: 0..3
            fields: { title: string(1..80), pages: int(1..1000) = 10, note: string? }
        invariants: { lent-within-copies: self.lent <= self.copies }
      Shelf:
        fields: { code: string(1..20) unique, floor: int(0..9) }
      Setting:
        fields: { name: string(1..40) unique immutable, value: string(1..100), note: string? }
    operations:
      addAuthor: { create: Author, by: [clerk], input: [name], rate: 1/s }
      removeAuthor: { delete: Author, by: [clerk], rate: 1/s }
      listAuthors: { list: Author, by: [clerk], rate: 1/s }
      addBook:
        create: Book
        by: [clerk]
        input: [isbn, title, author, copies, price, weight, tags, chapters.title, chapters.pages, chapters.note]
        rate: 1/s
      viewBook: { get: Book, by: [clerk], rate: 1/s }
      bookByIsbn: { get: Book, key: isbn, by: [clerk], rate: 1/s }
      listBooks: { list: Book, by: [clerk], rate: 1/s }
      editBook: { update: Book, by: [clerk], input: [title, author, copies, price, tags, chapters.title], rate: 1/s }
      removeBook: { delete: Book, by: [clerk], rate: 1/s }
      lend: { act: Book, by: [clerk], do: [{ set: { lent: self.lent + 1 } }], rate: 1/s }
      lose: { act: Book, by: [clerk], do: [{ set: { copies: self.copies - 1 } }], rate: 1/s }
      tearOut: { act: Book, by: [clerk], do: [{ set: { chapters.pages: each.pages - 10 } }], rate: 1/s }
      putShelf: { update: Shelf, upsert: code, by: [clerk], input: [code, floor], rate: 1/s }
      putSetting: { update: Setting, upsert: name, by: [clerk], input: [value, note], rate: 1/s }
";

fn world() -> (World, crate::support::Who) {
    let world = World::start(LIBRARY);
    let clerk = world.user("carla", &["clerk"]);
    (world, clerk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_row_has_its_inputs_and_defaults() {
    let (world, clerk) = world();
    let body = json!({
        "isbn": "1", "title": "Emma", "price": { "amount": "12.50", "currency": "EUR" },
        "weight": "0.35", "tags": ["novel"],
        "chapters": [{ "title": "One" }, { "title": "Two", "pages": 20, "note": "long" }],
    });
    let done = world.call(&clerk, "lending.addBook", None, body).await.unwrap();
    assert_eq!((done.answer.status, done.answer.version), (201, Some(1)));
    let path = format!("/lending/v1/books/{}", done.id());
    assert_eq!(done.answer.location.as_deref(), Some(path.as_str()));
    let seen = world.get(&clerk, "lending.viewBook", &done.id()).await.unwrap();
    assert_eq!(seen, done.json);
    assert_eq!(seen["copies"], 1);
    assert_eq!(seen["lent"], 0);
    assert_eq!(seen["price"]["amount"], "12.50");
    assert_eq!(seen["author"], json!(null));
    assert_eq!(seen["created_at"], seen["added_on"]);
    assert_eq!(
        seen["chapters"],
        json!([
            { "title": "One", "pages": 10, "note": null },
            { "title": "Two", "pages": 20, "note": "long" }
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_merges_and_counts_versions() {
    let (world, clerk) = world();
    let body = json!({ "isbn": "1", "title": "Emma", "price": { "amount": "1", "currency": "EUR" },
        "chapters": [{ "title": "One" }] });
    let id = world.call(&clerk, "lending.addBook", None, body).await.unwrap().id();
    let edit = |body| world.call(&clerk, "lending.editBook", Some(&id), body);
    let done = edit(json!({ "title": "Emma, revised" })).await.unwrap();
    assert_eq!((done.answer.status, done.answer.version), (200, Some(2)));
    assert_eq!(done.json["price"]["amount"], "1.00");
    assert_eq!(done.json["chapters"][0]["title"], "One");
    let done = edit(json!({ "price": null, "chapters": [] })).await.unwrap();
    assert_eq!((&done.json["price"], &done.json["chapters"]), (&json!(null), &json!([])));
    let same = edit(json!({ "title": "Emma, revised" })).await.unwrap();
    assert_eq!(same.answer.version, Some(3), "nothing changed, nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn if_match_is_required_and_must_match() {
    use runtime::call::IfMatch;
    let (world, clerk) = world();
    let body = json!({ "isbn": "1", "title": "Emma" });
    let id = world.call(&clerk, "lending.addBook", None, body).await.unwrap().id();
    let with = |if_match| {
        let body = json!({ "title": "New" });
        let mut request = world.with_body(&clerk, "lending.editBook", Some(&id), &body).unwrap();
        request.if_match = if_match;
        world.execute(request)
    };
    assert_eq!(refusal(with(None).await), (428, "precondition-required".into()));
    let old = with(Some(IfMatch::Version(7))).await;
    assert_eq!(refusal(old), (412, "precondition-failed".into()));
    assert_eq!(with(Some(IfMatch::Version(1))).await.unwrap().answer.version, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_keys_name_themselves_and_free_deleted_rows() {
    let (world, clerk) = world();
    let add = || world.call(&clerk, "lending.addBook", None, json!({ "isbn": "1", "title": "E" }));
    let id = add().await.unwrap().id();
    assert_eq!(refusal(add().await), (409, "isbn-taken".into()));
    let gone = world.call(&clerk, "lending.removeBook", Some(&id), json!(null)).await.unwrap();
    assert_eq!(gone.answer.status, 204);
    let seen = world.get(&clerk, "lending.viewBook", &id).await;
    assert_eq!(refusal(seen), (404, "not-found".into()));
    assert!(world.list(&clerk, "lending.listBooks").await.unwrap().is_empty());
    let again = world.call(&clerk, "lending.removeBook", Some(&id), json!(null)).await;
    assert_eq!(refusal(again), (404, "not-found".into()));
    add().await.unwrap();
    let found =
        world.execute(world.request(&clerk, "lending.bookByIsbn", Some("1"))).await.unwrap();
    assert_ne!(found.id(), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_hold_after_every_write() {
    let (world, clerk) = world();
    let body = json!({ "isbn": "1", "title": "Emma", "copies": 2 });
    let id = world.call(&clerk, "lending.addBook", None, body).await.unwrap().id();
    let lend = || world.call(&clerk, "lending.lend", Some(&id), json!(null));
    lend().await.unwrap();
    assert_eq!(lend().await.unwrap().json["lent"], 2);
    assert_eq!(refusal(lend().await), (409, "lent-within-copies".into()));
    let fewer = world.call(&clerk, "lending.editBook", Some(&id), json!({ "copies": 1 })).await;
    assert_eq!(refusal(fewer), (409, "lent-within-copies".into()));
    let seen = world.get(&clerk, "lending.viewBook", &id).await.unwrap();
    assert_eq!((&seen["lent"], &seen["copies"]), (&json!(2), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_checked_both_ways() {
    let (world, clerk) = world();
    let name = json!({ "name": "Jane" });
    let author = world.call(&clerk, "lending.addAuthor", None, name).await.unwrap().id();
    let body = json!({ "isbn": "1", "title": "Emma", "author": author });
    world.call(&clerk, "lending.addBook", None, body).await.unwrap();
    let remove = world.call(&clerk, "lending.removeAuthor", Some(&author), json!(null)).await;
    assert_eq!(refusal(remove), (409, "still-referenced".into()));
    let body = json!({ "isbn": "2", "title": "X", "author": uuid::Uuid::nil().to_string() });
    let unknown = world.call(&clerk, "lending.addBook", None, body).await;
    assert_eq!(refusal(unknown), (422, "validation-failed /author unknown-reference".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_creates_once_and_then_updates() {
    let (world, clerk) = world();
    let put = |body| world.call(&clerk, "lending.putSetting", Some("colour"), body);
    assert_eq!(
        refusal(put(json!({ "note": "x" })).await),
        (422, "validation-failed /value required".into())
    );
    let first = put(json!({ "value": "red", "note": "n" })).await.unwrap();
    assert_eq!((first.answer.status, &first.json["name"]), (201, &json!("colour")));
    let second = put(json!({ "value": "blue" })).await.unwrap();
    assert_eq!((second.answer.status, second.id()), (200, first.id()));
    assert_eq!((&second.json["value"], &second.json["note"]), (&json!("blue"), &json!("n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_writes_the_row_at_its_address_and_no_other() {
    let (world, clerk) = world();
    let put = |code: &'static str, body| world.call(&clerk, "lending.putShelf", Some(code), body);
    let elsewhere = (422, "validation-failed /code differs-from-address".to_owned());
    let body = json!({ "code": "B", "floor": 1 });
    assert_eq!(refusal(put("A", body.clone()).await), elsewhere);
    for body in [json!({ "floor": 1 }), json!({ "code": "A", "floor": 2 })] {
        assert_eq!(put("A", body).await.unwrap().json["code"], "A");
    }
    assert_eq!(refusal(put("A", body).await), elsewhere, "nor is it moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_computed_and_does_not_fit_is_no_fault_of_the_body() {
    let (world, clerk) = world();
    let chapters = json!([{ "title": "I", "pages": 30 }, { "title": "II", "pages": 10 }]);
    let body = json!({ "isbn": "1", "title": "Emma", "copies": 0, "chapters": chapters });
    let book = world.call(&clerk, "lending.addBook", None, body).await.unwrap().id();
    let lost = world.call(&clerk, "lending.lose", Some(&book), json!(null)).await;
    assert_eq!(refusal(lost), (422, "evaluation-failed /copies out-of-range".into()));
    let torn = world.call(&clerk, "lending.tearOut", Some(&book), json!(null)).await;
    let place = "evaluation-failed /chapters/1/pages out-of-range";
    assert_eq!(refusal(torn), (422, place.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_done_once() {
    let (world, clerk) = world();
    let body = json!({ "isbn": "1", "title": "Emma" });
    let add = |body, key| world.call_once(&clerk, "lending.addBook", None, body, key);
    let first = add(body.clone(), "k1").await.unwrap();
    let second = add(body.clone(), "k1").await.unwrap();
    assert!(second.answer.replayed && !first.answer.replayed);
    assert_eq!(second.json, first.json);
    assert_eq!(second.answer.location, first.answer.location);
    assert_eq!(second.answer.version, first.answer.version);
    let other = add(json!({ "isbn": "2", "title": "Emma" }), "k1").await;
    assert_eq!(refusal(other), (422, "idempotency-key-reused".into()));
    assert_eq!(refusal(add(body.clone(), "k2").await), (409, "isbn-taken".into()));
    let stranger = world.user("dora", &["clerk"]);
    let theirs = world.call_once(&stranger, "lending.addBook", None, body, "k1").await;
    assert_eq!(refusal(theirs), (409, "isbn-taken".into()), "keys belong to their caller");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_at_once_is_done_once() {
    let (world, clerk) = world();
    let world = std::sync::Arc::new(world);
    let calls = (0..20).map(|_| {
        let (world, clerk) = (world.clone(), clerk.clone());
        tokio::spawn(async move {
            let body = json!({ "name": "Jane" });
            world.call_once(&clerk, "lending.addAuthor", None, body, "k").await
        })
    });
    let calls: Vec<_> = calls.collect();
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => {}
            refused => assert_eq!(refusal(refused), (409, "idempotency-in-progress".into())),
        }
    }
    assert_eq!(world.list(&clerk, "lending.listAuthors").await.unwrap().len(), 1);
}

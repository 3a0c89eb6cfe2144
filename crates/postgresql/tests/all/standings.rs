//! Callers are taken for who they were, and never answered on that where it has changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::Value as Json;

use crate::stores::{client, database, outside, url};
use crate::support::{Who, World, refusal};

const NOTES: &str = "
firmitas: 1
system:
  name: Standing Notes
  summary: Notes that clerks keep.
actors:
  clerk: { auth: user, is: office.Clerk, when: actor.active }
contexts:
  office:
    entities:
      Company:
        shared: true
        fields: { name: string(1..40) }
      Clerk:
        fields: { name: string(1..40), active: bool = true }
      Note:
        fields: { text: string(1..40), author: Clerk }
    operations:
      viewNote: { get: Note, by: { clerk: self.author == actor.id }, rate: 1/s }
      listNotes: { list: Note, by: { clerk: self.author == actor.id }, rate: 1/s }
      describe:
        get: Note
        route: description
        by: { clerk: self.author == actor.id }
        fields: { author_name: self.author.name }
        rate: 1/s
      addNote:
        create: Note
        by: [clerk]
        input: [text]
        do:
          - set: { author: actor.id }
        rate: 1/s
";

const TENANCY: &str = "  tenancy: { by: office.Company, from: actor, isolation: pool }\nactors:";

fn id(number: u8) -> String {
    format!("00000000-0000-0000-0000-0000000000{number:02x}")
}

/// Two companies with a clerk each, and a note of each clerk: 1 and 2, 11 and 12, 21 and 22.
async fn world(pooled: bool) -> (World, tokio_postgres::Client, Who) {
    let text = if pooled { NOTES.replace("actors:", TENANCY) } else { NOTES.to_owned() };
    let world = World::start(&text);
    let client = outside(client(&url(&database(&world.directory.0))));
    for at in [1, 2] {
        let (company, clerk, note) = (id(at), id(10 + at), id(20 + at));
        let (column, value) = match pooled {
            true => (", tenant_id", format!(", '{company}'")),
            false => ("", String::new()),
        };
        let sql = format!(
            "INSERT INTO office.companies (id, created_at, updated_at, version, name) \
               VALUES ('{company}', now(), now(), 1, 'Company');
             INSERT INTO office.clerks (id, created_at, updated_at, version, name, active{column}) \
               VALUES ('{clerk}', now(), now(), 1, 'Clerk {at}', true{value});
             INSERT INTO office.notes (id, created_at, updated_at, version, text, author{column}) \
               VALUES ('{note}', now(), now(), 1, 'public', '{clerk}'{value});"
        );
        client.batch_execute(&sql).await.unwrap();
    }
    let anna = world.user("anna", &["clerk"]);
    (world, client, anna)
}

/// Makes anna one of the two clerks.
async fn link(client: &tokio_postgres::Client, at: u8, pooled: bool) {
    let tenant = if pooled { id(at) } else { id(0) };
    let sql = format!(
        "BEGIN; DELETE FROM firmitas.subjects; \
         INSERT INTO firmitas.subjects (entity, issuer, subject, row, tenant) \
         VALUES ('office.Clerk', 'urn:firmitas:built-in', 'anna', '{}', '{tenant}'); COMMIT",
        id(10 + at)
    );
    client.batch_execute(&sql).await.unwrap();
}

async fn seen(world: &World, who: &Who) -> Vec<String> {
    let rows = world.list(who, "office.listNotes").await.unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Writes a note; its author.
async fn add(world: &World, who: &Who) -> Result<String, runtime::Problem> {
    let key = uuid::Uuid::new_v4().to_string();
    let body = serde_json::json!({ "text": "new" });
    let added = world.call_once(who, "office.addNote", None, body, &key).await?;
    Ok(added.json["author"].as_str().unwrap().to_owned())
}

async fn rights_end_at_once(pooled: bool) {
    let (world, client, anna) = world(pooled).await;
    let get = async |at: u8| world.get(&anna, "office.viewNote", &id(at)).await;
    let unlinked = (403, "not-linked".to_owned());
    assert_eq!(refusal(add(&world, &anna).await), unlinked);
    assert_eq!(refusal(get(21).await), unlinked);
    link(&client, 1, pooled).await;
    for _ in 0..3 {
        assert_eq!(get(21).await.unwrap()["text"], "public");
        assert_eq!(refusal(get(22).await).0, 404);
        assert_eq!(seen(&world, &anna).await, [id(21)]);
        let described = world.get(&anna, "office.describe", &id(21)).await.unwrap();
        assert_eq!(described["author_name"], "Clerk 1");
    }
    assert_eq!(add(&world, &anna).await.unwrap(), id(11));
    link(&client, 2, pooled).await;
    assert_eq!(add(&world, &anna).await.unwrap(), id(12));
    assert_eq!(seen(&world, &anna).await.len(), 2);
    link(&client, 1, pooled).await;
    assert_eq!(add(&world, &anna).await.unwrap(), id(11));
    client.batch_execute("DELETE FROM office.notes WHERE text = 'new'").await.unwrap();
    // Somebody else's row.
    link(&client, 2, pooled).await;
    assert_eq!(refusal(get(21).await).0, 404);
    assert_eq!(get(22).await.unwrap()["text"], "public");
    link(&client, 1, pooled).await;
    assert_eq!(seen(&world, &anna).await, [id(21)]);
    // The row, which the actor's condition reads.
    let active = async |active: bool| {
        let sql = format!("UPDATE office.clerks SET active = {active}, version = version + 1");
        client.batch_execute(&sql).await.unwrap();
    };
    active(false).await;
    assert_eq!(refusal(add(&world, &anna).await).0, 403);
    assert_eq!(refusal(get(21).await).0, 403);
    assert_eq!(refusal(world.list(&anna, "office.listNotes").await).0, 403);
    active(true).await;
    assert_eq!(add(&world, &anna).await.unwrap(), id(11));
    assert_eq!(get(21).await.unwrap()["text"], "public");
    client.batch_execute("DELETE FROM firmitas.subjects").await.unwrap();
    assert_eq!(refusal(add(&world, &anna).await), unlinked);
    assert_eq!(refusal(get(21).await), unlinked);
    assert_eq!(refusal(world.list(&anna, "office.listNotes").await), unlinked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_may_do_ends_at_once() {
    rights_end_at_once(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_may_do_ends_at_once_among_tenants() {
    rights_end_at_once(true).await;
}

/// Whoever may not see what is written while it may not never does.
async fn one_moment(pooled: bool) {
    let (world, client, anna) = world(pooled).await;
    link(&client, 1, pooled).await;
    let done = Arc::new(AtomicBool::new(false));
    let changing = {
        let done = done.clone();
        tokio::spawn(async move {
            while !done.load(Relaxed) {
                for (active, text) in [(false, "secret"), (true, "public")] {
                    let sql = format!(
                        "BEGIN; UPDATE office.notes SET text = '{text}', version = version + 1; \
                         UPDATE office.clerks SET active = {active}, version = version + 1; COMMIT"
                    );
                    client.batch_execute(&sql).await.unwrap();
                }
            }
        })
    };
    let (mut answered, mut refused, mut rounds) = (0, 0, 0);
    let began = std::time::Instant::now();
    // As often as it takes to see both, however busy the machine is.
    while rounds < 60 || (answered == 0 || refused == 0) && began.elapsed().as_secs() < 60 {
        rounds += 1;
        let one = world.get(&anna, "office.viewNote", &id(21)).await;
        let many = world.list(&anna, "office.listNotes").await;
        for text in one.into_iter().chain(many.into_iter().flatten()).map(|row| row["text"].clone())
        {
            assert_eq!(text, Json::from("public"));
            answered += 1;
        }
        refused += usize::from(world.get(&anna, "office.viewNote", &id(21)).await.is_err());
    }
    done.store(true, Relaxed);
    changing.await.unwrap();
    assert!(answered > 0 && refused > 0, "{answered} answers, {refused} refusals");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_of_one_moment() {
    one_moment(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_of_one_moment_among_tenants() {
    one_moment(true).await;
}

//! Rows that are large: no answer is much larger than a page may become, and none is left out.

use runtime::call::PageRequest;
use serde_json::{Value, json};

use crate::http_support::{Ask, Server};
use crate::support::{World, in_form};

/// What a page ends with, and the largest row that it may end with.
const MOST: usize = (4 << 20) + (400 << 10);

const ARCHIVE: &str = r#"
firmitas: 1
system: { name: Archive, summary: Large rows. }
actors:
  clerk: { auth: user, role: clerk }
entities:
  Author: { fields: { name: string(1..40) } }
  Note: { fields: { author: Author, rank: 'int(0..999)?', body: text } }
  Book:
    fields: { author: Author }
    parts: { pages: { size: 0..20, fields: { body: text } } }
operations:
  addAuthor: { create: Author, by: [clerk], input: [name], rate: 1/s }
  viewAuthor: { get: Author, by: [clerk], rate: 1/s }
  addNote: { create: Note, by: [clerk], input: [author, rank, body], rate: 1/s }
  notes: { list: Note, by: [clerk], sort: [rank], rate: 1/s }
  addBook: { create: Book, by: [clerk], input: [author, pages.body], rate: 1/s }
  books: { list: Book, by: [clerk], rate: 1/s }
"#;

async fn add(server: &Server, token: &str, path: &str, body: Value) -> String {
    let (key, body) = (uuid::Uuid::new_v4().to_string(), body.to_string());
    let ask = Ask::new("POST", path).bearer(token).key(&key).json(&body);
    let reply = server.ask(ask).await;
    assert_eq!(reply.status, 201, "{}", reply.code());
    reply.json()["id"].as_str().unwrap().to_owned()
}

/// All rows, page by page; how many pages.
async fn all(server: &Server, token: &str, path: &str) -> (Vec<Value>, usize) {
    let (mut rows, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = format!("{path}&limit=1000&after={after}");
        let reply =
            server.ask(Ask::new("GET", page.trim_end_matches("&after=")).bearer(token)).await;
        assert_eq!(reply.status, 200, "{page}: {}", reply.code());
        assert!(reply.body.len() < MOST, "{page}: {} bytes", reply.body.len());
        let mut page = reply.json();
        pages += 1;
        rows.append(page["items"].as_array_mut().unwrap());
        after = page["next"].as_str().unwrap().to_owned();
        if after.is_empty() {
            return (rows, pages);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_before_it_is_too_large() {
    let server = Server::start(ARCHIVE).await;
    let clerk = server.token("clerk", "carla");
    let path = |of: &str| format!("/archive/v1/{of}");
    let author = add(&server, &clerk, &path("authors"), json!({ "name": "Ada" })).await;
    // Half of it has a rank; what is written takes twice the bytes of what is stored.
    let body = "\"".repeat(60_000);
    for at in 0..120 {
        let rank = (at % 2 == 0).then_some(at);
        let note = json!({ "author": author, "rank": rank, "body": body });
        add(&server, &clerk, &path("notes"), note).await;
    }
    for more in ["count=true", "expand=author", "sort=-rank"] {
        let (rows, pages) = all(&server, &clerk, &format!("{}?{more}", path("notes"))).await;
        let mut ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 120, "{more}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), pages), (120, 4), "{more}");
        let ranks: Vec<_> = rows.iter().map(|row| row["rank"].as_u64()).collect();
        let up = more != "sort=-rank";
        let expected = (0..60).map(|at| Some(if up { at * 2 } else { 118 - at * 2 }));
        assert_eq!(ranks[..60], expected.collect::<Vec<_>>(), "{more}");
        assert!(rows.iter().all(|row| row["body"].as_str().unwrap().len() == 60_000));
        if more == "expand=author" {
            assert!(rows.iter().all(|row| row["_expanded"]["author"]["name"] == "Ada"));
        }
    }
    let first = format!("{}?count=true&limit=1", path("notes"));
    let reply = server.ask(Ask::new("GET", &first).bearer(&clerk)).await;
    assert_eq!(reply.json()["count"], 120);
    // Parts are part of a row.
    let page = json!({ "body": "x".repeat(30_000) });
    for _ in 0..40 {
        let book = json!({ "author": author, "pages": vec![&page; 10] });
        add(&server, &clerk, &path("books"), book).await;
    }
    for more in ["count=true", "expand=author"] {
        let (rows, pages) = all(&server, &clerk, &format!("{}?{more}", path("books"))).await;
        assert_eq!(rows.len(), 40, "{more}");
        assert!((3..9).contains(&pages), "{more}: {pages}");
        assert!(rows.iter().all(|row| row["pages"].as_array().unwrap().len() == 10), "{more}");
    }
}

const OFFICE: &str = r#"
firmitas: 1
system:
  name: Office
  tenancy: { by: office.Company, from: actor, isolation: pool }
actors:
  visitor: { auth: none }
  member: { auth: user, is: office.User, login: email }
  support: { auth: user, role: support, tenants: all }
contexts:
  office:
    entities:
      Company: { fields: { name: string(1..40) } }
      User: { fields: { email: email unique } }
      Note: { fields: { rank: 'int(0..999)', body: text } }
    operations:
      signUp:
        create: Company
        by: [visitor]
        input: { email: email }
        do:
          - set: { name: input.email }
          - create: User
            with: { email: input.email }
        rate: 1/s
      users: { list: User, by: [member], rate: 1/s }
      addNote: { create: Note, by: [member], input: [rank, body], rate: 1/s }
      notes: { list: Note, by: [member, support], sort: [rank], rate: 1/s }
"#;

/// Rows of several tenants come in one order, wherever their pages end.
async fn pages_of_several_tenants_leave_nothing_out(isolation: &str) {
    let world = World::start(&in_form(OFFICE, isolation));
    for (side, name) in ["Acme", "Bolt"].into_iter().enumerate() {
        let email = format!("boss@{}.example", name.to_lowercase());
        let body = json!({ "email": email });
        world.call(&world.anyone(), "office.signUp", None, body).await.unwrap();
        let boss = world.user(name, &["member"]).with_login(&email);
        assert_eq!(world.list(&boss, "office.users").await.unwrap().len(), 1);
        // The rows of one are large and come late, those of the other are many.
        let (first, step, size) = if side == 0 { (60, 3, 63_000) } else { (0, 2, 9_000) };
        for at in 0..100 {
            let body = json!({ "rank": first + at * step, "body": "x".repeat(size) });
            world.call(&boss, "office.addNote", None, body).await.unwrap();
        }
    }
    let staff = world.user("staff", &["support"]);
    let (mut ranks, mut pages) = (Vec::new(), 0);
    let mut request = PageRequest { limit: 1000, ..PageRequest::default() };
    loop {
        let (rows, next) = world.page(&staff, "office.notes", request.clone()).await.unwrap();
        ranks.extend(rows.iter().map(|row| row["rank"].as_u64().unwrap()));
        pages += 1;
        let Some(next) = next else { break };
        request.after = Some(next);
    }
    let mut expected: Vec<u64> = (0..100).flat_map(|at| [60 + at * 3, at * 2]).collect();
    expected.sort_unstable();
    assert_eq!(ranks, expected);
    assert!(pages > 1, "{pages}");
}

crate::support::in_each_form!(pages_of_several_tenants_leave_nothing_out);

//! Requests that work, and every kind that does not.

use crate::http_support::{Ask, LIBRARY, Reply, Server};

const BOOKS: &str = "/books/v1/books";

fn book(code: &str) -> String {
    format!(
        r#"{{"code":"{code}","title":"T {code}","pages":10,"price":{{"amount":"12.50","currency":"EUR"}},"tags":[]}}"#
    )
}

async fn add(server: &Server, code: &str) -> serde_json::Value {
    let token = server.token("librarian", "lib");
    let body = book(code);
    let reply = server.ask(Ask::new("POST", BOOKS).bearer(&token).key(code).json(&body)).await;
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_created_read_listed_changed_and_removed() {
    let server = Server::start(LIBRARY).await;
    let token = server.token("librarian", "lib");
    let added = add(&server, "a").await;
    let path = format!("{BOOKS}/{}", added["id"].as_str().unwrap());
    let seen = server.get(&path).await;
    assert_eq!((seen.status, seen.json()), (200, added));
    assert_eq!(seen.header("etag"), Some("\"1\""));
    assert_eq!(seen.header("cache-control"), Some("public, max-age=59"));
    assert_eq!(seen.header("vary"), Some("authorization, cookie, x-api-key"));
    let again = server.ask(Ask::new("GET", &path).header("if-none-match", "\"1\"")).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let mine = server.ask(Ask::new("GET", &path).bearer(&token)).await;
    assert_eq!(mine.header("cache-control"), Some("no-store"));

    let edit = |version: &str| {
        Ask::new("PATCH", &path).bearer(&token).header("if-match", version.to_owned())
    };
    let edited = server.ask(edit("\"1\"").json(r#"{"title":"New"}"#)).await;
    assert_eq!((edited.status, edited.header("etag")), (200, Some("\"2\"")));
    let stale = server.ask(edit("\"1\"").json(r#"{"title":"Newer"}"#)).await;
    assert_eq!((stale.status, stale.code()), (412, "precondition-failed".to_owned()));
    let lend = format!("{path}/lend-book");
    let lent = server.ask(Ask::new("POST", &lend).bearer(&token).key("k")).await;
    assert_eq!((lent.status, lent.json()["available"].clone()), (200, false.into()));
    let gone = server.ask(Ask::new("DELETE", &path).bearer(&token).header("if-match", "*")).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(server.get(&path).await.code(), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_a_get_without_its_body() {
    let server = Server::start(LIBRARY).await;
    let get = server.get(BOOKS).await;
    let head = server.ask(Ask::new("HEAD", BOOKS)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*get.body.len().to_string()));
    let options = server.ask(Ask::new("OPTIONS", BOOKS)).await;
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, POST, HEAD, OPTIONS")));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_their_cursors_cannot_be_bent() {
    let server = Server::start(LIBRARY).await;
    for code in ["a", "b", "c"] {
        add(&server, code).await;
    }
    let titles = |reply: &Reply| -> Vec<String> {
        let page = reply.json();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["title"].as_str().unwrap().to_owned()).collect()
    };
    let first = server.get(&format!("{BOOKS}?limit=2")).await;
    assert_eq!(titles(&first), ["T a", "T b"]);
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = server.get(&format!("{BOOKS}?limit=1000&after={next}")).await;
    assert_eq!(titles(&second), ["T c"]);
    assert_eq!(second.json()["next"], "");
    let token = server.token("librarian", "lib");
    for path in [
        format!("{BOOKS}?sort=price&after={next}"),
        format!("{BOOKS}?pages.gte=1&after={next}"),
        format!("{BOOKS}?after={}A", &next[..next.len() - 1]),
        format!("{BOOKS}?after="),
    ] {
        assert_eq!(server.get(&path).await.code(), "invalid-cursor", "{path}");
    }
    let path = format!("{BOOKS}?after={next}");
    let other = server.ask(Ask::new("GET", &path).bearer(&token)).await;
    assert_eq!(other.code(), "invalid-cursor");
    let searched = server.get(&format!("{BOOKS}?q=T+b&kind=novel&price.gte=12.50")).await;
    assert_eq!(titles(&searched), ["T b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_post_gets_the_first_answer() {
    let server = Server::start(LIBRARY).await;
    let token = server.token("librarian", "lib");
    let body = book("a");
    let post = |body| Ask::new("POST", BOOKS).bearer(&token).key("one").json(body);
    let first = server.ask(post(&body)).await;
    let second = server.ask(post(&body)).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(
        (first.header("idempotency-replayed"), second.header("idempotency-replayed")),
        (None, Some("true"))
    );
    let body = book("b");
    assert_eq!(server.ask(post(&body)).await.code(), "idempotency-key-reused");
}

/// Each request gets a problem with this status and code, and the headers that belong to it.
async fn refused(server: &Server, asks: Vec<(u16, &str, Ask<'_>)>) {
    for (status, code, ask) in asks {
        let what = format!("{} {} {:?}", ask.method, ask.path, ask.body.map(<[u8]>::len));
        let reply = server.ask(ask).await;
        assert_eq!((reply.status, &*reply.code()), (status, code), "{what}: {reply:?}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{what}");
        assert_eq!(reply.header("allow").is_some(), status == 405, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_addresses_are_refused() {
    let server = Server::start(LIBRARY).await;
    let long = format!("{BOOKS}?q={}", "x".repeat(20_000));
    let get = |path| Ask::new("GET", path);
    let asks = vec![
        (404, "unknown-route", get("/nothing")),
        (404, "unknown-route", get("/books/v1/books/")),
        (404, "unknown-route", get("/books/v1/../books")),
        (404, "not-found", get("/books/v1/books/1")),
        (404, "not-found", get("/books/v1/books/%ff")),
        (404, "not-found", get("/books/v1/books/0190b8a0-0000-7000-8000-000000000000")),
        (405, "method-not-allowed", Ask::new("DELETE", BOOKS)),
        (405, "method-not-allowed", Ask::new("BREW", BOOKS)),
        (405, "method-not-allowed", Ask::new("POST", "/health")),
        (414, "uri-too-long", get(&long)),
        (406, "not-acceptable", get(BOOKS).header("accept", "text/html, application/json;q=0")),
        (400, "unknown-parameter", get("/books/v1/books?colour=red")),
        (400, "unknown-parameter", get("/books/v1/books?title=x")),
        (400, "unknown-parameter", get("/books/v1/books/1?limit=1")),
        (400, "invalid-parameter", get("/books/v1/books?limit=0")),
        (400, "invalid-parameter", get("/books/v1/books?limit=1001")),
        (400, "invalid-parameter", get("/books/v1/books?limit=%2B5")),
        (400, "invalid-parameter", get("/books/v1/books?limit=1&limit=2")),
        (400, "invalid-parameter", get("/books/v1/books?sort=pages")),
        (400, "invalid-parameter", get("/books/v1/books?pages.gt=x")),
        (400, "invalid-parameter", get("/books/v1/books?kind=poem")),
        (400, "invalid-parameter", get("/books/v1/books?price=1.005e")),
        (400, "invalid-parameter", get("/books/v1/books?q=")),
        (400, "invalid-parameter", get("/books/v1/books?within=5km")),
        (400, "invalid-parameter", get("/books/v1/books?near=91,0")),
        (400, "malformed-request", get("/books/v1/books?q=%zz")),
        (501, "not-running", get("/books/v1/books/watch-books")),
    ];
    refused(&server, asks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_callers_and_headers_are_refused() {
    let server = Server::start(LIBRARY).await;
    let token = server.token("librarian", "lib");
    let reader = server.token("reader", "ann@example.org");
    let id = add(&server, "a").await["id"].as_str().unwrap().to_owned();
    let row = format!("{BOOKS}/{id}");
    let lend = format!("{row}/lend-book");
    let post = |path| Ask::new("POST", path);
    let delete = || Ask::new("DELETE", &row).bearer(&token);
    let asks = vec![
        (401, "unauthenticated", post(BOOKS).key("k").json("{}")),
        (401, "invalid-token", Ask::new("GET", BOOKS).bearer("nonsense")),
        (401, "invalid-token", Ask::new("GET", BOOKS).header("authorization", "Basic eDp5")),
        (403, "forbidden", post(BOOKS).bearer(&reader).key("k").json("{}")),
        (400, "idempotency-key-required", post(BOOKS).bearer(&token).json("{}")),
        (400, "idempotency-key-required", post(BOOKS).bearer(&token).key(&"k".repeat(256))),
        (400, "idempotency-key-required", post(&lend).bearer(&token).key(" a b ")),
        (400, "malformed-request", post(&lend).bearer(&token).key("a").key("b")),
        (428, "precondition-required", Ask::new("PATCH", &row).bearer(&token).json("{}")),
        (428, "precondition-required", delete()),
        (400, "malformed-request", delete().header("if-match", "1")),
        (412, "precondition-failed", delete().header("if-match", "\"9\"")),
        (412, "precondition-failed", delete().header("if-match", "\"x\"")),
        (412, "precondition-failed", delete().header("if-match", "W/\"1\"")),
    ];
    refused(&server, asks).await;
    assert_eq!(server.get(&row).await.header("etag"), Some("\"1\""), "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bodies_are_refused() {
    let server = Server::start(LIBRARY).await;
    let token = server.token("librarian", "lib");
    let id = add(&server, "a").await["id"].as_str().unwrap().to_owned();
    let lend = format!("{BOOKS}/{id}/lend-book");
    let huge = format!("\"{}\"", "x".repeat(1_100_000));
    let deep = format!("{{\"notes\":{}{}}}", "[".repeat(500), "]".repeat(500));
    let post = || Ask::new("POST", BOOKS).bearer(&token).key("k");
    let json = || post().header("content-type", "application/json");
    let lent = Ask::new("POST", &lend).bearer(&token).key("z");
    let asks = vec![
        (413, "payload-too-large", post().json(&huge)),
        (415, "unsupported-media-type", post().body(b"{}")),
        (415, "unsupported-media-type", post().header("content-type", "text/plain").body(b"{}")),
        (415, "unsupported-media-type", post().header("content-encoding", "gzip").json("{}")),
        (400, "malformed-json", post().json("{")),
        (400, "malformed-json", post()),
        (400, "malformed-json", post().json(&deep)),
        (400, "malformed-json", json().body(b"\"\xff\"")),
        (400, "duplicate-property", post().json(r#"{"title":"a","title":"b"}"#)),
        (422, "validation-failed", post().json("[]")),
        (422, "validation-failed", post().json("{}")),
        (422, "unknown-property", post().json(r#"{"titel":"a"}"#)),
        (422, "unknown-property", lent.json(r#"{"a":1}"#)),
    ];
    refused(&server, asks).await;
    let page = server.get(BOOKS).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_about_itself() {
    let server = Server::start(LIBRARY).await;
    add(&server, "a").await;
    let named = server.ask(Ask::new("GET", BOOKS).header("x-correlation-id", "c-1")).await;
    assert_eq!(named.header("x-correlation-id"), Some("c-1"));
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let traced =
        Ask::new("GET", BOOKS).header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    assert_eq!(server.ask(traced).await.header("x-correlation-id"), Some(trace));
    assert_eq!(server.get("/health").await.json()["status"], "up");
    assert_eq!(server.get("/ready").await.status, 200);
    let metrics = String::from_utf8(server.get("/metrics").await.body).unwrap();
    let counted = "http_server_requests_total{operation=\"books.addBook\",status=\"2xx\"} 1";
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
    let index = server.get("/").await.json();
    assert_eq!(index["name"], "Library");
    let documents = index["documents"].as_array().unwrap();
    assert!(documents.contains(&"/openapi/books.json".into()), "{index}");
    let contract = server.get("/openapi/books.json").await.json();
    assert!(contract["paths"][BOOKS]["post"].is_object());
    assert!(index["not_running"].as_array().is_some_and(|missing| !missing.is_empty()));
    assert_eq!(server.get("/.well-known/jwks.json").await.json()["keys"][0]["crv"], "Ed25519");
    let lines = server.lines.lock().unwrap().clone();
    let line = lines.iter().find(|line| line.contains("c-1")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["operation"], "books.listBooks");
    assert_eq!(line["route"], BOOKS);
    assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_neither_subjects_nor_what_was_searched() {
    let server = Server::start(LIBRARY).await;
    let reader = server.token("reader", "ann@example.org");
    let join = Ask::new("POST", "/books/v1/readers").bearer(&reader).key("k");
    let joined = server.ask(join.json(r#"{"email":"ann@example.org"}"#)).await;
    assert_eq!(joined.status, 201, "{joined:?}");
    let id = joined.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/books/v1/readers/{id}");
    assert_eq!(server.ask(Ask::new("GET", &path).bearer(&reader)).await.status, 200);
    server.get("/books/v1/books?q=secretsearch").await;
    let lines = server.lines.lock().unwrap().join("\n");
    for hidden in ["ann@", &id, "secretsearch", &reader] {
        assert!(!lines.contains(hidden), "{hidden} in {lines}");
    }
    assert!(lines.contains("\"subject\":"));
}

#[tokio::test]
async fn the_log_says_for_which_tenant_a_request_was() {
    let server = Server::start(
        "
firmitas: 1
system: { name: Offices, tenancy: { by: desk.Company, from: actor, isolation: pool } }
actors:
  visitor: { auth: none }
  boss: { auth: user, is: desk.Boss, login: email }
  support: { auth: user, role: support, tenants: all }
contexts:
  desk:
    entities:
      Company: { fields: { name: string(1..40) } }
      Boss: { fields: { email: email unique } }
    operations:
      signUp:
        create: Company
        by: [visitor]
        input: { name: string(1..40), email: email }
        do: [{ set: { name: input.name } }, { create: Boss, with: { email: input.email } }]
        rate: 1/s
      bosses: { list: Boss, by: [boss, support], rate: 1/s }
      companies: { list: Company, by: [visitor], rate: 1/s }
",
    )
    .await;
    let body = r#"{"name":"Acme","email":"boss@acme.example"}"#;
    let made = server.ask(Ask::new("POST", "/desk/v1/companies").key("k").json(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let company = made.json()["id"].as_str().unwrap().to_owned();
    let (boss, support) =
        (server.token("boss", "boss@acme.example"), server.token("support", "sue"));
    let ask = |token: &str| Ask::new("GET", "/desk/v1/bosses").bearer(token);
    assert_eq!(server.ask(ask(&boss)).await.status, 200);
    assert_eq!(server.ask(ask(&support)).await.status, 200);
    assert_eq!(server.ask(ask(&support).header("x-tenant-id", company.clone())).await.status, 200);
    server.get("/desk/v1/companies").await;
    let lines: Vec<serde_json::Value> = server
        .lines
        .lock()
        .unwrap()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let tenants: Vec<_> = lines[1..].iter().map(|line| line["tenant"].as_str()).collect();
    assert_eq!(tenants, [Some(company.as_str()), None, Some(company.as_str()), None]);
}

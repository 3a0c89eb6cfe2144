//! Requests that must not cost much.

use graphql::Persisted;
use serde_json::json;

use crate::support::{Reply, Server};

fn code(reply: &Reply) -> &str {
    reply.json["errors"][0]["extensions"]["code"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_are_refused_before_anything_is_read() {
    let server = Server::start(Persisted::default()).await;
    let before = server.statements();
    let aliases: String = (0..11).map(|at| format!("a{at}: listProducts {{ next }} ")).collect();
    let nested = format!("{{ viewProduct(id: 1) {}{}", "{ category ".repeat(30), "}".repeat(31));
    let spread: String = (0..20)
        .map(|at| format!("fragment f{at} on Query {{ ...f{} ...f{} }} ", at + 1, at + 1))
        .collect();
    let deep = "{ viewProduct(id: 1) { category { parent { parent { parent { parent { parent { parent { name } } } } } } } } }";
    let schema =
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    for (query, expected) in [
        (format!("{{ {aliases} }}"), "query-too-costly"),
        ("{ listProducts(limit: 600) { items { category { name } } } }".to_owned(), "query-too-costly"),
        ("{ a: listProducts(limit: 600) { x: items { id } } b: listProducts(limit: 600) { items { id } } }".to_owned(), "query-too-costly"),
        (nested, "query-too-costly"),
        (deep.to_owned(), "query-too-costly"),
        (schema.to_owned(), "query-too-costly"),
        (format!("{{ ...f0 }} {spread} fragment f20 on Query {{ __typename }}"), "query-too-costly"),
        ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(), "malformed-request"),
        (format!("{}{}", "{a".repeat(50_000), "}".repeat(50_000)), "query-too-costly"),
        ("{ listProducts { items { nmae } } }".to_owned(), "malformed-request"),
        ("mutation { a: dropProduct(id: 1, expectedVersion: 1) b: dropProduct(id: 2, expectedVersion: 1) }".to_owned(), "query-too-costly"),
        ("query($x: Int!) { listProducts(limit: $x) { next } }".to_owned(), "validation-failed"),
        ("{".to_owned(), "malformed-request"),
        ("\u{0}".to_owned(), "malformed-request"),
    ] {
        let reply = server.ask("", &query, json!({})).await;
        assert_eq!((reply.status, code(&reply)), (400, expected), "{}", &query[..query.len().min(90)]);
    }
    // What runs in the background may run meanwhile; each of these would be many.
    assert!(server.statements() - before < 10);
    let many = format!("[{}]", ["{\"query\":\"{__typename}\"}"; 9].join(","));
    assert_eq!(server.post("", &many).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_ask_and_get_never_writes() {
    let server = Server::start(Persisted::default()).await;
    let body = "{\"query\":\"{__typename}\"}";
    let form = "content-type: text/plain\r\n";
    assert_eq!(server.send("POST", "/graphql", "", form, body).await.status, 415);
    let path = "/graphql?query=%7B__typename%7D";
    let reply = server.send("GET", path, "", "", "").await;
    assert_eq!((reply.status, &reply.json["code"]), (403, &json!("forged-request")));
    let sure = "graphql-require-preflight: 1\r\n";
    let reply = server.send("GET", path, "", sure, "").await;
    assert_eq!(reply.json, json!({"data": {"__typename": "Query"}}));
    let write = "/graphql/market?query=mutation%7BdropProduct(id:%221%22,expectedVersion:1)%7D";
    let head = format!("{sure}accept: application/graphql-response+json\r\n");
    assert_eq!(server.send("GET", write, &server.staff, &head, "").await.status, 405);
    assert!(reply.head.contains("content-type: application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_registered_by_their_hash_or_listed() {
    let server = Server::start(Persisted::default()).await;
    let hash = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
    let by_hash = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    let reply = server.post("", &by_hash.to_string()).await;
    assert_eq!(code(&reply), "PERSISTED_QUERY_NOT_FOUND");
    let mut register = by_hash.clone();
    register["query"] = "{__typename}".into();
    assert_eq!(server.post("", &register.to_string()).await.status, 200);
    let reply = server.post("", &by_hash.to_string()).await;
    assert_eq!(reply.json, json!({"data": {"__typename": "Query"}}));
    register["query"] = "{ __typename }".into();
    assert_eq!(code(&server.post("", &register.to_string()).await), "malformed-request");

    let list = std::env::temp_dir().join(format!("firm-list-{}.json", std::process::id()));
    std::fs::write(&list, json!({"one": "{__typename}"}).to_string()).unwrap();
    let persisted = Persisted::read(&list, false).unwrap();
    drop(std::fs::remove_file(&list));
    let server = Server::start(persisted).await;
    let named = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "one"}}});
    assert_eq!(server.post("", &named.to_string()).await.status, 200);
}

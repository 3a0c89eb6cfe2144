//! Driven over HTTP by a client that is not ours: GraphQL's reference implementation (npm `graphql`).

use std::process::Command;

use graphql::Persisted;
use serde_json::json;

use crate::support::Server;

/// What the client must have found right.
const STEPS: [&str; 5] = ["schema", "errors", "mutations", "random", "pages"];

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_gets_what_it_asked_for_and_what_rest_answers() {
    let Ok(folder) = std::env::var("FIRMITAS_TEST_GRAPHQL") else {
        eprintln!("skipped: FIRMITAS_TEST_GRAPHQL names no folder with `graphql`");
        return;
    };
    let server = Server::start(Persisted::default()).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/client.mjs");
    let library = format!("{folder}/node_modules/graphql/index.js");
    let who = json!({
        "url": server.url(), "order": server.order,
        "products": server.products, "categories": server.categories,
        "tokens": { "nobody": "", "ada": server.ada, "bob": server.bob, "staff": server.staff },
    });
    let run = move || {
        Command::new("node").arg(script).arg(library).arg(who.to_string()).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    for step in STEPS {
        assert!(told.contains(&format!("{step}: ok")), "{step}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_the_text_that_it_is_and_operations_are_counted() {
    let server = Server::start(Persisted::default()).await;
    for name in ["50% off", "%41", "a/b?c", "ümlaut"] {
        let add = "mutation($i: AddCategoryInput!, $k: String!) {
            addCategory(input: $i, idempotencyKey: $k) { id } }";
        // A key is visible ASCII.
        let key: String = name.bytes().map(|byte| format!("{byte:x}")).collect();
        let variables = json!({ "i": { "name": name }, "k": key });
        let made = server.ask(&server.staff, add, variables).await;
        assert!(made.json["errors"].is_null(), "{}", made.json);
        let get = "query($n: String!) { categoryNamed(name: $n) { name } }";
        let found = server.ask("", get, json!({ "n": name })).await;
        assert_eq!(found.json["data"]["categoryNamed"]["name"], name, "{}", found.json);
    }
    let numbers = server.text("/metrics").await;
    let counted = |operation: &str| {
        numbers.lines().any(|line| {
            line.starts_with("http_server_requests_total{")
                && line.contains(&format!("\"{operation}\""))
        })
    };
    assert!(counted("market.categoryNamed") && counted("market.addCategory"), "{numbers}");
}

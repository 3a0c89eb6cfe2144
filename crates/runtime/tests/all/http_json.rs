//! Values of `json` over HTTP: no digit of a number is lost, wherever it is kept.

use serde_json::json;

use crate::http_support::{Ask, Reply, Server};

const DESK: &str = r"
firmitas: 1
system: { name: Desk }
actors: { guest: { auth: none } }
types: { Box: { fields: { inner: json } } }
contexts:
  desk:
    entities:
      Sheet:
        rows: 1k
        history: true
        fields: { plain: json, boxed: Box?, near: float? }
      Page: { rows: 1k, fields: { sheet: Sheet } }
    operations:
      add: { create: Sheet, by: [guest], input: [plain, boxed, near], rate: 1/s }
      change: { update: Sheet, by: [guest], input: [plain, boxed], rate: 1/s }
      sheet: { get: Sheet, by: [guest], rate: 1/s }
      sheets: { list: Sheet, by: [guest], rate: 1/s }
      past: { list: Sheet.history, by: [guest], rate: 1/s }
      addPage: { create: Page, by: [guest], input: [sheet], rate: 1/s }
      page: { get: Page, by: [guest], rate: 1/s }
";

const WIDE: &str = r#"[12345678901234567890,123456789012345678901234567890,0.1234567890123456789,{"deep":-9007199254740993.5},[1,1.5,"123456789012345678901234567890"]]"#;

fn shown(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).replace(": ", ":").replace(", ", ",")
}

async fn post(server: &Server, path: &str, key: &str, body: &str) -> Reply {
    server.ask(Ask::new("POST", path).key(key).json(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_digit_of_a_number_is_lost() {
    let server = Server::start(DESK).await;
    let body =
        format!(r#"{{"plain":{WIDE},"boxed":{{"inner":{WIDE}}},"near":0.1000000000000000055}}"#);
    let both = [format!(r#""plain":{WIDE}"#), format!(r#""inner":{WIDE}"#)];
    let made = post(&server, "/desk/v1/sheets", "one", &body).await;
    assert_eq!(made.status, 201, "{}", shown(&made));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/desk/v1/sheets/{id}");
    let patch = format!(r#"{{"plain":{WIDE}}}"#);
    let ask = Ask::new("PATCH", &path).header("if-match", "*").json(&patch);
    let changed = server.ask(ask).await;
    let page = post(&server, "/desk/v1/pages", "p", &json!({ "sheet": id }).to_string()).await;
    let page = format!("/desk/v1/pages/{}?expand=sheet", page.json()["id"].as_str().unwrap());
    let again = post(&server, "/desk/v1/sheets", "one", &body).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let mut replies = vec![made, changed, again];
    for path in [&path, "/desk/v1/sheets", "/desk/v1/sheets/history", &page] {
        replies.push(server.get(path).await);
    }
    for reply in &replies {
        let text = shown(reply);
        for part in &both {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
    // A `float` has 64 bits, and says so.
    assert_eq!(replies[0].json()["near"], 0.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_beyond_all_bounds_are_refused_where_they_stand() {
    let server = Server::start(DESK).await;
    let long = format!("0.{}", "7".repeat(1001));
    for (number, code) in
        [("1e400", "out-of-range"), (&*long, "too-precise"), ("1e-9999", "too-precise")]
    {
        let body = format!(r#"{{"plain":1,"boxed":{{"inner":[{number}]}}}}"#);
        let reply =
            post(&server, "/desk/v1/sheets", number.get(..9).unwrap_or(number), &body).await;
        let told = reply.json();
        let wrong = &told["errors"][0];
        assert_eq!(
            (reply.status, &wrong["code"], &wrong["pointer"]),
            (422, &json!(code), &json!("/boxed/inner")),
            "{told}"
        );
    }
    // The names that a tree within is marked by are not for clients.
    let reply = post(&server, "/desk/v1/sheets", "nul", r#"{"plain":{"\u0000":"12"}}"#).await;
    assert_eq!(reply.json()["errors"][0]["code"], "invalid-character");
}

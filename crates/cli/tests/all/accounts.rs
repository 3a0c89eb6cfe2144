//! Users and keys that commands make, at the server that runs and before it does.

use serde_json::{Value, json};

use crate::acceptance::client::Client;
use crate::acceptance::server::Server;
use crate::firm::Scratch;

const PASSWORD: &str = "a quiet afternoon in may";

fn library(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    scratch.write("password", format!("{PASSWORD}\n"));
    scratch
}

/// Makes an administrator, and tells the users there are then.
fn administrator(scratch: &Scratch, login: &str) -> Value {
    let place = ["--model", "library", "--json"];
    let create = ["user", "create", login, "--administrator", "--password-file", "password"];
    let made = scratch.firm(&[&create[..], &place].concat());
    assert_eq!(made.code, 0, "{made:?}");
    assert!(!made.stdout.contains(PASSWORD) && !made.stderr.contains(PASSWORD), "{made:?}");
    let listed = scratch.firm(&[&["user", "list"][..], &place].concat());
    assert_eq!(listed.code, 0, "{listed:?}");
    serde_json::from_str(&listed.stdout).unwrap()
}

/// Signs in as a browser does, and adds a book.
fn adds_a_book(server: &Server, login: &str, isbn: &str) {
    let client = Client::new(&server.url, None);
    let own = [("content-type", "application/json"), ("origin", &*server.url)];
    let body = json!({ "login": login, "password": PASSWORD }).to_string();
    let signed = client.send("POST", "/auth/sign-in", &own, Some(body.as_bytes())).unwrap();
    let signed = signed.expect(200);
    let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap();
    let csrf = signed.body["csrf_token"].as_str().unwrap();
    let book = json!({ "isbn": isbn, "title": "The Tower", "author": "W. B. Yeats" }).to_string();
    let headers = [("cookie", cookie), ("x-csrf-token", csrf), ("idempotency-key", isbn)];
    let headers = [&own[..], &headers].concat();
    client.send("POST", "/lending/v1/books", &headers, Some(book.as_bytes())).unwrap().expect(201);
}

#[test]
fn a_command_makes_the_first_administrator_who_then_signs_in() {
    let scratch = library("administrator");
    // Before the server runs: on the store itself.
    let users = administrator(&scratch, "anna@example.com");
    assert_eq!(users["users"][0]["logins"], json!(["anna@example.com"]), "{users}");
    let (model, data) = (scratch.path().join("library"), scratch.path().join("library/.firm"));
    let server = Server::start(&model, &data);
    adds_a_book(&server, "anna@example.com", "9780000000001");
    // While it runs: through it, known at once.
    administrator(&scratch, "ben@example.com");
    adds_a_book(&server, "ben@example.com", "9780000000002");
    let disable = ["user", "disable", "ben@example.com", "--model", "library"];
    assert_eq!(scratch.firm(&disable).code, 0);
    let body = json!({ "login": "ben@example.com", "password": PASSWORD });
    let refused = Client::new(&server.url, None).post("/auth/sign-in", &body);
    refused.refused(401, "invalid-credentials");
    let again = scratch.firm(&[
        "user",
        "create",
        "anna@example.com",
        "--password-file",
        "password",
        "--model",
        "library",
    ]);
    assert_ne!(again.code, 0, "a login was taken over: {again:?}");
}

#[test]
fn a_link_is_made_before_the_server_runs_and_works_when_it_does() {
    let scratch = library("invited");
    let place = ["--model", "library", "--json"];
    let firm = |arguments: &[&str]| -> Value {
        let run = scratch.firm(&[arguments, &place].concat());
        assert_eq!(run.code, 0, "{run:?}");
        serde_json::from_str(&run.stdout).unwrap()
    };
    let at = "https://library.example/";
    let made = firm(&["user", "create", "eve@example.com", "--invite", "--at", at]);
    assert!(made.get("password").is_none(), "{made}");
    let link = made["invitation"]["link"].as_str().unwrap();
    let path = link.strip_prefix("https://library.example").unwrap();
    firm(&["user", "change", "eve@example.com", "--add-role", "librarian", "--name", "Eve"]);
    let (model, data) = (scratch.path().join("library"), scratch.path().join("library/.firm"));
    let server = Server::start(&model, &data);
    let client = Client::new(&server.url, None);
    client.send("GET", path, &[], None).unwrap().expect(200);
    let code = path.strip_prefix("/auth/invitation?code=").unwrap();
    client.post("/auth/invitation", &json!({ "code": code, "password": PASSWORD })).expect(204);
    adds_a_book(&server, "eve@example.com", "9780000000001");
    assert!(firm(&["user", "remove", "eve@example.com"])["removed"].is_string());
    let body = json!({ "login": "eve@example.com", "password": PASSWORD });
    client.post("/auth/sign-in", &body).refused(401, "invalid-credentials");
}

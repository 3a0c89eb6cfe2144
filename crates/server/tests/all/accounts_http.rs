//! Accounts as browsers and programs meet them: over HTTP, at a served backend.

use accounts::NewKey;
use accounts::admin::{self, Command};
use hyper::Method;
use serde_json::{Value as Json, json};
use server::{AuditTarget, IdentitySettings};

use crate::accounts_support::{BOOKS, Browser, DAY, Library, SECOND};
use crate::oidc_support::{LOGIN, PASSWORD, form};

#[tokio::test]
async fn people_sign_in_and_out() {
    let library = Library::open().await;
    library.get(&mut Browser::default(), BOOKS).await.refused(401, "unauthenticated");
    let mut browser = Browser::default();
    let told = library.try_in(&mut browser, LOGIN, PASSWORD).await.expect(200);
    assert_eq!(told.body["actors"], json!(["reader", "librarian", "everyone"]), "{}", told.text);
    let set = told.header("set-cookie").unwrap();
    for wanted in ["session=", "; Path=/", "; HttpOnly", "; SameSite=Lax"] {
        assert!(set.contains(wanted), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    library.get(&mut browser, BOOKS).await.expect(200);
    let book = json!({ "title": "The Tower" });
    library.ask(&mut browser, Method::POST, BOOKS, &book).await.expect(201);
    assert_eq!(
        library.get(&mut browser, "/auth/session").await.expect(200).body["user"]["logins"][0]["address"],
        LOGIN
    );
    let (cookie, csrf) = (browser.cookie.clone(), browser.csrf.clone());
    let out = library.ask(&mut browser, Method::POST, "/auth/sign-out", &Json::Null).await;
    assert!(out.expect(204).header("set-cookie").unwrap().contains("Max-Age=0"));
    // The cookie is worth nothing any more, whoever kept it.
    let mut kept = Browser { cookie, csrf };
    library.get(&mut kept, BOOKS).await.refused(401, "unauthenticated");
    library.get(&mut kept, "/auth/session").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_sign_in_replaces_the_session_that_the_browser_had() {
    let library = Library::open().await;
    let mut browser = library.signed_in().await;
    let before = browser.cookie.clone();
    library.try_in(&mut browser, LOGIN, PASSWORD).await.expect(200);
    assert_ne!(browser.cookie, before);
    let mut old = Browser { cookie: before, csrf: None };
    library.get(&mut old, BOOKS).await.refused(401, "unauthenticated");
    let sessions = library.get(&mut browser, "/auth/sessions").await.expect(200);
    assert_eq!(sessions.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_that_is_used_lasts_and_one_that_is_not_ends() {
    let library = Library::open().await;
    let (mut used, mut idle) = (library.signed_in().await, library.signed_in().await);
    let expires =
        library.get(&mut used, "/auth/session").await.body["session"]["expires_at"].clone();
    for _ in 0..5 {
        library.later(7 * DAY);
        library.get(&mut used, BOOKS).await.expect(200);
    }
    let later = library.get(&mut used, "/auth/session").await.expect(200);
    assert!(later.body["session"]["expires_at"].as_str() > expires.as_str(), "{}", later.text);
    library.get(&mut idle, BOOKS).await.refused(401, "unauthenticated");
    // However much it is used, it ends.
    for _ in 0..8 {
        library.later(7 * DAY);
        library.get(&mut used, BOOKS).await;
    }
    library.get(&mut used, BOOKS).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let library = Library::open().await;
    let mut browsers =
        [library.signed_in().await, library.signed_in().await, library.signed_in().await];
    let [mine, other, third] = &mut browsers;
    let all = library.get(mine, "/auth/sessions").await.expect(200).body;
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|of| of["current"] == true).count(), 1);
    let own = library.get(other, "/auth/session").await.body["session"]["id"].clone();
    let path = format!("/auth/sessions/{}", own.as_str().unwrap());
    library.ask(mine, Method::DELETE, &path, &Json::Null).await.expect(204);
    library.get(other, BOOKS).await.refused(401, "unauthenticated");
    library.get(third, BOOKS).await.expect(200);
    // That of somebody else cannot be ended, nor seen.
    let mut ben = Browser::default();
    library.try_in(&mut ben, "ben@example.com", PASSWORD).await.expect(200);
    let bens = library.get(&mut ben, "/auth/session").await.body["session"]["id"].clone();
    let path = format!("/auth/sessions/{}", bens.as_str().unwrap());
    library.ask(mine, Method::DELETE, &path, &Json::Null).await.refused(404, "not-found");
    library.ask(mine, Method::DELETE, "/auth/sessions", &Json::Null).await.expect(204);
    library.get(third, BOOKS).await.refused(401, "unauthenticated");
    library.get(&mut ben, BOOKS).await.expect(200);
}

#[tokio::test]
async fn another_site_writes_nothing_with_the_cookie_of_who_is_signed_in() {
    let library = Library::open().await;
    let browser = library.signed_in().await;
    let (cookie, csrf) = (browser.cookie.unwrap(), browser.csrf.unwrap());
    let own = library.live.url.clone();
    let other = library.signed_in().await.csrf.unwrap();
    let write = async |headers: &[(&str, &str)]| {
        let key = accounts::secret::random().unwrap();
        let mut all = vec![("cookie", &*cookie), ("idempotency-key", &*key)];
        all.push(("content-type", "application/json"));
        all.extend_from_slice(headers);
        library.send(Method::POST, BOOKS, &all, "{\"title\":\"The Tower\"}").await
    };
    write(&[("x-csrf-token", &csrf), ("origin", &own)]).await.expect(201);
    for forged in [
        &[("origin", &*own)][..],
        &[("x-csrf-token", "guess"), ("origin", &own)],
        &[("x-csrf-token", &other), ("origin", &own)],
        &[("x-csrf-token", &csrf), ("origin", "https://evil.example")],
        &[("x-csrf-token", &csrf), ("origin", "null")],
        &[("x-csrf-token", &csrf), ("sec-fetch-site", "cross-site")],
    ] {
        write(forged).await.refused(403, "forged-request");
    }
    // Nor does it sign somebody in, as somebody whom it knows.
    let body = json!({ "login": LOGIN, "password": PASSWORD }).to_string();
    let headers = [("content-type", "application/json"), ("origin", "https://evil.example")];
    let signed = library.send(Method::POST, "/auth/sign-in", &headers, &body).await;
    signed.refused(403, "forged-request");
    let books = library.send(Method::GET, BOOKS, &[("cookie", &cookie)], "").await.expect(200);
    assert_eq!(books.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_are_good_for_their_scope_until_they_end_or_are_revoked() {
    let library = Library::open().await;
    let get = async |key: &str| library.send(Method::GET, BOOKS, &[("x-api-key", key)], "").await;
    let add = async |key: &str| {
        let headers =
            [("x-api-key", key), ("content-type", "application/json"), ("idempotency-key", "k")];
        library.send(Method::POST, BOOKS, &headers, "{\"title\":\"The Tower\"}").await
    };
    let (reading, _) = library.key(&["lending.books"], Some(30)).await;
    let (whole, prefix) = library.key(&[], None).await;
    get(&reading).await.expect(200);
    add(&reading).await.refused(403, "forbidden");
    add(&whole).await.expect(201);
    let bearer = format!("Bearer {whole}");
    library.send(Method::GET, BOOKS, &[("authorization", &bearer)], "").await.expect(200);
    let both = [("authorization", &*bearer), ("x-api-key", &*whole)];
    library.send(Method::GET, BOOKS, &both, "").await.refused(400, "malformed-request");
    get(&format!("{whole}x")).await.refused(401, "invalid-token");
    let listed = library.operate(Command::ListKeys { owner: None, after: String::new() }).await;
    assert!(!listed.to_string().contains(&whole), "a key is shown once");
    library.later(31 * DAY);
    get(&reading).await.refused(401, "token-expired");
    get(&whole).await.expect(200);
    library.operate(Command::RevokeKey { prefix }).await;
    get(&whole).await.refused(401, "invalid-token");
}

const TENANTS: &str = "
firmitas: 1
system:
  name: Desk
  summary: Notes of companies.
  tenancy: { by: desk.Company, from: actor, isolation: pool }
actors:
  founder: { auth: user, role: staff }
  partner: { auth: key }
contexts:
  desk:
    entities:
      Company: { rows: 1k, fields: { name: 'string(1..40)' } }
      Note: { rows: 1k, fields: { text: 'string(1..100)' } }
    operations:
      found: { create: Company, by: [founder], input: [name], rate: 1/s }
      addNote: { create: Note, by: [partner], input: [text], rate: 1/s }
      notes: { list: Note, by: [partner], rate: 1/s }
";

#[tokio::test]
async fn a_key_acts_for_its_tenant_and_no_other() {
    let desk = Library::of(TENANTS, IdentitySettings::default()).await;
    let mut browser = desk.signed_in().await;
    let mut keys = Vec::new();
    for name in ["Acme", "Bolt"] {
        let body = json!({ "name": name });
        let founded = desk.ask(&mut browser, Method::POST, "/desk/v1/companies", &body).await;
        let id = founded.expect(201).body["id"].as_str().unwrap().to_owned();
        let (key, _) = desk.key_for(Some(&id), &[], None).await;
        let headers =
            [("x-api-key", &*key), ("content-type", "application/json"), ("idempotency-key", "k")];
        let note = json!({ "text": format!("of {name}") }).to_string();
        desk.send(Method::POST, "/desk/v1/notes", &headers, &note).await.expect(201);
        keys.push((name, key));
    }
    for (name, key) in keys {
        let seen = desk.send(Method::GET, "/desk/v1/notes", &[("x-api-key", &key)], "").await;
        let seen = seen.expect(200).body["items"].clone();
        let texts: Vec<&str> =
            seen.as_array().unwrap().iter().map(|of| of["text"].as_str().unwrap()).collect();
        assert_eq!(texts, [format!("of {name}")]);
    }
    let (nobodys, _) = desk.key(&[], None).await;
    let seen = desk.send(Method::GET, "/desk/v1/notes", &[("x-api-key", &nobodys)], "").await;
    assert!(!seen.text.contains("of Acme") && !seen.text.contains("of Bolt"), "{}", seen.text);
    let wrong = NewKey {
        owner: "acme".to_owned(),
        actors: vec!["partner".to_owned()],
        tenant: Some("Acme".to_owned()),
        ..NewKey::default()
    };
    let refused = admin::ask(&desk.live.folder, &Command::CreateKey(wrong)).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn guessing_is_slowed_down_whether_there_is_an_account_or_not() {
    let library = Library::open().await;
    let mut seen = Vec::new();
    for login in [LOGIN, "nobody@example.com"] {
        let mut browser = Browser::default();
        for _ in 0..5 {
            let told = library.try_in(&mut browser, login, "wrong").await;
            seen.push(told.refused(401, "invalid-credentials").text);
        }
        let told = library.try_in(&mut browser, login, PASSWORD).await;
        assert_eq!(told.refused(429, "rate-limited").header("retry-after"), Some("30"));
        assert_eq!(browser.cookie, None);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "answers tell who has an account: {seen:?}");
    library.later(31 * SECOND);
    library.signed_in().await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let library = Library::open().await;
    let (mut mine, mut other) = (library.signed_in().await, library.signed_in().await);
    let before = mine.cookie.clone();
    let new = "an evening in october";
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let path = "/auth/password";
    let wrong = library.ask(&mut mine, Method::POST, path, &change("wrong", new)).await;
    wrong.refused(401, "invalid-credentials");
    let weak = library.ask(&mut mine, Method::POST, path, &change(PASSWORD, "password1")).await;
    assert_eq!(weak.expect(422).body["errors"][0]["code"], "weak-password");
    library.ask(&mut mine, Method::POST, path, &change(PASSWORD, new)).await.expect(200);
    assert_ne!(mine.cookie, before);
    library.get(&mut mine, BOOKS).await.expect(200);
    library.get(&mut other, BOOKS).await.refused(401, "unauthenticated");
    let mut old = Browser { cookie: before, csrf: None };
    library.get(&mut old, BOOKS).await.refused(401, "unauthenticated");
    let mut browser = Browser::default();
    library.try_in(&mut browser, LOGIN, PASSWORD).await.refused(401, "invalid-credentials");
    library.try_in(&mut browser, LOGIN, new).await.expect(200);
}

#[tokio::test]
async fn the_page_of_the_sign_in_is_a_form_that_leads_nowhere_else() {
    let library = Library::open().await;
    let page = library.send(Method::GET, "/auth/sign-in?next=//evil.example", &[], "").await;
    let page = page.expect(200);
    assert!(!page.text.contains("evil.example") && !page.text.contains("<script"), "{}", page.text);
    let post = async |password: &str, next: &str| {
        let body = form(&[("login", LOGIN), ("password", password), ("next", next)]);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &*library.live.url),
            ("sec-fetch-site", "same-origin"),
        ];
        library.send(Method::POST, "/auth/sign-in", &headers, &body).await
    };
    let wrong = post("wrong", "/").await.expect(401);
    assert!(wrong.text.contains("role=\"alert\"") && wrong.header("set-cookie").is_none());
    let away = post(PASSWORD, "https://evil.example/").await.expect(200);
    assert!(!away.text.contains("evil.example"), "{}", away.text);
    let signed = post(PASSWORD, "/lending/v1/books").await.expect(200);
    assert!(signed.header("set-cookie").is_some() && signed.text.contains("/lending/v1/books"));
}

#[tokio::test]
async fn refusals_of_the_provider_are_in_the_audit_log() {
    let folder = std::env::temp_dir().join(format!("firm-audit-{}", std::process::id()));
    let audit = AuditTarget::File(folder.clone());
    let library = Library::with(IdentitySettings { audit, ..IdentitySettings::default() }).await;
    let secret = "a code that somebody guessed";
    let told = library.live.redeem(secret, &[]).await;
    assert_eq!(told.error(), "invalid_grant");
    let told = library.live.post("/oauth/token", &[("grant_type", "password")]).await;
    assert_eq!(told.status / 100, 4);
    let cookie = library.live.sign_in(LOGIN).await;
    let told = library.live.authorize(&cookie, &[("redirect_uri", "https://evil.example/")]).await;
    assert_eq!(told.status, 400);
    let tokens = library.live.tokens(&cookie, "openid").await;
    assert!(tokens["access_token"].is_string());
    library.live.stop().await;
    let log = std::fs::read_to_string(&folder).unwrap();
    std::fs::remove_file(&folder).unwrap();
    let lines: Vec<Json> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |action: &str, outcome: &str, reason: Json| {
        let fits = |line: &&Json| {
            line["action"] == action && line["outcome"] == outcome && line["reason"] == reason
        };
        assert!(lines.iter().any(|line| fits(&line)), "{action} {outcome}: {log}");
    };
    has("oauth-token", "denied", json!("invalid_grant"));
    has("oauth-token", "denied", json!("invalid_client"));
    has("oauth-authorize", "denied", json!("invalid_request"));
    has("oauth-token", "allowed", Json::Null);
    assert!(!log.contains(secret) && !log.contains("evil.example"), "{log}");
}

#[tokio::test]
async fn the_contract_names_sessions_and_keys_where_there_are_accounts() {
    for accounts in [true, false] {
        let identity = IdentitySettings { accounts, ..IdentitySettings::default() };
        let library = Library::with(identity).await;
        let told = library.send(Method::GET, "/openapi/lending.json", &[], "").await.expect(200);
        let schemes = told.body["components"]["securitySchemes"].as_object().unwrap();
        let names: Vec<&str> = schemes.keys().map(String::as_str).collect();
        let adding = &told.body["paths"][BOOKS]["post"]["security"];
        let reading = &told.body["paths"][BOOKS]["get"]["security"];
        match accounts {
            true => {
                assert_eq!(names, ["bearer", "session", "csrf", "apiKey"]);
                let (session, key) =
                    (json!({ "session": [], "csrf": [] }), json!({ "apiKey": [] }));
                assert_eq!(adding, &json!([{ "bearer": [] }, session, key]));
                assert_eq!(reading, &json!([{ "bearer": [] }, { "session": [] }, key]));
            }
            false => {
                assert_eq!(names, ["bearer"]);
                assert_eq!(
                    (adding, reading),
                    (&json!([{ "bearer": [] }]), &json!([{ "bearer": [] }]))
                );
            }
        }
    }
}

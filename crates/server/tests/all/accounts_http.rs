//! Accounts as browsers and programs meet them: over HTTP, at a served backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use accounts::admin::{self, Command};
use accounts::{Clock, NewKey};
use hyper::Method;
use serde_json::{Value as Json, json};
use server::{AuditTarget, IdentitySettings};

use crate::oidc_support::{LOGIN, Live, PASSWORD, form};

const MODEL: &str = "
firmitas: 1
system: { name: Library, summary: Books that people borrow., needs: { assurance: L1 } }
actors:
  everyone: { auth: none }
  reader: { auth: user }
  librarian: { auth: user, role: staff }
  partner: { auth: key }
contexts:
  lending:
    entities:
      Book: { rows: 1k, fields: { title: 'string(1..100)' } }
    operations:
      addBook: { create: Book, by: [librarian, partner], input: [title], rate: 1/s }
      books: { list: Book, by: [reader, partner], rate: 1/s }
";
const BOOKS: &str = "/lending/v1/books";
const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * SECOND;

/// A served library whose accounts go by a clock of ours.
struct Library {
    live: Live,
    time: Arc<AtomicI64>,
}

/// A browser: what it was given to keep, and what it read.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
    csrf: Option<String>,
}

struct Told {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
    body: Json,
}

impl Told {
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    fn refused(self, status: u16, code: &str) -> Self {
        let this = self.expect(status);
        assert_eq!(this.body["code"], code, "{}", this.text);
        this
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Library {
    async fn open() -> Self {
        Self::with(IdentitySettings::default()).await
    }

    async fn with(identity: IdentitySettings) -> Self {
        Self::of(MODEL, identity).await
    }

    async fn of(model: &str, identity: IdentitySettings) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let time = Arc::new(AtomicI64::new(i64::try_from(now).unwrap()));
        let told = Arc::clone(&time);
        let clock = Clock::new(move || told.load(Ordering::SeqCst));
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let identity = IdentitySettings { clock, ..identity };
        Self { live: Live::serving(model, &key, Vec::new(), identity).await, time }
    }

    fn later(&self, micros: i64) {
        self.time.fetch_add(micros, Ordering::SeqCst);
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Told {
        let mut asked = self.live.http.request(method, format!("{}{path}", self.live.url));
        for (name, value) in headers {
            asked = asked.header(*name, *value);
        }
        let reply = asked.body(body.to_owned()).send().await.unwrap();
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let text = reply.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Told { status, headers, text, body }
    }

    /// As a page of this server asks.
    async fn ask(&self, browser: &mut Browser, method: Method, path: &str, body: &Json) -> Told {
        let cookie = browser.cookie.clone().unwrap_or_default();
        let csrf = browser.csrf.clone().unwrap_or_default();
        let mut headers = vec![("origin", &*self.live.url), ("sec-fetch-site", "same-origin")];
        headers.extend((!cookie.is_empty()).then_some(("cookie", &*cookie)));
        headers.extend((!csrf.is_empty()).then_some(("x-csrf-token", &*csrf)));
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let key = accounts::secret::random().unwrap();
        if !body.is_null() {
            headers.push(("content-type", "application/json"));
            headers.push(("idempotency-key", &key));
        }
        let told = self.send(method, path, &headers, &text).await;
        if let Some(set) = told.header("set-cookie") {
            let pair = set.split(';').next().unwrap();
            browser.cookie = (!set.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        if let Some(token) = told.body["csrf_token"].as_str() {
            browser.csrf = Some(token.to_owned());
        }
        told
    }

    async fn try_in(&self, browser: &mut Browser, login: &str, password: &str) -> Told {
        let body = json!({ "login": login, "password": password });
        self.ask(browser, Method::POST, "/auth/sign-in", &body).await
    }

    async fn signed_in(&self) -> Browser {
        let mut browser = Browser::default();
        self.try_in(&mut browser, LOGIN, PASSWORD).await.expect(200);
        browser
    }

    async fn get(&self, browser: &mut Browser, path: &str) -> Told {
        self.ask(browser, Method::GET, path, &Json::Null).await
    }

    /// As `firm key` does: through the socket of the running server.
    async fn operate(&self, command: Command) -> Json {
        admin::ask(&self.live.folder, &command).await.unwrap().unwrap()
    }

    async fn key(&self, scopes: &[&str], days: Option<i64>) -> (String, String) {
        self.key_for(None, scopes, days).await
    }

    async fn key_for(
        &self,
        tenant: Option<&str>,
        scopes: &[&str],
        days: Option<i64>,
    ) -> (String, String) {
        let expires = days.map(|days| self.time.load(Ordering::SeqCst) + days * DAY);
        let told = self
            .operate(Command::CreateKey(NewKey {
                owner: "acme".to_owned(),
                name: "import".to_owned(),
                actors: vec!["partner".to_owned()],
                scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
                expires,
                tenant: tenant.map(str::to_owned),
            }))
            .await;
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        (text(&told["secret"]), text(&told["key"]["prefix"]))
    }
}

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

//! A served library with accounts, and the browsers that ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use accounts::admin::{self, Command};
use accounts::{Clock, NewKey};
use hyper::Method;
use serde_json::{Value as Json, json};
use server::IdentitySettings;

use crate::oidc_support::{LOGIN, Live, PASSWORD};

pub const MODEL: &str = "
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
pub const BOOKS: &str = "/lending/v1/books";
pub const SECOND: i64 = 1_000_000;
pub const DAY: i64 = 24 * 3600 * SECOND;

/// A served library whose accounts go by a clock of ours.
pub struct Library {
    pub live: Live,
    pub time: Arc<AtomicI64>,
}

/// A browser: what it was given to keep, and what it read.
#[derive(Default)]
pub struct Browser {
    pub cookie: Option<String>,
    pub csrf: Option<String>,
}

pub struct Told {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub body: Json,
}

impl Told {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let this = self.expect(status);
        assert_eq!(this.body["code"], code, "{}", this.text);
        this
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Library {
    pub async fn open() -> Self {
        Self::with(IdentitySettings::default()).await
    }

    pub async fn with(identity: IdentitySettings) -> Self {
        Self::of(MODEL, identity).await
    }

    pub async fn of(model: &str, identity: IdentitySettings) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let time = Arc::new(AtomicI64::new(i64::try_from(now).unwrap()));
        let told = Arc::clone(&time);
        let clock = Clock::new(move || told.load(Ordering::SeqCst));
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let identity = IdentitySettings { clock, ..identity };
        Self { live: Live::serving(model, &key, Vec::new(), identity).await, time }
    }

    pub fn later(&self, micros: i64) {
        self.time.fetch_add(micros, Ordering::SeqCst);
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Told {
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
    pub async fn ask(
        &self,
        browser: &mut Browser,
        method: Method,
        path: &str,
        body: &Json,
    ) -> Told {
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

    pub async fn try_in(&self, browser: &mut Browser, login: &str, password: &str) -> Told {
        let body = json!({ "login": login, "password": password });
        self.ask(browser, Method::POST, "/auth/sign-in", &body).await
    }

    pub async fn signed_in(&self) -> Browser {
        let mut browser = Browser::default();
        self.try_in(&mut browser, LOGIN, PASSWORD).await.expect(200);
        browser
    }

    pub async fn get(&self, browser: &mut Browser, path: &str) -> Told {
        self.ask(browser, Method::GET, path, &Json::Null).await
    }

    /// As `firm key` does: through the socket of the running server.
    pub async fn operate(&self, command: Command) -> Json {
        admin::ask(&self.live.folder, &command).await.unwrap().unwrap()
    }

    pub async fn key(&self, scopes: &[&str], days: Option<i64>) -> (String, String) {
        self.key_for(None, scopes, days).await
    }

    pub async fn key_for(
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

//! A server with users and clients, and a browser that does what it is told and no more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use accounts::NewUser;
use accounts::oidc::{digest, read_clients};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use decide::Design;
use runtime::http::{Edge, Limits};
use runtime::telemetry::AccessLog;
use serde_json::{Value as Json, json};
use server::{CacheSettings, IdentitySettings, OidcSettings, Server, Settings, StoreAddress};

pub const MODEL: &str = "
firmitas: 1
system: { name: Library, summary: Books that people borrow. }
actors:
  everyone: { auth: none }
  reader: { auth: user }
  librarian: { auth: user, role: staff }
  stock: { auth: service }
contexts:
  lending:
    entities:
      Book: { rows: 1k, fields: { title: 'string(1..100)' } }
    operations:
      addBook: { create: Book, by: [librarian, stock], input: [title], rate: 1/s }
      books: { list: Book, by: [reader, stock], rate: 1/s }
      addLabelled:
        create: Book
        by: [librarian]
        input: [title]
        route: labelled
        do: [{ call: printer.print, with: { title: self.title } }]
        rate: 1/s
  desk:
    entities:
      Note: { rows: 1k, fields: { text: 'string(1..100)' } }
    operations:
      notes: { list: Note, by: [reader], rate: 1/s }
externals:
  printer:
    operations:
      print:
        input: { title: string }
        output: { label: 'string(1..40)' }
        latency: p50 10ms p99 100ms
        idempotent: true
";

pub const LOGIN: &str = "anna@example.com";
pub const PASSWORD: &str = "a quiet afternoon in may";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The secret of the client `partner`.
pub const SECRET: &str = "partner:secret / of 256 bits";
pub const BACK: &str = "https://app.example/back";

/// A server that is gone with the test.
pub struct Live {
    pub server: Option<Server>,
    pub folder: PathBuf,
    pub http: reqwest::Client,
    pub url: String,
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn design(model: &str) -> Arc<Design> {
    let files = BTreeMap::from([(engine::ROOT.to_owned(), model.to_owned())]);
    let checked = engine::check(&files);
    let errors: Vec<String> = checked
        .diagnostics
        .iter()
        .filter(|found| found.severity == base::Severity::Error)
        .map(|found| format!("{}: {}", found.id, found.message))
        .collect();
    checked.design.unwrap_or_else(|| panic!("{errors:#?}"))
}

/// Clients of every kind; `key` is the public key of the one that signs.
pub fn clients(key: &Json) -> String {
    let back = [BACK, "http://127.0.0.1/back"];
    let done = ["https://app.example/done"];
    let all = "openid profile email offline_access lending desk.notes";
    json!({ "clients": [
        { "client_id": "web", "client_name": "Our page", "redirect_uris": back,
          "post_logout_redirect_uris": done, "scope": all, "first_party": true },
        { "client_id": "other", "redirect_uris": ["https://other.example/back"], "scope": all,
          "first_party": true, "id_token_signed_response_alg": "EdDSA" },
        { "client_id": "partner", "client_name": "A <b>partner</b>",
          "redirect_uris": ["https://partner.example/back"],
          "post_logout_redirect_uris": ["https://partner.example/done"], "scope": all,
          "token_endpoint_auth_method": "client_secret_basic",
          "client_secret_sha256": digest(SECRET) },
        { "client_id": "stock", "grant_types": ["client_credentials"], "actor": "stock",
          "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key] } },
    ] })
    .to_string()
}

/// Attacks are to be refused for what they are, not for how many they are.
fn unlimited() -> Edge {
    let mut edge = Edge::default();
    edge.rates.off = true;
    edge
}

impl Live {
    pub async fn start() -> Self {
        Self::with(&json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }))
        .await
    }

    pub async fn with(key: &Json) -> Self {
        Self::calling(key, Vec::new()).await
    }

    pub async fn calling(key: &Json, externals: Vec<(String, String)>) -> Self {
        Self::serving(MODEL, key, externals, IdentitySettings::default()).await
    }

    /// A server of another model, or with other accounts.
    pub async fn serving(
        model: &str,
        key: &Json,
        externals: Vec<(String, String)>,
        identity: IdentitySettings,
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("firm-oidc-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = Settings {
            keys: server::KeySettings::default(),
            listen: ([127, 0, 0, 1], 0).into(),
            data: folder.clone(),
            store: StoreAddress::Embedded,
            externals,
            identity: IdentitySettings { hash_memory: Some(64), ..identity },
            oidc: OidcSettings {
                clients: read_clients(&clients(key)).unwrap(),
                ..OidcSettings::default()
            },
            access_log: AccessLog::Off,
            limits: Limits::default(),
            edge: unlimited(),
            cache: CacheSettings::default(),
            files: server::FilesSettings::default(),
            graphql: server::GraphQlSettings::default(),
            page: server::PageSettings::default(),
            grpc: server::GrpcSettings::default(),
            traces: None,
        };
        let server =
            Server::start(&design(model), settings).await.map_err(|why| format!("{why:?}"));
        let server = server.unwrap();
        let url = format!("http://{}", server.address());
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let live = Self { server: Some(server), folder, http, url };
        if live.server.as_ref().unwrap().accounts().is_some() {
            live.user(LOGIN, &["staff"]).await;
            live.user("ben@example.com", &[]).await;
        }
        live
    }

    pub fn accounts(&self) -> &Arc<accounts::Accounts> {
        self.server.as_ref().unwrap().accounts().unwrap()
    }

    async fn user(&self, login: &str, roles: &[&str]) {
        let new = NewUser {
            login: login.to_owned(),
            verified: true,
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            name: Some("Anna".to_owned()),
        };
        self.accounts().create(new, Some(PASSWORD.to_owned())).await.unwrap();
    }

    /// Signs in with a browser; the cookie.
    pub async fn sign_in(&self, login: &str) -> String {
        let form = form(&[("login", login), ("password", PASSWORD), ("next", "/")]);
        let asked = self.http.post(format!("{}/auth/sign-in", self.url));
        let reply = asked
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &self.url)
            .header("sec-fetch-site", "same-origin")
            .body(form)
            .send()
            .await
            .unwrap();
        let cookie = reply.headers().get("set-cookie").unwrap_or_else(|| panic!("{reply:?}"));
        cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// What the authorization endpoint answers.
    pub async fn authorize(&self, cookie: &str, changes: &[(&str, &str)]) -> Answer {
        let query = authorization(changes);
        let url = format!("{}/oauth/authorize?{query}", self.url);
        Answer::of(self.http.get(url).header("cookie", cookie).send().await.unwrap()).await
    }

    /// A code for the client `web`.
    pub async fn code(&self, cookie: &str, changes: &[(&str, &str)]) -> String {
        let answer = self.authorize(cookie, changes).await;
        answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"))
    }

    /// Posts a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as(path, fields, None).await
    }

    /// Posts a form with a client's id and secret.
    pub async fn post_as(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Answer {
        let mut asked = self.http.post(format!("{}{path}", self.url));
        asked = asked.header("content-type", "application/x-www-form-urlencoded");
        if let Some((id, secret)) = basic {
            let encoded =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            asked = asked.basic_auth(encoded(id), Some(encoded(secret)));
        }
        Answer::of(asked.body(form(fields)).send().await.unwrap()).await
    }

    /// Redeems a code of the client `web`, with changes.
    pub async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "web"),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
            ("code", code),
        ];
        self.post("/oauth/token", &changed(&fields, changes)).await
    }

    /// Tokens of the client `web`.
    pub async fn tokens(&self, cookie: &str, scope: &str) -> Json {
        let code = self.code(cookie, &[("scope", scope)]).await;
        let answer = self.redeem(&code, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        let fields =
            [("grant_type", "refresh_token"), ("client_id", "web"), ("refresh_token", token)];
        self.post("/oauth/token", &fields).await
    }

    /// Reads with an access token.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        let asked = self.http.get(format!("{}{path}", self.url)).bearer_auth(token);
        Answer::of(asked.send().await.unwrap()).await
    }

    pub async fn stop(mut self) {
        self.server.take().unwrap().stop().await;
    }
}

/// The parameters of a sound request of `web`, with changes; an empty value leaves one out.
pub fn authorization(changes: &[(&str, &str)]) -> String {
    let challenge = digest(VERIFIER);
    let sound = [
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("state", "s t&te"),
        ("nonce", "n"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    form(&changed(&sound, changes))
}

fn changed<'a>(
    fields: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    kept.chain(changes).copied().collect()
}

pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    async fn of(reply: reqwest::Response) -> Self {
        let status = reply.status().as_u16();
        let headers = reply.headers().clone();
        let location = headers.get("location").map(|to| to.to_str().unwrap().to_owned());
        Self { status, location, headers, body: reply.text().await.unwrap() }
    }

    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// A parameter of where it leads to.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.location.as_ref()?.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The code of a refusal, told or sent along.
    pub fn error(&self) -> String {
        self.parameter("error").unwrap_or_else(|| {
            self.json()["error"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
        })
    }
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Json {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token made of parts, its signature whatever it is told.
pub fn forged(head: &Json, claims: &Json, signature: &[u8]) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{}", part(head), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

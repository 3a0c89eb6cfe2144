//! A gallery with pictures, and clients of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use decide::Design;
use reqwest::{Method, Response};
use runtime::http::{Edge, Limits};
use runtime::identity::Issuer;
use runtime::telemetry::AccessLog;
use serde_json::{Value as Json, json};
use server::{
    CacheSettings, FilesSettings, IdentitySettings, OidcSettings, Server, Settings, StoreAddress,
};

pub const MODEL: &str = "
firmitas: 1
system: { name: Gallery, summary: Pictures that people show. }
actors:
  everyone: { auth: none }
  painter: { auth: user }
  visitor: { auth: user, role: visitor }
contexts:
  gallery:
    entities:
      Picture:
        rows: 1k
        fields:
          title: string(1..100)
          image: file(..300KiB)?
          other: file(..300KiB)?
        parts:
          sketches:
            fields: { page: 'int(1..9)', scan: file(..8KiB) }
            rows: 2 per Picture
            size: 0..5
    operations:
      paint: { create: Picture, by: [painter], input: [title, image, sketches], rate: 1/s }
      change: { update: Picture, by: [painter], input: [title, image, sketches], rate: 1/s }
      duplicate:
        act: Picture
        by: [painter]
        rate: 1/s
        do: [{ set: { other: self.image } }]
      burn: { delete: Picture, by: [painter], rate: 1/s }
      picture: { get: Picture, by: [everyone], fields: [id, title, image, other, sketches], rate: 1/s }
      pictures: { list: Picture, by: [everyone], fields: [id, title, image], rate: 1/s }
  desk:
    entities:
      Note: { rows: 1k, fields: { text: 'string(1..100)' } }
    operations:
      note: { create: Note, by: [visitor], input: [text], rate: 1/s }
";

/// A server that is gone with the test.
pub struct Gallery {
    pub server: Option<Server>,
    pub folder: PathBuf,
    pub http: reqwest::Client,
    pub url: String,
    pub design: Arc<Design>,
}

impl Drop for Gallery {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn design(text: &str) -> Arc<Design> {
    let files = BTreeMap::from([(engine::ROOT.to_owned(), text.to_owned())]);
    let checked = engine::check(&files);
    let errors: Vec<String> = checked
        .diagnostics
        .iter()
        .filter(|found| found.severity == base::Severity::Error)
        .map(|found| format!("{}: {}", found.id, found.message))
        .collect();
    checked.design.unwrap_or_else(|| panic!("{errors:#?}"))
}

pub fn settings(folder: &Path) -> Settings {
    let mut edge = Edge::default();
    edge.rates.off = true;
    Settings {
        keys: server::KeySettings::default(),
        listen: ([127, 0, 0, 1], 0).into(),
        data: folder.to_owned(),
        store: StoreAddress::Embedded,
        externals: Vec::new(),
        identity: IdentitySettings { hash_memory: Some(64), ..IdentitySettings::default() },
        oidc: OidcSettings::default(),
        access_log: AccessLog::Off,
        limits: Limits::default(),
        edge,
        cache: CacheSettings::default(),
        files: FilesSettings::default(),
        graphql: server::GraphQlSettings::default(),
        grpc: server::GrpcSettings::default(),
        page: server::PageSettings::default(),
        traces: None,
    }
}

pub fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name =
        format!("firm-files-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A client that may be made before any server.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl Gallery {
    pub async fn start() -> Self {
        Self::with(MODEL, |_| {}).await
    }

    pub async fn with(model: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = folder();
        let mut settings = settings(&folder);
        change(&mut settings);
        let design = design(model);
        let server = Server::start(&design, settings).await;
        let server = server.map_err(|why| format!("{why:?}")).unwrap();
        let url = format!("http://{}", server.address());
        let http = client();
        Self { server: Some(server), folder, http, url, design }
    }

    pub fn token(&self, actor: &str, subject: &str) -> String {
        let issuer = Issuer::open(&self.folder, self.design.model.clone()).unwrap();
        let mut actors = self.design.model.actors();
        let (id, _) = actors.find(|(_, of)| of.name.value == actor).unwrap();
        issuer.issue(id, subject, Duration::from_secs(600)).unwrap()
    }

    pub fn asked(&self, method: Method, path: &str, token: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url.clone() + path };
        let asked = self.http.request(method, url);
        if token.is_empty() { asked } else { asked.bearer_auth(token) }
    }

    pub async fn upload(&self, token: &str, media_type: &str, bytes: &[u8]) -> Response {
        self.upload_as(token, "/files", media_type, bytes).await
    }

    pub async fn upload_as(
        &self,
        token: &str,
        path: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Response {
        let asked = self.asked(Method::POST, path, token).header("content-type", media_type);
        asked.body(bytes.to_vec()).send().await.unwrap()
    }

    /// The id of a content that was taken.
    pub async fn id(&self, token: &str, media_type: &str, bytes: &[u8]) -> String {
        let reply = self.upload(token, media_type, bytes).await;
        assert_eq!(reply.status(), 201);
        let json: Json = reply.json().await.unwrap();
        json["id"].as_str().unwrap().to_owned()
    }

    pub async fn paint(&self, token: &str, body: Json) -> (u16, Json) {
        let key = uuid();
        let asked = self.asked(Method::POST, "/gallery/v1/pictures", token);
        let asked = asked.header("idempotency-key", key).json(&body);
        answer(asked.send().await.unwrap()).await
    }

    pub async fn change(&self, token: &str, id: &str, body: Json) -> (u16, Json) {
        let asked = self.asked(Method::PATCH, &format!("/gallery/v1/pictures/{id}"), token);
        answer(asked.header("if-match", "*").json(&body).send().await.unwrap()).await
    }

    pub async fn burn(&self, token: &str, id: &str) -> u16 {
        let asked = self.asked(Method::DELETE, &format!("/gallery/v1/pictures/{id}"), token);
        asked.header("if-match", "*").send().await.unwrap().status().as_u16()
    }

    pub async fn picture(&self, id: &str) -> Json {
        let asked = self.asked(Method::GET, &format!("/gallery/v1/pictures/{id}"), "");
        answer(asked.send().await.unwrap()).await.1
    }

    /// All pictures.
    pub async fn ids(&self) -> Vec<String> {
        let asked = self.asked(Method::GET, "/gallery/v1/pictures", "");
        let (_, list) = answer(asked.send().await.unwrap()).await;
        let rows = list["items"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Removes what is to be removed now; how many.
    pub async fn sweep(&self) -> u32 {
        self.sweep_in(0).await
    }

    /// The same, in so many seconds.
    pub async fn sweep_in(&self, seconds: i64) -> u32 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_micros()).unwrap() + seconds * 1_000_000;
        self.server.as_ref().unwrap().files().unwrap().sweep(now).await.unwrap()
    }

    /// What is at an address that a row shows.
    pub async fn fetch(&self, url: &str) -> Response {
        self.asked(Method::GET, url, "").send().await.unwrap()
    }

    /// Contents in the folder, unfinished ones among them.
    pub fn contents(&self) -> usize {
        count(&self.folder.join("files"))
    }
}

fn count(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let each = |path: PathBuf| if path.is_dir() { count(&path) } else { 1 };
    entries.map(|entry| each(entry.unwrap().path())).sum()
}

pub async fn answer(reply: Response) -> (u16, Json) {
    let status = reply.status().as_u16();
    (status, reply.json().await.unwrap_or(json!(null)))
}

pub fn uuid() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A PNG of one colour, with noise behind it up to a size.
pub fn png(bytes: usize) -> Vec<u8> {
    let mut png =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".to_vec();
    let mut noise = 7_u32;
    while png.len() < bytes {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        png.push((noise >> 24) as u8);
    }
    png.truncate(bytes);
    png
}

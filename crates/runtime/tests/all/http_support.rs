//! A live server over a model given as text, and a client that sends exactly the bytes it is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use decide::Design;
use runtime::http::{Edge, Limits, Mount, RateSettings, Running};
use runtime::identity::Issuer;
use runtime::operations::ConfiguredExternals;
use runtime::telemetry::{AccessLog, Tracing};
use runtime::{Backend, ServeOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::store_support::Folder;

pub fn design(text: &str) -> Arc<Design> {
    let files = BTreeMap::from([(engine::ROOT.to_owned(), text.to_owned())]);
    let checked = engine::check(&files);
    let errors: Vec<_> = checked
        .diagnostics
        .iter()
        .filter(|found| found.severity == base::Severity::Error)
        .map(|found| format!("{}: {}", found.id, found.message))
        .collect();
    checked.design.unwrap_or_else(|| panic!("{errors:#?}"))
}

/// A server that is gone with the test.
pub struct Server {
    pub folder: Folder,
    pub issuer: Issuer,
    pub design: Arc<Design>,
    pub running: Option<Running>,
    pub lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(model: &str) -> Self {
        Self::with(model, Limits::default()).await
    }

    pub async fn with(model: &str, limits: Limits) -> Self {
        Self::over(Folder::new(), model, limits).await
    }

    pub async fn traced(model: &str, tracing: Option<Tracing>) -> Self {
        Self::on(Folder::new(), model, (Limits::default(), Edge::default()), tracing, Vec::new())
            .await
    }

    /// With limits of sizes and times, and nobody limited in rate.
    pub async fn over(folder: Folder, model: &str, limits: Limits) -> Self {
        let rates = RateSettings { off: true, ..RateSettings::default() };
        Self::at_edge(folder, model, limits, Edge { rates, ..Edge::default() }).await
    }

    pub async fn at_edge(folder: Folder, model: &str, limits: Limits, edge: Edge) -> Self {
        Self::on(folder, model, (limits, edge), None, Vec::new()).await
    }

    pub async fn mounted(
        folder: Folder,
        model: &str,
        limits: Limits,
        edge: Edge,
        mounts: Vec<Arc<dyn Mount>>,
    ) -> Self {
        Self::on(folder, model, (limits, edge), None, mounts).await
    }

    async fn on(
        folder: Folder,
        model: &str,
        (limits, edge): (Limits, Edge),
        tracing: Option<Tracing>,
        mounts: Vec<Arc<dyn Mount>>,
    ) -> Self {
        let design = design(model);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&lines);
        let externals = ConfiguredExternals::new(design.model.clone(), BTreeMap::new()).unwrap();
        let store = crate::stores::open(folder.path(), design.clone()).unwrap();
        let backend = Backend::start(&design, store, Arc::new(externals)).unwrap();
        let issuer = || Issuer::open(folder.path(), design.model.clone()).unwrap();
        let options = ServeOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            issuer: issuer(),
            authenticate: None,
            mounts,
            limits,
            edge,
            limiter: None,
            access_log: AccessLog::Lines(Arc::new(move |line: &str| {
                log.lock().unwrap().push(line.to_owned());
            })),
            tracing,
        };
        let running = runtime::serve(Arc::new(backend), options).await.unwrap();
        let issuer = issuer();
        Self { issuer, design, running: Some(running), lines, folder }
    }

    pub fn token(&self, actor: &str, subject: &str) -> String {
        let mut actors = self.design.model.actors();
        let (id, _) = actors.find(|(_, declared)| declared.name.value == actor).unwrap();
        self.issuer.issue(id, subject, Duration::from_secs(600)).unwrap()
    }

    pub async fn connect(&self) -> TcpStream {
        let address = self.running.as_ref().unwrap().address();
        TcpStream::connect(address).await.unwrap()
    }

    /// Sends a request and reads the answer.
    pub async fn ask(&self, ask: Ask<'_>) -> Reply {
        let mut stream = self.connect().await;
        let mut head = format!("{} {} HTTP/1.1\r\nhost: test\r\n", ask.method, ask.path);
        for (name, value) in &ask.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if let Some(body) = ask.body {
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("connection: close\r\n\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(ask.body.unwrap_or_default());
        // A server may answer and close before it has read everything.
        let _ = stream.write_all(&bytes).await;
        Reply::read(stream).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask(Ask::new("GET", path)).await
    }

    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

/// A request under construction.
pub struct Ask<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: Vec<(&'a str, String)>,
    pub body: Option<&'a [u8]>,
}

impl<'a> Ask<'a> {
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self { method, path, headers: Vec::new(), body: None }
    }

    pub fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn json(self, body: &'a str) -> Self {
        self.header("content-type", "application/json").body(body.as_bytes())
    }

    pub fn body(mut self, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let reading = stream.read_to_end(&mut bytes);
        let _ = tokio::time::timeout(Duration::from_secs(30), reading).await.expect("an answer");
        Self::parse(&bytes)
    }

    pub fn parse(bytes: &[u8]) -> Self {
        let split = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let split = split.unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: bytes[split + 4..].to_vec() }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The code of a problem document, which it must be.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let document = self.json();
        assert_eq!(document["status"], self.status);
        assert!(document["title"].is_string() && document["type"].is_string());
        document["code"].as_str().unwrap().to_owned()
    }
}

/// A field of every type that clients write.
pub const LIBRARY: &str = r#"
firmitas: 1
system: { name: Library, currency: EUR }
actors:
  visitor: { auth: none }
  reader: { auth: user, is: books.Reader }
  librarian: { auth: user, role: staff }
  robot: { auth: service }
contexts:
  books:
    entities:
      Reader:
        fields:
          email: email unique pii
      Book:
        fields:
          code: string(1..20) unique immutable
          title: string(1..40) search
          pages: int(1..5000)
          rating: decimal(3,2)?
          price: money(0..)
          weight: float?
          available: bool = true
          published: date?
          opens: time?
          seen_at: timestamp?
          loan: duration?
          isbn: uuid?
          contact: email?
          site: url?
          phone: phone?
          shelf: geo?
          notes: json?
          kind: enum(novel, essay) = novel
          tags: list(string(1..10), ..3)
        parts:
          copies:
            size: 0..5
            fields:
              number: int(1..99)
              place: string(..10) = cellar
    operations:
      join: { create: Reader, by: [reader], input: [email], rate: 1/s }
      viewReader: { get: Reader, by: { reader: self.id == actor.id, librarian: true }, rate: 1/s }
      listBooks:
        list: Book
        by: [visitor]
        filter: [price, kind, pages]
        sort: [title, price]
        search: true
        near: shelf
        stale: 1min
        rate: 1/s
      viewBook: { get: Book, by: [visitor], stale: 60s, rate: 1/s }
      addBook:
        create: Book
        by: [librarian]
        input: [code, title, pages, rating, price, weight, available, published, opens, seen_at, loan, isbn, contact, site, phone, shelf, notes, kind, tags, copies.number, copies.place]
        rate: 1/s
      editBook: { update: Book, by: [librarian], input: [title, pages, rating], rate: 1/s }
      dropBook: { delete: Book, by: [librarian], rate: 1/s }
      lendBook: { act: Book, by: [librarian], do: [{ set: { available: false } }], rate: 1/s }
      watchBooks: { stream: Book, by: [visitor], rate: 10 open }
"#;

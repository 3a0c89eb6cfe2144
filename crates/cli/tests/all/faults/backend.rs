//! An example as `firm up` serves it, on a port that it keeps when it is started again.

use std::io::{BufRead, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::ports;
use crate::acceptance::client::Client;
use crate::acceptance::server::{FIRM, Folder, example, token};
use crate::acceptance::shop::product;

/// A backend with a store of its own.
pub struct Backend {
    model: &'static str,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    pub data: PathBuf,
    /// Removed with the backend.
    folder: Folder,
    child: Option<Child>,
    pub url: String,
}

impl Backend {
    /// Not started yet. Rates are not limited: it is to be loaded.
    pub fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let port = ports::free();
        let command = ["--json", "--rate-limit", "off", "--listen"].map(str::to_owned);
        Self {
            model: "shop",
            command: command.into_iter().chain([format!("127.0.0.1:{port}")]).collect(),
            environment: Vec::new(),
            data: folder.0.join("data"),
            folder,
            child: None,
            url: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Another example than the shop.
    pub fn model(mut self, model: &'static str) -> Self {
        self.model = model;
        self
    }

    /// On this database instead of the embedded one.
    pub fn store(self, url: &str) -> Self {
        self.flags(&["--store", url])
    }

    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.command.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The embedded store and the keys in this folder.
    pub fn data(mut self, data: PathBuf) -> Self {
        self.data = data;
        self
    }

    /// Starts it and waits until it says that it is ready.
    pub fn started(mut self) -> Self {
        self.start();
        self
    }

    /// Starts it, for the first time or again.
    pub fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let mut child = Command::new(FIRM)
            .arg("up")
            .arg(example(self.model))
            .args(&self.command)
            .arg("--data")
            .arg(&self.data)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        if line.trim_end() == "{" {
            // It says in several lines why it does not start.
            said.read_to_string(&mut line).unwrap();
        }
        self.child = Some(child);
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("`firm up --json` printed {line:?}: {error}"));
        assert_eq!(ready["url"].as_str().map(|url| url.trim_end_matches('/')), Some(&*self.url));
    }

    fn log(&self) -> PathBuf {
        self.folder.0.join("log")
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The shop's customer with the card and the products that orders need.
    pub fn customer(&self) -> Customer {
        let merchandiser = self.client("merchandiser", "mary");
        let products = (0..3)
            .map(|n| merchandiser.post("/catalog/v1/products", &product(&format!("P{n}"), "1.25")))
            .map(|reply| reply.expect(201).id())
            .collect();
        let client = self.client("customer", "alice@example.com");
        let user = json!({ "email": "alice@example.com", "name": "Alice" });
        client.post("/identity/v1/users", &user).expect(201);
        let card = json!({ "token": "tok_alice_12345678", "last4": "4242" });
        let card = client.post("/payments/v1/cards", &card).expect(201).id();
        Customer { client, card, products }
    }

    pub fn client(&self, actor: &str, subject: &str) -> Client {
        Client::new(&self.url, Some(self.token(actor, subject)))
    }

    pub fn token(&self, actor: &str, subject: &str) -> String {
        token(&example(self.model), &self.data, actor, subject)
    }

    /// A number that `/metrics` shows without labels.
    pub fn metric(&self, name: &str) -> f64 {
        let text = Client::new(&self.url, None).get("/metrics").expect(200).text;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            let errors = log.lines().filter(|line| !line.contains("\"duration_ms\""));
            let lines: Vec<_> = errors.collect();
            let last = &lines[lines.len().saturating_sub(20)..];
            eprintln!("the last of the server's log:\n{}", last.join("\n"));
        }
    }
}

/// Who orders.
#[derive(Clone)]
pub struct Customer {
    pub client: Client,
    pub card: String,
    pub products: Vec<String>,
}

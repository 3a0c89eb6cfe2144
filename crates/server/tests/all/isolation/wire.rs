//! Requests and answers as the bytes that they are.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request under construction.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

impl Ask {
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), ..Self::default() }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn json(mut self, body: &Json) -> Self {
        self.body = Some(body.to_string());
        self.header("content-type", "application/json")
    }

    /// What it says, but for how it was proven who asks.
    pub fn sent(&self) -> String {
        let mut text = format!("{}\n{}\n", self.path, self.body.as_deref().unwrap_or_default());
        for (_, value) in self.headers.iter().filter(|(name, _)| *name != "authorization") {
            text.push_str(value);
            text.push('\n');
        }
        text
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let body = self.body.as_deref().unwrap_or_default();
        if self.body.is_some() {
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        format!("{head}\r\n{body}").into_bytes()
    }

    pub async fn send(&self, to: SocketAddr) -> Reply {
        let mut stream = TcpStream::connect(to).await.unwrap();
        // A server may answer before it has read everything.
        let _ = stream.write_all(&self.bytes()).await;
        let mut bytes = Vec::new();
        let reading = stream.read_to_end(&mut bytes);
        let _ = tokio::time::timeout(Duration::from_secs(60), reading).await.expect("an answer");
        Reply::new(bytes)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub bytes: Vec<u8>,
    head: usize,
}

impl Reply {
    fn new(bytes: Vec<u8>) -> Self {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let head = head.unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(&bytes)));
        let status = std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap();
        Self { status, bytes, head }
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        std::str::from_utf8(&self.bytes[..self.head]).unwrap().split("\r\n")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let of = |line: &str| line.split_once(": ").is_some_and(|(of, _)| of == name);
        self.lines().find(|line| of(line)).map(|line| &line[name.len() + 2..])
    }

    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head + 4..]
    }

    pub fn json(&self) -> Json {
        serde_json::from_slice(self.body()).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The whole answer without what is different each time: when it was given, by what it is
    /// found in the log, and the word that the request itself was about.
    pub fn comparable(&self, about: &str) -> String {
        let lines = self.lines().map(|line| match line.split_once(": ") {
            Some((name @ ("date" | "x-correlation-id"), _)) => name.to_owned(),
            _ => line.to_owned(),
        });
        let head: Vec<String> = lines.collect();
        let text = format!("{}\n\n{}", head.join("\n"), String::from_utf8_lossy(self.body()));
        text.replace(about, "(what was asked for)")
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

//! A plain HTTP client: it knows nothing of Firmitas but what HTTP and JSON say.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Method, Request};

/// Someone who asks, with their token.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The stable code of a problem document; fails if this is none.
    pub fn code(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.body["status"], self.status, "{self:?}");
        self.body["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}"))
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {:?}", self.text, self.headers);
        self
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let this = self.expect(status);
        assert_eq!(this.code(), code, "{}", this.text);
        this
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id: {}", self.text)).to_owned()
    }
}

impl Client {
    pub fn new(url: &str, token: Option<String>) -> Self {
        let configuration = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .allow_non_standard_methods(true)
            .build();
        Self { agent: configuration.into(), url: url.to_owned(), token }
    }

    /// Fails only where no whole answer came back.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Reply, ureq::Error> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => self.agent.run(request.body(body).unwrap())?,
            None => self.agent.run(request.body(()).unwrap())?,
        };
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, body, text })
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None).unwrap()
    }

    /// A POST with an idempotency key that was never used before.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let key = format!("key-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.post_with(path, &key, body).unwrap()
    }

    pub fn post_with(&self, path: &str, key: &str, body: &Value) -> Result<Reply, ureq::Error> {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send("POST", path, &headers, Some(body.to_string().as_bytes()))
    }

    pub fn patch(&self, path: &str, etag: &str, body: &Value) -> Reply {
        let headers = [("content-type", "application/merge-patch+json"), ("if-match", etag)];
        self.send("PATCH", path, &headers, Some(body.to_string().as_bytes())).unwrap()
    }

    pub fn delete(&self, path: &str, etag: &str) -> Reply {
        self.send("DELETE", path, &[("if-match", etag)], None).unwrap()
    }
}

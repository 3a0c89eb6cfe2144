//! What a server says about itself: health, numbers, contracts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{ACCEPT, ALLOW, HeaderValue};
use hyper::http::request::Parts;
use model::model::OperationId;
use tokio::sync::OnceCell;

use super::reply::{self, Reply};
use super::service::{Execute, Service};
use crate::json::{write_array, write_string};
use crate::problem::{Problem, code};
use crate::telemetry::{Count, Sample, process};

/// A document that is served as it is, for example a contract. It is made when it is first asked
/// for, and kept.
#[derive(Clone)]
pub struct Document {
    path: String,
    media_type: &'static str,
    make: Arc<dyn Fn() -> Bytes + Send + Sync>,
    made: Arc<OnceCell<Bytes>>,
}

impl Document {
    /// A document at a path, for example `/openapi/ordering.json`, of a media type.
    pub fn new(
        path: String,
        media_type: &'static str,
        make: impl Fn() -> Bytes + Send + Sync + 'static,
    ) -> Self {
        Self { path, media_type, make: Arc::new(make), made: Arc::default() }
    }

    /// What it says; nothing where making it failed.
    async fn content(&self) -> Option<Bytes> {
        let make = || async {
            let make = Arc::clone(&self.make);
            tokio::task::spawn_blocking(move || make()).await
        };
        self.made.get_or_try_init(make).await.ok().cloned()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("path", &self.path).finish_non_exhaustive()
    }
}

const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

impl<E: Execute> Service<E> {
    /// The server's own documents; `None` where there is none at this path.
    pub(super) async fn document(&self, head: &Parts) -> Option<Reply> {
        let (method, path) = (&head.method, head.uri.path());
        let known =
            matches!(path, "/" | "/health" | "/ready" | "/metrics" | "/.well-known/jwks.json");
        let document = self.documents.iter().find(|document| document.path == path);
        if !known && document.is_none() {
            return None;
        }
        if *method == Method::OPTIONS {
            let mut reply = reply::empty(204);
            reply.headers_mut().insert(ALLOW, ALLOWED);
            return Some(reply);
        }
        if *method != Method::GET && *method != Method::HEAD {
            return Some(reply::not_allowed(&Problem::new(&code::METHOD_NOT_ALLOWED), ALLOWED));
        }
        Some(match (path, document) {
            (_, Some(document)) => match document.content().await {
                Some(content) => {
                    reply::typed(200, content, HeaderValue::from_static(document.media_type))
                }
                None => reply::problem(&Problem::new(&code::INTERNAL)),
            },
            ("/health", _) => reply::json(200, &b"{\"status\":\"up\"}"[..]),
            ("/ready", _) => self.ready().await,
            ("/metrics", _) => self.numbers(asks_for_open_metrics(head)).await,
            ("/", _) => reply::json(200, self.index()),
            _ => self.keys(),
        })
    }

    /// All numbers; as OpenMetrics for those who ask for it.
    async fn numbers(&self, open: bool) -> Reply {
        let mut samples = self.backend.samples().await;
        samples.extend(self.burn());
        samples.extend(process::samples());
        samples.extend(self.tracing.iter().flat_map(|tracing| tracing.sink.samples()));
        let size = u32::try_from(self.gate.size()).unwrap_or(u32::MAX);
        let help = "Most requests at once at the moment: fewer while reads take too long.";
        samples.push(Sample::new("http_server_requests_admitted", help, f64::from(size)));
        let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        let as_open =
            HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        match open {
            true => reply::typed(200, self.metrics.render_open(&samples), as_open),
            false => reply::typed(200, self.metrics.render(&samples), plain),
        }
    }

    /// How fast the budgets of the objectives are used up.
    fn burn(&self) -> Vec<Sample> {
        let counts = self.counts();
        self.burning.samples(Instant::now(), |operation| counts.get(&operation).copied())
    }

    /// Looks at how the objectives do.
    pub(super) fn look(&self) {
        let counts = self.counts();
        self.burning.look(Instant::now(), |operation| counts.get(&operation).copied());
    }

    /// Requests so far, of the operations that had any.
    fn counts(&self) -> BTreeMap<OperationId, Count> {
        let endpoints = self.router.endpoints().iter().enumerate();
        let counts = endpoints.filter_map(|(at, endpoint)| {
            Some((endpoint.operation, self.metrics.operation(at)?.count()))
        });
        counts.filter(|(_, count)| count.all > 0).collect()
    }

    /// Ready to be sent requests: not while it stops, nor while the store does not answer.
    async fn ready(&self) -> Reply {
        if self.draining.load(Relaxed) {
            let detail = "The server is stopping.";
            return reply::problem(&Problem::new(&code::UNAVAILABLE).detail(detail));
        }
        match self.backend.unready().await {
            None => reply::json(200, &b"{\"status\":\"ready\"}"[..]),
            Some(reason) => reply::problem(&Problem::new(&code::UNAVAILABLE).detail(reason)),
        }
    }

    /// What is served: contexts, their routes, contracts, and what does not run yet.
    fn index(&self) -> Vec<u8> {
        let design = self.backend.design();
        let mut out = b"{\"name\":".to_vec();
        write_string(&mut out, &design.model.system.name);
        out.extend_from_slice(b",\"summary\":");
        write_string(&mut out, &design.model.system.summary);
        let operations = self.router.endpoints().iter();
        let operation = |out: &mut Vec<u8>, endpoint: &super::endpoint::Endpoint| {
            out.extend_from_slice(b"{\"name\":");
            write_string(out, &endpoint.name);
            out.extend_from_slice(b",\"method\":");
            write_string(out, endpoint.route.method.name());
            out.extend_from_slice(b",\"path\":");
            write_string(out, &endpoint.template);
            out.push(b'}');
        };
        list(&mut out, "operations", operations, operation);
        let texts = |out: &mut Vec<u8>, text: &str| write_string(out, text);
        let paths = self.documents.iter().map(|document| document.path.as_str());
        let own = ["/health", "/ready", "/metrics", "/.well-known/jwks.json"];
        list(&mut out, "documents", own.into_iter().chain(paths), texts);
        list(&mut out, "not_running", self.backend.not_running().into_iter(), texts);
        out.push(b'}');
        out
    }

    /// The public key of the built-in issuer (RFC 7517).
    fn keys(&self) -> Reply {
        let key = serde_json::to_vec(self.issuer.public_key()).unwrap_or_default();
        let mut body = b"{\"keys\":[".to_vec();
        body.extend_from_slice(&key);
        body.extend_from_slice(b"]}");
        reply::json(200, body)
    }
}

/// Whether a scraper understands exemplars.
fn asks_for_open_metrics(head: &Parts) -> bool {
    let accept = head.headers.get_all(ACCEPT).iter();
    accept.filter_map(|value| value.to_str().ok()).any(|value| value.contains("openmetrics-text"))
}

/// Appends `,"name":[..]`.
fn list<T>(
    out: &mut Vec<u8>,
    name: &str,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    out.push(b',');
    write_string(out, name);
    out.push(b':');
    write_array(out, items, write);
}

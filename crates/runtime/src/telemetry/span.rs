//! What a request was made of, and how long each piece took.
//!
//! Pieces are handed down explicitly with the [`crate::call::Trace`] of a request, so that they
//! stay together on whichever task and thread they run. They are kept in memory until the request
//! and everything that it set off has ended: only then is known whether it was slow or failed, and
//! such traces are kept whether or not they were sampled.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::Sample;
use super::trace::{TraceContext, mixed};

/// Most pieces of one request that are kept.
const LIMIT: usize = 128;

/// A piece of work that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Shared by everything that one request causes.
    pub trace: u128,
    /// Its own number, never 0.
    pub id: u64,
    /// What it is a piece of; 0 where nothing is.
    pub parent: u64,
    /// What is done, for example `GET /ordering/v1/orders/{id}`; never with values of a request.
    pub name: String,
    /// On which side of a call it stands.
    pub kind: SpanKind,
    /// Nanoseconds since the Unix epoch.
    pub start: u64,
    /// Nanoseconds since the Unix epoch.
    pub end: u64,
    /// The stable code of what went wrong, if it failed.
    pub failed: Option<String>,
    /// Further facts by the names of OpenTelemetry's semantic conventions; nothing personal.
    pub attributes: Vec<(&'static str, Attribute)>,
}

/// A fact about a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// A name.
    Text(String),
    /// A number.
    Whole(i64),
}

/// On which side of a call a span stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Somebody called us.
    Server,
    /// We call somebody.
    Client,
    /// Neither.
    Internal,
}

/// Takes the spans of requests that have ended. It must not block: it is called by whoever serves.
pub trait SpanSink: Send + Sync + 'static {
    /// Takes the spans of one request.
    fn export(&self, spans: Vec<Span>);

    /// What became of them, for `/metrics`.
    fn samples(&self) -> Vec<Sample> {
        Vec::new()
    }
}

/// Which traces are kept, and where they go.
#[derive(Clone)]
pub struct Tracing {
    /// Where they go.
    pub sink: Arc<dyn SpanSink>,
    /// The share of the traces begun here that are kept, 0 to 1. Those that a client has begun
    /// and sampled are kept, and so are slow and failed ones.
    pub share: f64,
}

impl Tracing {
    /// Whether a trace that begins here is sampled. All servers that see its number agree.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
    pub fn samples(&self, trace: u128) -> bool {
        (trace as u64) as f64 / u64::MAX as f64 <= self.share
    }

    /// Begins to collect the spans of a request.
    #[must_use]
    pub fn begin(&self, trace: TraceContext) -> Spans {
        Spans(Arc::new(Recorder {
            sink: Arc::clone(&self.sink),
            trace,
            parent: trace.span,
            next: AtomicU64::new(trace.span),
            kept: AtomicBool::new(false),
            ended: Mutex::default(),
        }))
    }
}

/// The spans of one request.
#[derive(Clone)]
pub struct Spans(Arc<Recorder>);

struct Recorder {
    sink: Arc<dyn SpanSink>,
    trace: TraceContext,
    /// The request's own span.
    parent: u64,
    next: AtomicU64,
    kept: AtomicBool,
    ended: Mutex<Vec<Span>>,
}

impl Spans {
    /// Begins a piece of the request. It ends when the result is dropped.
    #[must_use]
    pub fn begin(&self, name: impl Into<String>, kind: SpanKind) -> OpenSpan {
        let id = mixed(self.0.next.fetch_add(0x9E37_79B9_7F4A_7C15, Relaxed));
        OpenSpan {
            recorder: Arc::clone(&self.0),
            began: Instant::now(),
            span: Span {
                trace: self.0.trace.trace,
                id,
                parent: self.0.parent,
                name: name.into(),
                kind,
                start: now(),
                end: 0,
                failed: None,
                attributes: Vec::new(),
            },
        }
    }

    /// Says that these spans are of interest: sampled, slow or failed.
    pub fn keep(&self) {
        self.0.kept.store(true, Relaxed);
    }

    /// Adds the span of the request itself.
    pub fn add(&self, span: Span) {
        self.0.add(span);
    }
}

impl Recorder {
    fn add(&self, span: Span) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() < LIMIT {
            ended.push(span);
        }
    }
}

/// The request and all that it set off has ended.
impl Drop for Recorder {
    fn drop(&mut self) {
        let ended = std::mem::take(self.ended.get_mut().unwrap_or_else(PoisonError::into_inner));
        if *self.kept.get_mut() && !ended.is_empty() {
            self.sink.export(ended);
        }
    }
}

/// A piece of work that has begun.
pub struct OpenSpan {
    recorder: Arc<Recorder>,
    began: Instant,
    span: Span,
}

impl OpenSpan {
    /// With a name as a further fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.span.attributes.push((name, Attribute::Text(value.to_owned())));
        self
    }

    /// It failed with this code.
    pub fn fail(&mut self, code: &str) {
        self.span.failed = Some(code.to_owned());
    }

    /// The `traceparent` of a call that is made in it.
    #[must_use]
    pub fn traceparent(&self) -> String {
        TraceContext { span: self.span.id, ..self.recorder.trace }.traceparent()
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        let lasted = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut span = self.span.clone();
        span.end = span.start.saturating_add(lasted);
        self.recorder.add(span);
    }
}

/// Nanoseconds since the Unix epoch.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("share", &self.share).finish_non_exhaustive()
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spans({:032x})", self.0.trace.trace)
    }
}

impl PartialEq for Spans {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Spans {}

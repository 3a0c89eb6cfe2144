//! One request, from its head to its answer.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use decide::design::Design;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, ETAG, HeaderName, HeaderValue,
    LOCATION, VARY,
};
use hyper::http::request::Parts;
use hyper::{Method, Request as HttpRequest, Version};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::documents::Document;
use super::endpoint::Endpoint;
use super::limits::Limits;
use super::query::{self, Asked, Context};
use super::reply::{self, CORRELATION, Reply};
use super::router::{Found, RouteError, Router};
use super::unwind::{CatchUnwind, Panicked};
use super::{Arrival, Mount, Peer, body, head};
use crate::call::{Answer, Body, Caller, IdempotencyKey, Identity, InputValues, Request, Trace};
use crate::identity::{Authenticate, Issuer};
use crate::json;
use crate::problem::{Problem, code};
use crate::telemetry::{
    AccessLog, Entry, Metrics, OperationMetrics, Sample, TraceContext, TraceIds,
};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const BY_CALLER: HeaderValue = HeaderValue::from_static("authorization");

/// What stands behind the edge.
pub trait Execute: Send + Sync + 'static {
    /// The design it runs.
    fn design(&self) -> &Arc<Design>;

    /// Executes one operation.
    ///
    /// # Errors
    /// The reason why nothing was changed.
    fn execute(&self, request: Request) -> impl Future<Output = Result<Answer, Problem>> + Send;

    /// What the model states but this version does not run yet, one line for each place.
    fn not_running(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Why it cannot serve at the moment.
    fn unready(&self) -> impl Future<Output = Option<String>> + Send {
        std::future::ready(None)
    }

    /// Ends what runs in the background; called when the last connection is gone.
    fn close(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Numbers of its own for `/metrics`.
    fn samples(&self) -> impl Future<Output = Vec<Sample>> + Send {
        std::future::ready(Vec::new())
    }
}

/// What a service is made of besides what it runs.
pub struct ServiceOptions {
    /// The built-in issuer: its public key, and the key that seals cursors.
    pub issuer: Issuer,
    /// Who tells callers apart; the built-in issuer alone if absent.
    pub authenticate: Option<Arc<dyn Authenticate>>,
    /// What else is served, in the order in which it is asked.
    pub mounts: Vec<Arc<dyn Mount>>,
    /// Bounds.
    pub limits: Limits,
    /// Where a line for each request goes.
    pub access_log: AccessLog,
    /// Contracts and the like.
    pub documents: Vec<Document>,
}

/// Everything that serves requests; shared by all connections.
pub struct Service<E> {
    pub(super) backend: Arc<E>,
    pub(super) router: Router,
    pub(super) issuer: Issuer,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) documents: Vec<Document>,
    pub(super) draining: AtomicBool,
    authenticate: Option<Arc<dyn Authenticate>>,
    mounts: Vec<Arc<dyn Mount>>,
    log: AccessLog,
    ids: TraceIds,
    permits: Semaphore,
    large_bodies: Semaphore,
}

/// A reply, and what the log says about it.
struct Outcome {
    reply: Reply,
    identity: Option<Identity>,
    code: Option<String>,
}

impl Outcome {
    fn of(problem: &Problem, identity: Option<Identity>) -> Self {
        let code = Some(problem.code.clone().into_owned());
        Self { reply: reply::problem(problem), identity, code }
    }
}

impl<E: Execute> Service<E> {
    /// Prepares every route of the design.
    ///
    /// # Errors
    /// Routes that exclude each other.
    pub fn new(backend: Arc<E>, options: ServiceOptions) -> Result<Self, RouteError> {
        let router = Router::new(backend.design())?;
        let numbers = |endpoint: &Endpoint| {
            let objectives = endpoint.objectives.clone();
            OperationMetrics::new(endpoint.name.clone(), objectives, endpoint.slow_after)
        };
        Ok(Self {
            metrics: Metrics::new(
                router.endpoints().iter().map(numbers).collect(),
                options.limits.requests,
            ),
            permits: Semaphore::new(options.limits.requests),
            large_bodies: Semaphore::new(options.limits.large_bodies),
            issuer: options.issuer,
            authenticate: options.authenticate,
            mounts: options.mounts,
            limits: options.limits,
            log: options.access_log,
            documents: options.documents,
            draining: AtomicBool::new(false),
            ids: TraceIds::default(),
            router,
            backend,
        })
    }

    /// Answers a request. Never fails.
    pub(super) async fn serve(&self, request: HttpRequest<Incoming>) -> Reply {
        let started = Instant::now();
        let _in_flight = self.metrics.enter();
        let (parts, mut body) = request.into_parts();
        let (method, uri) = (&parts.method, &parts.uri);
        let trace = TraceContext::of(head::short(&parts.headers, &TRACEPARENT), &self.ids);
        let correlation = head::short(&parts.headers, &CORRELATION).map(Arc::<str>::from);
        let found = self.router.find(method, uri.path());
        if matches!(found, Found::Nothing)
            && uri_fits(&self.limits, uri)
            && let Some(mount) = self.mounts.iter().find(|mount| mount.takes(&parts))
        {
            let request = HttpRequest::from_parts(parts, body);
            return self.beside(mount.as_ref(), request, (trace, correlation), started).await;
        }
        let mut whole = body.is_end_stream();
        let mut outcome = match found {
            Found::Operation(endpoint, _, address) if uri_fits(&self.limits, uri) => {
                let (parts, correlation) = (&parts, &correlation);
                let body = (&mut body, &mut whole);
                let received = Received { parts, body, endpoint, address, trace, correlation };
                self.guarded(received, started).await
            }
            Found::OtherMethod(allow) => other_method(method, allow),
            _ => self.elsewhere(method, uri).await,
        };
        if !whole && parts.version < Version::HTTP_2 {
            // Refused before it was read: what is left of it would be taken for the next request,
            // so the connection ends, and the client is told.
            outcome.reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        name_trace(&mut outcome.reply, trace, correlation.as_deref());
        if *method == Method::HEAD {
            outcome.reply = without_body(outcome.reply);
        }
        self.record(&outcome, method, &found, trace, correlation.as_deref(), started.elapsed());
        outcome.reply
    }

    /// Counts the request and writes its line.
    fn record(
        &self,
        outcome: &Outcome,
        method: &Method,
        found: &Found<'_, '_>,
        trace: TraceContext,
        correlation: Option<&str>,
        duration: Duration,
    ) {
        let status = outcome.reply.status().as_u16();
        let endpoint = match found {
            Found::Operation(endpoint, at, _) => {
                if let Some(numbers) = self.metrics.operation(*at) {
                    numbers.record(status, duration);
                }
                Some(endpoint)
            }
            _ => None,
        };
        if !self.log.is_on() {
            return;
        }
        let bytes = outcome.reply.body().size_hint().lower();
        self.log.write(&Entry {
            time: now_micros(),
            trace,
            correlation,
            operation: endpoint.map(|endpoint| endpoint.name.as_str()),
            method: method.as_str(),
            route: endpoint.map(|endpoint| endpoint.template.as_str()),
            status,
            code: outcome.code.as_deref(),
            duration,
            identity: outcome.identity.as_ref(),
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
        });
    }

    /// Who asks.
    async fn caller(&self, head: &Parts, peer: &Peer) -> Result<Caller, Problem> {
        match &self.authenticate {
            Some(authenticate) => authenticate.caller(head, peer).known().await,
            None => Authenticate::caller(&self.issuer, head, peer).known().await,
        }
    }

    /// Serves a request that goes to no operation but to something beside them.
    async fn beside(
        &self,
        mount: &dyn Mount,
        request: HttpRequest<Incoming>,
        (trace, correlation): (TraceContext, Option<Arc<str>>),
        started: Instant,
    ) -> Reply {
        let method = request.method().clone();
        let belongs =
            Trace { parent: Some(trace.traceparent().into()), correlation: correlation.clone() };
        let mut outcome = self.mounted(mount, request, belongs).await;
        name_trace(&mut outcome.reply, trace, correlation.as_deref());
        if method == Method::HEAD {
            outcome.reply = without_body(outcome.reply);
        }
        let found = Found::Nothing;
        self.record(&outcome, &method, &found, trace, correlation.as_deref(), started.elapsed());
        outcome.reply
    }

    /// The answer of what is served beside the operations; a defect of it is caught.
    async fn mounted(
        &self,
        mount: &dyn Mount,
        request: HttpRequest<Incoming>,
        trace: Trace,
    ) -> Outcome {
        let Ok(_permit) = self.permits.try_acquire() else {
            self.metrics.shed.fetch_add(1, Relaxed);
            return Outcome::of(&Problem::new(&code::OVERLOADED).retry_after(1), None);
        };
        let (head, body) = request.into_parts();
        let peer = head.extensions.get::<Peer>().cloned().unwrap_or_default();
        let caller = self.caller(&head, &peer).await;
        let identity = caller.as_ref().ok().and_then(|caller| caller.identity.clone());
        let request = HttpRequest::from_parts(head, body);
        let arrival = Arrival { caller, peer, trace };
        match CatchUnwind::new(mount.answer(request, arrival)).await {
            Ok(reply) => Outcome { reply, identity, code: None },
            Err(Panicked) => {
                self.metrics.panics.fetch_add(1, Relaxed);
                Outcome::of(&Problem::new(&code::INTERNAL), identity)
            }
        }
    }

    async fn elsewhere(&self, method: &Method, uri: &hyper::Uri) -> Outcome {
        if !uri_fits(&self.limits, uri) {
            return Outcome::of(&Problem::new(&code::URI_TOO_LONG), None);
        }
        match self.document(method, uri.path()).await {
            Some(reply) => Outcome { reply, identity: None, code: None },
            None => Outcome::of(&Problem::new(&code::UNKNOWN_ROUTE), None),
        }
    }

    /// Catches defects.
    async fn guarded(&self, received: Received<'_>, started: Instant) -> Outcome {
        let trace = received.trace;
        let mut identity = None;
        let answered = CatchUnwind::new(self.answer(received, started, &mut identity)).await;
        match answered {
            Ok(Ok(reply)) => Outcome { reply, identity, code: None },
            Ok(Err(problem)) => Outcome::of(&problem, identity),
            Err(Panicked) => {
                self.metrics.panics.fetch_add(1, Relaxed);
                let detail = format!("Report it with the id {:032x}.", trace.trace);
                Outcome::of(&Problem::new(&code::INTERNAL).detail(detail), identity)
            }
        }
    }

    async fn answer(
        &self,
        received: Received<'_>,
        started: Instant,
        identity: &mut Option<Identity>,
    ) -> Result<Reply, Problem> {
        let Received { parts, body, endpoint, address, trace, correlation } = received;
        // Who asks: a bad token is an error even where none is needed.
        let peer = parts.extensions.get::<Peer>().cloned().unwrap_or_default();
        let caller = self.caller(parts, &peer).await?;
        if self.log.is_on() {
            identity.clone_from(&caller.identity);
        }
        admit(endpoint, &caller)?;
        if let Some(why) = endpoint.missing {
            return Err(Problem::new(&code::NOT_RUNNING).detail(why));
        }
        head::accepts_json(&parts.headers)?;
        // What is asked.
        let context =
            Context { key: self.issuer.seal(), operation: &endpoint.name, caller: &caller };
        let asked = endpoint.query.read(parts.uri.query().unwrap_or_default(), &context)?;
        let (page, selection) =
            asked.map_or((None, String::new()), |asked| (Some(asked.page), asked.selection));
        let address = address.map(|text| address_value(endpoint, text)).transpose()?;
        let if_match = head::if_match(&parts.headers, endpoint.route.if_match)?;
        let key = head::idempotency_key(&parts.headers, endpoint.route.idempotency_key)?;
        // With what.
        let (input, idempotency) = if endpoint.is_read() {
            (InputValues::default(), None)
        } else {
            let (body, whole) = body;
            let bytes = body::read(body, &self.limits, &self.large_bodies).await?;
            *whole = true;
            let input = self.input(endpoint, &parts.headers, &bytes)?;
            let fingerprint = |key: &str| idempotency(key, parts.uri.path(), &bytes);
            (input, key.map(fingerprint))
        };
        let trace = Trace {
            parent: endpoint.writes.then(|| trace.traceparent().into()),
            correlation: correlation.clone(),
        };
        let deadline = started + endpoint.deadline.max(Duration::from_millis(1));
        let patience = Some(deadline.saturating_duration_since(Instant::now()).mul_f64(0.9));
        let request = Request {
            operation: endpoint.operation,
            caller: caller.clone(),
            address,
            input,
            if_match,
            idempotency,
            page,
            patience,
            trace,
        };
        let answer = self.execute(endpoint, request, deadline).await?;
        Ok(self.reply(endpoint, answer, &parts.headers, &selection, &context))
    }

    /// A body where one is expected; none is an empty object where nothing is required.
    fn input(
        &self,
        endpoint: &Endpoint,
        headers: &hyper::HeaderMap,
        bytes: &[u8],
    ) -> Result<InputValues, Problem> {
        let patch = endpoint.route.method == decide::design::Method::Patch;
        if !bytes.is_empty() {
            head::content_is_json(headers, patch)?;
        } else if endpoint.route.method == decide::design::Method::Delete {
            return Ok(InputValues::default());
        }
        json::read_input(&endpoint.input, bytes, now_micros())
    }

    /// Runs the operation until the deadline. A write goes on when its client goes away: it was
    /// asked for, and half of it helps nobody.
    async fn execute(
        &self,
        endpoint: &Endpoint,
        request: Request,
        deadline: Instant,
    ) -> Result<Answer, Problem> {
        // Taken when the request is complete: those who send slowly hold nobody up.
        let Ok(_permit) = self.permits.try_acquire() else {
            self.metrics.shed.fetch_add(1, Relaxed);
            return Err(Problem::new(&code::OVERLOADED).retry_after(1));
        };
        let late = |_| Problem::new(&code::TIMED_OUT);
        if !endpoint.writes {
            let reading = self.backend.execute(request);
            return tokio::time::timeout_at(deadline, reading).await.map_err(late)?;
        }
        let backend = Arc::clone(&self.backend);
        let writing = tokio::spawn(async move { backend.execute(request).await });
        match tokio::time::timeout_at(deadline, writing).await.map_err(late)? {
            Ok(result) => result,
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => Err(Problem::new(&code::UNAVAILABLE).retry_after(1)),
        }
    }

    fn reply(
        &self,
        endpoint: &Endpoint,
        answer: Answer,
        headers: &hyper::HeaderMap,
        selection: &str,
        context: &Context<'_>,
    ) -> Reply {
        let etag = answer.version.map(|version| format!("\"{version}\""));
        let known = etag.as_deref().is_some_and(|etag| head::if_none_match(headers, etag));
        let mut reply = match answer.body {
            _ if known && endpoint.is_read() => reply::empty(304),
            Body::Empty => reply::empty(answer.status),
            Body::Json(body) => reply::json(answer.status, body),
            Body::Page { items, next } => {
                let next = Asked::next(selection, context, next.as_ref());
                reply::json(answer.status, json::page_body(&items, &next))
            }
        };
        let out = reply.headers_mut();
        if let Some(Ok(etag)) = etag.map(HeaderValue::try_from) {
            out.insert(ETAG, etag);
        }
        if let Some(Ok(location)) = answer.location.map(HeaderValue::try_from) {
            out.insert(LOCATION, location);
        }
        if answer.replayed {
            out.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(shared) = &endpoint.shared_cache {
            out.insert(VARY, BY_CALLER);
            if !headers.contains_key(AUTHORIZATION) {
                out.insert(CACHE_CONTROL, shared.clone());
            }
        }
        reply
    }
}

/// A request that leads to an operation.
struct Received<'a> {
    parts: &'a Parts,
    /// With whether all of it has been read.
    body: (&'a mut Incoming, &'a mut bool),
    endpoint: &'a Endpoint,
    address: Option<&'a str>,
    trace: TraceContext,
    correlation: &'a Option<Arc<str>>,
}

/// Refuses those that no grant of the operation names, before anything is read for them.
fn admit(endpoint: &Endpoint, caller: &Caller) -> Result<(), Problem> {
    if endpoint.open || caller.actors.iter().any(|actor| endpoint.route.actors.contains(actor)) {
        return Ok(());
    }
    let code = if caller.identity.is_some() { &code::FORBIDDEN } else { &code::UNAUTHENTICATED };
    Err(Problem::new(code))
}

/// The id or key in the path. What cannot be one names no row.
fn address_value(endpoint: &Endpoint, text: &str) -> Result<expression::Value, Problem> {
    let missing = || Problem::new(&code::NOT_FOUND);
    let text = query::decode(text, false).ok_or_else(missing)?;
    let ty = endpoint.address.as_ref().ok_or_else(missing)?;
    json::from_text(ty, &text).map_err(|wrong| {
        if endpoint.upsert { Problem::invalid("", wrong.code, wrong.detail) } else { missing() }
    })
}

/// What a repeated request must agree in.
fn idempotency(key: &str, path: &str, body: &[u8]) -> IdempotencyKey {
    let mut hash = Sha256::new();
    hash.update(path.as_bytes());
    hash.update([0]);
    hash.update(body);
    IdempotencyKey { key: key.to_owned(), body_hash: hash.finalize().into() }
}

fn uri_fits(limits: &Limits, uri: &hyper::Uri) -> bool {
    uri.path().len() + uri.query().map_or(0, str::len) <= limits.address
}

fn other_method(method: &Method, allow: &HeaderValue) -> Outcome {
    if *method == Method::OPTIONS {
        let mut reply = reply::empty(204);
        reply.headers_mut().insert(ALLOW, allow.clone());
        return Outcome { reply, identity: None, code: None };
    }
    let problem = Problem::new(&code::METHOD_NOT_ALLOWED);
    Outcome {
        reply: reply::not_allowed(&problem, allow.clone()),
        identity: None,
        code: Some(problem.code.into_owned()),
    }
}

/// Whoever asks for help with an answer can name it by this, as the log does.
fn name_trace(reply: &mut Reply, trace: TraceContext, correlation: Option<&str>) {
    let named = correlation.map(HeaderValue::from_str);
    let value = named.unwrap_or_else(|| HeaderValue::from_bytes(&trace.trace_id()));
    if let Ok(value) = value {
        reply.headers_mut().insert(CORRELATION, value);
    }
}

/// The head of a reply alone, with the length that its body would have.
fn without_body(reply: Reply) -> Reply {
    let (mut parts, body) = reply.into_parts();
    if let Some(length) = body.size_hint().exact().filter(|_| parts.status != 304) {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Reply::from_parts(parts, super::ReplyBody::default())
}

pub(super) fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

//! One request, from its head to its answer.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use decide::design::Design;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request as HttpRequest, Version};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::admission::Shared;
use super::answer::Received;
use super::documents::Document;
use super::dress::Asked;
use super::edge::Edge;
use super::endpoint::Endpoint;
use super::expand::Expander;
use super::gate::Gate;
use super::limits::Limits;
use super::outcome::{Outcome, name_trace, other_method, without_body};
use super::rate::{LocalBuckets, RateLimiter, Rates};
use super::reply::Reply;
use super::router::{Found, Router};
use super::server::ServerError;
use super::tenant::TenantReader;
use super::trail::Trail;
use super::{Mount, Peer, compression, head};
use crate::call::{Answer, Caller, FoundTenant, Request};
use crate::identity::{Authenticate, Issuer};
use crate::problem::{Problem, code};
use crate::telemetry::{
    AccessLog, AuditLog, Burning, Entry, Metrics, OperationMetrics, Sample, TraceIds, Tracing,
};

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

    /// Where decisions about callers are written down.
    fn audit(&self) -> &AuditLog {
        AuditLog::off()
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
    /// Who may come in, how, and how often.
    pub edge: Edge,
    /// Where rate limits are kept; in this process if absent.
    pub limiter: Option<Arc<dyn RateLimiter>>,
    /// Where a line for each request goes.
    pub access_log: AccessLog,
    /// Which traces are kept, if any.
    pub tracing: Option<Tracing>,
    /// Contracts and the like.
    pub documents: Vec<Document>,
}

/// Everything that serves requests; shared by all connections.
pub struct Service<E> {
    pub(super) backend: Arc<E>,
    pub(super) router: Router,
    pub(super) expander: Expander,
    pub(super) issuer: Issuer,
    pub(super) limits: Limits,
    pub(super) edge: Edge,
    pub(super) rates: Arc<Rates>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) documents: Vec<Document>,
    pub(super) draining: AtomicBool,
    authenticate: Option<Arc<dyn Authenticate>>,
    tenant: Option<TenantReader>,
    pub(super) mounts: Vec<Arc<dyn Mount>>,
    pub(super) tracing: Option<Tracing>,
    pub(super) burning: Burning,
    pub(super) log: AccessLog,
    ids: TraceIds,
    pub(super) gate: Arc<Gate>,
    /// For what runs operations beside the routes.
    pub(super) shared: Arc<Shared>,
    pub(super) large_bodies: Arc<Semaphore>,
}

impl<E: Execute> Service<E> {
    /// Prepares every route of the design.
    ///
    /// # Errors
    /// Routes that exclude each other, settings that do not fit the design.
    pub fn new(backend: Arc<E>, options: ServiceOptions) -> Result<Self, ServerError> {
        let router = Router::new(backend.design())?;
        let numbers = |endpoint: &Endpoint| {
            let objectives = endpoint.objectives.clone();
            OperationMetrics::new(endpoint.name.clone(), objectives, endpoint.slow_after)
        };
        let limiter = options.limiter.unwrap_or_else(|| Arc::new(LocalBuckets::default()));
        let settings = &options.edge.rates;
        let rates = Rates::new(backend.design(), router.endpoints(), settings, limiter)
            .map_err(ServerError::Setting)?;
        let all = router.endpoints().iter().map(numbers).collect();
        let shared = Arc::new(Shared {
            gate: Arc::new(Gate::new(options.limits.requests)),
            rates: Arc::new(rates),
            metrics: Arc::new(Metrics::new(all, options.limits.requests)),
            large: Arc::new(Semaphore::new(options.limits.large_bodies)),
            audit: backend.audit().clone(),
            operations: Shared::known(router.endpoints()),
        });
        Ok(Self {
            rates: Arc::clone(&shared.rates),
            edge: options.edge,
            metrics: Arc::clone(&shared.metrics),
            gate: Arc::clone(&shared.gate),
            large_bodies: Arc::clone(&shared.large),
            shared,
            issuer: options.issuer,
            authenticate: options.authenticate,
            tenant: TenantReader::new(&backend.design().model),
            mounts: options.mounts,
            tracing: options.tracing,
            burning: Burning::new(backend.design()),
            limits: options.limits,
            log: options.access_log,
            documents: options.documents,
            draining: AtomicBool::new(false),
            ids: TraceIds::default(),
            expander: Expander::new(backend.design()),
            router,
            backend,
        })
    }

    /// Answers a request. Never fails.
    pub(super) async fn serve(&self, request: HttpRequest<Incoming>) -> Reply {
        let peer = request.extensions().get::<Peer>();
        let asked = Asked {
            origin: self.edge.cors.allowed(request.headers()),
            secure: peer.is_some_and(|peer| peer.secure),
            version: request.version(),
        };
        let mut reply = self.answered(request).await;
        self.dress(asked, &mut reply);
        reply
    }

    async fn answered(&self, request: HttpRequest<Incoming>) -> Reply {
        let started = Instant::now();
        let _in_flight = self.metrics.enter();
        let (parts, mut body) = request.into_parts();
        let (method, uri) = (&parts.method, &parts.uri);
        let wanted = self.edge.compression.wanted(method, &parts.headers);
        let mut trail = Trail::begin(&parts.headers, &self.ids, self.tracing.as_ref());
        if self.tenant.is_some() && self.log.is_on() {
            trail.tenant = FoundTenant::wanted();
        }
        if let Some(reply) = self.edge.cors.preflight(&parts) {
            return reply;
        }
        let host = head::one_host(&parts);
        let found = self.router.find(method, uri.path());
        if matches!(found, Found::Nothing)
            && host.is_ok()
            && uri_fits(&self.limits, uri)
            && let Some(mount) = self.mounts.iter().find(|mount| mount.takes(&parts))
        {
            let request = HttpRequest::from_parts(parts, body);
            let reply = self.beside(mount.as_ref(), request, trail, started).await;
            return compression::coded(reply, wanted.filter(|_| mount.compresses())).await;
        }
        let mut whole = body.is_end_stream() && host.is_ok();
        let mut outcome = match (host, found) {
            (Err(problem), _) => Outcome::of(&problem, None),
            (_, Found::Operation(endpoint, at, address)) if uri_fits(&self.limits, uri) => {
                let (parts, trail, endpoint) = (&parts, &trail, (endpoint, at));
                let body = (&mut body, &mut whole);
                let received = Received { parts, body, endpoint, address, trail };
                self.guarded(received, started).await
            }
            (_, Found::OtherMethod(allow)) => other_method(method, allow),
            _ => self.elsewhere(&parts).await,
        };
        if !whole && parts.version < Version::HTTP_2 {
            // Refused before it was read: what is left of it would be taken for the next request,
            // so the connection ends, and the client is told.
            outcome.reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        name_trace(&mut outcome.reply, trail.context, trail.correlation.as_deref());
        if *method == Method::HEAD {
            outcome.reply = without_body(outcome.reply);
        }
        self.record(&outcome, method, &found, &trail, started.elapsed());
        compression::coded(outcome.reply, wanted).await
    }

    /// Counts the request and writes its line.
    pub(super) fn record(
        &self,
        outcome: &Outcome,
        method: &Method,
        found: &Found<'_, '_>,
        trail: &Trail,
        duration: Duration,
    ) {
        let status = outcome.status();
        let endpoint = match found {
            Found::Operation(endpoint, at, _) => {
                if let Some(numbers) = self.metrics.operation(*at) {
                    numbers.record(status, duration, trail.sampled());
                }
                Some(endpoint)
            }
            _ => None,
        };
        trail.end(outcome, method, endpoint.map(|endpoint| &**endpoint), duration);
        if !self.log.is_on() {
            return;
        }
        let bytes = outcome.reply.body().size_hint().lower();
        self.log.write(&Entry {
            time: now_micros(),
            trace: trail.context,
            correlation: trail.correlation.as_deref(),
            operation: endpoint.map(|endpoint| endpoint.name.as_str()),
            method: method.as_str(),
            route: endpoint.map(|endpoint| endpoint.template.as_str()),
            status,
            code: outcome.code.as_deref(),
            duration,
            identity: outcome.identity.as_ref(),
            tenant: trail.tenant.get(),
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
        });
    }

    /// Who asks.
    pub(super) async fn caller(&self, head: &Parts, peer: &Peer) -> Result<Caller, Problem> {
        let caller = match &self.authenticate {
            Some(authenticate) => authenticate.caller(head, peer).known().await,
            None => Authenticate::caller(&self.issuer, head, peer).known().await,
        };
        let Some(tenant) = self.tenant else { return caller };
        let mut caller = caller?;
        tenant.read(head, &mut caller)?;
        Ok(caller)
    }

    async fn elsewhere(&self, head: &Parts) -> Outcome {
        if !uri_fits(&self.limits, &head.uri) {
            return Outcome::of(&Problem::new(&code::URI_TOO_LONG), None);
        }
        match self.document(head).await {
            Some(reply) => Outcome { reply, identity: None, code: None },
            None => Outcome::of(&Problem::new(&code::UNKNOWN_ROUTE), None),
        }
    }
}

fn uri_fits(limits: &Limits, uri: &hyper::Uri) -> bool {
    uri.path().len() + uri.query().map_or(0, str::len) <= limits.address
}

pub(super) fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

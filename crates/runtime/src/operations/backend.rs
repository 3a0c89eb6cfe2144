//! The one entrance: a request for any operation in, its answer or the reason against it out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use base::Diagnostic;
use decide::Design;
use model::model::{OperationId, OperationKind};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clock::now;
use super::contention::{Held, pause};
use super::durable::{CountedExternals, Externals, Guards, Throttle, worker};
use super::failure::Failure;
use super::idempotency::Once;
use super::plan::Plans;
use super::retention::{self, Sweeper};
use super::session::Session;
use super::work::Work;
use super::write::{self, Asked, Reply};
use super::{assurance, audit, guards, kept, lookup, maintenance, sign_in};
use crate::cache::{self, Caches, Watch};
use crate::call::{Answer, Body, Request};
use crate::files::{self, Links};
use crate::problem::{Problem, code};
use crate::store::{IdempotencyKey, Store, Tenant, Terms};
use crate::telemetry::{AuditLog, Histogram, OpenSpan, Sample, Series, SpanKind, Timing};

/// How often a write is tried that others are in the way of.
const ATTEMPTS: u32 = 8;
/// How long callers wait for durable calls where the model states no latency.
const PATIENCE: Duration = Duration::from_secs(10);

/// A design that runs on a store.
pub struct Backend<S: Store> {
    inner: Arc<Inner<S>>,
}

/// What every request and every job shares.
pub(crate) struct Inner<S> {
    pub(crate) plans: Arc<Plans>,
    pub(crate) store: S,
    pub(crate) externals: CountedExternals,
    /// What was decided about calls to externals.
    pub(crate) guards: Guards,
    /// The limits of externals.
    pub(crate) throttles: Vec<Throttle>,
    /// Set once: whatever runs in the background ends.
    pub(crate) closing: watch::Sender<bool>,
    /// Jobs that this process is at.
    pub(crate) driving: Mutex<BTreeSet<u128>>,
    /// Where decisions about callers are written down, once it is known.
    audit: OnceLock<AuditLog>,
    /// Who knows the addresses of files, once it is known.
    links: OnceLock<Arc<dyn Links>>,
    /// Idempotent requests that this process is at.
    pub(super) in_flight: Mutex<BTreeSet<(String, String, String)>>,
    pub(crate) sweeper: Sweeper,
    not_running: Vec<Diagnostic>,
    stopped: BTreeSet<OperationId>,
    /// Answers that are kept, where the design keeps any.
    caches: Option<Arc<Caches>>,
    /// Reads, by position, that have asked more than one question of the store.
    pub(super) several: Vec<AtomicBool>,
    /// How long the store took for each operation, by position.
    store_times: Vec<Histogram>,
    /// How old what is read may be, where that is less than stated: others keep it after that.
    pub(super) lags: BTreeMap<OperationId, Duration>,
}

impl<S: Store> fmt::Debug for Backend<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("system", &self.inner.plans.model.system.name).finish()
    }
}

impl<S: Store> Backend<S> {
    /// Starts to run a design, and takes up what a crash left unfinished. Needs a Tokio runtime.
    ///
    /// # Errors
    /// Everything that the model asks for and that would silently be missing.
    pub fn start(
        design: &Arc<Design>,
        store: S,
        externals: Arc<dyn Externals>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::start_with(design, store, externals, cache::Options::default())
    }

    /// As [`Self::start`], with answers kept as the options say.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(
        design: &Arc<Design>,
        store: S,
        externals: Arc<dyn Externals>,
        cache: cache::Options,
    ) -> Result<Self, Vec<Diagnostic>> {
        let refused = guards::refused(design, &store);
        if !refused.is_empty() {
            return Err(refused);
        }
        let plans = Plans::build(design, &store).map_err(|e| guards::untranslatable(&e))?;
        let (not_running, stopped) = guards::not_running(&design.model);
        let share = design.facts().value(&decide::numbers::LIMIT_SHARE);
        let throttle = |external| Throttle::of(external, share);
        let (caches, lags) = Caches::of(design, cache);
        let inner = Arc::new(Inner {
            caches,
            several: design.model.operations.iter().map(|_| AtomicBool::new(false)).collect(),
            store_times: design.model.operations.iter().map(|_| Histogram::default()).collect(),
            lags,
            plans: Arc::new(plans),
            store,
            externals: CountedExternals::new(design.model.clone(), externals),
            guards: Guards::of(design),
            throttles: design.model.externals.iter().map(throttle).collect(),
            closing: watch::Sender::new(false),
            driving: Mutex::default(),
            in_flight: Mutex::default(),
            sweeper: Sweeper::default(),
            audit: OnceLock::new(),
            links: OnceLock::new(),
            not_running,
            stopped,
        });
        tokio::spawn(inner.clone().until_closed(maintenance::run(inner.clone())));
        if inner.plans.retentions.any() {
            tokio::spawn(inner.clone().until_closed(retention::run(inner.clone())));
        }
        if !inner.plans.interruptible.is_empty() {
            tokio::spawn(inner.clone().until_closed(worker::poll(inner.clone())));
        }
        Ok(Self { inner })
    }

    /// The design it runs.
    #[must_use]
    pub fn design(&self) -> &Arc<Design> {
        &self.inner.plans.design
    }

    /// How calls to externals ended.
    #[must_use]
    pub fn external_calls(&self) -> Vec<Sample> {
        self.inner.externals.samples()
    }

    /// How long the store took, by operation.
    #[must_use]
    pub fn store_times(&self) -> Vec<Sample> {
        const SERIES: Series = Series {
            bucket: "store_duration_seconds_bucket",
            sum: "store_duration_seconds_sum",
            count: "store_duration_seconds_count",
            help: "Time of a piece of work of the store, with the wait for a connection.",
        };
        let model = &self.inner.plans.model;
        let of = |((id, _), times): ((OperationId, _), &Histogram)| {
            let name = model.qualified_operation(id);
            times.samples(SERIES, &[("operation", &name), ("system", self.inner.store.system())])
        };
        model.operations().zip(&self.inner.store_times).flat_map(of).collect()
    }

    /// How often kept answers have helped.
    #[must_use]
    pub fn kept_answers(&self) -> Vec<Sample> {
        self.inner.caches.as_ref().map(|caches| caches.samples()).unwrap_or_default()
    }

    /// How many rows came to their end, and how.
    #[must_use]
    pub fn ended_rows(&self) -> Vec<Sample> {
        self.inner.sweeper.samples(&self.inner.plans.model)
    }

    /// Does at once what otherwise is done now and then: ends all rows whose time is over, and
    /// carries out open requests for erasure, as of a time in microseconds since the Unix epoch.
    /// Nothing is done where another process is at it.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn sweep(&self, at: i64) -> Result<(), Problem> {
        retention::sweep(&self.inner, at, true).await
    }

    /// Writes decisions about callers down from now on; the first log that is given stays.
    pub fn set_audit(&self, log: AuditLog) {
        drop(self.inner.audit.set(log));
    }

    /// Answers hold these addresses of files from now on; the first that are given stay.
    pub fn set_links(&self, links: Arc<dyn Links>) {
        drop(self.inner.links.set(links));
    }

    /// Whether rows hold files.
    #[must_use]
    pub fn holds_files(&self) -> bool {
        self.inner.plans.holders.any()
    }

    /// Where decisions about callers are written down.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        self.inner.audit.get().unwrap_or(AuditLog::off())
    }

    /// The store it runs on.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.store
    }

    /// What the model states but this version does not run yet, one for each place.
    #[must_use]
    pub fn not_running(&self) -> &[Diagnostic] {
        &self.inner.not_running
    }

    /// Whether an operation runs; one that does not answers 501.
    #[must_use]
    pub fn runs(&self, operation: OperationId) -> bool {
        !self.inner.stopped.contains(&operation)
    }

    /// Ends what runs in the background, so that the store is free soon. Jobs are in the store:
    /// whoever starts next goes on. Dropping the backend does the same.
    pub fn close(&self) {
        self.inner.closing.send_replace(true);
    }

    /// Closes, and waits a moment until nothing but this holds the store: then dropping it lets go
    /// of the data, and another backend can start on it at once.
    pub async fn closed(&self) {
        self.close();
        for _ in 0..200 {
            if Arc::strong_count(&self.inner) == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Executes one operation.
    ///
    /// # Errors
    /// The reason against it. Once there is an answer, what it says is committed.
    pub async fn execute(&self, request: Request) -> Result<Answer, Problem> {
        self.inner.clone().run(Box::new(request)).await
    }
}

impl<S: Store> Drop for Backend<S> {
    fn drop(&mut self) {
        self.close();
    }
}

/// An answer on its way.
type Running = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

impl<S: Store> Inner<S> {
    /// Executes one operation, for protocols and for calls between contexts. What is handed on from
    /// here is in boxes: requests and futures are large, and would be copied at each step.
    pub(crate) fn run(self: Arc<Self>, request: Box<Request>) -> Running {
        Box::pin(async move {
            let Some(audit) = self.audit.get().filter(|audit| audit.is_on()) else {
                return self.perform(request).await.map(|answer| self.linked(answer));
            };
            let asked = audit::Asked::of(&request, &self.plans);
            let result = self.perform(request).await;
            asked.write(audit, &self.plans.model, result.as_ref());
            result.map(|answer| self.linked(answer))
        })
    }

    /// The answer with addresses of its files: made now, however old the answer is.
    fn linked(&self, mut answer: Answer) -> Answer {
        if self.plans.holders.any() {
            files::fill(&mut answer.body, self.links.get());
        }
        answer
    }

    /// As [`Self::run`], unwatched.
    async fn perform(self: &Arc<Self>, mut request: Box<Request>) -> Result<Answer, Problem> {
        if self.stopped.contains(&request.operation) {
            return Err(Problem::new(&code::NOT_RUNNING));
        }
        if !request.caller.reaches(request.operation) {
            let detail = "The scope of what was shown does not hold this operation.";
            return Err(Problem::new(&code::FORBIDDEN).detail(detail));
        }
        assurance::check(&self.plans, &mut request)?;
        let operation = self.plans.model.operation(request.operation);
        sign_in::check_fresh(operation, &request.caller, now())?;
        if !sign_in::may_be_due(&self.plans, &request.caller) {
            return self.dispatch(request).await;
        }
        Box::pin(self.perform_linked(request)).await
    }

    /// Performs what is asked by somebody who may have to be linked to its row first.
    async fn perform_linked(
        self: &Arc<Self>,
        mut request: Box<Request>,
    ) -> Result<Answer, Problem> {
        let answered = self.dispatch(request.clone()).await;
        if !answered.as_ref().is_err_and(|problem| problem.code == code::NOT_LINKED.code) {
            return answered;
        }
        let several = sign_in::link(self, &request.caller).await?;
        // Once: whoever is nobody now stays it for this request.
        if let Some(identity) = &mut request.caller.identity {
            identity.sought = true;
        }
        let answered = self.dispatch(request).await;
        answered.map_err(|problem| sign_in::unchosen(problem, several))
    }

    async fn dispatch(self: &Arc<Self>, request: Box<Request>) -> Result<Answer, Problem> {
        match self.plans.model.operation(request.operation).kind {
            OperationKind::List | OperationKind::Get => self.read(request).await,
            OperationKind::Stream => Err(Problem::new(&code::NOT_RUNNING)),
            _ => Box::pin(self.write(request)).await,
        }
    }

    /// Runs a background task until the backend is closed; `None` if that was earlier.
    pub(crate) async fn until_closed<T>(
        self: Arc<Self>,
        task: impl Future<Output = T>,
    ) -> Option<T> {
        let mut closing = self.closing.subscribe();
        let closed = async move { drop(closing.wait_for(|closed| *closed).await) };
        tokio::select! {
            () = closed => None,
            result = task => Some(result),
        }
    }

    async fn read(self: &Arc<Self>, request: Box<Request>) -> Result<Answer, Problem> {
        let plan = self.caches.as_ref().and_then(|caches| caches.plan(request.operation));
        // Rows of several operations are in a tree: it is as fresh as the store. Who reads is
        // recorded where rows are read.
        let entity = self.plans.model.operation(request.operation).entity();
        let recorded = entity.is_some_and(|entity| self.plans.journals.reads(entity));
        if plan.is_some() && request.selection.is_none() && !recorded {
            return Box::pin(kept::read(self, request)).await;
        }
        self.load(request, None).await
    }

    /// Answers that are kept, where the design keeps any.
    pub(super) const fn caches(&self) -> Option<&Arc<Caches>> {
        self.caches.as_ref()
    }

    /// Makes old what a transaction is about to write.
    pub(crate) fn watch(&self) -> Watch {
        Watch::new(self.caches.as_ref())
    }

    async fn write(self: &Arc<Self>, mut request: Box<Request>) -> Result<Answer, Problem> {
        let system = self.plans.system.is_some_and(|id| request.caller.actors.contains(&id));
        let route = self.plans.design.route(request.operation);
        if !system && request.if_match.is_none() && route.is_some_and(|route| route.if_match) {
            return Err(Problem::new(&code::PRECONDITION_REQUIRED));
        }
        let once = self.once(&request);
        let _held = match &once {
            Some(once) => Some(Held::take(self, once)?),
            None => None,
        };
        let lookups = lookup::make(self, &mut request).await?;
        let patience = request.patience.unwrap_or_else(|| self.patience(request.operation));
        let waits = i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
        let deadline = now().saturating_add(waits);
        let asked = Arc::new(Asked { request, once, lookups, deadline });
        let reply = self.transact(&asked).await;
        match reply? {
            Reply::Answer(answer) => Ok(answer),
            Reply::Refused(problem) => Err(problem),
            Reply::Pending { job, location } => {
                let row = job.row;
                let task = worker::start(self, *job);
                let left = u64::try_from(deadline.saturating_sub(now())).unwrap_or(0);
                self.wait(task, Duration::from_micros(left), row, location).await
            }
        }
    }

    /// The transaction of a write: again where another one was in the way, until that has been so
    /// too often or nobody waits any more. At first it takes for granted what is nearly always so.
    async fn transact(&self, asked: &Arc<Asked>) -> Result<Reply, Failure> {
        let (mut attempt, mut granted) = (0, true);
        loop {
            let (plans, wanted) = (self.plans.clone(), asked.clone());
            let (terms, deadline) = (self.terms(&asked.request), asked.deadline);
            let terms = Terms { granted, ..terms };
            let span = self.store_span(&asked.request, "store.write");
            let timing = self.store_timing(asked.request.operation);
            let watch = self.watch();
            let changes = watch.changes();
            let reply: Result<Reply, Failure> = self
                .store
                .write(terms, move |transaction| {
                    Box::pin(async move {
                        let mut work = Work::new(plans, transaction, now()).noting(changes);
                        write::transact(&mut work, &wanted).await
                    })
                })
                .await;
            drop((span, timing));
            watch.done().await;
            let again = match &reply {
                Err(Failure::Conflict) => true,
                Err(failure) => write::came_meanwhile(&self.plans, asked, failure),
                Ok(_) => false,
            };
            if !again || attempt + 1 == ATTEMPTS || now() > deadline {
                return reply;
            }
            if !std::mem::take(&mut granted) {
                attempt += 1;
                tokio::time::sleep(pause(attempt)).await;
            }
        }
    }

    /// Waits for a durable call as long as the caller does.
    async fn wait(
        &self,
        task: Option<JoinHandle<Option<Reply>>>,
        left: Duration,
        row: u128,
        location: Option<String>,
    ) -> Result<Answer, Problem> {
        let reply = match task {
            Some(task) => tokio::time::timeout(left, task).await.ok(),
            None => None,
        };
        match reply {
            Some(Ok(Some(Reply::Answer(answer)))) => Ok(answer),
            Some(Ok(Some(Reply::Refused(problem)))) => Err(problem),
            _ => Ok(Answer { status: 202, location, row: Some(row), ..Answer::ok(Body::Empty) }),
        }
    }

    /// The terms on which the store serves a request. Whose rows it may reach is found out in its
    /// own transaction: nobody's until then.
    #[expect(clippy::unused_self, reason = "what a request costs will depend on it")]
    pub(crate) const fn terms(&self, _request: &Request) -> Terms {
        Terms::of(Tenant::None)
    }

    /// Counts how long the store takes for a request, until it is dropped.
    pub(super) fn store_timing(&self, operation: OperationId) -> Option<Timing<'_>> {
        self.store_times.get(operation.0 as usize).map(Histogram::begin)
    }

    /// A piece of a request that the store does.
    pub(super) fn store_span(&self, request: &Request, name: &str) -> Option<OpenSpan> {
        let span = request.trace.span(name, SpanKind::Client)?;
        Some(span.with("db.system.name", self.store.system()))
    }

    fn once(&self, request: &Request) -> Option<Once> {
        let idempotency = request.idempotency.as_ref()?;
        let key = IdempotencyKey {
            caller: Session::key(&request.caller, self.plans.system),
            operation: self.plans.model.qualified_operation(request.operation),
            key: idempotency.key.clone(),
        };
        Some(Once { key, body_hash: idempotency.body_hash })
    }

    /// Three times the highest stated latency, at least five seconds.
    fn patience(&self, operation: OperationId) -> Duration {
        let stated = self.plans.model.operation(operation).workload.latency.as_ref();
        let highest = stated.and_then(|latency| latency.value.0.last());
        highest.map_or(PATIENCE, |(_, duration)| {
            duration.to_std().saturating_mul(3).clamp(Duration::from_secs(5), PATIENCE * 6)
        })
    }
}

/// Results of `safe` calls, by position of the effect.
pub(crate) type Lookups = BTreeMap<usize, super::effects::Outcome>;

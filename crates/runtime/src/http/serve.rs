//! A backend on the network: what `firm up` starts.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use decide::{Design, naming::kebab};
use model::model::ContextId;

use super::documents::Document;
use super::edge::Edge;
use super::limits::Limits;
use super::mount::Mount;
use super::rate::RateLimiter;
use super::server::{Running, ServerError, listen};
use super::service::{Execute, Service, ServiceOptions, now_micros};
use crate::call::{Answer, Request};
use crate::identity::{Authenticate, Issuer};
use crate::operations::Backend;
use crate::problem::Problem;
use crate::store::{Snapshot as _, Store, StoreError, Terms};
use crate::telemetry::{AccessLog, AuditLog, Sample, Tracing};

/// What is mounted where people sign in and programs have keys.
const ACCOUNTS: &str = "auth";
/// For which a probe waits for the store.
const PROBE: Duration = Duration::from_secs(2);

/// How a backend is served.
#[expect(missing_debug_implementations, reason = "what is mounted cannot be shown")]
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The built-in issuer.
    pub issuer: Issuer,
    /// Who tells callers apart; the built-in issuer alone if absent.
    pub authenticate: Option<Arc<dyn Authenticate>>,
    /// What else is served.
    pub mounts: Vec<Arc<dyn Mount>>,
    /// Bounds.
    pub limits: Limits,
    /// Who may come in, how, and how often.
    pub edge: Edge,
    /// Where rate limits are kept, so that replicas share them; in this process if absent.
    pub limiter: Option<Arc<dyn RateLimiter>>,
    /// Where a line for each request goes.
    pub access_log: AccessLog,
    /// Which traces are kept, if any.
    pub tracing: Option<Tracing>,
}

/// Serves a backend, with the contracts of its contexts, until it is stopped. Several may run in
/// one process, one after the other or side by side.
///
/// # Errors
/// The address cannot be listened on, or routes exclude each other.
pub async fn serve<S: Store>(
    backend: Arc<Backend<S>>,
    options: ServeOptions,
) -> Result<Running, ServerError> {
    let ServeOptions { listen: address, issuer, authenticate, mounts, limits, access_log, .. } =
        options;
    let (edge, limiter) = (options.edge, options.limiter);
    let accounts = mounts.iter().any(|mount| mount.name() == ACCOUNTS);
    let documents = contracts(backend.design(), accounts);
    let options = ServiceOptions {
        issuer,
        authenticate,
        mounts,
        limits,
        edge,
        limiter,
        access_log,
        tracing: options.tracing,
        documents,
    };
    let service = Service::new(backend, options)?;
    listen(Arc::new(service), address).await
}

/// OpenAPI of each context and of files, as JSON; with sessions and keys where there are accounts.
/// They take long where there are many operations, so each is made when it is first asked for.
fn contracts(design: &Arc<Design>, accounts: bool) -> Vec<Document> {
    let contexts = (0u16..).map(ContextId).zip(&design.model.contexts);
    let contexts = contexts.filter(|(id, _)| emit::openapi::is_spoken(design, *id));
    let mut all: Vec<Document> = contexts
        .map(|(id, context)| {
            let path = format!("/openapi/{}.json", kebab(&context.name));
            contract(design, path, accounts, move |design| emit::openapi::document(design, id))
        })
        .collect();
    if emit::openapi::has_files(design) {
        let path = "/openapi/shared/files.json".to_owned();
        all.push(contract(design, path, accounts, emit::openapi::of_files));
    }
    all
}

fn contract(
    design: &Arc<Design>,
    path: String,
    accounts: bool,
    write: impl Fn(&Design) -> Option<serde_json::Value> + Send + Sync + 'static,
) -> Document {
    let design = Arc::clone(design);
    Document::new(path, "application/json", move || {
        let mut document = write(&design).unwrap_or_default();
        if !accounts {
            emit::openapi::without_accounts(&mut document);
        }
        document.to_string().into()
    })
}

impl<S: Store> Execute for Backend<S> {
    fn design(&self) -> &Arc<Design> {
        Self::design(self)
    }

    fn execute(&self, request: Request) -> impl Future<Output = Result<Answer, Problem>> + Send {
        Self::execute(self, request)
    }

    fn not_running(&self) -> Vec<&str> {
        Self::not_running(self).iter().map(|missing| missing.message.as_str()).collect()
    }

    async fn samples(&self) -> Vec<Sample> {
        let own = self.store().gauges().into_iter();
        let mut samples: Vec<Sample> =
            own.map(|(name, help, value)| Sample::new(name, help, value)).collect();
        samples.extend(self.store_times());
        samples.extend(self.external_calls());
        samples.extend(self.kept_answers());
        samples.extend(self.ended_rows());
        samples.extend(Self::audit(self).samples());
        let reading = self.store().read::<_, StoreError, _>(Terms::SERVER, |snapshot| {
            Box::pin(async move { snapshot.backlog().await })
        });
        // A store that does not answer has no backlog to tell: readiness says that it does not.
        if let Ok(Ok(backlog)) = tokio::time::timeout(PROBE, reading).await {
            samples.extend(backlog.samples(now_micros()));
        }
        samples
    }

    fn audit(&self) -> &AuditLog {
        Self::audit(self)
    }

    async fn close(&self) {
        self.closed().await;
    }

    async fn unready(&self) -> Option<String> {
        let reading = self.store().read::<_, StoreError, _>(Terms::SERVER, |snapshot| {
            Box::pin(async move { snapshot.outbox(i64::MAX, 1).await.map(drop) })
        });
        match tokio::time::timeout(PROBE, reading).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some("The store fails.".to_owned()),
            Err(_) => Some("The store does not answer.".to_owned()),
        }
    }
}

/// Hears that the process is asked to end (SIGINT, and SIGTERM where there is one) from when it is
/// made on: what comes while nobody waits for it is not lost.
#[derive(Debug)]
pub struct Termination {
    #[cfg(unix)]
    signals: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Termination {
    /// Listens from now on; the signals no longer end the process by themselves.
    #[must_use]
    pub fn heard() -> Self {
        Self {
            #[cfg(unix)]
            signals: {
                use tokio::signal::unix::{SignalKind, signal};
                let terminate = signal(SignalKind::terminate()).ok();
                terminate.zip(signal(SignalKind::interrupt()).ok()).map(<[_; 2]>::from)
            },
        }
    }

    /// Resolves when it is asked to, or was since this resolved last.
    pub async fn asked(&mut self) {
        #[cfg(unix)]
        if let Some([terminate, interrupt]) = &mut self.signals {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

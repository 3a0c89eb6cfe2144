//! A whole server in this process, on either store, and the ways in which one can be broken.
#![expect(clippy::disallowed_types, reason = "looked up, never gone through in order")]

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use decide::Design;
use graphql::{GraphQl, Persisted, Serving};
use model::model::OperationKind;
use runtime::call::{Answer, Body, Caller, IfMatch, Request};
use runtime::http::{
    Edge, Execute, Executor, Limits, Mount, Running, Service, ServiceOptions, Translator, listen,
};
use runtime::identity::Issuer;
use runtime::operations::{Backend, ConfiguredExternals};
use runtime::store::Store;
use runtime::telemetry::AccessLog;
use runtime::{Problem, cache};

use super::folder::Folder;

/// A defect that some server might have. The property must notice each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    None,
    /// Statements are not held to a tenant, nor to a condition.
    Predicate,
    /// Kept answers are found without saying for whom they are.
    CacheKey,
    /// Versions are compared before rights are.
    Etag,
    /// A refusal says more than that there is nothing.
    Detail,
    /// A page goes on where others have rows.
    Cursor,
    /// Repetitions are known by their key alone.
    Idempotency,
}

/// A server that is gone with the test.
pub struct Site {
    pub address: SocketAddr,
    pub design: Arc<Design>,
    issuer: Issuer,
    running: Option<Running>,
    _folder: Folder,
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.running.take());
    }
}

impl Site {
    /// Serves a design over a store; where answers are shared, in what is given.
    pub async fn start<S: Store>(
        design: Arc<Design>,
        store: S,
        folder: Folder,
        shared: Option<Arc<dyn cache::shared::Shared>>,
        defect: Defect,
    ) -> Self {
        let externals = ConfiguredExternals::new(design.model.clone(), BTreeMap::new()).unwrap();
        let options = cache::Options { shared, ..cache::Options::default() };
        let backend = Backend::start_with(&design, store, Arc::new(externals), options);
        let backend = backend.unwrap_or_else(|errors| panic!("{errors:#?}"));
        let issuer = || Issuer::open(folder.path(), design.model.clone()).unwrap();
        let root = token(&design, &issuer(), None, "root", "everybody");
        let root = issuer().caller(&root).unwrap();
        let broken = Broken { backend, root, defect, answers: Mutex::default() };
        let broken = Arc::new(broken);
        let translator = Arc::new(Translator::new(&design, &issuer()));
        let executor: Arc<dyn Executor> = broken.clone();
        let graphql = GraphQl::new(executor, translator, Serving::On, Persisted::default());
        let mut edge = Edge::default();
        edge.rates.off = true;
        let options = ServiceOptions {
            issuer: issuer(),
            authenticate: None,
            mounts: vec![Arc::new(graphql.unwrap().unwrap()) as Arc<dyn Mount>],
            limits: Limits::default(),
            edge,
            limiter: None,
            access_log: AccessLog::Off,
            tracing: None,
            documents: Vec::new(),
        };
        let service = Arc::new(Service::new(broken, options).unwrap());
        let running = listen(service, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = running.address();
        let issuer = issuer();
        Self { address, design, issuer, running: Some(running), _folder: folder }
    }

    pub fn token(&self, actor: &str, subject: &str) -> String {
        token(&self.design, &self.issuer, None, actor, subject)
    }

    /// Of somebody who is no row, for a tenant.
    pub fn token_for(&self, tenant: &str, actor: &str, subject: &str) -> String {
        let tenant = uuid::Uuid::parse_str(tenant).unwrap().as_u128();
        token(&self.design, &self.issuer, Some(tenant), actor, subject)
    }

    pub async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

fn token(
    design: &Design,
    issuer: &Issuer,
    tenant: Option<u128>,
    actor: &str,
    subject: &str,
) -> String {
    let mut actors = design.model.actors();
    let (id, _) = actors.find(|(_, declared)| declared.name.value == actor).unwrap();
    issuer.issue_for(tenant, id, subject, Duration::from_secs(3600)).unwrap()
}

/// A backend with a defect.
struct Broken<S: Store> {
    backend: Backend<S>,
    /// Somebody who sees everything.
    root: Caller,
    defect: Defect,
    answers: Mutex<HashMap<String, Answer>>,
}

impl<S: Store> Broken<S> {
    fn kind(&self, request: &Request) -> OperationKind {
        self.backend.design().model.operation(request.operation).kind
    }

    /// The row of a request's address, as everybody's.
    async fn row(&self, request: &Request) -> Option<Answer> {
        let model = &self.backend.design().model;
        let asked = model.operation(request.operation);
        let reads = |(_, of): &(_, &model::model::Operation)| {
            of.kind == OperationKind::Get
                && of.target == asked.target
                && of.addressed == asked.addressed
        };
        let (operation, _) = model.operations().find(reads)?;
        let page = None;
        let request = Request { operation, page, ..self.of_everybody(request) };
        self.backend.execute(request).await.ok()
    }

    fn of_everybody(&self, request: &Request) -> Request {
        Request { caller: self.root.clone(), idempotency: None, ..request.clone() }
    }

    async fn perform(&self, request: Request) -> Result<Answer, Problem> {
        let reads = matches!(self.kind(&request), OperationKind::List | OperationKind::Get);
        let key = match self.defect {
            Defect::Predicate if reads => {
                return self.backend.execute(self.of_everybody(&request)).await;
            }
            Defect::CacheKey if reads => {
                format!("{:?} {:?} {:?}", request.operation, request.address, request.page)
            }
            Defect::Idempotency if request.idempotency.is_some() => {
                format!("{:?} {:?}", request.operation, request.idempotency)
            }
            Defect::Etag => {
                if let Some(IfMatch::Version(version)) = request.if_match
                    && let Some(row) = self.row(&request).await
                    && row.version != Some(version)
                {
                    return Err(Problem::new(&runtime::problem::code::PRECONDITION_FAILED));
                }
                return self.backend.execute(request).await;
            }
            Defect::Detail => return self.told(request).await,
            Defect::Cursor => return self.counted(request).await,
            _ => return self.backend.execute(request).await,
        };
        if let Some(known) = self.answers.lock().unwrap().get(&key) {
            let replayed = !reads;
            return Ok(Answer { replayed, ..known.clone() });
        }
        let answer = self.backend.execute(request).await?;
        self.answers.lock().unwrap().insert(key, answer.clone());
        Ok(answer)
    }

    async fn told(&self, request: Request) -> Result<Answer, Problem> {
        let row = self.row(&request).await;
        self.backend.execute(request).await.map_err(|problem| match row {
            Some(row) if problem.status == 404 => {
                problem.detail(format!("It was changed {} times.", row.version.unwrap_or(0)))
            }
            _ => problem,
        })
    }

    async fn counted(&self, request: Request) -> Result<Answer, Problem> {
        let all = self.of_everybody(&request);
        let mut answer = self.backend.execute(request).await?;
        if let Body::Page { next, .. } = &mut answer.body
            && next.is_none()
            && let Ok(Answer { body: Body::Page { next: further, .. }, .. }) =
                self.backend.execute(all).await
        {
            *next = further;
        }
        Ok(answer)
    }
}

impl<S: Store> Execute for Broken<S> {
    fn design(&self) -> &Arc<Design> {
        self.backend.design()
    }

    fn execute(&self, request: Request) -> impl Future<Output = Result<Answer, Problem>> + Send {
        self.perform(request)
    }

    async fn close(&self) {
        self.backend.closed().await;
    }
}

//! gRPC over HTTP/2, on the port of everything else.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Version};
use runtime::Problem;
use runtime::http::{Arrival, Executor, Mount, Reply, Translator, reply};
use runtime::problem::code;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::call::Call;
use crate::compile::compile;
use crate::frame::{Encoding, Messages};
use crate::health::{self, Health};
use crate::plan::{MethodPlan, Plan};
use crate::reflection::{self, Reflection};
use crate::{Serving, status, stream};

/// How gRPC is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where.
    pub serving: Serving,
    /// Whether servers are asked what they serve.
    pub reflection: bool,
    /// Numbers once given to fields: `proto/fields.lock`, empty where there is none.
    pub field_numbers: String,
    /// Most bytes of a message.
    pub limit: usize,
    /// For a message to arrive.
    pub patience: Duration,
}

/// The services of a design.
pub struct Grpc {
    /// By name: `ordering.v1.OrderingService`.
    services: BTreeMap<String, Service>,
    shared: Shared,
    health: Arc<Health>,
    reflection: Option<Arc<Reflection>>,
    draining: watch::Sender<bool>,
    limit: usize,
}

/// A service.
pub(crate) struct Service {
    pub plan: Plan,
    pub methods: BTreeMap<String, MethodPlan>,
}

/// What all calls share.
pub(crate) struct Shared {
    pub executor: Arc<dyn Executor>,
    pub translator: Arc<Translator>,
    /// In whose words codes are: the system's name.
    pub domain: String,
    pub patience: Duration,
}

impl Grpc {
    /// Compiles the contracts and prepares their procedures; nothing where none is served.
    ///
    /// # Errors
    /// A contract that cannot be compiled: a defect of the emitter.
    pub fn new(
        executor: Arc<dyn Executor>,
        translator: Arc<Translator>,
        options: &Options,
    ) -> Result<Option<Self>, String> {
        let design = executor.design().clone();
        let packages = emit::protobuf::packages(&design, &options.field_numbers);
        let serves = |context| options.serving.serves(&design, context);
        let served: Vec<_> = packages.iter().filter(|of| serves(of.context)).collect();
        if served.is_empty() {
            return Ok(None);
        }
        let pool = compile(&served)?;
        let mut services = BTreeMap::new();
        for package in &served {
            let Some(service) = &package.file.service else { continue };
            let (plan, methods) = Plan::new(package, &pool)?;
            let name = format!("{}.{}", package.file.package, service.name);
            services.insert(name, Service { plan, methods });
        }
        let mut names: Vec<String> = services.keys().cloned().collect();
        names.push(health::SERVICE.to_owned());
        let (draining, drained) = watch::channel(false);
        let health = Health::new(Arc::clone(&executor), names.clone(), drained);
        names.extend(reflection::SERVICES.map(str::to_owned));
        let reflection = options.reflection.then(|| Reflection::new(pool, names)).transpose()?;
        let domain = design.model.system.name.to_string();
        let shared = Shared { executor, translator, domain, patience: options.patience };
        Ok(Some(Self {
            services,
            shared,
            health: Arc::new(health),
            reflection: reflection.map(Arc::new),
            draining,
            limit: options.limit,
        }))
    }

    /// The names of the services that the design has.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    async fn reply(&self, request: Request<Incoming>, arrival: Arrival) -> Reply {
        let (head, body) = request.into_parts();
        if head.version != Version::HTTP_2 {
            let detail = "gRPC is spoken over HTTP/2.";
            return reply::problem(&Problem::new(&code::MALFORMED_REQUEST).detail(detail));
        }
        if !is_message(&head) {
            let detail = "Messages are application/grpc, in protobuf.";
            return reply::problem(&Problem::new(&code::UNSUPPORTED_MEDIA_TYPE).detail(detail));
        }
        match self.called(&head, body, &arrival).await {
            Ok(reply) => reply,
            Err(problem) => self.refusal(&problem),
        }
    }

    async fn called(
        &self,
        head: &Parts,
        body: Incoming,
        arrival: &Arrival,
    ) -> Result<Reply, Problem> {
        let unknown = || Problem::new(&code::UNKNOWN_ROUTE);
        if head.method != Method::POST {
            return Err(Problem::new(&code::METHOD_NOT_ALLOWED));
        }
        let encoding = Encoding::of(&head.headers)?;
        let mut messages = Messages::new(body, encoding, self.limit, arrival.admission.clone());
        let path = head.uri.path().strip_prefix('/').unwrap_or_default();
        let (service, method) = path.split_once('/').ok_or_else(unknown)?;
        if let Some(service) = self.services.get(service) {
            let method = service.methods.get(method).ok_or_else(unknown)?;
            let shared = &self.shared;
            let call = Call { shared, service, method, head, arrival };
            return Ok(call.reply(messages, encoding).await);
        }
        let domain = &self.shared.domain;
        let draining = self.draining.subscribe();
        match (service, method, &self.reflection) {
            (health::SERVICE, "Check" | "Watch", _) => {
                let late = Instant::now() + self.shared.patience;
                let message = messages.next(late).await?.unwrap_or_default();
                match method {
                    "Check" => self.health.check(&message).await.map(stream::whole),
                    _ => self.health.watch(&message, domain),
                }
            }
            (name, "ServerReflectionInfo", Some(reflection))
                if reflection::SERVICES.contains(&name) =>
            {
                Ok(reflection.answer(messages, domain, draining))
            }
            _ => Err(unknown()),
        }
    }
}

impl Mount for Grpc {
    fn name(&self) -> &'static str {
        "grpc"
    }

    /// Whatever says that it is gRPC, also where nothing of that name is served: its callers
    /// expect an answer in their own terms.
    fn takes(&self, head: &Parts) -> bool {
        let media = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        media.is_some_and(|media| media.starts_with(b"application/grpc"))
    }

    fn admits(&self) -> bool {
        true
    }

    fn refusal(&self, problem: &Problem) -> Reply {
        status::refusal(problem, &self.shared.domain, None)
    }

    fn drain(&self) {
        self.draining.send_replace(true);
    }

    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(self.reply(request, arrival))
    }
}

/// Messages in protobuf: `application/grpc` is short for `application/grpc+proto`.
fn is_message(head: &Parts) -> bool {
    let media = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    matches!(media, "application/grpc" | "application/grpc+proto")
}

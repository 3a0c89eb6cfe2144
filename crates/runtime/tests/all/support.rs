//! A backend for a model given as text, and callers of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base::SourceMap;
use expression::Value;
use model::Model;
use model::model::{ActorId, Authentication, OperationId};
use runtime::call::{
    Answer, Body, Caller, Cursor, IdempotencyKey, Identity, IfMatch, InputValues, PageRequest,
    Request, Trace,
};
use runtime::json::{InputPlan, parse_uuid, read_input};
use runtime::operations::{Backend, ConfiguredExternals, Externals};
use runtime::{Problem, store};
use serde_json::Value as Json;

use crate::stores::{self, TestStore};

/// A directory that is removed at the end.
#[derive(Debug)]
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Arc<Self> {
        let name = format!("firmitas-test-{}", uuid::Uuid::new_v4());
        Arc::new(Self(std::env::temp_dir().join(name)))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A text with tenants kept apart in another way.
pub fn in_form(text: &str, isolation: &str) -> String {
    let pool = "isolation: pool";
    assert!(text.contains(pool));
    text.replace(pool, &format!("isolation: {isolation}"))
}

/// Tests in each way in which the store keeps tenants apart.
macro_rules! in_each_form {
    ($($test:ident),+) => {
        mod in_each_form {
            $(#[tokio::test]
            async fn $test() {
                for isolation in crate::stores::ISOLATIONS {
                    super::$test(isolation).await;
                }
            })+
        }
    };
}
pub(crate) use in_each_form;

/// The model in a text; what is wrong with it fails the test.
pub fn model(text: &str) -> Arc<Model> {
    let mut sources = SourceMap::default();
    let root = sources.add("firmitas.yaml", text);
    let (model, diagnostics) = model::load(&sources, root);
    let errors: Vec<String> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == base::Severity::Error)
        .map(|d| format!("{:?} {}: {}", sources.range(d.primary.span).start, d.id, d.message))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    Arc::new(model)
}

/// The shop of the examples.
pub fn shop() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop/firmitas.yaml");
    std::fs::read_to_string(path).unwrap()
}

/// A model that runs.
pub struct World {
    pub backend: Arc<Backend<TestStore>>,
    pub model: Arc<Model>,
    pub directory: Arc<Directory>,
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Who {
    pub caller: Caller,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Done {
    pub answer: Answer,
    pub json: Json,
}

impl Done {
    /// The id of the row.
    pub fn id(&self) -> String {
        let id = self.answer.row.expect("an answer about a row");
        uuid::Uuid::from_u128(id).to_string()
    }
}

impl World {
    pub fn start(text: &str) -> Self {
        let model = model(text);
        let externals = ConfiguredExternals::new(model.clone(), BTreeMap::new()).unwrap();
        Self::start_with(model, Arc::new(externals), Directory::new())
    }

    pub fn start_with(
        model: Arc<Model>,
        externals: Arc<dyn Externals>,
        directory: Arc<Directory>,
    ) -> Self {
        let (design, _) = decide::decide(model.clone());
        let design = Arc::new(design);
        let store = stores::open(&directory.0, design.clone()).unwrap();
        let backend = Backend::start(&design, store, externals).unwrap();
        Self { backend: Arc::new(backend), model, directory }
    }

    /// The same rows in a new process, as far as a test can have one.
    pub fn restart(self, externals: Arc<dyn Externals>) -> Self {
        let Self { backend, model, directory } = self;
        drop(backend);
        Self::start_with(model, externals, directory)
    }

    pub fn operation(&self, name: &str) -> OperationId {
        let mut all = self.model.operations().map(|(id, _)| id);
        let found = all.find(|id| self.model.qualified_operation(*id) == name);
        found.unwrap_or_else(|| panic!("no operation {name}"))
    }

    fn actors(&self, named: &[&str]) -> Vec<ActorId> {
        let fits = |actor: &model::model::Actor| {
            actor.authentication == Authentication::None
                || named.contains(&actor.name.value.as_str())
        };
        self.model.actors().filter(|(_, actor)| fits(actor)).map(|(id, _)| id).collect()
    }

    pub fn anyone(&self) -> Who {
        Who { caller: Caller { actors: self.actors(&[]), ..Caller::default() } }
    }

    pub fn system(&self) -> Who {
        let is_system = |a: &model::model::Actor| a.authentication == Authentication::System;
        let actors = self.model.actors().filter(|(_, actor)| is_system(actor));
        Who { caller: Caller { actors: actors.map(|(id, _)| id).collect(), ..Caller::default() } }
    }

    /// A verified subject as the named actors.
    pub fn user(&self, subject: &str, actors: &[&str]) -> Who {
        // As well proven as anything asks for.
        let identity = Identity {
            issuer: runtime::identity::ISSUER.into(),
            subject: subject.into(),
            assurance: Some(3),
            ..Identity::default()
        };
        Who {
            caller: Caller {
                actors: self.actors(actors),
                identity: Some(identity),
                ..Caller::default()
            },
        }
    }

    pub fn request(&self, who: &Who, operation: &str, address: Option<&str>) -> Request {
        let operation = self.operation(operation);
        let definition = self.model.operation(operation);
        Request {
            operation,
            caller: who.caller.clone(),
            address: address.map(|text| match parse_uuid(text) {
                Some(id) => Value::Uuid(id),
                None => Value::text(text),
            }),
            input: InputValues::of(vec![None; definition.input.parameters.len()]),
            if_match: None,
            idempotency: None,
            page: None,
            selection: None,
            patience: None,
            trace: Trace::default(),
        }
    }

    pub async fn execute(&self, request: Request) -> Result<Done, Problem> {
        let answer = self.backend.execute(request).await?;
        let json = match &answer.body {
            Body::Empty => Json::Null,
            Body::Json(bytes) => serde_json::from_slice(bytes).unwrap(),
            Body::Page { items, .. } => serde_json::from_slice(items).unwrap(),
        };
        Ok(Done { answer, json })
    }

    /// One request with a body, decoded as HTTP would.
    pub async fn call(
        &self,
        who: &Who,
        operation: &str,
        address: Option<&str>,
        body: Json,
    ) -> Result<Done, Problem> {
        self.execute(self.with_body(who, operation, address, &body)?).await
    }

    pub fn with_body(
        &self,
        who: &Who,
        operation: &str,
        address: Option<&str>,
        body: &Json,
    ) -> Result<Request, Problem> {
        let mut request = self.request(who, operation, address);
        let definition = self.model.operation(request.operation);
        let plan = InputPlan::new(&self.model, definition);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        request.input = read_input(&plan, text.as_bytes(), 0)?;
        request.if_match = Some(IfMatch::Any);
        Ok(request)
    }

    /// With an `Idempotency-Key`.
    pub async fn call_once(
        &self,
        who: &Who,
        operation: &str,
        address: Option<&str>,
        body: Json,
        key: &str,
    ) -> Result<Done, Problem> {
        use sha2::Digest as _;
        let mut request = self.with_body(who, operation, address, &body)?;
        let body_hash = sha2::Sha256::digest(format!("{address:?}{body}")).into();
        request.idempotency = Some(IdempotencyKey { key: key.to_owned(), body_hash });
        self.execute(request).await
    }

    pub async fn get(&self, who: &Who, operation: &str, id: &str) -> Result<Json, Problem> {
        let request = self.request(who, operation, Some(id));
        self.execute(request).await.map(|done| done.json)
    }

    /// One page, and where the next one starts.
    pub async fn page(
        &self,
        who: &Who,
        operation: &str,
        page: PageRequest,
    ) -> Result<(Vec<Json>, Option<Cursor>), Problem> {
        let mut request = self.request(who, operation, None);
        request.page = Some(page);
        let done = self.execute(request).await?;
        let next = match done.answer.body {
            Body::Page { next, .. } => next,
            _ => None,
        };
        Ok((done.json.as_array().cloned().unwrap(), next))
    }

    /// All pages.
    pub async fn list(&self, who: &Who, operation: &str) -> Result<Vec<Json>, Problem> {
        let mut all = Vec::new();
        let mut request = PageRequest { limit: 100, ..PageRequest::default() };
        loop {
            let (rows, next) = self.page(who, operation, request.clone()).await?;
            all.extend(rows);
            if next.is_none() {
                return Ok(all);
            }
            request.after = next;
        }
    }

    /// The events in the outbox: name, key, payload.
    pub async fn events(&self) -> Vec<(String, String, Json)> {
        use store::{Snapshot as _, Store as _, StoreError};
        let store = self.backend.store();
        let read = store.read(runtime::store::Terms::SERVER, |snapshot| {
            Box::pin(async move { snapshot.outbox(0, 10_000).await })
        });
        let events: Result<_, StoreError> = read.await;
        let json = |text: &str| serde_json::from_str(text).unwrap();
        events.unwrap().into_iter().map(|(_, e)| (e.event, e.key, json(&e.payload))).collect()
    }
}

impl Who {
    /// With a verified address.
    pub fn with_login(mut self, login: &str) -> Self {
        if let Some(identity) = &mut self.caller.identity {
            identity.logins.push(login.into());
        }
        self
    }
}

/// The code of a refusal, with its status; and the codes of single values.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Problem>) -> (u16, String) {
    let problem = result.expect_err("a refusal");
    let code = match problem.errors.first() {
        Some(error) => format!("{} {} {}", problem.code, error.pointer, error.code),
        None => problem.code.to_string(),
    };
    (problem.status, code)
}

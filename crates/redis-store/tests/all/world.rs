//! Replicas of one backend: several over one store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base::SourceMap;
use decide::Design;
use expression::Value;
use model::model::{Authentication, OperationId};
use redis_store::{Address, Link, SharedAnswers};
use runtime::call::{Answer, Body, Caller, Identity, InputValues, Request, Trace};
use runtime::operations::{Backend, ConfiguredExternals};
use runtime::store::sqlite::{Limits, SqliteStore};
use runtime::{Problem, cache};
use serde_json::Value as Json;

const MODEL: &str = r"
firmitas: 1
system: { name: Replicas, summary: What replicas keep. }
actors:
  visitor: { auth: none }
  clerk: { auth: user, role: clerk }
entities:
  Counter:
    rows: 10
    fields: { name: string(1..20) unique, number: int = 0 }
operations:
  add: { create: Counter, by: [clerk], input: [name], rate: 1/s }
  count: { act: Counter, by: [clerk], do: [{ set: { number: self.number + 1 } }], rate: 1/s }
  view: { get: Counter, by: [visitor], rate: 1/s, stale: STALE }
  find: { get: Counter, key: name, by: [visitor], rate: 1/s, stale: STALE }
  list: { list: Counter, by: [visitor], sort: [name], rate: 1/s, stale: STALE }
decisions:
  cache.view: { choose: l2, because: the test is about it }
  cache.find: { choose: l2, because: the test is about it }
  cache.list: { choose: l1, because: the test is about it }
";

/// One store with what serves it.
pub struct World {
    pub design: Arc<Design>,
    store: Arc<SqliteStore>,
    folder: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// One of several processes, as far as a test can have them.
pub struct Replica {
    backend: Backend<Arc<SqliteStore>>,
    design: Arc<Design>,
}

impl World {
    pub fn new(stale: &str) -> Self {
        let mut sources = SourceMap::default();
        let root = sources.add("firmitas.yaml", MODEL.replace("STALE", stale));
        let (model, diagnostics) = model::load(&sources, root);
        let errors = diagnostics.iter().filter(|of| of.severity == base::Severity::Error);
        assert_eq!(errors.map(|of| &of.message).collect::<Vec<_>>(), Vec::<&String>::new());
        let design = Arc::new(decide::decide(Arc::new(model)).0);
        let folder = std::env::temp_dir().join(format!("firmitas-test-{}", uuid::Uuid::new_v4()));
        let store = SqliteStore::open(&folder, design.clone(), Limits::default()).unwrap();
        Self { design, store: Arc::new(store), folder }
    }

    /// A replica; with the URL of Redis it shares what it keeps.
    pub async fn replica(&self, redis: Option<&str>) -> Replica {
        let mut options = cache::Options::default();
        if let Some(url) = redis {
            let address = Address::parse(url).unwrap();
            let link = Arc::new(Link::open(&address).await);
            let namespace = cache::namespace(&self.design);
            options.shared = Some(Arc::new(SharedAnswers::new(address, link, namespace)));
        }
        let model = self.design.model.clone();
        let externals = Arc::new(ConfiguredExternals::new(model, BTreeMap::new()).unwrap());
        let store = self.store.clone();
        let backend = Backend::start_with(&self.design, store, externals, options).unwrap();
        Replica { backend, design: self.design.clone() }
    }
}

impl Replica {
    fn operation(&self, name: &str) -> OperationId {
        let model = &self.design.model;
        let name = format!("replicas.{name}");
        model
            .operations()
            .map(|(id, _)| id)
            .find(|id| model.qualified_operation(*id) == name)
            .unwrap()
    }

    async fn ask(
        &self,
        name: &str,
        address: Option<Value>,
        input: Vec<Option<Value>>,
    ) -> Result<Answer, Problem> {
        let model = &self.design.model;
        let clerk = model.actors().filter(|(_, actor)| {
            actor.authentication == Authentication::None || actor.name.value == "clerk"
        });
        let identity =
            Identity { issuer: "test".into(), subject: "carla".into(), ..Identity::default() };
        let actors = clerk.map(|(id, _)| id).collect();
        let caller = Caller { actors, identity: Some(identity), ..Caller::default() };
        let request = Request {
            operation: self.operation(name),
            caller,
            address,
            input: InputValues::of(input),
            if_match: Some(runtime::call::IfMatch::Any),
            idempotency: None,
            page: None,
            selection: None,
            patience: None,
            trace: Trace::default(),
        };
        self.backend.execute(request).await
    }

    pub async fn add(&self, name: &str) -> u128 {
        self.ask("add", None, vec![Some(Value::text(name))]).await.unwrap().row.unwrap()
    }

    /// Counts one more; the number that is committed.
    pub async fn count(&self, row: u128) -> i64 {
        let answer = self.ask("count", Some(Value::Uuid(row)), Vec::new()).await.unwrap();
        number(&json(&answer))
    }

    pub async fn view(&self, row: u128) -> i64 {
        number(&json(&self.ask("view", Some(Value::Uuid(row)), Vec::new()).await.unwrap()))
    }

    pub async fn find(&self, name: &str) -> Option<i64> {
        let answer = self.ask("find", Some(Value::text(name)), Vec::new()).await;
        answer.ok().map(|answer| number(&json(&answer)))
    }

    /// The numbers of all counters, by name.
    pub async fn list(&self) -> Vec<i64> {
        let answer = json(&self.ask("list", None, Vec::new()).await.unwrap());
        answer.as_array().unwrap().iter().map(number).collect()
    }

    /// The sum over operations of a number of `/metrics`.
    pub fn metric(&self, name: &str) -> f64 {
        let all = self.backend.kept_answers();
        assert!(all.iter().any(|of| of.name == name), "{name}");
        all.iter().filter(|of| of.name == name).map(|of| of.value).sum()
    }
}

fn json(answer: &Answer) -> Json {
    match &answer.body {
        Body::Json(bytes) | Body::Page { items: bytes, .. } => {
            serde_json::from_slice(bytes).unwrap()
        }
        Body::Empty => Json::Null,
    }
}

fn number(row: &Json) -> i64 {
    row["number"].as_i64().unwrap()
}

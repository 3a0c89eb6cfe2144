//! What the model asks of each service and store, before anything is bought for it.

use std::collections::BTreeMap;

use expression::EntityId;
use model::model::{Authentication, ContextId, Entity, Operation, OperationId, OperationKind};

use super::load::Load;
use super::work::{self, Work};
use crate::caching;
use crate::decision::Context;
use crate::deployables::{self, Deployable};
use crate::facts::{self, Facts};
use crate::numbers;

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    /// PostgreSQL.
    Postgresql,
    /// Redis, for rows that may be lost.
    Redis,
    /// A document store.
    Document,
    /// A search engine.
    SearchEngine,
    /// A time series database.
    TimeSeries,
}

impl StoreKind {
    /// Where the rows of an entity live, by what `store` chose for its context.
    #[must_use]
    pub fn of(choice: &str, entity: &Entity) -> Self {
        match choice {
            "redis" if entity.volatile => Self::Redis,
            "time-series" if entity.append_only => Self::TimeSeries,
            "document" => Self::Document,
            _ => Self::Postgresql,
        }
    }

    /// Whether it holds rows that nothing else holds: what may be lost, or be built anew from
    /// PostgreSQL, does not.
    #[must_use]
    pub const fn keeps(self) -> bool {
        !matches!(self, Self::Redis | Self::SearchEngine)
    }

    /// As names of stores end.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Redis => "redis",
            Self::Document => "document",
            Self::SearchEngine => "search-engine",
            Self::TimeSeries => "time-series",
        }
    }
}

/// What is asked of a service.
#[derive(Clone, Debug)]
pub struct ServiceDemand {
    /// As verdicts name it: the context whose own it is, else the deployable.
    pub subject: String,
    /// What is deployed.
    pub deployable: Deployable,
    /// Requests a second.
    pub requests: Load,
    /// Cores that are busy.
    pub cores: Load,
    /// Streams that are open.
    pub streams: Load,
    /// Messages a second to streams.
    pub messages: Load,
    /// Whether it checks passwords.
    pub signs_in: bool,
    /// Its operations, by name.
    pub operations: Vec<OperationId>,
}

/// What is asked of a store.
#[derive(Clone, Debug)]
pub struct StoreDemand {
    /// Name, unique: the service's and the kind.
    pub name: String,
    /// As verdicts about stores name it: the service's subject, with the kind behind it if it is
    /// not PostgreSQL.
    pub subject: String,
    /// Kind.
    pub kind: StoreKind,
    /// The service that it belongs to, by position.
    pub service: usize,
    /// Contexts that keep rows there, by name.
    pub contexts: Vec<ContextId>,
    /// Reads a second.
    pub reads: Load,
    /// Rows written a second.
    pub writes: Load,
    /// Cores that are busy.
    pub cores: Load,
    /// Of these, for reads that bear a replica's lag.
    pub movable: Load,
    /// Connections that are held.
    pub held: Load,
    /// Bytes a second of the log that makes writes durable.
    pub logged: Load,
    /// Bytes of files that its rows name, in an object store: today and at the horizon.
    pub files: (f64, f64),
    /// Bytes of rows today.
    pub bytes_now: f64,
    /// Bytes that come until the horizon.
    pub bytes_to_come: f64,
    /// Bytes of answers that are kept for idempotency keys.
    pub answers: Load,
    /// The entity with the most bytes at the horizon.
    pub largest: Option<(EntityId, f64)>,
}

/// What is asked of everything.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// Services: the shared one first, then by name.
    pub services: Vec<ServiceDemand>,
    /// Stores, by service and kind.
    pub stores: Vec<StoreDemand>,
    /// Requests a second in all, for logs.
    pub requests: Load,
    /// Bytes a second that leave the data centre.
    pub egress: Load,
    /// Bytes a second that a network of caches delivers.
    pub delivered: Load,
    /// Requests a second that it answers.
    pub answered: Load,
    /// Events a second that are emitted.
    pub events: Load,
    /// The work of each operation, by position.
    pub work: Vec<Work>,
}

impl Demand {
    /// The PostgreSQL server of a service.
    #[must_use]
    pub fn postgresql(&self, service: usize) -> Option<&StoreDemand> {
        self.stores
            .iter()
            .find(|store| store.service == service && store.kind == StoreKind::Postgresql)
    }
}

/// Families whose verdicts it reads.
pub const READS: [&str; 3] = ["service", "store", "edge"];

/// Sums what the operations ask for.
#[must_use]
pub fn of(cx: &Context<'_>) -> Demand {
    let model = cx.model;
    let written = work::written(model);
    let cached = caching::has_edge(cx.verdicts_of("edge"));
    let mut work: Vec<Work> =
        model.operations.iter().map(|of| Work::of(model, of, &written)).collect();
    let (mut delivered, mut answered) = (Load::default(), Load::default());
    if cached {
        for (operation, work) in model.operations.iter().zip(&mut work) {
            let (asked, found) = work.behind_edge(model, operation);
            delivered = delivered + asked * work.answer;
            answered = answered + found;
        }
    }
    let deployables = deployables::among(model.model, cx.verdicts_of("service"));
    let mut service_of = vec![0; model.contexts.len()];
    for (at, deployable) in deployables.iter().enumerate() {
        for context in &deployable.contexts {
            if let Some(service) = service_of.get_mut(usize::from(context.0)) {
                *service = at;
            }
        }
    }
    let stores = Stores::new(cx, &deployables, service_of.clone());
    let mut demand = Demand {
        services: deployables.into_iter().map(|of| service(model, of)).collect(),
        stores: stores.sum(&work),
        events: events(model),
        delivered: delivered * model.value(&numbers::COMPRESSED),
        answered,
        ..Demand::default()
    };
    for (id, operation) in facts::all_by_name(model) {
        let Some(work) = work.get(id.0 as usize) else { continue };
        demand.requests = demand.requests + work.requests;
        // What a network of caches delivers is paid for there.
        if work::leaves(model, operation) && !(cached && caching::may_be_shared(model, operation)) {
            let message = model.value(&numbers::EVENT_BYTES);
            let bytes = work.requests * work.answer + work.messages * message;
            demand.egress = demand.egress + bytes * model.value(&numbers::COMPRESSED);
        }
        let at = service_of.get(usize::from(operation.context.0)).copied().unwrap_or_default();
        if let Some(service) = demand.services.get_mut(at) {
            service.add(model, id, operation, work);
        }
    }
    let name = |id: &OperationId| model.operation(*id).name.value.as_str();
    for service in &mut demand.services {
        service.operations.sort_by(|a, b| name(a).cmp(name(b)));
    }
    demand.work = work;
    demand
}

/// The context whose own it is, else the name of the deployable; a system may be called like one of
/// its contexts.
fn subject(model: Facts<'_>, deployable: &Deployable) -> String {
    match deployable.own {
        Some(id) => model.context(id).name.value.clone(),
        None => {
            let mut others = model
                .contexts
                .iter()
                .zip((0u16..).map(ContextId))
                .filter(|(_, id)| !deployable.contexts.contains(id));
            let taken = others.any(|(context, _)| context.name.value == deployable.name);
            format!("{}{}", deployable.name, if taken { "-shared" } else { "" })
        }
    }
}

fn service(model: Facts<'_>, deployable: Deployable) -> ServiceDemand {
    ServiceDemand {
        subject: subject(model, &deployable),
        deployable,
        requests: Load::default(),
        cores: Load::default(),
        streams: Load::default(),
        messages: Load::default(),
        signs_in: false,
        operations: Vec::new(),
    }
}

impl ServiceDemand {
    fn add(&mut self, model: Facts<'_>, id: OperationId, operation: &Operation, work: &Work) {
        self.requests = self.requests + work.requests;
        self.streams = self.streams + work.streams;
        self.messages = self.messages + work.messages;
        let message = model.value(&numbers::MESSAGE_CPU) / 1e3;
        self.cores = self.cores + work.requests * work.application + work.messages * message;
        self.operations.push(id);
        self.signs_in |= operation
            .by
            .iter()
            .any(|grant| model.actor(grant.actor).authentication == Authentication::User);
    }
}

/// Time that the one thread of a Redis server takes for a request, in seconds.
#[must_use]
pub fn in_memory(model: Facts<'_>, operation: &Operation, work: &Work) -> f64 {
    let number =
        if operation.near.is_some() { numbers::REDIS_SEARCHES } else { numbers::REDIS_OPERATIONS };
    let rows = if operation.writes() { work.rows.max(1.0) } else { 1.0 };
    rows / model.value(&number).max(1.0)
}

fn events(model: Facts<'_>) -> Load {
    let mut all = Load::default();
    for (_, operation) in facts::all_by_name(model) {
        let mut count = 0.0;
        crate::crossings::emits(&operation.effects, &mut |_| count += 1.0);
        if count > 0.0 {
            let rate = facts::row_rate(model, operation);
            let reach = facts::reach(model, operation.context);
            all = all + Load::new(rate.mean, rate.peak, reach) * count;
        }
    }
    all
}

/// Which store serves what.
struct Stores<'c> {
    cx: &'c Context<'c>,
    /// Names and subjects of services.
    names: Vec<(String, String)>,
    /// The service of each context.
    service_of: Vec<usize>,
    /// What `store` chooses for each context.
    choices: Vec<&'static str>,
}

impl<'c> Stores<'c> {
    fn new(cx: &'c Context<'c>, deployables: &[Deployable], service_of: Vec<usize>) -> Self {
        let chosen: BTreeMap<&str, &'static str> =
            cx.verdicts_of("store").map(|of| (of.subject.as_str(), of.choice)).collect();
        let choice = |context: &model::model::Context| {
            chosen.get(context.name.value.as_str()).copied().unwrap_or("postgresql")
        };
        let both = |of: &Deployable| (of.name.clone(), subject(cx.model, of));
        let names = deployables.iter().map(both).collect();
        Self { cx, names, service_of, choices: cx.model.contexts.iter().map(choice).collect() }
    }

    /// Where the rows of an entity live.
    fn kind(&self, id: EntityId) -> StoreKind {
        let entity = self.cx.model.entity(id);
        let choice = self.choices.get(usize::from(entity.context.0)).copied();
        StoreKind::of(choice.unwrap_or_default(), entity)
    }

    fn sum(&self, work: &[Work]) -> Vec<StoreDemand> {
        let mut stores: BTreeMap<(usize, StoreKind), StoreDemand> = BTreeMap::new();
        for (id, _) in facts::entities_by_name(self.cx.model) {
            self.store(&mut stores, id, self.kind(id)).grow(self.cx.model, id);
        }
        for (at, operation) in facts::all_by_name(self.cx.model) {
            let Some(work) = work.get(at.0 as usize) else { continue };
            let Some(id) = work::home(self.cx.model, operation) else { continue };
            let kind = self.kind(id);
            let chosen = self.choices.get(usize::from(operation.context.0)).copied();
            let elsewhere = chosen == Some("search-engine") && work.search > 0.0;
            self.store(&mut stores, id, kind).add(self.cx, operation, work, !elsewhere);
            if elsewhere {
                let engine = self.store(&mut stores, id, StoreKind::SearchEngine);
                engine.cores = engine.cores + work.requests * work.search;
                engine.reads =
                    engine.reads + work.requests * self.cx.model.value(&numbers::SEARCH_SHARE);
            }
        }
        let name = |id: &ContextId| self.cx.model.context(*id).name.value.as_str();
        let mut stores: Vec<StoreDemand> = stores.into_values().collect();
        for store in &mut stores {
            store.contexts.sort_by(|a, b| name(a).cmp(name(b)));
            store.contexts.dedup();
        }
        stores
    }

    fn store<'s>(
        &self,
        stores: &'s mut BTreeMap<(usize, StoreKind), StoreDemand>,
        id: EntityId,
        kind: StoreKind,
    ) -> &'s mut StoreDemand {
        let context = self.cx.model.entity(id).context;
        let service = self.service_of.get(usize::from(context.0)).copied().unwrap_or_default();
        let store = stores.entry((service, kind)).or_insert_with(|| {
            let (name, subject) = self.names.get(service).cloned().unwrap_or_default();
            let subject = match kind {
                StoreKind::Postgresql => subject,
                _ => format!("{subject}-{}", kind.name()),
            };
            store(format!("{name}-{}", kind.name()), subject, kind, service)
        });
        store.contexts.push(context);
        store
    }
}

fn store(name: String, subject: String, kind: StoreKind, service: usize) -> StoreDemand {
    StoreDemand {
        name,
        subject,
        kind,
        service,
        contexts: Vec::new(),
        reads: Load::default(),
        writes: Load::default(),
        cores: Load::default(),
        movable: Load::default(),
        held: Load::default(),
        logged: Load::default(),
        files: (0.0, 0.0),
        bytes_now: 0.0,
        bytes_to_come: 0.0,
        answers: Load::default(),
        largest: None,
    }
}

impl StoreDemand {
    /// The rows of an entity, with those of its parts. Where it has a file, `size` is that of the
    /// file, which is no row.
    fn grow(&mut self, model: Facts<'_>, id: EntityId) {
        let entity = model.entity(id);
        let Some(rows) = entity.rows.as_ref() else { return };
        let row = model.value(&numbers::ROW_BYTES);
        let stated = entity.size.as_ref().map(|size| work::bytes(size.value));
        let own = facts::row_bytes(model, entity);
        let parts = entity.parts.iter().map(|part| part.rows.as_ref().map_or(1.0, |of| of.value));
        let bytes = own + parts.sum::<f64>() * row;
        let grown = facts::rows_at_horizon(model, id).map_or(rows.value.rows, |rows| rows.value);
        if let Some(most) = work::file(entity) {
            let mean = stated.unwrap_or(most * model.value(&numbers::FILE_SHARE));
            self.files.0 += rows.value.rows * mean;
            self.files.1 += grown * mean;
        }
        let (now, then) = (rows.value.rows * bytes, grown * bytes);
        self.bytes_now += now;
        self.bytes_to_come += (then - now).max(0.0);
        let name = |id: EntityId| model.entity(id).name.value.as_str();
        let larger = self.largest.is_none_or(|(known, bytes)| {
            then.total_cmp(&bytes).then_with(|| name(known).cmp(name(id))).is_gt()
        });
        if larger {
            self.largest = Some((id, then));
        }
    }

    fn add(&mut self, cx: &Context<'_>, operation: &Operation, work: &Work, searches: bool) {
        let model = cx.model;
        let database = match self.kind {
            StoreKind::Redis => in_memory(model, operation, work),
            _ => work.database + if searches { work.search } else { 0.0 },
        };
        let hold = if self.kind == StoreKind::Redis { database } else { work.hold };
        let cores = work.requests * database;
        self.cores = self.cores + cores;
        self.held = self.held + work.requests * hold;
        if operation.writes() {
            self.writes = self.writes + work.requests * work.rows;
            // The rows of a batch share what a transaction writes besides them.
            let more = (work.rows - 1.0).max(0.0) * model.value(&numbers::ROW_BYTES);
            let bytes = model.value(&numbers::WAL_BYTES) + more;
            self.logged = self.logged + work.requests * bytes;
        } else {
            self.reads = self.reads + work.requests;
        }
        let lag = model.value(&numbers::REPLICA_LAG);
        let stale = operation.workload.stale.as_ref().map(|stale| stale.value.as_secs_f64());
        if !operation.writes() && stale.is_some_and(|stale| stale >= lag) {
            self.movable = self.movable + cores;
        }
        if matches!(operation.kind, OperationKind::Create | OperationKind::Act) {
            let most = model.value(&numbers::IDEMPOTENCY_BYTES);
            let seconds = model.value(&numbers::IDEMPOTENCY_HOURS) * 3_600.0;
            self.answers = self.answers + work.requests * (work.answer.min(most) * seconds);
        }
    }
}

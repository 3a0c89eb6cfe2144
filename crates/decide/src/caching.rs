//! Which answers are kept for the next who asks: where, for how long, how often that helps, and
//! what ends it.

use base::Quantity;
use expression::ir::{Expression, Kind, VariableIndex};
use expression::{EntityId, FieldIndex, Type};
use model::model::{
    Authentication, Operation, OperationId, OperationKind, OutputField, OutputValue, ViewSource,
};
use queueing::{Popularity, hit_ratio};

use crate::decision::Context;
use crate::design::Design;
use crate::facts::{self, Facts};
use crate::hot_rows::{self, Skew};
use crate::numbers;
use crate::sizing::work::Work;
use crate::touches::Touches;

/// Where answers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In browsers and content delivery networks: `Cache-Control: public, max-age`.
    Http,
    /// In each process.
    Process,
    /// In Redis, for all processes.
    Shared,
}

/// A layer of a cache.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Where.
    pub place: Place,
    /// For how long, in seconds.
    pub seconds: f64,
    /// Share of the requests that reach it and that it answers.
    pub hits: f64,
}

/// Why answers of an operation are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// How old they may be is not stated.
    NoStale,
    /// They depend on who asks.
    Actor,
    /// They hold personal data, or values that are encrypted by themselves.
    Personal,
    /// Hardly two questions are the same: a place is part of each.
    Place,
    /// Copies would be older than answers may be.
    TooFresh,
    /// It would save too little.
    TooLittle,
}

/// What a cache would do for an operation.
#[derive(Clone, Debug)]
pub struct Caching {
    /// The operation.
    pub operation: OperationId,
    /// The layers, in the order in which a request meets them; none where there is a bar.
    pub layers: Vec<Layer>,
    /// Why there is none.
    pub bar: Option<Bar>,
    /// How old an answer may be, in seconds.
    pub stale: Option<Quantity<f64>>,
    /// Requests a second at the reachable peak (D2).
    pub rate: f64,
    /// Replicas over which they are spread.
    pub replicas: f64,
    /// Different questions.
    pub keys: f64,
    /// Database time of an answer, in core-seconds.
    pub work: f64,
    /// Database cores that all layers together save, at D2.
    pub saved: f64,
    /// Bytes of an answer.
    pub answer: f64,
    /// Operations after which kept answers are dropped, by name.
    pub invalidated_by: Vec<OperationId>,
    /// Whether a popular answer is loaded anew before it ends.
    pub refresh: bool,
}

impl Caching {
    /// How old an answer can be at most, in seconds: all layers and a replica that lags.
    #[must_use]
    pub fn oldest(&self, lag: f64) -> f64 {
        self.layers.iter().map(|layer| layer.seconds).sum::<f64>() + lag
    }

    /// Share of the requests that reach the database.
    #[must_use]
    pub fn misses(&self) -> f64 {
        self.layers.iter().map(|layer| 1.0 - layer.hits).product()
    }

    /// Answers that one process keeps.
    #[must_use]
    pub fn entries(&self) -> f64 {
        let seconds =
            self.layers.iter().filter(|of| of.place == Place::Process).map(|of| of.seconds);
        self.keys.min(seconds.sum::<f64>() * self.rate / self.replicas.max(1.0))
    }
}

/// The caching of every `get` and `list` of a design, by position. The verdict of `cache` says
/// which of it is done.
#[must_use]
pub fn of(design: &Design) -> Vec<Caching> {
    let model = design.facts();
    let touches = Touches::of(model);
    let written = crate::sizing::work::written(model);
    let replicas = |operation: &Operation| {
        design.sizing.service_of(operation.context).map_or(1.0, |of| f64::from(of.most))
    };
    let read = |(_, of): &(OperationId, &Operation)| is_read(of);
    let all = design.model.operations().filter(read);
    all.map(|(id, of)| caching(model, &touches, id, Work::of(model, of, &written), replicas(of)))
        .collect()
}

/// The same of one operation while deciding; nothing where it is no `get` or `list`.
#[must_use]
pub fn deciding(cx: &Context<'_>, id: OperationId) -> Option<Caching> {
    let operation = cx.model.operation(id);
    if !is_read(operation) {
        return None;
    }
    let work = cx.demand().work.get(id.0 as usize).copied().unwrap_or_default();
    let demand = cx.demand().services.iter();
    let service = demand.clone().find(|of| of.deployable.contexts.contains(&operation.context));
    let cores = service.map_or(0.0, |service| service.cores.reach);
    let one = cx.model.value(&numbers::REPLICA_CORES) * cx.model.value(&numbers::LOAD_REACHED);
    let replicas = (cores / one).ceil().max(2.0);
    Some(caching(cx.model, cx.touches, id, work, replicas))
}

const fn is_read(operation: &Operation) -> bool {
    matches!(operation.kind, OperationKind::Get | OperationKind::List)
}

fn caching(
    model: Facts<'_>,
    touches: &Touches,
    id: OperationId,
    work: Work,
    replicas: f64,
) -> Caching {
    let operation = model.operation(id);
    let stale = operation.workload.stale.as_ref().map(|stale| Quantity {
        value: stale.value.as_secs_f64(),
        provenance: stale.provenance.clone(),
    });
    let mut caching = Caching {
        operation: id,
        layers: Vec::new(),
        bar: bar(model, operation),
        stale,
        rate: work.requests.reach,
        replicas,
        keys: 0.0,
        work: work.database + work.search,
        saved: 0.0,
        answer: work.answer,
        invalidated_by: Vec::new(),
        refresh: false,
    };
    let Some(stale) = caching.stale.as_ref().map(|stale| stale.value) else { return caching };
    if caching.bar.is_some() {
        return caching;
    }
    let room = stale - model.value(&numbers::REPLICA_LAG);
    if room < 1.0 {
        caching.bar = Some(Bar::TooFresh);
        return caching;
    }
    layers(model, operation, &mut caching, room);
    if caching.layers.is_empty() {
        caching.bar = Some(Bar::TooLittle);
    } else {
        caching.saved = caching.rate * caching.work * (1.0 - caching.misses());
        caching.invalidated_by = writers(model, touches, operation);
        let load = caching.work + model.value(&numbers::ZONE_TRIP) / 1e3;
        caching.refresh = caching.rate / replicas.max(1.0) * load > 1.0;
    }
    caching
}

fn bar(model: Facts<'_>, operation: &Operation) -> Option<Bar> {
    let personal = || {
        operation.fields.iter().any(|field| match field.value {
            OutputValue::Field(at) => operation.entity().is_some_and(|id| {
                let marks = &model.entity(id).field(at).modifiers;
                marks.pii || marks.sensitive || marks.secret
            }),
            _ => false,
        })
    };
    let stale = operation.workload.stale.as_ref();
    if stale.is_none_or(|stale| stale.value.as_secs_f64() <= 0.0) {
        Some(Bar::NoStale)
    } else if !anonymous(model, operation) && depends_on_actor(operation) {
        Some(Bar::Actor)
    } else if personal() {
        Some(Bar::Personal)
    } else {
        operation.near.map(|_| Bar::Place)
    }
}

/// Whether a cache that everybody shares, in front of everything, may answer.
#[must_use]
pub fn may_be_shared(model: Facts<'_>, operation: &Operation) -> bool {
    is_read(operation) && anonymous(model, operation) && bar(model, operation).is_none()
}

/// Whether somebody who is not signed in may ask, and gets what everybody gets.
#[must_use]
pub fn anonymous(model: Facts<'_>, operation: &Operation) -> bool {
    let everyone = |grant: &model::model::Grant| {
        model.actor(grant.actor).authentication == Authentication::None
            && !grant.condition.as_ref().is_some_and(reads_actor)
    };
    operation.by.iter().any(everyone) && !output_depends(operation)
}

fn depends_on_actor(operation: &Operation) -> bool {
    let grants = operation.by.iter().filter_map(|grant| grant.condition.as_ref());
    grants.chain(&operation.condition).any(reads_actor) || output_depends(operation)
}

fn output_depends(operation: &Operation) -> bool {
    let computed = |field: &OutputField| match &field.value {
        OutputValue::Expression(value) => reads_actor(value),
        _ => false,
    };
    operation.fields.iter().any(computed) || operation.condition.as_ref().is_some_and(reads_actor)
}

fn reads_actor(expression: &Expression) -> bool {
    expression.kind == Kind::Variable(VariableIndex::ACTOR)
        || expression.children().any(reads_actor)
}

/// Adds the layers that pay, within the time that answers may be old.
fn layers(model: Facts<'_>, operation: &Operation, of: &mut Caching, room: f64) {
    let public = anonymous(model, operation);
    let most = of.rate * of.work;
    let pays = model.value(&numbers::CACHE_CORES);
    if !public && most <= pays {
        return;
    }
    let popularity = popularity(model, operation, of);
    // A second layer is only looked at where even a perfect one could save enough.
    let half = (room / 2.0).floor().max(1.0);
    let (mut rate, mut left) = (of.rate, room);
    if public {
        let alone = hit_ratio(popularity, rate, room.floor());
        let more = rate * of.work * (1.0 - alone) > pays && room >= 2.0;
        let seconds = if more { half } else { room.floor() };
        let hits = if more { hit_ratio(popularity, rate, seconds) } else { alone };
        of.layers.push(Layer { place: Place::Http, seconds, hits });
        rate *= 1.0 - hits;
        left = room - seconds;
        if !more {
            return;
        }
    }
    let local = hit_ratio(popularity, rate / of.replicas.max(1.0), left);
    let saved = rate * local * of.work;
    // Behind browsers a store of its own would be the third place to look.
    let shared = if public { None } else { shared(model, of, popularity, (rate, local, left)) };
    if let Some(layer) = shared {
        of.layers.push(layer);
    } else if saved > pays {
        of.layers.push(Layer { place: Place::Process, seconds: left, hits: local });
    } else if let Some(layer) = of.layers.first_mut() {
        // Nothing stands behind it: all the time is its own.
        layer.seconds = room.floor();
        layer.hits = hit_ratio(popularity, of.rate, room.floor());
    }
}

fn shared(
    model: Facts<'_>,
    of: &Caching,
    popularity: Popularity,
    (rate, local, left): (f64, f64, f64),
) -> Option<Layer> {
    let enough = of.replicas >= model.value(&numbers::SHARED_REPLICAS);
    if local >= model.value(&numbers::LOCAL_HITS) || !enough {
        return None;
    }
    let hits = hit_ratio(popularity, rate, left);
    let saved = rate * hits * of.work;
    let share = model.value(&numbers::SHARED_SHARE) * model.value(&numbers::CACHED_NODE);
    let redis =
        model.value(&numbers::ZONE_TRIP) / 1e3 + 1.0 / model.value(&numbers::REDIS_OPERATIONS);
    let slow = of.work > model.value(&numbers::SHARED_FACTOR) * redis;
    let pays = saved > model.value(&numbers::CACHE_CORES);
    (pays && (saved > share || slow)).then_some(Layer { place: Place::Shared, seconds: left, hits })
}

/// How questions spread: how many there are, and how popular the first ones.
fn popularity(model: Facts<'_>, operation: &Operation, of: &mut Caching) -> Popularity {
    let home = crate::sizing::work::home(model, operation);
    let rows = home.and_then(|id| facts::rows_at_horizon(model, id)).map_or(1_000.0, |of| of.value);
    of.keys = match operation.kind {
        OperationKind::Get => rows,
        _ => questions(model, operation, home, rows),
    };
    let skew = home.map(|id| hot_rows::skew(model, id, &numbers::ZIPF));
    let exponent = match skew.map(|skew| skew.value) {
        Some(Skew::Zipf(exponent)) => exponent,
        _ => model.value(&numbers::ZIPF),
    };
    Popularity { items: of.keys.max(1.0), exponent }
}

/// Different questions that a list can be asked.
fn questions(model: Facts<'_>, operation: &Operation, home: Option<EntityId>, rows: f64) -> f64 {
    let values = |field: &FieldIndex| {
        let Some(of) = home.filter(|_| operation.entity().is_some()) else {
            return model.value(&numbers::FILTER_VALUES);
        };
        match model.entity(of).field(*field).ty.required() {
            Type::Bool => 2.0,
            Type::Enum(members) => facts::count(members.len()),
            Type::Reference(of) => {
                facts::rows_at_horizon(model, *of).map_or(1_000.0, |rows| rows.value.max(1.0))
            }
            _ => model.value(&numbers::FILTER_VALUES),
        }
    };
    let usual = model.value(&numbers::PAGE_ROWS);
    let page = operation.workload.page.as_ref().map_or(usual, |page| f64::from(page.value.max(1)));
    let pages = (rows / page).ceil().clamp(1.0, model.value(&numbers::PAGES_READ));
    // Of a filter only as many values are asked for as there are requests that use it.
    let share = model.value(&numbers::FILTER_SHARE);
    let filters: f64 = operation.filter.iter().map(|field| 1.0 + share * values(field)).product();
    let searches = if operation.search { model.value(&numbers::QUESTIONS) } else { 0.0 };
    (pages * filters + searches).min(1e12)
}

/// Operations that change what an answer holds.
fn writers(model: Facts<'_>, touches: &Touches, operation: &Operation) -> Vec<OperationId> {
    let entity = match operation.target {
        model::model::Target::View(view) => match model.view(view).source {
            ViewSource::Entity(entity) => Some(entity),
            ViewSource::Event(_) => None,
        },
        _ => operation.entity(),
    };
    let mut writers: Vec<OperationId> = Vec::new();
    for write in entity.map_or(&[][..], |entity| touches.writes(entity)) {
        if !writers.contains(&write.operation) {
            writers.push(write.operation);
        }
    }
    writers
}

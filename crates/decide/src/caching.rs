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
use crate::design::{Design, Verdict};
use crate::facts::{self, Facts};
use crate::hot_rows::{self, Skew};
use crate::numbers;
use crate::sizing::Sizing;
use crate::sizing::work::Work;
use crate::touches::Touches;

/// Where answers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In browsers, and in a network of caches where `edge` has one: `Cache-Control: public, max-age`.
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
    /// Share of the requests that reach it and that it answers at D2. Of browsers it is none: how
    /// often one person asks the same again, nobody states.
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
    /// Requests a second at the reachable peak (D2), those that a network of caches answers
    /// included.
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
        let of = |place| self.layers.iter().filter(move |of: &&Layer| of.place == place);
        let seconds: f64 = of(Place::Process).map(|of| of.seconds).sum();
        let left: f64 = of(Place::Http).map(|of| 1.0 - of.hits).product();
        self.keys.min(seconds * self.rate * left / self.replicas.max(1.0))
    }
}

/// The caching of every `get` and `list` of a design, by position. The verdict of `cache` says
/// which of it is done.
#[must_use]
pub fn of(design: &Design) -> Vec<Caching> {
    let model = design.facts();
    let touches = Touches::of(model);
    let edge = has_edge(&design.verdicts);
    let replicas = |operation: &Operation| replicas(&design.sizing, operation);
    let read = |(_, of): &(OperationId, &Operation)| is_read(of);
    let all = design.model.operations().filter(read);
    all.map(|(id, of)| caching(model, &touches, id, edge, replicas(of))).collect()
}

/// Whether a network of caches stands in front, among verdicts that hold those of `edge`.
#[must_use]
pub fn has_edge<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> bool {
    let mut edges = verdicts.into_iter().filter(|of| of.family == "edge");
    // A mesh says in its parameters whether there is one as well.
    let beside = |of: &Verdict| of.parameters.iter().any(|(name, _)| name == NETWORK);
    edges.any(|of| of.choice == "cdn" || (of.choice == "mesh" && beside(of)))
}

/// The parameter of `edge` by which a network of caches is told.
pub(crate) const NETWORK: &str = "network of caches";

fn replicas(sizing: &Sizing, operation: &Operation) -> f64 {
    sizing.service_of(operation.context).map_or(1.0, |of| f64::from(of.most))
}

/// The same of one operation while deciding; nothing where it is no `get` or `list`.
#[must_use]
pub fn deciding(cx: &Context<'_>, id: OperationId) -> Option<Caching> {
    let operation = cx.model.operation(id);
    if !is_read(operation) {
        return None;
    }
    let edge = has_edge(cx.verdicts_of("edge"));
    Some(caching(cx.model, cx.touches, id, edge, replicas(cx.sizing(), operation)))
}

const fn is_read(operation: &Operation) -> bool {
    matches!(operation.kind, OperationKind::Get | OperationKind::List)
}

fn caching(
    model: Facts<'_>,
    touches: &Touches,
    id: OperationId,
    edge: bool,
    replicas: f64,
) -> Caching {
    let operation = model.operation(id);
    // Only streams ask what is written.
    let work = Work::of(model, operation, &[]);
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
    let front = Front::of(model, operation, &work).filter(|_| edge);
    layers(model, operation, &mut caching, (front, room));
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
    let stale = operation.workload.stale.as_ref().map_or(0.0, |stale| stale.value.as_secs_f64());
    let room = stale - model.value(&numbers::REPLICA_LAG);
    room >= 1.0
        && is_read(operation)
        && anonymous(model, operation)
        && bar(model, operation).is_none()
        && !kept_elsewhere(model, operation)
}

/// Whether the model itself decides that answers are kept nowhere, or only behind: then they leave
/// with `no-store`, and no network of caches keeps them.
fn kept_elsewhere(model: Facts<'_>, operation: &Operation) -> bool {
    if model.overrides.is_empty() {
        return false;
    }
    let (context, name) = (&model.context(operation.context).name, &operation.name);
    let about = |wanted: String| model.overrides.iter().find(|own| own.id.value == wanted);
    let own = about(format!("cache.{name}"))
        .or_else(|| about(format!("cache.{context}.{name}")))
        .or_else(|| about("cache".to_owned()));
    own.is_some_and(|own| own.choose.value != "http")
}

/// What a network of caches keeps of an operation's answers, whatever is asked: the one place that
/// says how often it helps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Front {
    popularity: Popularity,
    /// For how long it keeps an answer, in seconds.
    seconds: f64,
    /// For how long a process behind it may keep one; nothing where that would save too little.
    behind: Option<f64>,
}

impl Front {
    /// Nothing of answers that a cache which everybody shares may not keep.
    #[must_use]
    pub fn of(model: Facts<'_>, operation: &Operation, work: &Work) -> Option<Self> {
        if !may_be_shared(model, operation) {
            return None;
        }
        let stale = operation.workload.stale.as_ref()?.value.as_secs_f64();
        let room = stale - model.value(&numbers::REPLICA_LAG);
        let (popularity, _) = popularity(model, operation);
        let (rate, cores) = (work.requests.reach, work.database + work.search);
        let pays = model.value(&numbers::CACHE_CORES);
        let whole = Self { popularity, seconds: room.floor(), behind: None };
        if room < 2.0 || rate * cores * (1.0 - whole.hits(rate)) <= pays {
            return Some(whole);
        }
        let half = (room / 2.0).floor().max(1.0);
        let divided = Self { seconds: half, behind: Some(room - half), ..whole };
        let left = rate * (1.0 - divided.hits(rate));
        // What one process would save, if it were the only one: how many there are follows from what
        // the network of caches leaves, and is not known yet.
        let saved = left * hit_ratio(popularity, left, room - half) * cores;
        Some(if saved > pays { divided } else { whole })
    }

    /// Share of so many requests a second that it answers.
    #[must_use]
    pub fn hits(&self, rate: f64) -> f64 {
        hit_ratio(self.popularity, rate, self.seconds)
    }
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

/// Adds the layers that pay, within the time that answers may be old. In front there is a network of
/// caches, or there are the browsers alone.
fn layers(
    model: Facts<'_>,
    operation: &Operation,
    of: &mut Caching,
    (front, room): (Option<Front>, f64),
) {
    let public = anonymous(model, operation);
    let most = of.rate * of.work;
    let pays = model.value(&numbers::CACHE_CORES);
    if !public && most <= pays {
        return;
    }
    let (popularity, keys) = popularity(model, operation);
    of.keys = keys;
    let process = |rate: f64, seconds: f64| {
        let hits = hit_ratio(popularity, rate / of.replicas.max(1.0), seconds);
        Layer { place: Place::Process, seconds, hits }
    };
    let browsers = |seconds: f64| Layer { place: Place::Http, seconds, hits: 0.0 };
    let saves = |layer: &Layer| of.rate * layer.hits * of.work > pays;
    let layers = match front {
        Some(front) => {
            let hits = front.hits(of.rate);
            let first = Layer { hits, ..browsers(front.seconds) };
            let behind = front.behind.map(|seconds| process(of.rate * (1.0 - hits), seconds));
            [first].into_iter().chain(behind).collect()
        }
        None if public => {
            let half = (room / 2.0).floor().max(1.0);
            // A second layer is only looked at where even a perfect one could save enough.
            let behind = (most > pays && room >= 2.0).then(|| process(of.rate, room - half));
            match behind.filter(saves) {
                Some(behind) => vec![browsers(half), behind],
                None => vec![browsers(room.floor())],
            }
        }
        None => {
            let local = process(of.rate, room);
            let shared = shared(model, of, popularity, (of.rate, local.hits, room));
            shared.or_else(|| Some(local).filter(saves)).into_iter().collect()
        }
    };
    of.layers = layers;
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

/// How questions spread: how many there are, and how popular the first ones. With their number.
fn popularity(model: Facts<'_>, operation: &Operation) -> (Popularity, f64) {
    let home = crate::sizing::work::home(model, operation);
    let rows = home.and_then(|id| facts::rows_at_horizon(model, id)).map_or(1_000.0, |of| of.value);
    let keys = match operation.kind {
        OperationKind::Get => rows,
        _ => questions(model, operation, home, rows),
    };
    let skew = home.map(|id| hot_rows::skew(model, id, &numbers::ZIPF));
    let exponent = match skew.map(|skew| skew.value) {
        Some(Skew::Zipf(exponent)) => exponent,
        _ => model.value(&numbers::ZIPF),
    };
    (Popularity { items: keys.max(1.0), exponent }, keys)
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

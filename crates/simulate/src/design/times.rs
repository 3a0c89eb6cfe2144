//! How long an operation keeps each resource busy: means from the design's table of numbers, spread
//! by a documented variation until somebody has measured better.

use decide::caching::{self, Front};
use decide::sizing::demand::{StoreKind, in_memory};
use decide::sizing::work::{self, Work};
use decide::sizing::{Level, Load};
use decide::{Design, numbers};
use model::model::{Operation, OperationId, OperationKind};

use crate::calibrate::{Measured, OperationTimes, Shape};
use crate::kernel::Distribution;

const NANOSECONDS: f64 = 1e9;

/// A lognormal distribution in seconds as one in nanoseconds.
#[must_use]
pub fn lognormal(times: queueing::Lognormal) -> Distribution {
    Distribution::Lognormal {
        location: times.location + libm::log(NANOSECONDS),
        scale: times.scale,
    }
}

/// What one request of an operation asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Time on a core of the service.
    pub application: Shape,
    /// Time that passes meanwhile and keeps nothing busy, where that was measured.
    pub besides: Option<Shape>,
    /// Share of requests that are answered from memory, where that was measured.
    pub kept: Option<f64>,
    /// Whether it writes.
    pub writes: bool,
    /// Whether the times of the store were measured.
    pub store_measured: bool,
    /// What it asks of a store, one of these by chance; shares add up to one. None of an operation
    /// without a store.
    pub queries: Vec<Query>,
}

/// One way to ask a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// How often it is this one.
    pub share: f64,
    /// The store, by position in the sizing.
    pub store: usize,
    /// Time on a core of the store.
    pub work: Shape,
    /// Time that the connection is held beyond that.
    pub rest: Shape,
    /// Whether it may be asked of a server that follows the first.
    pub follows: bool,
}

/// The work of every operation, by position; requests that a network of caches answers are in it.
#[must_use]
pub fn works(design: &Design) -> Vec<Work> {
    let model = design.facts();
    let written = work::written(model);
    design.model.operations.iter().map(|of| Work::of(model, of, &written)).collect()
}

/// What a network of caches in front keeps of every operation, by position; none without one.
#[must_use]
pub fn fronts(design: &Design, works: &[Work]) -> Vec<Option<Front>> {
    let edge = caching::has_edge(&design.verdicts);
    let each = design.model.operations.iter().zip(works);
    each.map(|(of, work)| Front::of(design.facts(), of, work).filter(|_| edge)).collect()
}

/// What a request of an operation asks for: as it was measured, else as the table has it.
#[must_use]
pub fn of(design: &Design, measured: &Measured, id: OperationId, work: &Work) -> Times {
    let operation = design.model.operation(id);
    let application = match operation.kind {
        OperationKind::Stream => 0.0,
        _ => work.application,
    };
    let times = Times {
        application: Shape::spread(
            application,
            design.facts().value(&numbers::APPLICATION_VARIATION),
        ),
        besides: None,
        kept: None,
        writes: operation.writes(),
        store_measured: false,
        queries: queries(design, operation, work),
    };
    match measured.operations.get(&design.model.qualified_operation(id)) {
        Some(found) => replaced(design, measured, found, times),
        None => times,
    }
}

/// What OpenTelemetry calls the store within the process of `firm up` (`db.system.name`).
const EMBEDDED: &str = "sqlite";

/// With what was measured in the place of what the table says. Times of another kind of store say
/// nothing about this one.
fn replaced(
    design: &Design,
    measured: &Measured,
    found: &OperationTimes,
    mut times: Times,
) -> Times {
    if let Some(fit) = &found.application {
        times.application = fit.shape;
    }
    times.besides = found.besides;
    times.kept = found.kept;
    let same = |query: &Query| {
        let kind = design.sizing.stores.get(query.store).map(|store| store.kind.name());
        measured.system.as_deref().is_none_or(|system| measured.whole || Some(system) == kind)
    };
    if let (Some(fit), Some(first)) = (&found.store, times.queries.first())
        && times.queries.iter().all(|query| query.store == first.store && same(query))
    {
        // A read of a store within the process waits for nobody on a network.
        let within = measured.system.as_deref() == Some(EMBEDDED) && !times.writes;
        let busy = found.busy.unwrap_or_else(|| if within { 1.0 } else { busy(&times.queries) });
        times.store_measured = true;
        times.queries = vec![Query { share: 1.0, ..divided(fit.shape, busy, first) }];
    }
    times
}

/// Share of the time in the store that keeps its cores busy, over all ways to ask it.
fn busy(queries: &[Query]) -> f64 {
    let sum = |of: fn(&Query) -> f64| queries.iter().map(|query| query.share * of(query)).sum();
    let (work, rest): (f64, f64) = (sum(|of| of.work.mean()), sum(|of| of.rest.mean()));
    if work + rest > 0.0 { work / (work + rest) } else { 1.0 }
}

/// A time in the store as its two parts, which are drawn one by one: each varies so much more that
/// their sum varies as the whole does.
fn divided(whole: Shape, busy: f64, like: &Query) -> Query {
    let busy = busy.clamp(0.0, 1.0);
    let more = 1.0 / libm::hypot(busy, 1.0 - busy);
    let part = |share: f64| match whole {
        Shape::Lognormal(_) => Shape::spread(whole.mean() * share, whole.variation() * more),
        _ => whole.times(share),
    };
    Query { work: part(busy), rest: part(1.0 - busy), ..like.clone() }
}

fn queries(design: &Design, operation: &Operation, work: &Work) -> Vec<Query> {
    let model = design.facts();
    let Some(home) = work::home(model, operation) else { return Vec::new() };
    let entity = model.entity(home);
    let choice = |context| {
        let name = &model.context(context).name.value;
        let mut stores = design.verdicts.iter().filter(|of| of.family == "store");
        stores.find(|of| of.subject == *name).map_or("postgresql", |of| of.choice)
    };
    let kind = StoreKind::of(choice(entity.context), entity);
    let Some(store) = position(design, entity.context, kind) else { return Vec::new() };
    let lag = model.value(&numbers::REPLICA_LAG);
    let stale = operation.workload.stale.as_ref().map(|stale| stale.value.as_secs_f64());
    let follows = !operation.writes() && stale.is_some_and(|stale| stale >= lag);
    let database = model.value(&numbers::DATABASE_VARIATION);
    if kind == StoreKind::Redis {
        let work = in_memory(model, operation, work);
        let work = Shape::spread(work, database);
        let rest = Shape::Constant(0.0);
        return vec![Query { share: 1.0, store, work, rest, follows: false }];
    }
    let searched = if operation.search && work.search > 0.0 {
        model.value(&numbers::SEARCH_SHARE)
    } else {
        0.0
    };
    let mut queries = Vec::new();
    let mut add = |share: f64, store, work: f64, hold: f64| {
        if share > 0.0 {
            let trips = model.value(&numbers::TRIP_VARIATION);
            let rest = Shape::spread((hold - work).max(0.0), trips);
            let work = Shape::spread(work, database);
            queries.push(Query { share, store, work, rest, follows });
        }
    };
    let search_hold = model.value(&numbers::SEARCH_HOLD) / 1e3;
    let usual = 1.0 - searched;
    add(usual, store, work.database / usual, (work.hold - searched * search_hold) / usual);
    if searched > 0.0 {
        let engine = (choice(operation.context) == "search-engine")
            .then(|| position(design, entity.context, StoreKind::SearchEngine))
            .flatten();
        add(searched, engine.unwrap_or(store), work.search / searched, search_hold);
    }
    queries
}

/// The store of a kind that serves a context.
fn position(design: &Design, context: model::model::ContextId, kind: StoreKind) -> Option<usize> {
    let services = &design.sizing.services;
    let service = services.iter().position(|of| of.contexts.contains(&context))?;
    let stores = &design.sizing.stores;
    let exact = stores.iter().position(|of| of.service == service && of.kind == kind);
    exact.or_else(|| stores.iter().position(|of| of.service == service))
}

/// How much comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A level of the design.
    Level(Level),
    /// So many times the stated peak.
    Times(f64),
}

impl Amount {
    /// A load at this amount.
    #[must_use]
    pub fn of(self, load: Load) -> f64 {
        match self {
            Self::Level(level) => load.at(level),
            Self::Times(factor) => load.peak * factor,
        }
    }
}

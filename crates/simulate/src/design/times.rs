//! How long an operation keeps each resource busy: means from the design's table of numbers, spread
//! by a documented variation until somebody has measured better.

use decide::sizing::demand::{StoreKind, in_memory};
use decide::sizing::work::{self, Work};
use decide::sizing::{Level, Load};
use decide::{Design, numbers};
use model::model::{Operation, OperationId, OperationKind};

use crate::kernel::Distribution;

/// Coefficient of variation of application time: requests of one operation are alike. House.
pub const APPLICATION_VARIATION: f64 = 0.5;

/// Coefficient of variation of database time: some pages are in memory and some are not. House; one
/// is that of the exponential distribution.
pub const DATABASE_VARIATION: f64 = 1.0;

/// Coefficient of variation of the time that a connection is held without keeping the database
/// busy: round trips and the write-ahead log. House.
pub const TRIP_VARIATION: f64 = 0.5;

const NANOSECONDS: f64 = 1e9;

/// A lognormal distribution in nanoseconds with this mean, in seconds, and coefficient of
/// variation; a constant where the mean is nothing.
#[must_use]
pub fn spread(mean: f64, variation: f64) -> Distribution {
    if mean <= 0.0 {
        return Distribution::Constant(0.0);
    }
    let square = libm::log1p(variation * variation);
    let location = libm::log(mean * NANOSECONDS) - square / 2.0;
    Distribution::Lognormal { location, scale: libm::sqrt(square) }
}

/// A lognormal distribution in seconds as one in nanoseconds.
#[must_use]
pub fn lognormal(times: queueing::Lognormal) -> Distribution {
    Distribution::Lognormal {
        location: times.location + libm::log(NANOSECONDS),
        scale: times.scale,
    }
}

/// What one request of an operation asks for, in means of seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Time on a core of the service.
    pub application: f64,
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
    /// Time on a core of the store, in seconds.
    pub work: f64,
    /// Time that the connection is held beyond that, in seconds.
    pub rest: f64,
    /// Whether it may be asked of a server that follows the first.
    pub follows: bool,
}

/// The work of every operation, by position; what a network of caches answers is taken away.
#[must_use]
pub fn works(design: &Design) -> Vec<Work> {
    let model = design.facts();
    let written = work::written(model);
    let cached = design.verdicts.iter().any(|of| of.family == "edge" && of.choice == "cdn");
    let reaching = |operation: &Operation| {
        let mut work = Work::of(model, operation, &written);
        if cached {
            work.behind_edge(model, operation);
        }
        work
    };
    design.model.operations.iter().map(reaching).collect()
}

/// What a request of an operation asks for.
#[must_use]
pub fn of(design: &Design, id: OperationId, work: &Work) -> Times {
    let operation = design.model.operation(id);
    let application = match operation.kind {
        OperationKind::Stream => 0.0,
        _ => work.application,
    };
    Times { application, queries: queries(design, operation, work) }
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
    if kind == StoreKind::Redis {
        let work = in_memory(model, operation, work);
        return vec![Query { share: 1.0, store, work, rest: 0.0, follows: false }];
    }
    let searched = if operation.search && work.search > 0.0 {
        model.value(&numbers::SEARCH_SHARE)
    } else {
        0.0
    };
    let mut queries = Vec::new();
    let mut add = |share: f64, store, work: f64, hold: f64| {
        if share > 0.0 {
            queries.push(Query { share, store, work, rest: (hold - work).max(0.0), follows });
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

//! What is promised of operations, and which alerts can tell that a promise is in danger: the
//! numbers of the verdicts of `slo`, for whoever needs them as numbers.
//!
//! Source of the table of burn rates: Beyer et al., The Site Reliability Workbook, chapter 5, table
//! 5-8. What to do with little traffic is a house rule.

use std::collections::BTreeMap;

use base::Percentiles;
use model::model::{ContextId, OperationId, OperationKind};

use crate::design::{Design, Route};
use crate::{
    decided,
    facts::{self, Facts},
    numbers,
};

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Whoever is on call, at once.
    Page,
    /// The team, on its next working day.
    Ticket,
}

impl Told {
    /// `page` or `ticket`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// A pair of windows with the burn rate that they look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    /// Who is told.
    pub told: Told,
    /// How many times faster than the objective allows.
    pub rate: f64,
    /// The long window, in seconds.
    pub long: f64,
}

/// For a window of 30 days, fastest first.
pub const BURNS: [Burn; 3] = [
    Burn { told: Told::Page, rate: 14.4, long: 3_600.0 },
    Burn { told: Told::Page, rate: 6.0, long: 21_600.0 },
    Burn { told: Told::Ticket, rate: 1.0, long: 259_200.0 },
];

impl Burn {
    /// The short window, in seconds: an alert ends soon after the trouble does.
    #[must_use]
    pub const fn short(self) -> f64 {
        self.long / 12.0
    }

    /// Whether so many requests a second make bad luck and a burning budget different things.
    #[must_use]
    pub fn seen(self, model: Facts<'_>, requests: f64, budget: f64) -> bool {
        let bad = requests * self.long * self.rate * budget;
        bad >= model.value(&numbers::BAD_EVENTS) * (1.0 - 1e-9)
    }

    /// The share of bad requests above which the budget burns this fast; none where that would be
    /// all of them or more.
    #[must_use]
    pub fn threshold(self, budget: f64) -> Option<f64> {
        let share = self.rate * budget;
        (share < 1.0 - 1e-9).then_some(share)
    }
}

/// Where the requests come from that alerts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// The operation's own.
    Alone,
    /// Those of all rare operations of its context with the same budgets.
    WithOthers,
    /// Those and the probes.
    WithProbes,
    /// Failures are counted by the day.
    ByDay,
}

/// What is promised of one operation.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The operation.
    pub operation: OperationId,
    /// Its name, as verdicts have it.
    pub name: String,
    /// Its context.
    pub context: ContextId,
    /// Share of requests that are answered well.
    pub availability: f64,
    /// How fast.
    pub latency: Percentiles,
    /// Requests a second, on average; none of a stream, which probes watch.
    pub requests: f64,
    /// Where the requests come from that alerts count.
    pub counted: Counted,
    /// How many a second those are.
    pub watched: f64,
    /// The alerts that they carry, with their thresholds; none where failures are counted by the
    /// day.
    pub alerts: Vec<Alert>,
}

impl Objective {
    /// Share of requests that may fail.
    #[must_use]
    pub fn failed_budget(&self) -> f64 {
        1.0 - self.availability
    }

    /// Share of requests that may be slow.
    #[must_use]
    pub fn slow_budget(&self) -> f64 {
        1.0 - facts::main_percentile(&self.latency).0
    }

    /// From which time, in seconds, a request counts as slow.
    #[must_use]
    pub fn slow_after(&self) -> f64 {
        facts::main_percentile(&self.latency).1
    }

    /// All alerts that could ever fire, whether or not there is enough traffic for them: what is
    /// left where the model itself decides on `burn-rate`.
    #[must_use]
    pub fn possible_alerts(&self) -> Vec<Alert> {
        self.alerts_where(|_, _| true)
    }

    fn alerts_where(&self, seen: impl Fn(Burn, f64) -> bool) -> Vec<Alert> {
        let threshold =
            |burn: Burn, budget: f64| burn.threshold(budget).filter(|_| seen(burn, budget));
        let alert = |burn: Burn| Alert {
            burn,
            failed: threshold(burn, self.failed_budget()),
            slow: threshold(burn, self.slow_budget()),
        };
        let all = BURNS.into_iter().map(alert);
        all.filter(|alert| alert.failed.is_some() || alert.slow.is_some()).collect()
    }

    /// Operations that may be counted together: of one context and with the same budgets.
    fn group(&self) -> Group {
        (self.context, self.failed_budget().to_bits(), self.slow_budget().to_bits())
    }

    /// Whether its own requests are enough for the fastest alert.
    fn seen_alone(&self, model: Facts<'_>) -> bool {
        BURNS[0].seen(model, self.requests, self.failed_budget())
    }
}

/// An alert: it fires while the share of bad requests is above a threshold over both windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alert {
    /// Windows, burn rate and who is told.
    pub burn: Burn,
    /// Threshold of failed requests; none where they cannot be told from bad luck.
    pub failed: Option<f64>,
    /// Threshold of slow requests.
    pub slow: Option<f64>,
}

/// Context, share that may fail and share that may be slow.
type Group = (ContextId, u64, u64);

/// The objectives of every operation that has any: those with a route, and those that state a
/// latency or availability of their own. `names` are those of all operations.
#[must_use]
pub fn of(model: Facts<'_>, routes: &[Option<Route>], names: &[String]) -> Vec<Objective> {
    let promised = |id: OperationId| {
        let operation = model.operation(id);
        let routed = routes.get(id.0 as usize).is_some_and(Option::is_some);
        routed || operation.workload.latency.is_some() || operation.needs.availability.is_some()
    };
    let ids = model.operations().map(|(id, _)| id).zip(names);
    let stated = ids.filter(|(id, _)| promised(*id)).map(|(id, name)| stated(model, id, name));
    let mut all: Vec<Objective> = stated.collect();
    let mut rare: BTreeMap<Group, f64> = BTreeMap::new();
    for objective in all.iter().filter(|objective| !objective.seen_alone(model)) {
        *rare.entry(objective.group()).or_default() += objective.requests;
    }
    for objective in &mut all {
        let together = rare.get(&objective.group()).copied().unwrap_or_default();
        (objective.counted, objective.watched) = counted(model, objective, together);
        if objective.counted != Counted::ByDay {
            let seen = |burn: Burn, budget| burn.seen(model, objective.watched, budget);
            objective.alerts = objective.alerts_where(seen);
        }
    }
    all
}

/// The objectives of a design.
#[must_use]
pub fn of_design(design: &Design) -> Vec<Objective> {
    let facts = design.facts();
    of(facts, &design.routes, &decided::operation_names(facts))
}

fn stated(model: Facts<'_>, id: OperationId, name: &str) -> Objective {
    let operation = model.operation(id);
    let requests = match operation.kind {
        OperationKind::Stream => 0.0,
        _ => facts::rate(model, operation).value.mean,
    };
    Objective {
        operation: id,
        name: name.to_owned(),
        context: operation.context,
        availability: facts::availability(model, operation).value.0,
        latency: facts::objective(model, operation).value,
        requests,
        counted: Counted::Alone,
        watched: requests,
        alerts: Vec::new(),
    }
}

fn counted(model: Facts<'_>, objective: &Objective, together: f64) -> (Counted, f64) {
    let probed = together.max(objective.requests) + 1.0 / model.value(&numbers::PROBE_INTERVAL);
    let ways = [
        (Counted::Alone, objective.requests),
        (Counted::WithOthers, together),
        (Counted::WithProbes, probed),
    ];
    let budget = objective.failed_budget();
    let enough = ways.into_iter().find(|(_, requests)| BURNS[0].seen(model, *requests, budget));
    enough.unwrap_or((Counted::ByDay, probed))
}

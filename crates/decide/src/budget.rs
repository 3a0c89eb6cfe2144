//! How much time a call may take: deadlines, the times of callees, timeouts.

use base::{Percentiles, Provenance, Quantity};
use model::model::{Operation, OperationId, OperationKind};
use queueing::Lognormal;

use crate::crossings::{self, End};
use crate::design::Design;
use crate::facts::{self, Facts};
use crate::numbers;

/// When a caller stops waiting, in seconds: a multiple of the objective, within bounds. An
/// objective itself is no deadline: cutting at p95 would fail one request in twenty.
#[must_use]
pub fn deadline(model: Facts<'_>, objective: &Percentiles) -> f64 {
    let (_, time) = facts::main_percentile(objective);
    let (least, most) =
        (model.value(&numbers::DEADLINE_LEAST), model.value(&numbers::DEADLINE_MOST));
    (model.value(&numbers::DEADLINE_FACTOR) * time).clamp(least, most)
}

/// The deadline of an operation, in seconds.
#[must_use]
pub fn deadline_of(model: Facts<'_>, operation: &Operation) -> f64 {
    deadline(model, &facts::objective(model, operation).value)
}

/// The same as it is served: whoever makes a tenant that gets a database of its own has the longest
/// time that there is, since making one takes as long as copying it does.
#[must_use]
pub fn served_deadline(design: &Design, operation: &Operation) -> f64 {
    let facts = design.facts();
    let by = design.model.system.tenancy.as_ref().map(|tenancy| tenancy.by);
    let makes_one = operation.kind == OperationKind::Create
        && by.is_some_and(|by| operation.entity() == Some(by))
        && crate::tenancy::own_databases(design);
    match makes_one {
        true => facts.value(&numbers::DEADLINE_MOST),
        false => deadline_of(facts, operation),
    }
}

/// The times that a callee takes, from its stated percentiles, as a fact with its provenance.
#[must_use]
pub fn times(model: Facts<'_>, end: End) -> (Lognormal, String, Provenance) {
    let stated = match end {
        End::External(external, at) => {
            let operation = model.external(external).operations.get(usize::from(at));
            operation
                .and_then(|of| of.latency.clone())
                .unwrap_or_else(|| facts::external_latency(model))
        }
        End::Operation(operation) => facts::objective(model, model.operation(operation)),
        End::Entity(entity) => facts::context_objective(model, model.entity(entity).context),
        End::Event(event) => facts::context_objective(model, model.event(event).context),
    };
    let Quantity { value: Percentiles(percentiles), provenance } = stated;
    let points: Vec<(f64, f64)> =
        percentiles.iter().map(|(share, time)| (share.0, time.as_secs_f64())).collect();
    let fact = format!("{}: {}", end.name(model), facts::percentiles(&Percentiles(percentiles)));
    let instant = Lognormal { location: f64::MIN_POSITIVE.ln(), scale: 0.0 };
    (Lognormal::fit(&points).unwrap_or(instant), fact, provenance)
}

/// The share of good answers that a timeout may cut off: a tenth of what the caller's availability
/// leaves. A retry makes a second chance of it, so that its square counts.
#[must_use]
pub fn false_timeouts(model: Facts<'_>, availability: f64, retried: bool) -> f64 {
    let share = model.value(&numbers::FALSE_TIMEOUTS) * (1.0 - availability).max(1e-9);
    if retried { share.sqrt().min(model.value(&numbers::FALSE_TIMEOUTS_MOST)) } else { share }
}

/// The wait after an attempt at the most, before jitter, in seconds: `attempt` counts from 1.
#[must_use]
pub fn backoff(model: Facts<'_>, attempt: i32, deadline: f64) -> f64 {
    let doubled = model.value(&numbers::RETRY_BASE) / 1e3 * 2f64.powi(attempt - 1);
    doubled.min(deadline * model.value(&numbers::BACKOFF_CAP))
}

/// What remains of the deadline of an operation for one of its calls, in seconds: the deadline
/// less the mean times of all its other calls, which may come before.
#[must_use]
pub fn remaining(model: Facts<'_>, caller: OperationId, end: End) -> f64 {
    let operation = model.operation(caller);
    let mut others = 0.0;
    let mut skipped = false;
    crossings::calls(&operation.effects, &mut |_, call| {
        let other = crossings::end(call.callee);
        if other == end && !skipped {
            skipped = true;
        } else if !call.inline {
            others += times(model, other).0.mean();
        }
    });
    (deadline_of(model, operation) - others).max(0.0)
}

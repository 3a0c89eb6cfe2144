//! Two designs beside each other, for machines. Times are in seconds, rates per second, shares
//! between 0 and 1; differences are the second less the first.

use serde_json::{Value, json};

use crate::design::{Change, Comparison, OperationChange, PhaseComparison, ResourceChange};

use super::answer_json::answer_json;
use super::json::{optional, quantile_names};

/// The whole comparison.
#[must_use]
pub fn comparison_json(comparison: &Comparison) -> Value {
    json!({
        "before": answer_json(&comparison.before),
        "after": answer_json(&comparison.after),
        "phases": comparison.phases.iter().map(phase).collect::<Value>(),
        "costPerMonth": {
            "before": comparison.before.cost,
            "after": comparison.after.cost,
            "difference": comparison.after.cost - comparison.before.cost,
        },
        "onlyBefore": comparison.only_before,
        "onlyAfter": comparison.only_after,
    })
}

fn phase(phase: &PhaseComparison) -> Value {
    json!({
        "from": phase.from,
        "to": phase.to,
        "operations": phase.operations.iter().map(operation).collect::<Value>(),
        "resources": phase.resources.iter().map(resource).collect::<Value>(),
    })
}

fn operation(of: &OperationChange) -> Value {
    let promises = of.promises.iter().map(|(what, before, after)| {
        json!({ "promise": what, "before": before.name(), "after": after.name() })
    });
    let quantiles = quantile_names().zip(&of.quantiles);
    json!({
        "name": of.name,
        "differs": of.differs(),
        "goodput": change(&of.goodput),
        "failed": change(&of.failed),
        "latency": quantiles.map(|(name, of)| (name, change(of))).collect::<Value>(),
        "promises": promises.collect::<Value>(),
    })
}

fn resource(of: &ResourceChange) -> Value {
    json!({
        "name": of.name,
        "servers": { "before": of.servers.0, "after": of.servers.1 },
        "utilisation": change(&of.utilisation),
        "room": { "before": of.room.0, "after": of.room.1 },
    })
}

fn change(change: &Change) -> Value {
    json!({
        "before": change.before,
        "after": change.after,
        "difference": optional(change.difference),
        "direction": change.direction().name(),
    })
}

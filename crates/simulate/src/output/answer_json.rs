//! What a simulation says about a design, for machines. Times are in seconds, rates per second,
//! shares between 0 and 1.

use serde_json::{Map, Value, json};

use crate::design::{
    Answer, Edge, OperationAnswer, Phase, ResourceAnswer, Search, Stability, Trial,
};
use crate::experiment::Steadiness;

use super::json::{estimate, optional, quantiles, series};
use super::times::times_json;

/// The whole answer.
#[must_use]
pub fn answer_json(answer: &Answer) -> Value {
    let growth = match answer.steadiness {
        Steadiness::Growing(rate) => Some(rate),
        _ => None,
    };
    json!({
        "seed": answer.seed,
        "replications": answer.replications,
        "events": answer.events,
        "warmUp": answer.warm_up,
        "steadiness": answer.steadiness.name(),
        "growthPerSecond": growth,
        "precise": answer.precise,
        "phases": answer.phases.iter().map(phase).collect::<Value>(),
        "costPerMonth": answer.cost,
        "answeredByNetworkOfCaches": answer.edge.iter().map(edge).collect::<Value>(),
        "times": times_json(&answer.times),
        "leftOut": answer.left_out,
    })
}

fn edge(of: &Edge) -> Value {
    json!({ "operation": of.operation, "asked": of.asked, "answered": of.answered })
}

fn phase(phase: &Phase) -> Value {
    json!({
        "from": phase.from,
        "to": phase.to,
        "keepsPromises": phase.keeps_promises(),
        "bottlenecks": phase.bottlenecks().map(|of| of.name.as_str()).collect::<Vec<_>>(),
        "operations": phase.operations.iter().map(operation).collect::<Value>(),
        "resources": phase.resources.iter().map(resource).collect::<Value>(),
    })
}

fn operation(of: &OperationAnswer) -> Value {
    let failures: Map<String, Value> =
        of.failures.iter().map(|(why, share)| (why.name().to_owned(), json!(share))).collect();
    let promise = |(share, bound, promise): &(f64, f64, crate::design::Promise)| json!({ "percentile": share, "bound": bound, "promise": promise.name() });
    let (availability, kept) = of.availability;
    json!({
        "name": of.name,
        "offered": estimate(&of.offered),
        "goodput": estimate(&of.goodput),
        "failed": estimate(&of.failed),
        "failures": failures,
        "accepted": estimate(&of.accepted),
        "backlog": of.backlog.map(|of| json!({ "open": of.open, "caughtUpAfter": of.caught_up })),
        "attempts": optional(of.attempts),
        "latency": quantiles(&of.quantiles),
        "objectives": of.latency.iter().map(promise).collect::<Value>(),
        "availability": { "objective": availability, "promise": kept.name() },
        "sumOfP99": of.sum_of_p99,
    })
}

fn resource(of: &ResourceAnswer) -> Value {
    json!({
        "name": of.name,
        "kind": of.kind.name(),
        "servers": of.servers,
        "utilisation": of.utilisation,
        "plusOrMinus": of.half_width.is_finite().then_some(of.half_width),
        "waiting": of.waiting,
        "waitingP99": of.deepest,
        "turnedAway": of.rejected,
        "room": of.room,
    })
}

/// Whether a design comes back after a trigger.
#[must_use]
pub fn stability_json(stability: &Stability) -> Value {
    let of = &stability.recovery;
    let pressure = stability.pressure.as_ref().map(|of| {
        json!({ "resource": of.resource, "used": of.used, "attempts": of.attempts, "times": of.times() })
    });
    json!({
        "seed": stability.report.seed,
        "offered": of.offered,
        "goodput": { "before": of.before, "during": of.during, "after": of.after },
        "returns": of.returns(),
        "turnsAtLength": stability.lengths.turn.map(|turn| turn.middle()),
        "turnsAtLoad": stability.loads.turn.map(|turn| turn.middle()),
        "lengths": search(&stability.lengths),
        "loads": search(&stability.loads),
        "pressure": pressure,
        "series": series(&stability.report),
    })
}

fn search(of: &Search) -> Value {
    let trial = |of: &Trial| json!({ "at": of.at, "after": of.after, "returns": of.returns });
    json!({
        "returnsAt": of.turn.map(|turn| turn.good),
        "staysDownAt": of.turn.map(|turn| turn.bad),
        "trials": of.trials.iter().map(trial).collect::<Value>(),
        "cut": of.cut,
    })
}

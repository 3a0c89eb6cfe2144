use std::collections::{BTreeMap, BTreeSet};

use base::Provenance;
use model::model::{ContextId, OperationId};

use crate::crossings::{Crossing, End, How};
use crate::decision::{Answer, Context, decision};
use crate::{
    budget,
    facts::{self, Facts},
    numbers,
};

decision!(
    "link",
    "How does one context reach another?",
    reads ["service", "style"],
    Named run
);

const SOURCE: &str = "Azure microservices assessment (long synchronous chains); house: staleness, \
    deadline and depth decide";

/// Chains of calls are followed this far.
const DEEPEST: u32 = 8;

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let model = cx.model;
    let deployables = cx.deployables();
    let deployable = |of: ContextId| deployables.get(usize::from(of.0)).copied().flatten();
    let mut pairs: BTreeMap<(&str, &str), (bool, Vec<&Crossing>)> = BTreeMap::new();
    for crossing in cx.crossings {
        let Some(to) = crossing.to.context(model) else { continue };
        let name = |of: ContextId| model.context(of).name.value.as_str();
        // Contexts that share a deployable have `None`; one of its own names itself.
        let together = deployable(crossing.from) == deployable(to);
        let entry = pairs.entry((name(crossing.from), name(to)));
        entry.or_insert_with(|| (together, Vec::new())).1.push(crossing);
    }
    let chains = Chains::of(cx, &deployables);
    let answer = |((from, to), (together, crossings)): ((&str, &str), (bool, Vec<&Crossing>))| {
        let answer = match together {
            true => in_process(model, &crossings),
            false => over_the_network(model, &chains, &crossings),
        };
        (format!("{from}->{to}"), answer)
    };
    pairs.into_iter().map(answer).collect()
}

fn in_process(model: Facts<'_>, crossings: &[&Crossing]) -> Answer {
    reasons(model, Answer::new("in-process", SOURCE), crossings)
        .reject("copy", "both share a deployable: rows are read where they are, and are never old")
        .reject("sync", "both share a deployable: nothing goes over a network")
        .reject("async", "both share a deployable: the caller gets its answer at once")
}

/// How one crossing goes over the network, and why.
struct Way {
    choice: &'static str,
    why: String,
}

fn over_the_network(model: Facts<'_>, chains: &Chains, crossings: &[&Crossing]) -> Answer {
    let ways: Vec<Way> = crossings.iter().map(|crossing| way(model, chains, crossing)).collect();
    // What somebody waits for decides before what can be late.
    let choice = ["sync", "copy", "async"]
        .into_iter()
        .find(|choice| ways.iter().any(|way| way.choice == *choice))
        .unwrap_or("async");
    let mut answer = Answer::new(choice, SOURCE);
    for (crossing, way) in crossings.iter().zip(&ways).take(8) {
        answer = answer.given(told(model, crossing), crossing.span, &way.why);
    }
    for other in ["sync", "copy", "async"] {
        let callers: BTreeSet<&str> = crossings
            .iter()
            .zip(&ways)
            .filter(|(_, way)| way.choice == other)
            .map(|(crossing, _)| crossing.caller.as_str())
            .collect();
        if !callers.is_empty() {
            let callers: Vec<&str> = callers.into_iter().collect();
            answer = answer.parameter(other, callers.join(", "));
        }
    }
    answer
        .assumes(model, &numbers::EVENT_LAG, "p99 until a copy has heard of a change")
        .reject("in-process", "they are different deployables")
        .reject("copy", "what is read must be newer than events can make a copy, or is a command")
        .reject(
            "sync",
            "nobody waits for it, or the time that remains is not enough: see the drivers",
        )
        .reject("async", "somebody waits for the answer, or a copy has it already")
}

fn way(model: Facts<'_>, chains: &Chains, crossing: &Crossing) -> Way {
    let own_stale = crossing
        .operation
        .and_then(|id| model.operation(id).workload.stale.as_ref())
        .map(|stale| stale.value);
    match &crossing.how {
        How::Follows => Way { choice: "copy", why: "follows events".to_owned() },
        How::Steps { .. } => {
            Way { choice: "async", why: "a durable step: nobody waits for it".to_owned() }
        }
        How::Reads { stale } => reads(model, chains, crossing, stale.or(own_stale)),
        How::Checks | How::Calls { .. } => waits(model, chains, crossing, ""),
    }
}

fn reads(
    model: Facts<'_>,
    chains: &Chains,
    crossing: &Crossing,
    stale: Option<base::Duration>,
) -> Way {
    let least = model.value(&numbers::EVENT_LAG) + model.value(&numbers::LAG_MARGIN);
    match stale {
        Some(stale) if stale.as_secs_f64() >= least => {
            Way { choice: "copy", why: format!("may be {stale} old: a copy is new enough") }
        }
        Some(stale) => waits(model, chains, crossing, &format!("may be only {stale} old; ")),
        None => waits(model, chains, crossing, "may not be old; "),
    }
}

/// A synchronous call where time and depth allow it.
fn waits(model: Facts<'_>, chains: &Chains, crossing: &Crossing, before: &str) -> Way {
    let Some(caller) = crossing.operation else {
        return Way { choice: "async", why: format!("{before}nobody waits for it") };
    };
    let depth = chains.through(caller, crossing.to);
    let remaining = budget::remaining(model, caller, crossing.to);
    let availability = facts::availability(model, model.operation(caller)).value.0;
    let (times, ..) = budget::times(model, crossing.to);
    let timeout = times.quantile(1.0 - budget::false_timeouts(model, availability, false));
    let most = model.value(&numbers::SYNC_DEPTH);
    let (choice, why) = if f64::from(depth) > most {
        let why = format!("the chain would cross {depth} deployables, not at most {most}");
        ("async", why)
    } else if remaining < timeout {
        let (left, needed) = (facts::seconds(remaining), facts::seconds(timeout));
        ("async", format!("{left} of the deadline remain, its timeout is {needed}"))
    } else {
        let (left, needed) = (facts::seconds(remaining), facts::seconds(timeout));
        ("sync", format!("its timeout of {needed} fits the {left} that remain"))
    };
    Way { choice, why: format!("{before}{why}") }
}

/// Facts that show why one context reaches another at all.
fn reasons(model: Facts<'_>, answer: Answer, crossings: &[&Crossing]) -> Answer {
    let mut answer = answer;
    let mut told_already: BTreeSet<String> = BTreeSet::new();
    for crossing in crossings {
        let fact = told(model, crossing);
        if told_already.len() < 6 && told_already.insert(fact.clone()) {
            answer = answer.given(fact, crossing.span, "a call of a function");
        }
    }
    if crossings.len() > 1 {
        let from = Provenance::Derived { from: "operations, flows and views".to_owned() };
        answer = answer.driver(format!("{} crossings in all", crossings.len()), from, "no network");
    }
    answer
}

fn told(model: Facts<'_>, crossing: &Crossing) -> String {
    let verb = match crossing.how {
        How::Reads { .. } => "reads",
        How::Checks => "checks a reference to",
        How::Calls { .. } | How::Steps { .. } => "calls",
        How::Follows => "follows",
    };
    format!("{} {verb} {}", crossing.caller, crossing.to.name(model))
}

/// Chains of synchronous calls between operations, in crossings of deployables.
struct Chains {
    /// Most crossings from a request to each operation.
    above: Vec<u32>,
    /// Most crossings from each operation on.
    below: Vec<u32>,
}

impl Chains {
    fn of(cx: &Context<'_>, deployables: &[Option<ContextId>]) -> Self {
        let deployable = |of: ContextId| deployables.get(usize::from(of.0)).copied().flatten();
        let count = cx.model.operations.len();
        let mut chains = Self { above: vec![0; count], below: vec![0; count] };
        let edges: Vec<(OperationId, Option<OperationId>)> = cx
            .crossings
            .iter()
            .filter(|crossing| {
                let to = crossing.to.context(cx.model);
                to.is_some_and(|to| deployable(to) != deployable(crossing.from))
            })
            .filter(|crossing| matches!(crossing.how, How::Calls { .. } | How::Checks))
            .filter_map(|crossing| {
                let callee = match crossing.to {
                    End::Operation(callee) => Some(callee),
                    _ => None,
                };
                Some((crossing.operation?, callee))
            })
            .collect();
        for _ in 0..DEEPEST {
            let before = (chains.above.clone(), chains.below.clone());
            for (caller, callee) in &edges {
                let beyond = callee.map_or(0, |callee| chains.at(&chains.below, callee));
                let down = 1 + beyond;
                let up = 1 + chains.at(&chains.above, *caller);
                raise(&mut chains.below, *caller, down);
                callee.iter().for_each(|callee| raise(&mut chains.above, *callee, up));
            }
            if before == (chains.above.clone(), chains.below.clone()) {
                break;
            }
        }
        chains
    }

    fn at(&self, depths: &[u32], id: OperationId) -> u32 {
        depths.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// Crossings of the longest chain that goes through this one.
    fn through(&self, caller: OperationId, to: End) -> u32 {
        let below = match to {
            End::Operation(callee) => self.at(&self.below, callee),
            _ => 0,
        };
        self.at(&self.above, caller) + 1 + below
    }
}

fn raise(depths: &mut [u32], id: OperationId, to: u32) {
    if let Some(depth) = depths.get_mut(id.0 as usize) {
        *depth = (*depth).max(to.min(DEEPEST));
    }
}

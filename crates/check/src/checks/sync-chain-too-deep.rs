//! A request that waits for a chain of contexts.

use std::collections::{BTreeMap, BTreeSet};

use decide::{crossings, facts};
use model::model::{Callee, OperationId};

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "sync-chain-too-deep",
    Boundaries,
    Warning,
    "0.1",
    "a request that waits for a chain of contexts",
    "sync-chain-too-deep.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let calls: BTreeMap<OperationId, Vec<OperationId>> =
        model.operations().map(|(id, of)| (id, called(&of.effects))).collect();
    let mut known = BTreeMap::new();
    let chains: Vec<(OperationId, Vec<OperationId>)> =
        model.operations().map(|(id, _)| (id, longest(&calls, id, &mut known))).collect();
    let callees: BTreeSet<OperationId> = calls.values().flatten().copied().collect();
    for (id, chain) in chains {
        let inner = callees.contains(&id);
        let depth = facts::count(chain.len());
        if inner || depth <= numbers::CHAIN_DEPTH.value {
            continue;
        }
        let operation = model.operation(id);
        let names: Vec<String> =
            chain.iter().map(|callee| model.qualified_operation(*callee)).collect();
        let message = format!(
            "`{}` waits for {depth} calls in a chain: {}",
            operation.name,
            names.join(" -> ")
        );
        let held = chain.iter().chain([&id]);
        let all: f64 =
            held.map(|at| facts::availability(model, model.operation(*at)).value.0).product();
        sink.report(&model.qualified_operation(id), operation.name.span, message, |mut finding| {
            for callee in &chain {
                finding = finding.related(model.operation(*callee).name.span, "in the chain");
            }
            finding
                .label("the start of the chain")
                .note(format!("each link fails by itself: at the availabilities stated for them all {} answer {} of the time", depth + 1.0, facts::percent(all)))
                .note(format!("a chain of more than {} is more than a deadline and its retries can be shared over", numbers::CHAIN_DEPTH.value))
                .help("let the last contexts follow an event, read a copy (`uses` with an age), or make it a flow that answers with 202")
        });
    }
}

/// The operations of other contexts that effects call.
fn called(effects: &[model::model::Effect]) -> Vec<OperationId> {
    let mut called = Vec::new();
    crossings::calls(effects, &mut |_, call| {
        if let (Callee::Operation(callee), false) = (call.callee, call.inline) {
            called.push(callee);
        }
    });
    called
}

/// The longest chain of calls from an operation, without itself. The language refuses circles.
fn longest(
    calls: &BTreeMap<OperationId, Vec<OperationId>>,
    id: OperationId,
    known: &mut BTreeMap<OperationId, Vec<OperationId>>,
) -> Vec<OperationId> {
    if let Some(chain) = known.get(&id) {
        return chain.clone();
    }
    // A chain that is still open counts as none, should there be a circle after all.
    known.insert(id, Vec::new());
    let ways = calls.get(&id).into_iter().flatten().map(|callee| {
        let mut chain = vec![*callee];
        chain.extend(longest(calls, *callee, known));
        chain
    });
    let chain = ways.max_by_key(Vec::len).unwrap_or_default();
    known.insert(id, chain.clone());
    chain
}

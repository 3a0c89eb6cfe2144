//! Which numbers may have to do with a broken promise, the likeliest first.

use decide::protection::{self, Caller, Protected};
use decide::{Design, budget, crossings::End, decided};
use model::model::{OperationId, StepKind};

use super::lever::Lever;
use super::search::Trials;
use crate::design::{Kind, OperationAnswer, Phase, Promise, ResourceAnswer};
use crate::run::Failure;

/// Share that must be busy for a resource to have to do with waiting.
const BUSY: f64 = 0.4;
/// Resources that are raised together at the most.
const TOGETHER: usize = 3;

/// Sets of levers to try for an operation that breaks a promise, one after the other.
pub(super) fn of(trials: &Trials<'_>, phase: &Phase, broken: &OperationAnswer) -> Vec<Vec<Lever>> {
    let design = trials.design;
    let operations = operations(design, &broken.name);
    let calls: Vec<Protected> = protection::of_design(design)
        .into_iter()
        .filter(|of| of.crossing.operation.is_some_and(|id| operations.contains(&id)))
        .collect();
    let mut sets = Vec::new();
    if broken.availability.1 == Promise::Broken {
        if broken.failures.first().is_some_and(|(why, _)| *why == Failure::Rejected) {
            sets.extend(bulkheads(design, phase, &calls).map(|lever| vec![lever]));
        }
        sets.push(hasty(design, &calls));
    }
    sets.push(limits(phase, design, &calls));
    sets.extend(machines(design, phase));
    // Where no machine helps, it is the promise.
    let own = operations.iter().filter(|id| decided_name(design, **id) == broken.name);
    sets.extend(own.map(|id| vec![Lever::Objective(*id)]));
    sets.retain(|levers| !levers.is_empty());
    sets.dedup();
    sets
}

fn decided_name(design: &Design, id: OperationId) -> String {
    decided::operation_names(design.facts()).get(id.0 as usize).cloned().unwrap_or_default()
}

/// The operations that do the work of what is simulated under a name.
fn operations(design: &Design, name: &str) -> Vec<OperationId> {
    let facts = design.facts();
    if let Some(flow) = name.strip_prefix("flow ") {
        let flow = design.model.flows.iter().find(|of| of.name.value == flow);
        let steps = flow.map_or(&[][..], |flow| flow.steps.as_slice());
        let called = steps.iter().filter_map(|step| match &step.kind {
            StepKind::Call(invocation) => invocation.operation(),
            StepKind::Wait { .. } => None,
        });
        return called.collect();
    }
    let names = decided::operation_names(facts);
    let at = names.iter().zip(0u32..).filter(|(known, _)| *known == name);
    at.map(|(_, id)| OperationId(id)).collect()
}

fn call_name(design: &Design, call: &Protected) -> String {
    format!("{}->{}", call.crossing.caller, call.crossing.to.name(design.facts()))
}

/// Bulkheads that turn calls away.
fn bulkheads<'a>(
    design: &'a Design,
    phase: &'a Phase,
    calls: &'a [Protected],
) -> impl Iterator<Item = Lever> + 'a {
    let names = calls.iter().map(|call| call_name(design, call));
    names.filter_map(|name| {
        let named = format!("bulkhead of {name}");
        let full = phase.resources.iter().find(|of| of.name == named)?;
        (full.rejected > 0.0).then_some(Lever::Bulkhead(name))
    })
}

/// Objectives of callers that cannot wait for as many good answers as they promise.
fn hasty(design: &Design, calls: &[Protected]) -> Vec<Lever> {
    let facts = design.facts();
    let cuts = calls.iter().filter(|call| {
        let caller = Caller::of(facts, &call.crossing);
        let retried = call.protection.attempts > 1;
        let borne = budget::false_timeouts(facts, caller.availability.value, retried);
        call.protection.cut > borne * 1.01
    });
    let mut ids: Vec<OperationId> = cuts.filter_map(|call| call.crossing.operation).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(Lever::Objective).collect()
}

/// Limits of externals that are reached.
fn limits(phase: &Phase, design: &Design, calls: &[Protected]) -> Vec<Lever> {
    let reached = |call: &Protected| {
        let End::External(id, _) = call.crossing.to else { return None };
        let name = format!("limit of {}", design.facts().external(id).name);
        let busy = phase.resources.iter().find(|of| of.name == name)?.utilisation?;
        (busy > BUSY).then_some(id)
    };
    let mut ids: Vec<_> = calls.iter().filter_map(reached).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(Lever::Limit).collect()
}

/// The busiest machines: the first alone, then with the second, then with the third.
pub(super) fn machines(design: &Design, phase: &Phase) -> Vec<Vec<Lever>> {
    let busy = |of: &&ResourceAnswer| of.utilisation.is_some_and(|share| share > BUSY);
    let levers = phase.resources.iter().filter(busy).filter_map(|of| machine(design, of));
    let levers: Vec<Lever> = levers.take(TOGETHER).collect();
    (1..=levers.len()).map(|count| levers[..count].to_vec()).collect()
}

fn machine(design: &Design, of: &ResourceAnswer) -> Option<Lever> {
    let sizing = &design.sizing;
    // Names of resources end in whose they are.
    let owner = of.name.rsplit(' ').next().unwrap_or_default();
    let service = || sizing.services.iter().position(|service| service.name == owner);
    match of.kind {
        Kind::Cores => service().map(Lever::Replicas),
        Kind::Pool => service().map(Lever::Pool),
        Kind::Store => {
            sizing.stores.iter().position(|store| store.name == owner).map(Lever::StoreCores)
        }
        Kind::Bulkhead => {
            of.name.strip_prefix("bulkhead of ").map(|name| Lever::Bulkhead(name.to_owned()))
        }
        _ => None,
    }
}

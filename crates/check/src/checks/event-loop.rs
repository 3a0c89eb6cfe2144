//! An event that leads to itself.

use std::collections::{BTreeMap, BTreeSet};

use base::Span;
use model::model::{Callee, Effect, EffectKind, EventId, OperationId, StepKind};

use crate::context::{Context, Sink, check};

check!(
    "event-loop",
    Events,
    Error,
    "0.1",
    "an event that leads to itself without an end",
    "event-loop.md"
);

/// What follows an event whatever happens: the next event, and the step that leads there.
type Follows = BTreeMap<EventId, Vec<(EventId, Span, String)>>;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let follows = follows(context);
    let mut told = BTreeSet::new();
    for event in follows.keys() {
        let mut way = Vec::new();
        let mut seen = BTreeSet::new();
        if told.contains(event) || !leads_back(&follows, *event, *event, &mut seen, &mut way) {
            continue;
        }
        told.extend(way.iter().map(|(next, ..): &(EventId, Span, String)| *next));
        let of = model.event(*event);
        let message = format!("`{}` leads to itself, for ever", of.name);
        let name = format!("{}.{}", model.context(of.context).name, of.name);
        sink.report(&name, of.name.span, message, |mut finding| {
            for (next, span, step) in way.iter().rev() {
                let next = &model.event(*next).name;
                finding = finding.related(*span, format!("`{step}` emits `{next}`"));
            }
            finding
                .label("comes back after every round")
                .note("no `when`, `require` or `move` on the way ends it: one event occupies the system for good")
                .help("give a step a `when` that becomes false, let the operation `move` the row to a state, or emit an event of another name")
        });
    }
}

fn follows(context: &Context) -> Follows {
    let model = context.model;
    let mut follows = Follows::new();
    for flow in &model.flows {
        for step in flow.steps.iter().filter(|step| step.when.is_none()) {
            let StepKind::Call(call) = &step.kind else { break };
            let Some(operation) = call.operation() else { continue };
            let mut events = BTreeSet::new();
            emits(context, operation, &mut BTreeSet::new(), &mut events);
            let name = format!("{}.{}", flow.name, step.name);
            let next = events.into_iter().map(|event| (event, step.span, name.clone()));
            follows.entry(flow.after).or_default().extend(next);
        }
    }
    follows
}

/// The events that an operation emits whatever the state of its row.
fn emits(
    context: &Context,
    operation: OperationId,
    seen: &mut BTreeSet<OperationId>,
    events: &mut BTreeSet<EventId>,
) {
    let effects = &context.model.operation(operation).effects;
    let guard = |effect: &Effect| {
        matches!(effect.kind, EffectKind::Require { .. } | EffectKind::Move { .. })
    };
    if !seen.insert(operation) || effects.iter().any(guard) {
        return;
    }
    for effect in effects.iter().filter(|effect| effect.when.is_none() && effect.each.is_none()) {
        match &effect.kind {
            EffectKind::Emit { event, .. } => {
                events.insert(*event);
            }
            EffectKind::Call(call) => {
                if let Callee::Operation(callee) = call.callee {
                    emits(context, callee, seen, events);
                }
            }
            _ => {}
        }
    }
}

/// Whether `goal` follows from `at`; the way there comes back last step first.
fn leads_back(
    follows: &Follows,
    at: EventId,
    goal: EventId,
    seen: &mut BTreeSet<EventId>,
    way: &mut Vec<(EventId, Span, String)>,
) -> bool {
    for step in follows.get(&at).into_iter().flatten() {
        let found =
            step.0 == goal || (seen.insert(step.0) && leads_back(follows, step.0, goal, seen, way));
        if found {
            way.push(step.clone());
            return true;
        }
    }
    false
}

//! What reaches into another context or an external system: reads, checks, calls and steps,
//! gathered once.

use base::{Duration, Percentiles, Quantity, Rate, Span};
use expression::{
    EntityId, Type,
    ir::{Expression, Kind},
};
use model::model::{
    Assigns, Authentication, Call, Callee, ContextId, Effect, EffectKind, EventId, ExternalId,
    Flow, Invocation, Operation, OperationId, StepKind, ViewSource,
};

use crate::facts::{self, Facts};

/// One reach into another context or an external system.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// Who reaches, as verdicts name it: `placeOrder`, `checkout.reserve`.
    pub caller: String,
    /// The operation that makes it; none for flows, schedules and views.
    pub operation: Option<OperationId>,
    /// The context that reaches.
    pub from: ContextId,
    /// Where it ends.
    pub to: End,
    /// How it reaches.
    pub how: How,
    /// How often.
    pub rate: Rate,
    /// Where it is written.
    pub span: Span,
}

/// Where a crossing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Rows of an entity.
    Entity(EntityId),
    /// An operation.
    Operation(OperationId),
    /// Events.
    Event(EventId),
    /// An operation of an external system, by position there.
    External(ExternalId, u16),
}

/// How a crossing reaches.
#[derive(Clone, Debug)]
pub enum How {
    /// Reads fields that `uses` lists.
    Reads {
        /// How old they may be, if the model says.
        stale: Option<Duration>,
    },
    /// Sees whether a referenced row may be seen by the caller.
    Checks,
    /// Calls, while somebody waits.
    Calls {
        /// Whether the model says what happens where the callee cannot be reached.
        fallback: bool,
    },
    /// A step of a flow or a schedule: nobody waits.
    Steps {
        /// Its own limit of time.
        timeout: Option<Quantity<Duration>>,
        /// The objective of the whole flow.
        objective: Option<Quantity<Percentiles>>,
    },
    /// Follows events.
    Follows,
}

impl End {
    /// The context that it lies in; none outside the system.
    #[must_use]
    pub fn context(self, model: Facts<'_>) -> Option<ContextId> {
        match self {
            Self::Entity(entity) => Some(model.entity(entity).context),
            Self::Operation(operation) => Some(model.operation(operation).context),
            Self::Event(event) => Some(model.event(event).context),
            Self::External(..) => None,
        }
    }

    /// As verdicts name it: `cardProcessor.charge`, `payments.charge`, `catalog.Product`.
    #[must_use]
    pub fn name(self, model: Facts<'_>) -> String {
        let within =
            |context: ContextId, name: &str| format!("{}.{name}", model.context(context).name);
        match self {
            Self::Entity(entity) => {
                within(model.entity(entity).context, &model.entity(entity).name)
            }
            Self::Operation(operation) => model.qualified_operation(operation),
            Self::Event(event) => within(model.event(event).context, &model.event(event).name),
            Self::External(external, at) => {
                let external = model.external(external);
                let operation = external.operations.get(usize::from(at));
                let name = operation.map_or("", |operation| operation.name.value.as_str());
                format!("{}.{name}", external.name)
            }
        }
    }
}

/// Everything that leaves its context, by caller and then by what it reaches. `names` are those of
/// the operations.
#[must_use]
pub fn of(model: Facts<'_>, names: &[String]) -> Vec<Crossing> {
    let mut all = Vec::new();
    let emitted = emitted(model);
    for ((id, operation), name) in model.operations().zip(names) {
        operations(model, id, operation, name, &mut all);
    }
    for flow in &model.flows {
        let starts = emitted.get(flow.after.0 as usize).copied().unwrap_or_default();
        steps(model, flow, starts, &mut all);
    }
    schedules(model, &mut all);
    for view in &model.views {
        if let ViewSource::Event(event) = view.source {
            let rate = emitted.get(event.0 as usize).copied().unwrap_or_default();
            let (to, how) = (End::Event(event), How::Follows);
            let (caller, span) = (view.name.value.clone(), view.name.span);
            all.push(Crossing { caller, operation: None, from: view.context, to, how, rate, span });
        }
    }
    all.retain(|crossing| crossing.to.context(model) != Some(crossing.from));
    all.sort_by_cached_key(|crossing| (crossing.caller.clone(), crossing.to.name(model)));
    all
}

fn operations(
    model: Facts<'_>,
    id: OperationId,
    operation: &Operation,
    name: &str,
    all: &mut Vec<Crossing>,
) {
    let rate = facts::row_rate(model, operation);
    let mut push = |to: End, how: How, rate: Rate, span: Span| {
        let (caller, from) = (name.to_owned(), operation.context);
        all.push(Crossing { caller, operation: Some(id), from, to, how, rate, span });
    };
    for (entity, _, stale) in &operation.uses {
        push(End::Entity(*entity), How::Reads { stale: *stale }, rate, operation.name.span);
    }
    // The system may refer to any row: what it passes on was checked before.
    let asked = operation
        .by
        .iter()
        .any(|grant| model.actor(grant.actor).authentication != Authentication::System);
    for parameter in operation.input.parameters.iter().filter(|_| asked) {
        if parameter.assigns != Assigns::Nothing
            && let Type::Reference(entity) = parameter.ty.required()
        {
            push(End::Entity(*entity), How::Checks, rate, parameter.name.span);
        }
    }
    calls(&operation.effects, &mut |effect, call| {
        let each = effect.each.as_ref().map_or(1.0, |each| items(model, &each.range));
        let how = How::Calls { fallback: call.fallback.is_some() };
        push(end(call.callee), how, times(rate, each), effect.span);
    });
}

/// Visits every call, those of refusals and fallbacks included.
pub fn calls<'m>(effects: &'m [Effect], visit: &mut dyn FnMut(&'m Effect, &'m Call)) {
    for effect in effects {
        if let EffectKind::Call(call) = &effect.kind {
            visit(effect, call);
            calls(&call.refused, visit);
            calls(call.fallback.as_deref().unwrap_or(&[]), visit);
        }
    }
}

fn steps(model: Facts<'_>, flow: &Flow, starts: Rate, all: &mut Vec<Crossing>) {
    let from = model.event(flow.after).context;
    let mut push = |caller: String, invocation: &Invocation, timeout, rate: Rate| {
        let how = How::Steps { timeout, objective: flow.latency.clone() };
        let (to, span) = (end(invocation.callee), invocation.span);
        all.push(Crossing { caller, operation: None, from, to, how, rate, span });
    };
    for step in &flow.steps {
        let each = step.each.as_ref().map_or(1.0, |each| items(model, each));
        let name = format!("{}.{}", flow.name, step.name);
        if let StepKind::Call(invocation) = &step.kind {
            push(name.clone(), invocation, step.timeout.clone(), times(starts, each));
        }
        if let Some(undo) = &step.undo {
            push(format!("{name}.undo"), undo, None, Rate::default());
        }
    }
    if let Some(failed) = &flow.failed {
        push(format!("{}.failed", flow.name), failed, None, Rate::default());
    }
}

fn schedules(model: Facts<'_>, all: &mut Vec<Crossing>) {
    for schedule in &model.schedules {
        let Some(entity) = schedule.entity else { continue };
        all.push(Crossing {
            caller: schedule.name.value.clone(),
            operation: None,
            from: model.entity(entity).context,
            to: end(schedule.call.callee),
            how: How::Steps { timeout: schedule.within.clone(), objective: None },
            rate: Rate::default(),
            span: schedule.call.span,
        });
    }
}

/// The operations that the steps of a flow call, in order; undoing and failing not included.
#[must_use]
pub fn operations_of(flow: &Flow) -> Vec<OperationId> {
    let called = flow.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Call(invocation) => invocation.operation(),
        StepKind::Wait { .. } => None,
    });
    called.collect()
}

/// Where a call ends.
#[must_use]
pub const fn end(callee: Callee) -> End {
    match callee {
        Callee::External(external, at) => End::External(external, at),
        Callee::Operation(operation) => End::Operation(operation),
    }
}

/// Visits every event that effects emit, those of refusals and fallbacks included.
pub fn emits(effects: &[Effect], visit: &mut dyn FnMut(EventId)) {
    for effect in effects {
        match &effect.kind {
            EffectKind::Emit { event, .. } => visit(*event),
            EffectKind::Call(call) => {
                emits(&call.refused, visit);
                emits(call.fallback.as_deref().unwrap_or(&[]), visit);
            }
            _ => {}
        }
    }
}

/// How often each event is emitted, by position.
#[must_use]
pub fn emitted(model: Facts<'_>) -> Vec<Rate> {
    let mut rates = vec![Rate::default(); model.events.len()];
    for operation in &model.operations {
        let rate = facts::row_rate(model, operation);
        emits(&operation.effects, &mut |event| {
            if let Some(sum) = rates.get_mut(event.0 as usize) {
                *sum = Rate { mean: sum.mean + rate.mean, peak: sum.peak + rate.peak };
            }
        });
    }
    rates
}

fn times(rate: Rate, factor: f64) -> Rate {
    Rate { mean: rate.mean * factor, peak: rate.peak * factor }
}

/// Mean number of items of a list: the stated mean of a part, else one, the least that makes sense.
#[must_use]
pub fn items(model: Facts<'_>, list: &Expression) -> f64 {
    let part = match (&list.kind, list.ty.required()) {
        (Kind::PartRows { part, .. }, _) => Some(*part),
        (_, Type::List { of, .. }) => match **of {
            Type::Part(part) => Some(part),
            _ => None,
        },
        _ => None,
    };
    let rows = part.and_then(|part| {
        let entity = model.entity(part.entity);
        entity.parts.get(usize::from(part.index))?.rows.as_ref().map(|rows| rows.value)
    });
    rows.unwrap_or(1.0)
}

//! Who does what to what: read off the effects of all operations and the steps of all flows.

use std::collections::{BTreeMap, BTreeSet};

use base::Rate;
use decide::{
    crossings::items,
    facts::{self, Facts},
};
use expression::{EntityId, FieldIndex, Type};
use model::{
    Model,
    model::{
        Assigns, Callee, Effect, EffectKind, EventId, Flow, Invocation, Operation, OperationId,
        OperationKind, SetPath, Step, StepKind,
    },
};

/// One call of an operation or external, with how often it happens.
pub struct Called {
    /// What is called.
    pub callee: Callee,
    /// Who calls, as people read it: `checkout.reserve` or `payments.charge`.
    pub caller: String,
    /// Where the call is written.
    pub span: base::Span,
    /// How often: the caller's rate times the mean number of items of `each`.
    pub rate: Rate,
    /// The multiple of the peak that the design must reach there.
    pub reach: f64,
    /// Whether a flow makes it.
    pub by_flow: bool,
    /// Whether it is made only at times: how often, nobody can know.
    pub sometimes: bool,
}

/// What the operations of a model do, gathered once.
#[derive(Default)]
pub struct Usage {
    /// Which operations emit an event.
    pub emits: BTreeMap<EventId, Vec<OperationId>>,
    /// Which operations create rows of an entity, by their kind or by an effect.
    pub creates: BTreeMap<EntityId, Vec<OperationId>>,
    /// Of those that emit, the ones that do so only at times.
    pub sometimes_emits: BTreeSet<(EventId, OperationId)>,
    /// Of those that create, the ones that do so only at times, or several at once.
    pub sometimes_creates: BTreeSet<(EntityId, OperationId)>,
    /// Which operations move rows of an entity to which state.
    pub moves: BTreeMap<EntityId, Vec<(OperationId, String)>>,
    /// Of which entities an operation deletes rows.
    pub deletes: BTreeSet<EntityId>,
    /// Which operation may write which field.
    pub writes: Vec<(OperationId, EntityId, FieldIndex)>,
    /// Every call.
    pub calls: Vec<Called>,
    /// Operations that something in the model starts: calls, flows with their undoing and failing,
    /// schedules and callbacks.
    pub invoked: BTreeSet<OperationId>,
}

impl Usage {
    /// Looks at every operation and flow.
    pub fn of(model: Facts<'_>) -> Self {
        let mut usage = Self::default();
        for (id, operation) in model.operations() {
            usage.operation(model, id, operation);
        }
        usage.flows(model);
        usage.invoked = usage.invocations(model.model).filter_map(operation_of).collect();
        usage
    }

    fn operation(&mut self, model: Facts<'_>, id: OperationId, operation: &Operation) {
        let Some(target) = operation.entity() else { return };
        if operation.kind == OperationKind::Create || operation.upsert {
            self.creates.entry(target).or_default().push(id);
        }
        if operation.kind == OperationKind::Delete {
            self.deletes.insert(target);
        }
        for parameter in &operation.input.parameters {
            if let Assigns::Field(field) = parameter.assigns {
                self.writes.push((id, target, field));
            }
        }
        self.effects(model, (id, target), &operation.effects, false);
    }

    /// Effects, those of refusals and fallbacks included: these run only at times.
    fn effects(
        &mut self,
        model: Facts<'_>,
        of: (OperationId, EntityId),
        list: &[Effect],
        sometimes: bool,
    ) {
        for effect in list {
            self.effect(model, of, effect, sometimes || effect.when.is_some());
            if let EffectKind::Call(call) = &effect.kind {
                self.effects(model, of, &call.refused, true);
                self.effects(model, of, call.fallback.as_deref().unwrap_or(&[]), true);
            }
        }
    }

    fn effect(
        &mut self,
        model: Facts<'_>,
        (id, target): (OperationId, EntityId),
        effect: &Effect,
        sometimes: bool,
    ) {
        match &effect.kind {
            EffectKind::Emit { event, .. } => {
                self.emits.entry(*event).or_default().push(id);
                if sometimes {
                    self.sometimes_emits.insert((*event, id));
                }
            }
            EffectKind::Create { entity, .. } => {
                self.creates.entry(*entity).or_default().push(id);
                if sometimes || effect.each.is_some() {
                    self.sometimes_creates.insert((*entity, id));
                }
            }
            EffectKind::Move { state } => {
                self.moves.entry(target).or_default().push((id, state.value.clone()))
            }
            EffectKind::Set(assignments) => {
                for assignment in assignments {
                    match assignment.path {
                        SetPath::Field(field) => self.writes.push((id, target, field)),
                        SetPath::Through { reference, field } => {
                            let through = &model.entity(target).field(reference).ty;
                            if let Type::Reference(entity) = through.required() {
                                self.writes.push((id, *entity, field));
                            }
                        }
                        SetPath::PartField { .. } | SetPath::Part(_) => {}
                    }
                }
            }
            EffectKind::Call(call) => {
                let each = effect.each.as_ref().map_or(1.0, |each| items(model, &each.range));
                self.calls.push(Called {
                    callee: call.callee,
                    caller: model.qualified_operation(id),
                    span: effect.span,
                    rate: times(facts::row_rate(model, model.operation(id)), each),
                    reach: facts::reach(model, model.operation(id).context),
                    by_flow: false,
                    sometimes,
                });
            }
            EffectKind::Require { .. } | EffectKind::Delete { .. } | EffectKind::Erase { .. } => {}
        }
    }

    fn flows(&mut self, model: Facts<'_>) {
        for flow in &model.flows {
            let starts = self.emitted(model, flow.after);
            for step in &flow.steps {
                let StepKind::Call(invocation) = &step.kind else { continue };
                let each = step.each.as_ref().map_or(1.0, |each| items(model, each));
                self.calls.push(Called {
                    callee: invocation.callee,
                    caller: format!("{}.{}", flow.name, step.name),
                    span: step.span,
                    rate: times(starts, each),
                    reach: facts::reach(model, model.event(flow.after).context),
                    by_flow: true,
                    sometimes: step.when.is_some() || self.emitted_at_times(flow.after),
                });
            }
        }
    }

    /// What anything in the model calls.
    fn invocations<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = Callee> + 'a {
        let callbacks = model.externals.iter().flat_map(|external| &external.callbacks);
        let flows = model.flows.iter().flat_map(invocations_of);
        let schedules = model.schedules.iter().map(|schedule| &schedule.call);
        let callbacks = callbacks.map(|callback| &callback.call);
        let invocations = flows.chain(schedules).chain(callbacks);
        self.calls.iter().map(|call| call.callee).chain(invocations.map(|call| call.callee))
    }

    fn emitted_at_times(&self, event: EventId) -> bool {
        self.sometimes_emits.iter().any(|(of, _)| *of == event)
    }

    /// How often an event is emitted.
    fn emitted(&self, model: Facts<'_>, event: EventId) -> Rate {
        let emitters = self.emits.get(&event).into_iter().flatten();
        emitters.fold(Rate::default(), |sum, id| {
            let rate = facts::row_rate(model, model.operation(*id));
            Rate { mean: sum.mean + rate.mean, peak: sum.peak + rate.peak }
        })
    }
}

fn times(rate: Rate, factor: f64) -> Rate {
    Rate { mean: rate.mean * factor, peak: rate.peak * factor }
}

/// Everything that a flow calls: its steps, what undoes them, what takes late events, its failing.
pub fn invocations_of(flow: &Flow) -> impl Iterator<Item = &Invocation> {
    fn of_step(step: &Step) -> [Option<&Invocation>; 3] {
        let (call, late) = match &step.kind {
            StepKind::Call(call) => (Some(call), None),
            StepKind::Wait { late, .. } => (None, late.as_ref()),
        };
        [call, late, step.undo.as_ref()]
    }
    flow.steps.iter().flat_map(of_step).flatten().chain(flow.failed.as_ref())
}

const fn operation_of(callee: Callee) -> Option<OperationId> {
    match callee {
        Callee::Operation(operation) => Some(operation),
        Callee::External(..) => None,
    }
}

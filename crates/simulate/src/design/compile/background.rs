//! What happens although nobody waits for it: flows, events that consumers handle, messages to
//! streams.

use decide::delivery::{Delivery, Group, Kind as Follower};
use decide::{Design, budget, crossings, facts, numbers};
use model::model::{Flow, OperationId, OperationKind, StepKind};

use super::super::Simulated;
use super::super::calls::{UNTIL_DONE, nanoseconds};
use super::super::consumers;
use super::{Compiler, Part};
use crate::calibrate::Shape;
use crate::network::{END, Policy, SourceId};

impl<'d> Compiler<'d> {
    /// Messages to streams keep cores busy.
    pub(super) fn streams(&mut self, sources: &mut Vec<SourceId>) {
        if self.rates().is_some() {
            return;
        }
        let facts = self.design.facts();
        let variation = facts.value(&numbers::APPLICATION_VARIATION);
        let message =
            Shape::spread(facts.value(&numbers::MESSAGE_CPU) / 1e3, variation).distribution();
        for (id, operation) in facts::all_by_name(facts) {
            let rate = self.amount(self.works[id.0 as usize].messages);
            if operation.kind != OperationKind::Stream || rate <= 0.0 {
                continue;
            }
            let name = format!("messages of {}", self.names[id.0 as usize]);
            let mut ways = Vec::new();
            for replica in self.replicas(operation) {
                let way = self.builder.serve_as(name.clone(), replica.cores, message.clone(), END);
                ways.push((replica.cores, way));
            }
            let entry = self.builder.in_turn_of(&ways);
            sources.push(self.open(&name, rate, entry));
        }
    }

    /// Flows with how often they start a second, by name.
    pub(super) fn flows(&self) -> Vec<(&'d Flow, f64)> {
        if self.rates().is_some() {
            return Vec::new();
        }
        let emitted = crossings::emitted(self.design.facts());
        let mut flows: Vec<&Flow> = self.design.model.flows.iter().collect();
        flows.sort_by_key(|flow| flow.name.value.as_str());
        let starts = |flow: &'d Flow| {
            let peak = emitted.get(flow.after.0 as usize).map_or(0.0, |rate| rate.peak);
            (flow, peak * self.factor())
        };
        flows.into_iter().map(starts).filter(|(_, rate)| *rate > 0.0).collect()
    }

    /// A flow calls its steps' operations one after the other, and nobody waits for it.
    pub(super) fn flow(&mut self, flow: &Flow, rate: f64) -> SourceId {
        let mut next = END;
        for of in called(self.design, flow).into_iter().rev() {
            let step = self.entry(of.operation);
            let name = format!("{}->{}", flow.name.value, self.names[of.operation.0 as usize]);
            let policy = self.tried(flow, &of);
            for _ in 0..of.times {
                next = self.builder.call(name.clone(), &[step], policy.clone(), next);
            }
        }
        if let Some((delivery, group)) = self.starter(flow) {
            next = self.consumers.add(self.design, &mut self.builder, &delivery, &group, next);
        }
        self.open(&format!("flow {}", flow.name.value), rate, next)
    }

    /// A step that gets no answer is tried again, the pivot and what follows it until it succeeds.
    fn tried(&self, flow: &Flow, of: &Called) -> Policy {
        let Some(delivery) = self.deliveries.get(flow.after.0 as usize) else {
            return Policy::default();
        };
        Policy {
            retries: match of.certain {
                true => UNTIL_DONE,
                false => delivery.attempts.saturating_sub(1),
            },
            backoff: nanoseconds(delivery.first_wait),
            longest_backoff: nanoseconds(delivery.most_wait),
            ..Policy::default()
        }
    }

    /// Who starts a flow: the group that hears of its first event.
    fn starter(&self, flow: &Flow) -> Option<(Delivery, Group)> {
        let starts = |of: &&Group| of.kind == Follower::Flow && of.name == flow.name.value;
        let delivery = self.deliveries.get(flow.after.0 as usize)?;
        Some((delivery.clone(), delivery.groups.iter().find(starts)?.clone()))
    }

    /// What happens before the first step of a flow.
    fn started(&self, flow: &Flow) -> Vec<Part> {
        let Some((delivery, group)) = self.starter(flow) else { return Vec::new() };
        let (relay, handler) = self.handled(&delivery);
        let workers = self.consumers.workers_of(self.design, &delivery, &group);
        vec![Part::once(relay, Vec::new()), Part::once(handler, workers)]
    }

    /// p99 of the waits for the relay and of the work of a handler, in seconds.
    fn handled(&self, delivery: &Delivery) -> (f64, f64) {
        let facts = self.design.facts();
        let variation = facts.value(&numbers::DATABASE_VARIATION);
        let handler = Shape::spread(delivery.handler, variation).quantile(0.99);
        (0.99 * facts.value(&numbers::RELAY_WAIT) / 1e3, handler)
    }

    /// Who else follows events, with how many come a second.
    pub(super) fn followers(&self) -> Vec<(Delivery, Group, f64)> {
        if self.rates().is_some() {
            return Vec::new();
        }
        let each = |of: &Delivery| {
            let rate = of.peak * self.factor();
            let groups = consumers::only_handled(of).filter(move |_| rate > 0.0);
            groups.map(|group| (of.clone(), group.clone(), rate)).collect::<Vec<_>>()
        };
        self.deliveries.iter().flat_map(each).collect()
    }

    /// Events that a group handles.
    pub(super) fn follower(&mut self, delivery: &Delivery, group: &Group, rate: f64) -> SourceId {
        let name = consumers::name(self.design, delivery, group);
        let entry = self.consumers.add(self.design, &mut self.builder, delivery, group, END);
        self.open(&format!("event {name}"), rate, entry)
    }

    /// Whoever keeps a copy promises its age; nobody promises anything else.
    pub(super) fn simulated_follower(
        &self,
        delivery: &Delivery,
        group: &Group,
        rate: f64,
    ) -> Simulated {
        let (relay, handler) = self.handled(delivery);
        Simulated {
            name: format!("event {}", consumers::name(self.design, delivery, group)),
            clients: false,
            begun: false,
            rate,
            deadline: f64::INFINITY,
            objective: base::Percentiles::default(),
            availability: 0.0,
            parts: vec![
                Part::once(relay, Vec::new()),
                Part::once(handler, self.consumers.workers_of(self.design, delivery, group)),
            ],
        }
    }

    pub(super) fn simulated_flow(&self, flow: &Flow, rate: f64) -> Simulated {
        let facts = self.design.facts();
        let objective = flow.latency.as_ref().map(|latency| latency.value.clone());
        let steps = called(self.design, flow).into_iter();
        let step = |of: Called| {
            let again = move |part: Part| Part { times: part.times * f64::from(of.times), ..part };
            self.parts(of.operation).into_iter().map(again)
        };
        let mut parts: Vec<Part> = steps.flat_map(step).collect();
        parts.extend(self.started(flow));
        let context = facts.event(flow.after).context;
        Simulated {
            name: format!("flow {}", flow.name.value),
            clients: false,
            begun: false,
            rate,
            deadline: objective.as_ref().map_or(f64::INFINITY, |of| budget::deadline(facts, of)),
            objective: objective.unwrap_or_default(),
            availability: facts::context_availability(facts, context).value.0,
            parts,
        }
    }
}

/// Most items of a list that a flow goes through one by one.
const MOST_ITEMS: f64 = 100.0;

/// An operation that a flow calls.
pub(super) struct Called {
    pub(super) operation: OperationId,
    /// How often, one after the other.
    pub(super) times: u32,
    /// Whether there is no way back: it is the pivot, or follows it.
    pub(super) certain: bool,
}

/// The operations that a flow calls, in order.
pub(super) fn called(design: &Design, flow: &Flow) -> Vec<Called> {
    let facts = design.facts();
    let pivot = flow.steps.iter().position(|step| step.pivot).unwrap_or(usize::MAX);
    let step = |(at, step): (usize, &model::model::Step)| {
        let StepKind::Call(invocation) = &step.kind else { return None };
        let items = step.each.as_ref().map_or(1.0, |each| crossings::items(facts, each));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between one and a hundred"
        )]
        let times = items.round().clamp(1.0, MOST_ITEMS) as u32;
        Some(Called { operation: invocation.operation()?, times, certain: at >= pivot })
    };
    flow.steps.iter().enumerate().filter_map(step).collect()
}

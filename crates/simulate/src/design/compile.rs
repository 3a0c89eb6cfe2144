//! Puts a design's network together: a program for each operation at each replica.

mod background;
mod durable;
mod jobs;
mod kept;
mod parts;
mod threads;

use std::collections::BTreeMap;

use decide::caching::{self, Caching, Front};
use decide::delivery::{self, Delivery};
use decide::sizing::{Load, work::Work};
use decide::{Design, budget, decided, facts, numbers, objectives};
use model::model::{Flow, Operation, OperationId, OperationKind};

use super::calls::{Calls, nanoseconds};
use super::consumers::Consumers;
use super::disturbance::Disturber;
use super::resources::{Replica, Stations};
use super::times::{self, Amount, Times};
use super::{Compiled, Edge, Question, Simulated, Unknown, used};
use crate::calibrate::Shape;
use crate::kernel::Distribution;
use crate::network::{Arrivals, Budget, Builder, CacheId, END, Label, Policy, SourceId};
use background::called;
use durable::Waits;
pub use parts::Part;

/// A design as a network whose warm-up takes `warm_up` seconds: disturbances count from its end.
///
/// # Errors
///
/// A disturbance names what the design does not have.
pub fn compile(design: &Design, question: &Question, warm_up: f64) -> Result<Compiled, Unknown> {
    let mut compiler = Compiler::new(design, question);
    let mut operations = Vec::new();
    let mut sources = Vec::new();
    let mut asked = Vec::new();
    for objective in objectives::of_design(design) {
        let rate = compiler.asked(objective.operation);
        if rate > 0.0 {
            let entry = compiler.builder.forward();
            sources.push(compiler.source(&objective.name, rate, entry));
            operations.push(compiler.simulated(&objective, rate));
            asked.push((objective, entry));
        }
    }
    compiler.begun(&mut sources, &mut operations);
    for (objective, entry) in asked {
        let program = compiler.asked_by_clients(objective.operation, &objective.name);
        compiler.builder.define(entry, program);
    }
    for (flow, rate) in compiler.flows() {
        sources.push(compiler.flow(flow, rate));
        operations.push(compiler.simulated_flow(flow, rate));
    }
    for (job, rate) in compiler.jobs() {
        sources.push(compiler.work(job, rate));
        operations.push(compiler.simulated_work(job, rate));
    }
    for (delivery, group, rate) in compiler.followers() {
        sources.push(compiler.follower(&delivery, &group, rate));
        operations.push(compiler.simulated_follower(&delivery, &group, rate));
    }
    compiler.streams(&mut sources);
    compiler.stalls(&mut sources);
    compiler.finish(operations, &sources, warm_up)
}

struct Compiler<'d> {
    design: &'d Design,
    question: &'d Question,
    builder: Builder,
    stations: Stations,
    calls: Calls,
    works: Vec<Work>,
    /// What a network of caches in front keeps, by operation.
    fronts: Vec<Option<Front>>,
    kept: BTreeMap<OperationId, Caching>,
    /// Their caches: of a replica, by its station, or of all.
    caches: BTreeMap<(OperationId, Option<usize>), CacheId>,
    names: Vec<String>,
    deliveries: Vec<Delivery>,
    consumers: Consumers,
    /// Where each operation begins, once somebody asked for it.
    entries: BTreeMap<OperationId, Label>,
    /// As whose requests calls go on that outlive whoever asked.
    begun: BTreeMap<OperationId, SourceId>,
}

impl<'d> Compiler<'d> {
    fn new(design: &'d Design, question: &'d Question) -> Self {
        let mut builder = Builder::new();
        let stations = Stations::of(design, question, &mut builder);
        let calls = Calls::of(design, &question.measured, &mut builder);
        let names = decided::operation_names(design.facts());
        let done = |of: &Caching| {
            let subject = names.get(of.operation.0 as usize);
            let mut verdicts = design.verdicts.iter().filter(|of| of.family == "cache");
            verdicts.any(|of| Some(&of.subject) == subject && of.choice != "none")
        };
        let kept = caching::of(design).into_iter().filter(done).map(|of| (of.operation, of));
        let kept = kept.collect();
        let works = times::works(design);
        let fronts = match question.server {
            None => times::fronts(design, &works),
            // Nothing stands in front of one server.
            Some(_) => vec![None; works.len()],
        };
        Self {
            design,
            question,
            stations,
            calls,
            works,
            fronts,
            kept,
            caches: BTreeMap::new(),
            names,
            deliveries: delivery::of(design),
            consumers: Consumers::default(),
            entries: BTreeMap::new(),
            begun: BTreeMap::new(),
            builder,
        }
    }

    /// What clients do: an attempt ends at the operation's deadline, and they try again.
    fn asked_by_clients(&mut self, id: OperationId, name: &str) -> Label {
        let attempt = match () {
            () if self.is_accepted(id) => self.accepted(id),
            () if self.begun.contains_key(&id) => self.entry_of_clients(id),
            () => self.entry(id),
        };
        let clients = &self.question.clients;
        let burst = self.design.facts().value(&numbers::RETRY_BURST);
        let deadline = budget::deadline_of(self.design.facts(), self.design.model.operation(id));
        let policy = Policy {
            timeout: Some(nanoseconds(deadline)),
            cancel: true,
            retries: clients.attempts.saturating_sub(1),
            backoff: nanoseconds(clients.backoff),
            longest_backoff: nanoseconds(deadline),
            jitter: clients.jitter,
            budget: clients.budget.map(|share| Budget { share, burst }),
            ..Policy::default()
        };
        let done = self.client(name, "receives", END);
        let asked = self.builder.call(format!("clients of {name}"), &[attempt], policy, done);
        self.client(name, "sends", asked)
    }

    /// Requests of clients.
    fn source(&mut self, name: &str, rate: f64, entry: Label) -> SourceId {
        match &self.question.closed {
            None => self.open(name, rate, entry),
            Some(closed) => {
                let all: f64 = self.design.model.operations().map(|(id, _)| self.asked(id)).sum();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a part of a number of 32 bits"
                )]
                let population = (f64::from(closed.clients) * rate / all).round().max(1.0) as u32;
                let think = Distribution::Exponential(closed.think * 1e9);
                let arrivals = Arrivals::Closed { population, think };
                self.builder.source(name, arrivals, 0, entry)
            }
        }
    }

    /// What a client that runs on the same machine does before or after, if there is one.
    fn client(&mut self, name: &str, what: &str, then: Label) -> Label {
        let Some(server) = &self.question.server else { return then };
        let Some(cores) = self.stations.clients.filter(|_| server.client > 0.0) else {
            return then;
        };
        let variation = self.design.facts().value(&numbers::APPLICATION_VARIATION);
        let work = Shape::spread(server.client / 2.0, variation).distribution();
        self.builder.serve_as(format!("client {what} {name}"), cores, work, then)
    }

    fn open(&mut self, name: &str, rate: f64, entry: Label) -> SourceId {
        let between = Distribution::Exponential(1e9 / rate);
        let arrivals = Arrivals::Open { between, batch: Distribution::Constant(1.0) };
        self.builder.source(name, arrivals, 0, entry)
    }

    fn simulated(&self, objective: &objectives::Objective, rate: f64) -> Simulated {
        let facts = self.design.facts();
        let operation = facts.operation(objective.operation);
        Simulated {
            name: objective.name.clone(),
            clients: true,
            begun: false,
            rate,
            objective: objective.latency.clone(),
            availability: objective.availability,
            deadline: budget::deadline_of(facts, operation),
            parts: match self.is_accepted(objective.operation) {
                true => self.parts_of_accepting(objective.operation),
                false => self.parts(objective.operation),
            },
        }
    }

    /// Requests of clients a second that get here: a network of caches answers the others.
    fn asked(&self, id: OperationId) -> f64 {
        let all = self.sent(id);
        all - self.answered_before(id, all)
    }

    /// Requests a second, of so many, that a network of caches answers.
    fn answered_before(&self, id: OperationId, sent: f64) -> f64 {
        let front = self.fronts.get(id.0 as usize).copied().flatten();
        front.map_or(0.0, |front| sent * front.hits(sent))
    }

    /// What it answers, of the operations of which it answers anything, by name.
    fn edge(&self) -> Vec<Edge> {
        let edge = |(id, _): (OperationId, &Operation)| {
            let asked = self.sent(id);
            let answered = self.answered_before(id, asked);
            let operation = self.names.get(id.0 as usize).cloned().unwrap_or_default();
            (answered > 0.0).then_some(Edge { operation, asked, answered })
        };
        facts::all_by_name(self.design.facts()).into_iter().filter_map(edge).collect()
    }

    /// Requests that clients send a second: those of the operation less those that flows make.
    fn sent(&self, id: OperationId) -> f64 {
        let operation = self.design.model.operation(id);
        if operation.kind == OperationKind::Stream {
            return 0.0;
        }
        if let Some(rates) = self.rates() {
            let rate = rates.get(&self.design.model.qualified_operation(id));
            return rate.copied().unwrap_or(0.0) * self.factor();
        }
        let all = self.amount(self.works[id.0 as usize].requests);
        let of_flow = |(flow, rate): (&Flow, f64)| {
            let steps = called(self.design, flow).into_iter().filter(|of| of.operation == id);
            steps.map(|of| rate * f64::from(of.times)).sum::<f64>()
        };
        let left = all - self.flows().into_iter().map(of_flow).sum::<f64>();
        // What is left of a difference of equal numbers is no request.
        if left > all * 1e-6 { left } else { 0.0 }
    }

    /// Rates that stand in the place of the model's.
    fn rates(&self) -> Option<&BTreeMap<String, f64>> {
        self.question.server.as_ref().and_then(|server| server.rates.as_ref())
    }

    /// Where an operation begins: at one of its service's replicas, in turn.
    fn entry(&mut self, id: OperationId) -> Label {
        if let Some(known) = self.entries.get(&id) {
            return *known;
        }
        // Known before it is built: operations may call each other in a circle.
        let place = self.builder.forward();
        self.entries.insert(id, place);
        let ways = self.in_turn(id, Waits::UntilDone);
        self.builder.define(place, ways);
        place
    }

    /// At one of its service's replicas, in turn.
    fn in_turn(&mut self, id: OperationId, waits: Waits) -> Label {
        let replicas = self.replicas(self.design.model.operation(id));
        let times = self.times(id);
        let ways: Vec<_> = replicas
            .into_iter()
            .map(|replica| (replica.cores, self.program(id, &times, replica, waits)))
            .collect();
        self.builder.in_turn_of(&ways)
    }

    /// What a request of an operation asks for.
    fn times(&self, id: OperationId) -> Times {
        times::of(self.design, &self.question.measured, id, &self.works[id.0 as usize])
    }

    fn replicas(&self, operation: &Operation) -> Vec<Replica> {
        let services = &self.design.sizing.services;
        let at = services.iter().position(|of| of.contexts.contains(&operation.context));
        at.and_then(|at| self.stations.services.get(at)).cloned().unwrap_or_default()
    }

    /// What one replica does for a request, from its last step to its first.
    fn program(&mut self, id: OperationId, times: &Times, replica: Replica, waits: Waits) -> Label {
        let name = self.names.get(id.0 as usize).cloned().unwrap_or_default();
        let leave = self.builder.leave(END);
        let mut next = self.called(id, times, replica, waits, leave);
        if let Some(threads) = self.stations.threads {
            next = self.on_threads(id, &name, times, replica, threads, next);
            return self.builder.enter(replica.gate, next);
        }
        next = self.answered(id, &name, times, replica, next);
        if let Some(besides) = &times.besides {
            let name = format!("{name}/besides");
            next = self.builder.pass(name, besides.distribution(), next);
        }
        let application = times.application.distribution();
        next = self.builder.serve_as(name, replica.cores, application, next);
        self.builder.enter(replica.gate, next)
    }

    /// One of the ways to ask the store, with a connection held meanwhile.
    fn query(&mut self, name: &str, times: &Times, replica: Replica, then: Label) -> Label {
        if let Some(threads) = self.stations.threads {
            return self.query_on_threads(name, times, threads, then);
        }
        let mut ways = Vec::new();
        for (at, query) in times.queries.iter().enumerate() {
            let Some(servers) = self.stations.stores.get(query.store).cloned() else { continue };
            let builder = &mut self.builder;
            let name = format!("{name}/query/{at}");
            let mut next = then;
            if replica.pool.is_some() {
                next = builder.leave(next);
            }
            let after = builder.pass(name.clone(), query.rest.distribution(), next);
            let work = query.work.distribution();
            let mut servers_of = vec![servers.first];
            servers_of.extend(servers.followers.iter().filter(|_| query.follows));
            let each: Vec<_> = servers_of
                .into_iter()
                .map(|at| (at, builder.serve_as(name.clone(), at, work.clone(), after)))
                .collect();
            next = builder.in_turn_of(&each);
            if let Some(pool) = replica.pool {
                next = builder.enter(pool, next);
            }
            ways.push((query.share, next));
        }
        match ways.is_empty() {
            true => then,
            false => self.builder.by_chance(format!("{name}/way"), &ways),
        }
    }

    /// A read by key at the service that has the rows.
    fn reader(&mut self, entity: expression::EntityId) -> Option<Label> {
        let operation = self
            .design
            .model
            .operations()
            .find(|(_, of)| of.kind == OperationKind::Get && of.entity() == Some(entity))?;
        Some(self.entry(operation.0))
    }

    /// How much of a load comes.
    fn amount(&self, load: Load) -> f64 {
        self.question.amount.of(load) * self.question.busier
    }

    /// How many times the stated peak comes in all.
    fn factor(&self) -> f64 {
        if let (Amount::Times(factor), Some(_)) = (self.question.amount, self.rates()) {
            return factor * self.question.busier;
        }
        let sizing = &self.design.sizing;
        let all = sizing.requests + sizing.answered;
        if all.peak > 0.0 { self.amount(all) / all.peak } else { 1.0 }
    }

    fn finish(
        mut self,
        operations: Vec<Simulated>,
        sources: &[SourceId],
        warm_up: f64,
    ) -> Result<Compiled, Unknown> {
        let mut resources = std::mem::take(&mut self.stations.resources);
        resources.append(&mut self.calls.resources);
        resources.append(&mut self.consumers.resources);
        let disturber = Disturber {
            design: self.design,
            stations: &self.stations,
            resources: &resources,
            sources,
        };
        for disturbance in &self.question.disturbances {
            disturber.add(&mut self.builder, disturbance, warm_up)?;
        }
        let edge = self.edge();
        let left_out = left_out(self.design, self.question, !edge.is_empty());
        let times = used::of(self.design, &self.question.measured, |id| self.times(id));
        let reached = self.design.facts().value(&numbers::LOAD_REACHED);
        let turned_away = self.design.facts().value(&numbers::BULKHEAD_FULL);
        Ok(Compiled {
            network: self.builder.finish(),
            operations,
            resources,
            reached,
            turned_away,
            edge,
            times,
            left_out,
        })
    }
}

/// What a design has and this network has not.
fn left_out(design: &Design, question: &Question, edge: bool) -> Vec<String> {
    let mut left = Vec::new();
    let model = &design.model;
    if !model.events.is_empty() && question.server.is_none() {
        left.push(
            "what handling an event asks of the store: its worker is busy meanwhile".to_owned(),
        );
    }
    if question.server.is_some() {
        left.push(
            "what one server cannot do: the design's replicas, zones and networks".to_owned(),
        );
    }
    if design.verdicts.iter().any(|of| of.family == "cache" && of.choice == "http") {
        left.push("answers that browsers keep: every request leaves them".to_owned());
    }
    if edge {
        let rarer = "that what a network of caches lets through is asked for less unevenly than \
                     what it is asked: caches behind it help a little less";
        left.push(rarer.to_owned());
    }
    left
}

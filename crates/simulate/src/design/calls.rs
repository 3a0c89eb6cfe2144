//! Calls over the network: to externals and to other services, with the protection that was decided.

use std::collections::BTreeMap;

use decide::crossings::{End, How};
use decide::facts::Facts;
use decide::protection::{self, Protected, Protection};
use decide::{Design, budget, durable};
use model::model::{ExternalId, OperationId};

use super::resources::{Kind, Replica, Resource};
use super::times;
use crate::calibrate::{Fit, Measured};
use crate::kernel::{Distribution, Time};
use crate::network::{Budget, Builder, END, Label, Policy, PutBack, Station, StationId};

/// Retries of what is tried until it succeeds: more than fit into any run.
pub(super) const UNTIL_DONE: u32 = 1_000;

/// Most times that one request makes the same call.
const MOST_REPEATS: f64 = 100.0;

/// All calls of a design by the operation that makes them.
pub(super) struct Calls {
    by_operation: BTreeMap<OperationId, Vec<Protected>>,
    /// Times of externals that were measured.
    measured: BTreeMap<String, Fit>,
    externals: BTreeMap<(ExternalId, u16), StationId>,
    limits: BTreeMap<ExternalId, StationId>,
    /// By call and replica.
    bulkheads: BTreeMap<(String, usize), StationId>,
    pub(super) resources: Vec<Resource>,
}

/// Seconds as nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and times are not negative"
)]
pub(super) fn nanoseconds(seconds: f64) -> Time {
    (seconds * 1e9).round() as Time
}

impl Calls {
    /// Finds the calls, and adds a station for each external.
    pub(super) fn of(design: &Design, measured: &Measured, builder: &mut Builder) -> Self {
        let mut calls = Self {
            by_operation: BTreeMap::new(),
            measured: measured.externals.clone(),
            externals: BTreeMap::new(),
            limits: BTreeMap::new(),
            bulkheads: BTreeMap::new(),
            resources: Vec::new(),
        };
        for protected in protection::of_design(design) {
            if let End::External(id, at) = protected.crossing.to {
                calls.external(design, builder, (id, at));
            }
            let waits = !matches!(protected.crossing.how, How::Steps { .. } | How::Follows);
            if let Some(operation) = protected.crossing.operation.filter(|_| waits) {
                calls.by_operation.entry(operation).or_default().push(protected);
            }
        }
        calls
    }

    /// The calls of an operation, in the order in which they are reported.
    pub(super) fn of_operation(&self, operation: OperationId) -> &[Protected] {
        self.by_operation.get(&operation).map_or(&[], Vec::as_slice)
    }

    /// Where the limit of an external is waited for.
    pub(super) fn limit(&self, external: ExternalId) -> Option<StationId> {
        self.limits.get(&external).copied()
    }

    fn external(&mut self, design: &Design, builder: &mut Builder, (id, at): (ExternalId, u16)) {
        let facts = design.facts();
        let external = facts.external(id);
        let name = external.name.value.clone();
        if let std::collections::btree_map::Entry::Vacant(free) = self.externals.entry((id, at)) {
            let full = End::External(id, at).name(facts);
            let station = builder.station(Station { servers: None, ..Station::new(full.clone()) });
            free.insert(station);
            self.resources.push(Resource {
                name: full,
                owner: name.clone(),
                kind: Kind::External,
                stations: vec![station],
                servers: None,
            });
        }
        let end = End::External(id, at);
        if self.limits.contains_key(&id) || protection::limit(facts, end).is_none() {
            return;
        }
        let station = builder.station(Station::new(format!("limit of {name}")));
        self.limits.insert(id, station);
        self.resources.push(Resource {
            name: format!("limit of {name}"),
            owner: name,
            kind: Kind::Limit,
            stations: vec![station],
            servers: Some(1),
        });
    }

    /// Adds a call before `then`: through its limit and its bulkhead, as often as one request makes
    /// it, under its policy. `callee` is where a service of ours begins.
    pub(super) fn add(
        &mut self,
        design: &Design,
        builder: &mut Builder,
        (protected, replica): (&Protected, Replica),
        callee: Option<Label>,
        then: Label,
    ) -> Label {
        let facts = design.facts();
        let crossing = &protected.crossing;
        let name = format!("{}->{}", crossing.caller, crossing.to.name(facts));
        let done = builder.leave(END);
        let of = &protected.protection;
        let asked = match (crossing.to, callee) {
            (End::External(id, at), _) if of.durable => {
                let asked = self.ask_external(design, builder, (id, at), &name, END);
                builder.call(format!("{name}/attempt"), &[asked], attempt(protected), done)
            }
            (End::External(id, at), _) => self.ask_external(design, builder, (id, at), &name, done),
            (_, Some(callee)) => builder.call(name.clone(), &[callee], Policy::default(), done),
            (_, None) => return then,
        };
        let bulkhead = self.bulkhead(builder, (&name, replica.cores.index()), of);
        let held = builder.enter(bulkhead, asked);
        let policy = match durable::is(facts, crossing) {
            true => until_done(facts, protected),
            false => policy(facts, protected),
        };
        let otherwise = (protected.choice == "fallback").then_some(then);
        let mut next = then;
        for _ in 0..repeats(design, protected) {
            next = builder.call_or(name.clone(), &[held], policy.clone(), next, otherwise);
        }
        next
    }

    fn ask_external(
        &self,
        design: &Design,
        builder: &mut Builder,
        (id, at): (ExternalId, u16),
        caller: &str,
        then: Label,
    ) -> Label {
        let facts = design.facts();
        let end = End::External(id, at);
        let (times, _, _) = budget::times(facts, end);
        let Some(station) = self.externals.get(&(id, at)) else { return then };
        let stated = || times::lognormal(times);
        let measured = self.measured.get(&end.name(facts)).map(|fit| fit.shape.distribution());
        let taken = measured.unwrap_or_else(stated);
        let asked = builder.serve_as(caller.to_owned(), *station, taken, then);
        let limit = protection::limit(facts, end).map(|limit| limit.value);
        match (self.limits.get(&id), limit) {
            (Some(station), Some(limit)) if limit > 0.0 => {
                let share = facts.value(&decide::numbers::LIMIT_SHARE);
                let turn = Distribution::Constant(1e9 / (limit * share));
                builder.serve_as(caller.to_owned(), *station, turn, asked)
            }
            _ => asked,
        }
    }

    /// The calls that may be under way at once in a replica.
    fn bulkhead(
        &mut self,
        builder: &mut Builder,
        (name, replica): (&str, usize),
        of: &Protection,
    ) -> StationId {
        let key = (name.to_owned(), replica);
        if let Some(known) = self.bulkheads.get(&key) {
            return *known;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and there is at least one"
        )]
        let calls = of.bulkhead.max(1.0) as u32;
        let servers = Some(calls);
        let named = format!("bulkhead of {name}");
        let place = Station::new(format!("{named}/{replica}"));
        // What nobody waits for waits for its place; whom somebody waits for is turned away.
        let (capacity, patience) = match of.durable {
            true => (None, Some(Distribution::Constant(of.timeout * 1e9))),
            false => (servers, None),
        };
        let station = builder.station(Station { servers, capacity, patience, ..place });
        self.bulkheads.insert(key, station);
        match self.resources.iter_mut().find(|of| of.name == named) {
            Some(known) => known.stations.push(station),
            None => self.resources.push(Resource {
                name: named,
                owner: name.to_owned(),
                kind: Kind::Bulkhead,
                stations: vec![station],
                servers,
            }),
        }
        station
    }
}

/// How often one request makes a call: a list's mean length, rounded.
pub(super) fn repeats(design: &Design, protected: &Protected) -> u32 {
    let Some(id) = protected.crossing.operation else { return 1 };
    let own = decide::facts::row_rate(design.facts(), design.model.operation(id)).peak;
    if own <= 0.0 {
        return 1;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between one and a hundred"
    )]
    let repeats = (protected.crossing.rate.peak / own).round().clamp(1.0, MOST_REPEATS) as u32;
    repeats
}

/// The policy of a call, as it was decided.
fn policy(facts: Facts<'_>, protected: &Protected) -> Policy {
    let of = &protected.protection;
    let retries = u32::try_from(of.attempts - 1).unwrap_or_default();
    Policy {
        timeout: Some(nanoseconds(of.timeout)),
        cancel: true,
        retries,
        backoff: nanoseconds(of.backoff),
        longest_backoff: nanoseconds(of.backoff_most),
        jitter: true,
        budget: (retries > 0).then_some(Budget {
            share: of.retry_budget,
            burst: facts.value(&decide::numbers::RETRY_BURST),
        }),
        breaker: protected.breaks().then(|| of.breaker.into()),
        ..Policy::default()
    }
}

/// One attempt at it, once there is a place for it.
fn attempt(protected: &Protected) -> Policy {
    let fallback = protected.choice == "fallback";
    Policy {
        timeout: Some(nanoseconds(protected.protection.timeout)),
        share_left: fallback.then_some(durable::FALLBACK_SHARE),
        cancel: true,
        ..Policy::default()
    }
}

/// The policy of a call that outlives whoever asked, as `firm up` makes it.
fn until_done(facts: Facts<'_>, protected: &Protected) -> Policy {
    let fallback = protected.choice == "fallback";
    let of = &protected.protection;
    let once = !protection::idempotent(facts, protected.crossing.to);
    let external = matches!(protected.crossing.to, End::External(..));
    let time = |time: std::time::Duration| nanoseconds(time.as_secs_f64());
    Policy {
        share_left: fallback.then_some(durable::FALLBACK_SHARE),
        cancel: true,
        retries: if fallback { durable::TRIES - 1 } else { UNTIL_DONE },
        backoff: time(durable::FIRST_PAUSE),
        longest_backoff: time(durable::LONGEST_PAUSE),
        jitter: true,
        least: durable::PAUSE_LEAST,
        put_back: (!fallback)
            .then_some(PutBack { tries: durable::TRIES, look: time(durable::LOOK) }),
        once,
        breaker: (external && protected.breaks()).then(|| of.breaker.into()),
        ..Policy::default()
    }
}

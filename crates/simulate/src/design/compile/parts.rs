//! What a request goes through one after the other, so that the p99 of each can be added up: what
//! people do by hand, beside what is predicted.

use decide::crossings::End;
use decide::{budget, numbers, protection};
use model::model::OperationId;

use super::super::calls::repeats;
use super::super::one_server::{StoreThreads, Threads, usual_commit};
use super::super::times::{Query, Times};
use super::Compiler;
use crate::calibrate::Shape;
use crate::network::StationId;

/// Something that takes its time, and may have to be waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// p99 of the time that it takes, in seconds.
    pub own: f64,
    /// Where it is waited for: one of these, such as the cores of one of the replicas.
    pub waits: Vec<StationId>,
    /// How often, one after the other.
    pub times: f64,
}

impl Part {
    pub(super) const fn once(own: f64, waits: Vec<StationId>) -> Self {
        Self { own, waits, times: 1.0 }
    }

    fn of(shape: &Shape, waits: Vec<StationId>) -> Self {
        Self::once(p99(shape), waits)
    }
}

fn p99(shape: &Shape) -> f64 {
    shape.quantile(0.99)
}

/// Calls within calls that are followed: a circle has no end.
const DEEPEST: u32 = 8;

impl Compiler<'_> {
    /// The parts of a request of an operation, without what is tried again.
    pub(super) fn parts(&self, id: OperationId) -> Vec<Part> {
        self.parts_within(id, DEEPEST)
    }

    /// Those of accepting work that is done later.
    pub(super) fn parts_of_accepting(&self, id: OperationId) -> Vec<Part> {
        let times = self.times(id);
        let replicas = self.replicas(self.design.model.operation(id));
        let cores = replicas.iter().map(|replica| replica.cores).collect();
        let pools: Vec<StationId> = replicas.iter().filter_map(|replica| replica.pool).collect();
        let mut parts = vec![Part::of(&times.application, cores)];
        parts.extend(self.asked_of_store(&times, &pools));
        parts
    }

    fn parts_within(&self, id: OperationId, depth: u32) -> Vec<Part> {
        let times = self.times(id);
        let replicas = self.replicas(self.design.model.operation(id));
        let cores = replicas.iter().map(|replica| replica.cores).collect();
        let mut parts = vec![Part::of(&times.application, cores)];
        parts.extend(times.besides.iter().map(|besides| Part::of(besides, Vec::new())));
        let pools: Vec<StationId> = replicas.iter().filter_map(|replica| replica.pool).collect();
        let asked = match self.stations.threads {
            Some(threads) => self.asked_on_threads(&times, threads),
            None => self.asked_of_store(&times, &pools),
        };
        let calls = self.calls.of_operation(id);
        if !calls.is_empty() && self.design.model.operation(id).writes() {
            // What the callees said is written in a transaction of its own.
            parts.extend(asked.iter().cloned());
        }
        parts.extend(asked);
        for call in calls {
            let often = f64::from(repeats(self.design, call));
            let called = match call.crossing.to {
                End::Operation(callee) if depth > 0 => self.parts_within(callee, depth - 1),
                to => self.outside(to),
            };
            let again = |part: Part| Part { times: part.times * often, ..part };
            parts.extend(called.into_iter().map(again));
        }
        parts
    }

    /// The slowest way to ask the store, with a connection.
    fn asked_of_store(&self, times: &Times, pools: &[StationId]) -> Vec<Part> {
        let taken = |query: &Query| p99(&query.work) + p99(&query.rest);
        let slowest = times.queries.iter().max_by(|a, b| taken(a).total_cmp(&taken(b)));
        let Some(query) = slowest else { return Vec::new() };
        let Some(servers) = self.stations.stores.get(query.store) else { return Vec::new() };
        let mut of = vec![servers.first];
        of.extend(servers.followers.iter().filter(|_| query.follows));
        vec![
            Part::once(0.0, pools.to_vec()),
            Part::of(&query.work, of),
            Part::of(&query.rest, Vec::new()),
        ]
    }

    /// The same of one server, where threads do it.
    fn asked_on_threads(&self, times: &Times, threads: Threads) -> Vec<Part> {
        let taken = |query: &Query| p99(&query.work);
        let slowest = times.queries.iter().max_by(|a, b| taken(a).total_cmp(&taken(b)));
        let Some(query) = slowest else { return Vec::new() };
        let usual = || usual_commit(self.design);
        let commit = self.question.server.as_ref().and_then(|of| of.commit).unwrap_or_else(usual);
        match threads.store {
            StoreThreads::Embedded { writer, .. } if times.writes => {
                vec![Part::of(&query.work, vec![writer]), Part::of(&commit, Vec::new())]
            }
            StoreThreads::Embedded { readers, .. } => vec![Part::of(&query.work, vec![readers])],
            StoreThreads::Beside { processes, log, connections } => {
                let last = match times.writes {
                    true => Part::of(&commit, vec![log]),
                    false => Part::of(&query.rest, Vec::new()),
                };
                let connection = Part::once(0.0, vec![connections]);
                vec![connection, Part::of(&query.work, vec![processes]), last]
            }
        }
    }

    /// A callee whose own parts are not known here, behind its limit.
    fn outside(&self, to: End) -> Vec<Part> {
        let facts = self.design.facts();
        let measured = self.question.measured.externals.get(&to.name(facts));
        let stated = || budget::times(facts, to).0.quantile(0.99);
        let own = measured.map_or_else(stated, |fit| p99(&fit.shape));
        let mut parts = vec![Part::once(own, Vec::new())];
        let limit = protection::limit(facts, to).map(|limit| limit.value);
        if let (End::External(id, _), Some(limit)) = (to, limit.filter(|limit| *limit > 0.0))
            && let Some(station) = self.calls.limit(id)
        {
            let turn = 1.0 / (limit * facts.value(&numbers::LIMIT_SHARE));
            parts.push(Part::once(turn, vec![station]));
        }
        parts
    }
}

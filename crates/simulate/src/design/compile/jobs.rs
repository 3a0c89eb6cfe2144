//! `async` operations: the client is told that the work is accepted, and a worker does it.

use decide::numbers;
use model::model::OperationId;

use super::super::Simulated;
use super::super::calls::{UNTIL_DONE, nanoseconds};
use super::super::resources::{Kind, Resource};
use super::{Compiler, Part};
use crate::kernel::Distribution;
use crate::network::{END, Label, Policy, SourceId, Station};

impl Compiler<'_> {
    /// Whether a client of it waits for no more than that it is accepted.
    pub(super) fn is_accepted(&self, id: OperationId) -> bool {
        self.design.model.operation(id).asynchronous && self.question.server.is_none()
    }

    /// What is done before the client is answered with 202: the request is read and the job written.
    pub(super) fn accepted(&mut self, id: OperationId) -> Label {
        let times = self.times(id);
        let name =
            format!("{}/accepted", self.names.get(id.0 as usize).cloned().unwrap_or_default());
        let replicas = self.replicas(self.design.model.operation(id));
        let mut ways = Vec::new();
        for replica in replicas {
            let leave = self.builder.leave(END);
            let written = self.query(&name, &times, replica, leave);
            let application = times.application.distribution();
            let read = self.builder.serve_as(name.clone(), replica.cores, application, written);
            ways.push((replica.cores, self.builder.enter(replica.gate, read)));
        }
        self.builder.in_turn_of(&ways)
    }

    /// The operations whose work is done later, with how many come a second.
    pub(super) fn jobs(&self) -> Vec<(OperationId, f64)> {
        let all = decide::facts::all_by_name(self.design.facts()).into_iter();
        let later = all.map(|(id, _)| id).filter(|id| self.is_accepted(*id));
        later.map(|id| (id, self.asked(id))).filter(|(_, rate)| *rate > 0.0).collect()
    }

    /// The work: it waits until somebody looks for due jobs and for a free worker, who keeps at it.
    pub(super) fn work(&mut self, id: OperationId, rate: f64) -> SourceId {
        let facts = self.design.facts();
        let seconds = |number| facts.value(number);
        let own = self.names.get(id.0 as usize).cloned().unwrap_or_default();
        let name = format!("work of {own}");
        let entry = self.entry(id);
        let replicas = self.replicas(self.design.model.operation(id)).len().max(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and one is the least"
        )]
        let each = seconds(&numbers::JOBS_AT_ONCE).max(1.0) as u32;
        let servers = each.saturating_mul(u32::try_from(replicas).unwrap_or(u32::MAX));
        let workers = format!("workers of {own}");
        let station = Station { servers: Some(servers), ..Station::new(workers.clone()) };
        let station = self.builder.station(station);
        self.consumers.resources.push(Resource {
            name: workers,
            owner: own,
            kind: Kind::Workers,
            stations: vec![station],
            servers: Some(servers),
        });
        let policy = Policy {
            retries: UNTIL_DONE,
            backoff: nanoseconds(seconds(&numbers::JOB_PAUSE) / 1e3),
            longest_backoff: nanoseconds(seconds(&numbers::DELIVERY_WAIT_MOST)),
            ..Policy::default()
        };
        let leave = self.builder.leave(END);
        let done = self.builder.call(name.clone(), &[entry], policy, leave);
        let taken = self.builder.enter(station, done);
        let looked = Distribution::Uniform { low: 0.0, high: seconds(&numbers::JOB_WAIT) * 1e9 };
        let waits = self.builder.pass(name.clone(), looked, taken);
        self.open(&name, rate, waits)
    }

    pub(super) fn simulated_work(&self, id: OperationId, rate: f64) -> Simulated {
        let own = self.names.get(id.0 as usize).cloned().unwrap_or_default();
        let workers = format!("workers of {own}");
        let known = self.consumers.resources.iter().find(|of| of.name == workers);
        let stations = known.map(|of| of.stations.clone()).unwrap_or_default();
        let wait = 0.99 * self.design.facts().value(&numbers::JOB_WAIT);
        let mut parts = vec![Part::once(wait, stations)];
        parts.extend(self.parts(id));
        Simulated {
            name: format!("work of {own}"),
            clients: false,
            begun: false,
            rate,
            objective: base::Percentiles::default(),
            availability: 0.0,
            deadline: f64::INFINITY,
            parts,
        }
    }
}

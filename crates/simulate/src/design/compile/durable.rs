//! Calls that outlive whoever asked: they are written down, a client is told that it goes on where
//! they take long, and they are tried until they are done.

use decide::crossings::End;
use decide::protection::Protected;
use decide::{budget, durable};
use model::model::OperationId;

use super::super::Simulated;
use super::super::calls::nanoseconds;
use super::super::resources::Replica;
use super::super::times::Times;
use super::Compiler;
use crate::network::{Arrivals, END, Label, Policy, SourceId};

/// For how long somebody waits for an operation that makes such calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// As a client does: then it is told that it goes on.
    AsClient,
    /// Until it is done, as flows and other operations do.
    UntilDone,
}

impl Compiler<'_> {
    /// Adds the sources as whose requests calls go on that outlive whoever asked, with what is told
    /// of them.
    pub(super) fn begun(&mut self, sources: &mut Vec<SourceId>, operations: &mut Vec<Simulated>) {
        for (id, _) in decide::facts::all_by_name(self.design.facts()) {
            let rate = self.requests(id);
            if rate <= 0.0 || !self.calls.of_operation(id).iter().any(|of| self.outlives(of)) {
                continue;
            }
            let own = self.names.get(id.0 as usize).cloned().unwrap_or_default();
            let name = format!("calls of {own}");
            let source = self.builder.source(name.clone(), Arrivals::Begun, 0, END);
            self.begun.insert(id, source);
            sources.push(source);
            operations.push(Simulated {
                name,
                clients: false,
                begun: true,
                rate,
                objective: base::Percentiles::default(),
                availability: 0.0,
                deadline: f64::INFINITY,
                parts: self.parts(id),
            });
        }
    }

    fn outlives(&self, call: &Protected) -> bool {
        durable::is(self.design.facts(), &call.crossing)
    }

    /// Where an operation begins that makes such calls, for clients.
    pub(super) fn entry_of_clients(&mut self, id: OperationId) -> Label {
        self.in_turn(id, Waits::AsClient)
    }

    /// The calls of an operation, before `then`. Those that outlive whoever asked come last, with the
    /// transaction for what the callees said.
    pub(super) fn called(
        &mut self,
        id: OperationId,
        times: &Times,
        replica: Replica,
        waits: Waits,
        then: Label,
    ) -> Label {
        let name = self.names.get(id.0 as usize).cloned().unwrap_or_default();
        let calls = self.calls.of_operation(id).to_vec();
        let begun = self.begun.get(&id).copied();
        let (later, now): (Vec<_>, Vec<_>) =
            calls.iter().partition(|call| begun.is_some() && self.outlives(call));
        let writes = self.design.model.operation(id).writes();
        let mut next = then;
        if let Some(source) = begun.filter(|_| !later.is_empty()) {
            let written = self.query(&name, times, replica, END);
            let program = self.each_called(&later, replica, written);
            let accepted = (waits == Waits::AsClient).then(|| self.builder.accept(then));
            let policy = match waits {
                Waits::AsClient => self.until_told(id),
                Waits::UntilDone => Policy::default(),
            };
            let name = format!("calls of {name}");
            next = self.builder.begin(name, (program, source), policy, then, accepted);
        } else if !now.is_empty() && writes {
            // What the callees said is written in a transaction of its own.
            next = self.query(&name, times, replica, next);
        }
        self.each_called(&now, replica, next)
    }

    /// One call after the other.
    fn each_called(&mut self, calls: &[&Protected], replica: Replica, then: Label) -> Label {
        let mut next = then;
        for call in calls.iter().rev() {
            let callee = match call.crossing.to {
                End::External(..) | End::Event(_) => None,
                End::Operation(callee) => Some(self.entry(callee)),
                End::Entity(entity) => self.reader(entity),
            };
            let call = (*call, replica);
            next = self.calls.add(self.design, &mut self.builder, call, callee, next);
        }
        next
    }

    /// For how long a client waits for what goes on without it.
    fn until_told(&self, id: OperationId) -> Policy {
        let operation = self.design.model.operation(id);
        let deadline = budget::deadline_of(self.design.facts(), operation);
        Policy {
            timeout: Some(nanoseconds(durable::WAITED * deadline)),
            from_start: true,
            ..Policy::default()
        }
    }

    /// Requests of an operation a second, whoever makes them.
    fn requests(&self, id: OperationId) -> f64 {
        if let Some(rates) = self.rates() {
            let rate = rates.get(&self.design.model.qualified_operation(id));
            return rate.copied().unwrap_or(0.0) * self.factor();
        }
        self.works.get(id.0 as usize).map_or(0.0, |work| self.amount(work.requests))
    }
}

//! Which availability can be reached: what a request needs fails in series, copies stand in for
//! each other, and some failures take all copies at once.

use base::Quantity;
use model::model::{EffectKind, Operation};
use queueing::series;

use crate::crossings::{self, End};
use crate::facts::Facts;
use crate::numbers::{self, Number};
use crate::sizing::Redundancy;

/// Seconds of a year of 365 days.
const YEAR: f64 = 31_536_000.0;

/// What a request needs, with the availability of each.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What it is, and how much of the time it is there.
    pub links: Vec<(&'static str, f64)>,
}

impl Chain {
    /// All of it at once.
    #[must_use]
    pub fn availability(&self) -> f64 {
        series(&self.links.iter().map(|(_, share)| *share).collect::<Vec<_>>())
    }

    /// `load balancer 99.99 %, ...`
    #[must_use]
    pub fn told(&self) -> String {
        let one = |(what, share): &(&str, f64)| format!("{what} {}", crate::facts::percent(*share));
        self.links.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// A PostgreSQL server whose standby takes over.
#[must_use]
pub fn database(model: Facts<'_>) -> f64 {
    let down = model.value(&numbers::FAILOVERS) * model.value(&numbers::FAILOVER_TIME);
    1.0 - down / YEAR
}

/// What a service reaches in one region, with its store.
#[must_use]
pub fn service(model: Facts<'_>, redundancy: Redundancy) -> Chain {
    let value = |number: &Number| model.value(number);
    let shared = ("what replicas share", value(&numbers::COMMON_CAUSE));
    let balancer = ("load balancer", value(&numbers::BALANCER));
    let database = ("database with a standby", database(model));
    let links = match redundancy {
        Redundancy::Single => vec![
            ("the machine of the service", value(&numbers::MACHINE)),
            ("the machine of the database", value(&numbers::MACHINE)),
        ],
        Redundancy::Replicated => {
            vec![balancer, shared, ("the zone", value(&numbers::ZONE)), database]
        }
        Redundancy::Zones => vec![balancer, shared, database],
    };
    Chain { links }
}

/// What two regions that both serve reach.
#[must_use]
pub fn two_regions(model: Facts<'_>) -> Chain {
    let one = service(model, Redundancy::Zones).availability();
    let either = 1.0 - (1.0 - one).powi(2);
    let entry = model.value(&numbers::GLOBAL_ENTRY);
    Chain { links: vec![("entry to the regions", entry), ("either region", either)] }
}

/// The externals that a request of an operation waits for, each with what it promises: lookups
/// before the transaction. What runs durably goes on after an outage, and a `fallback` stands in.
#[must_use]
pub fn waits_for(model: Facts<'_>, operation: &Operation) -> Vec<(String, Quantity<f64>)> {
    let mut hard = Vec::new();
    crossings::calls(&operation.effects, &mut |effect, call| {
        if !matches!(effect.kind, EffectKind::Call(_)) || !call.safe || call.fallback.is_some() {
            return;
        }
        let End::External(external, _) = crossings::end(call.callee) else { return };
        let external = model.external(external);
        if let Some(given) = &external.availability {
            let value = given.value.0;
            let provenance = given.provenance.clone();
            hard.push((external.name.value.clone(), Quantity { value, provenance }));
        }
    });
    hard
}

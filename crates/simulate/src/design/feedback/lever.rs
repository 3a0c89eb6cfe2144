//! What can be changed about a design so that it holds, as a number.

use std::sync::Arc;

use base::{Duration, Percentile, Percentiles, Quantity};
use decide::{Design, facts};
use model::Model;
use model::model::{ExternalId, OperationId};

use crate::design::{Compiled, Question, Unknown, compile};

/// A number that may be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lever {
    /// Replicas of a service, by position in the sizing.
    Replicas(usize),
    /// Connections that each replica of a service opens.
    Pool(usize),
    /// Cores of the servers of a store, by position in the sizing.
    StoreCores(usize),
    /// Calls under way at once, by the name of the call.
    Bulkhead(String),
    /// The objective of an operation: deadlines and timeouts follow it.
    Objective(OperationId),
    /// What an external takes.
    Limit(ExternalId),
}

/// What stands there now, and what would have to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// What stands there, in words with its unit: `3 replicas of shop`.
    pub now: String,
    /// What would have to stand there.
    pub then: String,
}

impl Lever {
    /// Whether its number counts things.
    const fn counts(&self) -> bool {
        !matches!(self, Self::Objective(_) | Self::Limit(_))
    }

    /// What it stands at.
    pub(super) fn now(&self, design: &Design, compiled: &Compiled) -> f64 {
        let service = |at: &usize| design.sizing.services.get(*at);
        match self {
            Self::Replicas(at) => {
                let name = service(at).map_or("", |of| of.name.as_str());
                let cores = format!("cores of {name}");
                let found = compiled.resources.iter().find(|of| of.name == cores);
                found.map_or(1.0, |of| of.stations.iter().fold(0.0, |count, _| count + 1.0))
            }
            Self::Pool(at) => service(at).map_or(1.0, |of| f64::from(of.pool)),
            Self::StoreCores(at) => {
                let store = design.sizing.stores.get(*at);
                let cores = format!("{} {}", "of", store.map_or("", |of| of.name.as_str()));
                let found = compiled.resources.iter().find(|of| of.name.ends_with(&cores));
                found.and_then(|of| of.servers).map_or(1.0, f64::from)
            }
            Self::Bulkhead(name) => {
                let named = format!("bulkhead of {name}");
                let found = compiled.resources.iter().find(|of| of.name == named);
                found.and_then(|of| of.servers).map_or(1.0, f64::from)
            }
            Self::Objective(id) => {
                let operation = design.model.operation(*id);
                let objective = facts::objective(design.facts(), operation).value;
                facts::main_percentile(&objective).1
            }
            Self::Limit(id) => {
                let limit = &design.model.externals.get(usize::from(id.0));
                limit.and_then(|of| of.limit.as_ref()).map_or(0.0, |of| of.value.peak)
            }
        }
    }

    /// Its number so many times as great: a whole one where it counts, else one of two digits.
    pub(super) fn raised(&self, now: f64, factor: f64) -> f64 {
        if self.counts() { (now * factor - 1e-9).ceil() } else { two_digits_up(now * factor) }
    }

    /// Its number in words.
    pub(super) fn words(&self, design: &Design, value: f64) -> String {
        let sizing = &design.sizing;
        let service = |at: &usize| sizing.services.get(*at).map_or("", |of| of.name.as_str());
        match self {
            Self::Replicas(at) => format!("{value} replicas of {}", service(at)),
            Self::Pool(at) => format!("{value} connections of each replica of {}", service(at)),
            Self::StoreCores(at) => {
                let name = sizing.stores.get(*at).map_or("", |of| of.name.as_str());
                format!("{value} cores of {name}")
            }
            Self::Bulkhead(name) => format!("{value} calls at once of {name}"),
            Self::Objective(id) => {
                let model = design.facts();
                let objective = facts::objective(model, model.operation(*id)).value;
                let (share, _) = facts::main_percentile(&objective);
                let time = Duration::from_secs_f64(value);
                let promised = Percentiles(vec![(Percentile(share), time)]);
                let name = model.operation(*id).name.value.as_str();
                format!("`latency: {}` of `{name}`", facts::percentiles(&promised))
            }
            Self::Limit(id) => {
                let external = design.model.externals.get(usize::from(id.0));
                let name = external.map_or("", |of| of.name.value.as_str());
                format!("a limit of {} of {name}", facts::per_second(value))
            }
        }
    }

    fn edit_model(&self, model: &mut Model, before: &Design, value: f64) {
        match self {
            Self::Objective(id) => {
                let stated = facts::objective(before.facts(), before.model.operation(*id)).value;
                let (_, now) = facts::main_percentile(&stated);
                let factor = value / now.max(f64::MIN_POSITIVE);
                let scaled = stated.0.into_iter().map(|(share, time)| {
                    (share, Duration::from_secs_f64(time.as_secs_f64() * factor))
                });
                let latency = Quantity::default_of(Percentiles(scaled.collect()), "simulated");
                if let Some(operation) = model.operations.get_mut(id.0 as usize) {
                    operation.workload.latency = Some(latency);
                }
            }
            Self::Limit(id) => {
                let external = model.externals.get_mut(usize::from(id.0));
                if let Some(limit) = external.and_then(|of| of.limit.as_mut()) {
                    limit.value.mean = value.max(limit.value.mean);
                    limit.value.peak = value;
                }
            }
            _ => {}
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of machines; `as` saturates"
    )]
    fn edit_sizing(&self, design: &mut Design, value: f64) {
        let count = value as u32;
        match self {
            Self::Replicas(at) => {
                if let Some(service) = design.sizing.services.get_mut(*at) {
                    (service.replicas, service.most) = (count, count);
                }
            }
            Self::Pool(at) => {
                if let Some(service) = design.sizing.services.get_mut(*at) {
                    service.pool = count;
                }
            }
            Self::StoreCores(at) => {
                if let Some(store) = design.sizing.stores.get_mut(*at) {
                    (store.node.cores, store.node_at_reach.cores) = (count, count);
                }
            }
            _ => {}
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of calls; `as` saturates"
    )]
    fn edit_network(&self, compiled: &mut Compiled, value: f64) {
        let Self::Bulkhead(name) = self else { return };
        let named = format!("bulkhead of {name}");
        let count = Some(value as u32);
        for resource in compiled.resources.iter_mut().filter(|of| of.name == named) {
            resource.servers = count;
            for at in &resource.stations {
                if let Some(station) = compiled.network.stations.get_mut(at.index()) {
                    (station.servers, station.capacity) = (count, station.capacity.and(count));
                }
            }
        }
    }
}

/// The network of a design with some numbers raised: decided again where these are numbers of the
/// model.
pub(super) fn turned(
    design: &Design,
    question: &Question,
    levers: &[(Lever, f64)],
) -> Result<Compiled, Unknown> {
    let stated = |lever: &Lever| matches!(lever, Lever::Objective(_) | Lever::Limit(_));
    let mut changed = design.clone();
    if levers.iter().any(|(lever, _)| stated(lever)) {
        let mut model = Model::clone(&design.model);
        levers.iter().for_each(|(lever, value)| lever.edit_model(&mut model, design, *value));
        let lock = design.lock.clone();
        changed = decide::decide_locked(Arc::new(model), design.numbers.clone(), lock).0;
    }
    levers.iter().for_each(|(lever, value)| lever.edit_sizing(&mut changed, *value));
    let mut compiled = compile(&changed, question, 0.0)?;
    levers.iter().for_each(|(lever, value)| lever.edit_network(&mut compiled, *value));
    Ok(compiled)
}

/// The next greater number with two digits.
fn two_digits_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let unit = 10f64.powf(value.log10().floor() - 1.0);
    let digits = (value / unit - 1e-6).ceil();
    // Short decimals read well: 0.39, not 0.39000000000000001.
    if unit < 1.0 { digits / (1.0 / unit).round() } else { digits * unit.round() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_up_and_never_down() {
        let shown = [0.381, 0.38, 12.1, 1.99, 0.000_412].map(two_digits_up);
        assert_eq!(shown, [0.39, 0.38, 13.0, 2.0, 0.000_42]);
        assert_eq!(Lever::Replicas(0).raised(3.0, 2.0), 6.0);
        assert_eq!(Lever::Replicas(0).raised(3.0, 1.1), 4.0);
        assert_eq!(Lever::Objective(OperationId(0)).raised(0.2, 1.5), 0.3);
    }
}

//! Means without a finite variance. Means of independent replications are about normal where single
//! times have a variance; where they have none, most runs miss the rare times that make the mean what
//! it is, and an interval from their spread would be far too narrow. So there is none.

use crate::kernel::Distribution;
use crate::network::{Discipline, Network, Step};

use super::report::{SourceReport, StationReport};

/// Tails fall like powers: a time is longer than t with a probability of about t to the minus index.
/// The variance is finite above this index.
const FINITE: f64 = 2.0;
/// Everything but a Pareto variable without an end falls faster than any power, or ends.
const LIGHT: f64 = f64::INFINITY;

/// How heavy the tails of a network are, as indices.
#[derive(Debug)]
pub(super) struct Tails {
    /// Of the times of requests, by source.
    sources: Vec<f64>,
    /// Of the times for which servers are kept, by station.
    served: Vec<f64>,
    /// Of waits, by station.
    waits: Vec<f64>,
}

impl Tails {
    pub(super) fn of(network: &Network) -> Self {
        let count = network.stations.len();
        let mut tails = Self { sources: Vec::new(), served: vec![LIGHT; count], waits: Vec::new() };
        for step in &network.steps {
            if let Step::Serve { station, sampler } = *step {
                tails.keeps(network, station, drawn(network, sampler));
            }
        }
        tails.waits = waits(network, &tails.served);
        for (at, step) in (0u32..).zip(&network.steps) {
            if let Step::Enter { station } = *step {
                // All that follows, as if the server were given back at the end only.
                let kept = tails.heaviest(network, at.saturating_add(1));
                tails.keeps(network, station, kept);
            }
        }
        tails.waits = waits(network, &tails.served);
        let entries = network.sources.iter().map(|source| source.entry);
        tails.sources = entries.map(|entry| tails.heaviest(network, entry)).collect();
        tails
    }

    fn keeps(&mut self, network: &Network, station: u32, index: f64) {
        let Some(of) = network.stations.get(station as usize) else { return };
        let more = [&of.setup, &of.rest].into_iter().flatten().map(self::index);
        let index = more.fold(index, f64::min);
        if let Some(served) = self.served.get_mut(station as usize) {
            *served = served.min(index);
        }
    }

    /// The heaviest tail of all that may be met from a step on. What has a time limit has an end.
    fn heaviest(&self, network: &Network, from: u32) -> f64 {
        let (mut open, mut met) = (vec![from], vec![false; network.steps.len()]);
        let mut heaviest = LIGHT;
        while let Some(at) = open.pop() {
            let Some(step) = network.steps.get(at as usize) else { continue };
            if std::mem::replace(&mut met[at as usize], true) {
                continue;
            }
            let wait = |station: u32| self.waits.get(station as usize).copied().unwrap_or(LIGHT);
            let next = at.saturating_add(1);
            match *step {
                Step::Succeed => continue,
                Step::Jump { to } => {
                    open.push(to);
                    continue;
                }
                Step::Serve { station, sampler } => {
                    heaviest = heaviest.min(drawn(network, sampler)).min(wait(station));
                }
                Step::Enter { station } => heaviest = heaviest.min(wait(station)),
                Step::Pass { sampler } => heaviest = heaviest.min(drawn(network, sampler)),
                Step::Call { call } => {
                    let Some(call) = network.calls.get(call as usize) else { continue };
                    heaviest = heaviest.min(drawn(network, call.jitter));
                    if call.policy.timeout.is_none() {
                        open.extend(&call.targets);
                    }
                    open.extend(call.otherwise);
                }
                Step::Route { route } => {
                    open.extend(
                        network.routes.get(route as usize).into_iter().flat_map(|of| of.ways()),
                    );
                    continue;
                }
                Step::Look { found, .. } => open.push(found),
                Step::Leave
                | Step::Key { .. }
                | Step::Keep { .. }
                | Step::Risk { .. }
                | Step::Accept => {}
            }
            open.push(next);
        }
        heaviest
    }

    /// Takes intervals away from means of a source that have none.
    pub(super) fn source(&self, at: usize, mut report: SourceReport) -> SourceReport {
        if self.sources.get(at).is_some_and(|index| *index <= FINITE) {
            report.infinite_variance = true;
            report.latency = report.latency.map(|of| of.without_interval());
        }
        report
    }

    /// The same of a station.
    pub(super) fn station(&self, at: usize, mut report: StationReport) -> StationReport {
        let (served, waits) = (self.served.get(at), self.waits.get(at));
        if served.is_some_and(|index| *index <= FINITE) {
            report.infinite_variance = true;
            report.utilisation = report.utilisation.map(|of| of.without_interval());
            report.inside = report.inside.without_interval();
            report.stay = report.stay.map(|of| of.without_interval());
        }
        if waits.is_some_and(|index| *index <= FINITE) {
            report.infinite_variance = true;
            report.inside = report.inside.without_interval();
            report.waiting = report.waiting.without_interval();
            report.wait = report.wait.map(|of| of.without_interval());
            report.stay = report.stay.map(|of| of.without_interval());
        }
        report
    }
}

/// Who waits for one that is served waits for what is left of it, whose index is less by one; where
/// all are served at once nobody is kept for longer than in proportion to its own time.
fn waits(network: &Network, served: &[f64]) -> Vec<f64> {
    let pairs = network.stations.iter().zip(served);
    let index = |(station, served): (&crate::network::Station, &f64)| match station.discipline {
        _ if station.servers.is_none() => LIGHT,
        Discipline::Sharing => *served,
        _ => served - 1.0,
    };
    pairs.map(index).collect()
}

fn drawn(network: &Network, sampler: u32) -> f64 {
    network.samplers.get(sampler as usize).map_or(LIGHT, |draws| index(&draws.distribution))
}

fn index(of: &Distribution) -> f64 {
    match of {
        Distribution::Pareto { shape, maximum, .. } if maximum.is_infinite() => *shape,
        _ => LIGHT,
    }
}

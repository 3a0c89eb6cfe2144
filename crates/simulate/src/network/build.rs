//! Puts a network together. Programs are built from their ends: what comes next is known when a
//! step is added, so that every index points at something that is there.

use std::collections::BTreeMap;

use crate::kernel::{Distribution, Time};

use super::{
    Arrivals, Cache, Call, Change, Changed, Draws, Keys, Network, Policy, Route, Scaling, Source,
    Station, Step,
};

/// A place in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(u32);

/// A station of the network that is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationId(u32);

impl StationId {
    /// Its position among the stations.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A cache of the network that is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheId(u32);

/// A source of the network that is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceId(u32);

/// Builds a [`Network`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    network: Network,
    /// How many random quantities have a name and purpose.
    named: BTreeMap<(String, &'static str), u32>,
}

/// Where the end of a program lies: the first step of every network.
pub const END: Label = Label(0);

fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Builder {
    /// An empty network.
    #[must_use]
    pub fn new() -> Self {
        let network = Network { steps: vec![Step::Succeed], ..Network::default() };
        Self { network, named: BTreeMap::new() }
    }

    /// Adds a station.
    pub fn station(&mut self, station: Station) -> StationId {
        self.network.stations.push(station);
        StationId(index(self.network.stations.len() - 1))
    }

    /// Says whose servers those of a station need to work ([`Station::cores`]).
    pub fn work_on(&mut self, station: StationId, cores: StationId) {
        if let Some(station) = self.network.stations.get_mut(station.index()) {
            station.cores = Some(cores);
        }
    }

    /// Adds a source whose requests start at a label.
    pub fn source(
        &mut self,
        name: impl Into<String>,
        arrivals: Arrivals,
        priority: u8,
        entry: Label,
    ) -> SourceId {
        let source = Source { name: name.into(), arrivals, priority, entry: entry.0 };
        self.network.sources.push(source);
        SourceId(index(self.network.sources.len() - 1))
    }

    /// A place whose step is given later (by [`Builder::define`]), for programs that go in circles;
    /// until then it is an end.
    pub fn forward(&mut self) -> Label {
        self.step(Step::Succeed)
    }

    /// Says where a place leads that [`Builder::forward`] made.
    pub fn define(&mut self, place: Label, to: Label) {
        if let Some(step) = self.network.steps.get_mut(place.0 as usize) {
            *step = Step::Jump { to: to.0 };
        }
    }

    /// Wait at a station, be served for a time (nanoseconds), go on.
    pub fn serve(&mut self, at: StationId, service: Distribution, then: Label) -> Label {
        let name = self.name(at);
        let sampler = self.sampler(name, "service", service);
        self.followed(Step::Serve { station: at.0, sampler }, then)
    }

    /// The same, with draws of their own: several programs that use a station must not draw the same
    /// numbers.
    pub fn serve_as(
        &mut self,
        name: String,
        at: StationId,
        service: Distribution,
        then: Label,
    ) -> Label {
        let name = format!("{name} at {}", self.name(at));
        let sampler = self.sampler(name, "service", service);
        self.followed(Step::Serve { station: at.0, sampler }, then)
    }

    /// Wait at a station and keep a server of it; [`Builder::leave`] gives it back.
    pub fn enter(&mut self, at: StationId, then: Label) -> Label {
        self.followed(Step::Enter { station: at.0 }, then)
    }

    /// Give back the server that was entered last.
    pub fn leave(&mut self, then: Label) -> Label {
        self.followed(Step::Leave, then)
    }

    /// Let time pass (nanoseconds); `name` seeds its draws.
    pub fn pass(&mut self, name: String, time: Distribution, then: Label) -> Label {
        let sampler = self.sampler(name, "time", time);
        self.followed(Step::Pass { sampler }, then)
    }

    /// Adds a cache.
    pub fn cache(&mut self, cache: Cache) -> CacheId {
        self.network.caches.push(cache);
        CacheId(index(self.network.caches.len() - 1))
    }

    /// Draw a key, which caches are asked for from here on; `name` seeds it.
    pub fn key(&mut self, name: String, keys: Keys, then: Label) -> Label {
        let stream = self.sampler(name, "key", Distribution::Constant(0.0));
        self.network.keys.push((keys, stream));
        let keys = index(self.network.keys.len() - 1);
        self.followed(Step::Key { keys }, then)
    }

    /// Go on at `found` if the answer is in a cache, else at `missed`, which must come to
    /// [`Builder::keep`].
    pub fn look(&mut self, cache: CacheId, found: Label, missed: Label) -> Label {
        self.followed(Step::Look { cache: cache.0, found: found.0 }, missed)
    }

    /// Keep the answer that was fetched. Servers that were entered since [`Builder::look`] must have
    /// been left.
    pub fn keep(&mut self, cache: CacheId, then: Label) -> Label {
        self.followed(Step::Keep { cache: cache.0 }, then)
    }

    /// Fail with the probability that the station has.
    pub fn risk(&mut self, at: StationId, then: Label) -> Label {
        self.followed(Step::Risk { station: at.0 }, then)
    }

    /// Ask others at once and wait for all of them; `name` seeds the jitter.
    pub fn call(&mut self, name: String, targets: &[Label], policy: Policy, then: Label) -> Label {
        self.call_or(name, targets, policy, then, None)
    }

    /// The same; where no attempt went well, go on at `otherwise`.
    pub fn call_or(
        &mut self,
        name: String,
        targets: &[Label],
        policy: Policy,
        then: Label,
        otherwise: Option<Label>,
    ) -> Label {
        let again = policy.again.clone().unwrap_or(Distribution::Constant(0.0));
        let jitter = self.sampler(name, "jitter", again);
        let targets = targets.iter().map(|target| target.0).collect();
        let otherwise = otherwise.map(|label| label.0);
        self.network.calls.push(Call { targets, policy, otherwise, jitter, begins: None });
        let call = index(self.network.calls.len() - 1);
        self.followed(Step::Call { call }, then)
    }

    /// Begin a request of a source ([`Arrivals::Begun`]) and wait for its end as the policy says; go
    /// on at `then` after it, and at `otherwise` where that is not waited for: it goes on by itself.
    pub fn begin(
        &mut self,
        name: String,
        (begun, source): (Label, SourceId),
        policy: Policy,
        then: Label,
        otherwise: Option<Label>,
    ) -> Label {
        let label = self.call_or(name, &[begun], policy, then, otherwise);
        if let Some(call) = self.network.calls.last_mut() {
            call.begins = Some(source.0);
        }
        label
    }

    /// Tell whoever asked that it is accepted, and goes on.
    pub fn accept(&mut self, then: Label) -> Label {
        self.followed(Step::Accept, then)
    }

    /// One of several ways by chance; shares need not add up to one. No way is an end.
    pub fn by_chance(&mut self, name: String, ways: &[(f64, Label)]) -> Label {
        if let [(_, only)] = ways {
            return *only;
        }
        let total: f64 = ways.iter().map(|(share, _)| share).sum();
        let mut sum = 0.0;
        let mut cumulative: Vec<(f64, u32)> = ways
            .iter()
            .map(|(share, to)| {
                sum += share / total;
                (sum, to.0)
            })
            .collect();
        let Some(last) = cumulative.last_mut() else { return END };
        last.0 = 1.0;
        let stream = self.sampler(name, "route", Distribution::Constant(0.0));
        self.route(Route::Shares { ways: cumulative, stream })
    }

    /// One of several ways in turn. No way is an end.
    pub fn in_turn(&mut self, ways: &[Label]) -> Label {
        if ways.is_empty() {
            return END;
        }
        self.route(Route::Turns(ways.iter().map(|way| (None, way.0)).collect()))
    }

    /// One of several ways in turn, past those whose station is closed. No way is an end.
    pub fn in_turn_of(&mut self, ways: &[(StationId, Label)]) -> Label {
        match ways {
            [] => END,
            [(_, only)] => *only,
            _ => {
                self.route(Route::Turns(ways.iter().map(|(at, way)| (Some(at.0), way.0)).collect()))
            }
        }
    }

    /// The way whose station has the fewest inside. No way is an end.
    pub fn to_shortest(&mut self, ways: &[(StationId, Label)]) -> Label {
        if ways.is_empty() {
            return END;
        }
        self.route(Route::Shortest(ways.iter().map(|(at, way)| (at.0, way.0)).collect()))
    }

    /// From `at` on, requests come at so many times the stated rate.
    pub fn change_rate(&mut self, source: SourceId, at: Time, factor: f64) {
        self.change(at, Changed::Rate { source: source.0, factor });
    }

    /// From `at` on, a station has so many servers; those at work finish.
    pub fn change_servers(&mut self, station: StationId, at: Time, servers: Option<u32>) {
        self.change(at, Changed::Servers { station: station.0, servers });
    }

    /// From `at` on, services that start take so many times as long.
    pub fn change_slowness(&mut self, station: StationId, at: Time, factor: f64) {
        self.change(at, Changed::Slowness { station: station.0, factor });
    }

    /// From `at` on, so large a share of services fails.
    pub fn change_failures(&mut self, station: StationId, at: Time, share: f64) {
        self.change(at, Changed::Failures { station: station.0, share });
    }

    /// From `at` on, ways in turn pass a station by, or do so no longer.
    pub fn close(&mut self, station: StationId, at: Time, closed: bool) {
        self.change(at, Changed::Closed { station: station.0, closed });
    }

    /// These stations come and go as they are busy.
    pub fn scale(&mut self, stations: &[StationId], scaling: Scaling) {
        let stations = stations.iter().map(|station| station.0).collect();
        self.network.scalings.push(Scaling { stations, ..scaling });
    }

    /// The finished network. Jumps to jumps are followed once, here.
    #[must_use]
    pub fn finish(mut self) -> Network {
        let steps = self.network.steps.clone();
        let end = |mut at: u32| {
            // As many hops as there are steps end every chain; a circle of jumps alone stays one.
            for _ in 0..steps.len() {
                match steps.get(at as usize) {
                    Some(Step::Jump { to }) => at = *to,
                    _ => break,
                }
            }
            at
        };
        let network = &mut self.network;
        for step in &mut network.steps {
            if let Step::Jump { to } = step {
                *to = end(*to);
            }
        }
        network.sources.iter_mut().for_each(|source| source.entry = end(source.entry));
        for call in &mut network.calls {
            call.targets.iter_mut().chain(&mut call.otherwise).for_each(|to| *to = end(*to));
        }
        for route in &mut network.routes {
            match route {
                Route::Shares { ways, .. } => ways.iter_mut().for_each(|(_, to)| *to = end(*to)),
                Route::Turns(ways) => ways.iter_mut().for_each(|(_, to)| *to = end(*to)),
                Route::Shortest(ways) => ways.iter_mut().for_each(|(_, to)| *to = end(*to)),
            }
        }
        network.changes.sort_by_key(|change| change.at);
        self.network
    }

    fn name(&self, station: StationId) -> String {
        self.network.stations.get(station.0 as usize).map_or(String::new(), |s| s.name.clone())
    }

    fn sampler(&mut self, name: String, purpose: &'static str, distribution: Distribution) -> u32 {
        // Two with one name, such as one operation at two replicas, must not draw the same numbers.
        let count = self.named.entry((name.clone(), purpose)).or_default();
        *count += 1;
        let name = if *count > 1 { format!("{name}#{count}") } else { name };
        self.network.samplers.push(Draws { name, purpose, distribution });
        index(self.network.samplers.len() - 1)
    }

    fn step(&mut self, step: Step) -> Label {
        self.network.steps.push(step);
        Label(index(self.network.steps.len() - 1))
    }

    /// A step with the one that follows it.
    fn followed(&mut self, step: Step, then: Label) -> Label {
        let label = self.step(step);
        self.step(Step::Jump { to: then.0 });
        label
    }

    fn route(&mut self, route: Route) -> Label {
        self.network.routes.push(route);
        let route = index(self.network.routes.len() - 1);
        self.step(Step::Route { route })
    }

    fn change(&mut self, at: Time, what: Changed) {
        self.network.changes.push(Change { at, what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Seed;

    #[test]
    fn what_has_one_name_still_draws_numbers_of_its_own() {
        let mut builder = Builder::new();
        for _ in 0..2 {
            let time = Distribution::Exponential(1.0);
            builder.pass("page".to_owned(), time, END);
        }
        let network = builder.finish();
        let seed = Seed { seed: 1, replication: 0 };
        let first = |draws: &Draws| seed.stream(&draws.name, draws.purpose).bits();
        let [one, other] = network.samplers.as_slice() else { panic!() };
        assert_ne!(first(one), first(other));
        assert_eq!(first(one), seed.stream("page", "time").bits());
    }
}

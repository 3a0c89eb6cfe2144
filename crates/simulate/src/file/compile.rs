//! A file that is sound becomes a network: every station is a place in a program.

use std::collections::BTreeMap;

use base::Diagnostic;
use model::network::{
    CallSyntax, ChangeSyntax, DisciplineSyntax, ExpiredSyntax, NetworkSyntax, RouteSyntax,
    ServersSyntax, SourceSyntax, StationSyntax,
};

use crate::kernel::{Distribution, Time};
use crate::network::{
    Arrivals, Budget, Builder, Discipline, END, Group, Label, Network, Policy, SourceId, Station,
    StationId,
};

use super::times::{batch, distribution};

/// Greatest backoff where nothing is said.
const LONGEST_BACKOFF: Time = 60_000_000_000;

/// A station that is being compiled.
#[derive(Clone, Copy)]
struct Place {
    station: StationId,
    label: Label,
}

struct Compiler<'s, 'o> {
    builder: Builder,
    places: BTreeMap<&'s str, Place>,
    out: &'o mut Vec<Diagnostic>,
}

/// The network; nothing where a distribution was refused.
pub(super) fn compile(syntax: &NetworkSyntax, out: &mut Vec<Diagnostic>) -> Option<Network> {
    let mut compiler = Compiler { builder: Builder::new(), places: BTreeMap::new(), out };
    for (name, station) in &syntax.stations {
        let state = compiler.station(&name.value, station);
        let station = compiler.builder.station(state);
        let label = compiler.builder.forward();
        compiler.places.insert(&name.value, Place { station, label });
    }
    let mut complete = true;
    for (name, station) in &syntax.stations {
        if let Some(on) = &station.on
            && let (Some(own), Some(cores)) =
                (compiler.place(&name.value), compiler.place(&on.value))
        {
            compiler.builder.work_on(own.station, cores.station);
        }
    }
    for (name, station) in syntax.stations.iter().filter(|(_, of)| of.service.is_some()) {
        complete &= compiler.program(&name.value, station).is_some();
    }
    let mut sources = BTreeMap::new();
    for (name, source) in &syntax.sources {
        match compiler.source(&name.value, source) {
            Some(id) => drop(sources.insert(name.value.as_str(), (id, source))),
            None => complete = false,
        }
    }
    for change in &syntax.changes {
        complete &= compiler.change(change, &sources).is_some();
    }
    complete.then(|| compiler.builder.finish())
}

const fn servers(syntax: ServersSyntax) -> Option<u32> {
    match syntax {
        ServersSyntax::Limited(count) => Some(count),
        ServersSyntax::Unlimited => None,
    }
}

impl<'s> Compiler<'s, '_> {
    fn station(&mut self, name: &str, syntax: &StationSyntax) -> Station {
        let stated = syntax.servers.as_ref().map(|servers| servers.value);
        let discipline = syntax.discipline.as_ref().map(|discipline| match discipline.value {
            DisciplineSyntax::Fcfs => Discipline::Fcfs,
            DisciplineSyntax::Lifo => Discipline::Lifo,
            DisciplineSyntax::Priority => Discipline::Priority,
            DisciplineSyntax::Sharing => Discipline::Sharing,
        });
        let patience = syntax.patience.as_ref();
        let setup = syntax.setup.as_ref();
        Station {
            name: name.to_owned(),
            servers: servers(stated.unwrap_or(ServersSyntax::Limited(1))),
            capacity: syntax.capacity.as_ref().map(|capacity| capacity.value),
            discipline: discipline.unwrap_or_default(),
            patience: patience.and_then(|patience| distribution(patience, self.out)),
            failures: syntax.failures.as_ref().map_or(0.0, |share| share.value.0),
            setup: setup.and_then(|setup| distribution(setup, self.out)),
            rest: syntax.rest.as_ref().and_then(|rest| distribution(rest, self.out)),
            group: syntax.group.as_ref().and_then(|group| {
                let commit = distribution(group.commit.as_ref()?, self.out)?;
                let most = group.most.as_ref().map_or(u32::MAX, |most| most.value);
                Some(Group { most, commit })
            }),
            cores: None,
            bound: syntax.bound.as_ref().is_some_and(|bound| bound.value),
            slice: syntax.slice.as_ref().map(|slice| slice.value.0),
            drop_expired: syntax.expired.as_ref().is_some_and(|e| e.value == ExpiredSyntax::Drop),
        }
    }

    fn place(&self, name: &str) -> Option<Place> {
        self.places.get(name).copied()
    }

    /// What one does who comes to a station.
    fn program(&mut self, name: &str, syntax: &StationSyntax) -> Option<()> {
        let place = self.place(name)?;
        let service = distribution(syntax.service.as_ref()?, self.out)?;
        let then = match &syntax.then {
            Some(route) => self.route(name, route)?,
            None => END,
        };
        let entry = match &syntax.calls {
            None => self.builder.serve(place.station, service, then),
            Some(call) => {
                let leave = self.builder.leave(then);
                let called = self.call(name, call, leave)?;
                let risk = self.builder.risk(place.station, called);
                let work = self.builder.pass(name.to_owned(), service, risk);
                self.builder.enter(place.station, work)
            }
        };
        self.builder.define(place.label, entry);
        Some(())
    }

    /// Where a route leads.
    fn route(&mut self, name: &str, route: &RouteSyntax) -> Option<Label> {
        match route {
            RouteSyntax::To(to) => Some(self.place(&to.value)?.label),
            RouteSyntax::Shares(shares) => {
                let way = |(to, share): &(base::Spanned<String>, base::Spanned<base::Share>)| {
                    Some((share.value.0, self.place(&to.value)?.label))
                };
                let mut ways = shares.iter().map(way).collect::<Option<Vec<_>>>()?;
                let left = 1.0 - ways.iter().map(|(share, _)| share).sum::<f64>();
                if left > 1e-9 {
                    ways.push((left, END));
                }
                Some(self.builder.by_chance(name.to_owned(), &ways))
            }
            RouteSyntax::Branches(branches) => {
                if let Some(all) = &branches.all {
                    let then = match &branches.then {
                        Some(then) => self.route(name, then)?,
                        None => END,
                    };
                    let targets = self.labels(all)?;
                    let name = name.to_owned();
                    return Some(self.builder.call(name, &targets, Policy::default(), then));
                }
                if let Some(ways) = &branches.in_turn {
                    let labels = self.labels(ways)?;
                    return Some(self.builder.in_turn(&labels));
                }
                let ways = branches.shortest.iter().flatten().map(|to| {
                    let place = self.place(&to.value)?;
                    Some((place.station, place.label))
                });
                let ways = ways.collect::<Option<Vec<_>>>()?;
                Some(self.builder.to_shortest(&ways))
            }
        }
    }

    fn labels(&self, names: &[base::Spanned<String>]) -> Option<Vec<Label>> {
        names.iter().map(|name| Some(self.place(&name.value)?.label)).collect()
    }

    /// A call: what is asked is a program of its own, which ends when its route does.
    fn call(&mut self, name: &str, syntax: &CallSyntax, then: Label) -> Option<Label> {
        let again = match &syntax.again {
            Some(again) => Some(distribution(again, self.out)?),
            None => None,
        };
        let policy = Policy { again, ..policy(syntax) };
        let target = self.route(name, syntax.to.as_ref()?)?;
        Some(self.builder.call(name.to_owned(), &[target], policy, then))
    }

    fn source(&mut self, name: &'s str, syntax: &SourceSyntax) -> Option<SourceId> {
        let arrivals = match &syntax.clients {
            Some(clients) => Arrivals::Closed {
                population: clients.value,
                think: distribution(syntax.think.as_ref()?, self.out)?,
            },
            None => Arrivals::Open {
                between: match &syntax.rate {
                    Some(rate) => Distribution::Exponential(1e9 / rate.value.mean),
                    None => distribution(syntax.between.as_ref()?, self.out)?,
                },
                batch: match &syntax.batch {
                    Some(size) => batch(size, self.out)?,
                    None => Distribution::Constant(1.0),
                },
            },
        };
        let asks = syntax.call.timeout.is_some() || syntax.call.retries.is_some();
        let entry = match asks {
            true => self.call(name, &syntax.call, END)?,
            false => self.route(name, syntax.call.to.as_ref()?)?,
        };
        let priority = syntax.priority.as_ref().map_or(0, |priority| priority.value);
        let priority = u8::try_from(priority).unwrap_or(u8::MAX);
        Some(self.builder.source(name, arrivals, priority, entry))
    }

    fn change(
        &mut self,
        change: &ChangeSyntax,
        sources: &BTreeMap<&str, (SourceId, &SourceSyntax)>,
    ) -> Option<()> {
        let at = change.at.as_ref()?.value.0;
        if let Some(name) = &change.source {
            let (source, syntax) = sources.get(name.value.as_str())?;
            let rate = change.rate.as_ref()?;
            let Some(stated) = &syntax.rate else {
                let message = format!("`{name}` has no rate that could change");
                let help = "only a source with `rate` can be changed";
                self.out.push(Diagnostic::error("conflicting-keys", rate.span, message).help(help));
                return None;
            };
            self.builder.change_rate(*source, at, rate.value.mean / stated.value.mean);
            return Some(());
        }
        let station = self.place(&change.station.as_ref()?.value)?.station;
        if let Some(count) = &change.servers {
            self.builder.change_servers(station, at, servers(count.value));
        }
        if let Some(factor) = &change.slowness {
            self.builder.change_slowness(station, at, factor.value);
        }
        if let Some(share) = &change.failures {
            self.builder.change_failures(station, at, share.value.0);
        }
        Some(())
    }
}

fn policy(syntax: &CallSyntax) -> Policy {
    let flag = |flag: &Option<base::Spanned<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
    let budget = syntax.budget.as_ref().and_then(|budget| {
        let burst = f64::from(budget.burst.as_ref()?.value);
        Some(Budget { share: budget.share.as_ref()?.value.0, burst })
    });
    Policy {
        timeout: syntax.timeout.as_ref().map(|timeout| timeout.value.0),
        cancel: flag(&syntax.cancel),
        retries: syntax.retries.as_ref().map_or(0, |retries| retries.value),
        backoff: syntax.backoff.as_ref().map_or(0, |backoff| backoff.value.0),
        longest_backoff: syntax.longest_backoff.as_ref().map_or(LONGEST_BACKOFF, |w| w.value.0),
        jitter: flag(&syntax.jitter),
        budget,
        ..Policy::default()
    }
}

//! What must hold of a network before it can be compiled: names are known, every request can leave,
//! and nothing asks itself.

use std::collections::BTreeMap;

use base::{Diagnostic, Span, Spanned, did_you_mean, one_of};
use model::network::{CallSyntax, NetworkSyntax, RouteSyntax, StationSyntax};

/// Most clients of a source: each is an event that waits.
const MOST_CLIENTS: u32 = 1_000_000;

/// Checks a network, and reports what is wrong. Whether every name is known.
pub(super) fn check(syntax: &NetworkSyntax, out: &mut Vec<Diagnostic>) -> bool {
    let before = out.len();
    let stations: Vec<&str> = syntax.stations.iter().map(|(name, _)| name.value.as_str()).collect();
    let sources: Vec<&str> = syntax.sources.iter().map(|(name, _)| name.value.as_str()).collect();
    for route in routes(syntax) {
        for name in named(route) {
            known(name, &stations, "unknown-station", "station", out);
        }
        shares(route, out);
    }
    for change in &syntax.changes {
        if let Some(name) = &change.station {
            known(name, &stations, "unknown-station", "station", out);
        }
        if let Some(name) = &change.source {
            known(name, &sources, "unknown-source", "source", out);
        }
    }
    for (_, station) in &syntax.stations {
        if let Some(name) = &station.on {
            known(name, &stations, "unknown-station", "station", out);
        }
    }
    numbers(syntax, out);
    cores(syntax, out);
    if out.len() > before {
        return false;
    }
    let graph = Graph::of(syntax);
    graph.circles(out);
    graph.dead_ends(syntax, out);
    graph.unreached(syntax, out);
    true
}

fn known(
    name: &Spanned<String>,
    names: &[&str],
    id: &'static str,
    what: &str,
    out: &mut Vec<Diagnostic>,
) {
    if names.contains(&name.value.as_str()) {
        return;
    }
    let diagnostic = Diagnostic::error(id, name.span, format!("there is no {what} `{name}`"));
    out.push(match did_you_mean(&name.value, names.iter().copied()) {
        Some(meant) => diagnostic.suggest(Some(meant)),
        None => {
            let all = one_of(names.iter().copied());
            diagnostic.help(format!("the {what}s are {all}"))
        }
    });
}

/// Every route of a network.
fn routes(syntax: &NetworkSyntax) -> impl Iterator<Item = &RouteSyntax> {
    let sources = syntax.sources.iter().filter_map(|(_, source)| source.call.to.as_ref());
    let stations = syntax.stations.iter().flat_map(|(_, station)| {
        let called = station.calls.as_ref().and_then(|call| call.to.as_ref());
        called.into_iter().chain(&station.then)
    });
    sources
        .chain(stations)
        .flat_map(|route| std::iter::successors(Some(route), |route| after(route)))
}

/// Where a route goes when all are done.
fn after(route: &RouteSyntax) -> Option<&RouteSyntax> {
    match route {
        RouteSyntax::Branches(branches) => branches.then.as_ref(),
        _ => None,
    }
}

/// The stations that a route names itself.
pub(super) fn named(route: &RouteSyntax) -> Vec<&Spanned<String>> {
    match route {
        RouteSyntax::To(name) => vec![name],
        RouteSyntax::Shares(shares) => shares.iter().map(|(name, _)| name).collect(),
        RouteSyntax::Branches(branches) => {
            let lists = [&branches.in_turn, &branches.shortest, &branches.all];
            lists.into_iter().flatten().flatten().collect()
        }
    }
}

fn shares(route: &RouteSyntax, out: &mut Vec<Diagnostic>) {
    let RouteSyntax::Shares(shares) = route else { return };
    let total: f64 = shares.iter().map(|(_, share)| share.value.0).sum();
    if let (true, Some((_, last))) = (total > 1.0 + 1e-9, shares.last()) {
        let message = format!("the shares add up to {}%", total * 100.0);
        out.push(Diagnostic::error("implausible-number", last.span, message));
    }
}

fn numbers(syntax: &NetworkSyntax, out: &mut Vec<Diagnostic>) {
    let mut refuse = |span: Span, message: &str| {
        out.push(Diagnostic::error("implausible-number", span, message));
    };
    for (_, source) in &syntax.sources {
        if let Some(rate) = source.rate.as_ref().filter(|rate| rate.value.mean <= 0.0) {
            refuse(rate.span, "nothing ever comes at this rate");
        }
        if let Some(clients) = &source.clients
            && !(1..=MOST_CLIENTS).contains(&clients.value)
        {
            refuse(clients.span, "1 to 1_000_000 clients");
        }
        if let Some(priority) = source.priority.as_ref().filter(|number| number.value > 255) {
            refuse(priority.span, "a priority is 0 to 255");
        }
    }
    for (_, station) in &syntax.stations {
        if let Some(capacity) = station.capacity.as_ref().filter(|number| number.value == 0) {
            refuse(capacity.span, "nobody ever comes in");
        }
        if let Some(servers) = &station.servers
            && servers.value == model::network::ServersSyntax::Limited(0)
        {
            refuse(servers.span, "nobody is ever served");
        }
    }
}

/// The stations whose servers others need to work: whoever does works on servers of its own, and
/// requests may come to them only where they say how long a service takes.
fn cores(syntax: &NetworkSyntax, out: &mut Vec<Diagnostic>) {
    let used = |name: &str| {
        let mut all = syntax.stations.iter().filter_map(|(_, station)| station.on.as_ref());
        all.any(|on| on.value == name)
    };
    for (name, station) in &syntax.stations {
        let used = used(&name.value);
        if station.service.is_none() && !used {
            let message = format!("`{name}` says nothing about how long a service takes");
            let help = "add `service:`, unless other stations work `on` it";
            out.push(Diagnostic::error("missing-key", name.span, message).help(help));
        }
        let also = [("on", station.on.is_some()), ("group", station.group.is_some())];
        let also = also.into_iter().chain([
            ("rest", station.rest.is_some()),
            ("capacity", station.capacity.is_some()),
            ("patience", station.patience.is_some()),
        ]);
        let shared = station.discipline.as_ref().is_some_and(|discipline| {
            !matches!(discipline.value, model::network::DisciplineSyntax::Fcfs)
        });
        for (key, there) in also.chain([("discipline", shared)]) {
            if used && there {
                let message = format!("stations work on `{name}`, which has `{key}`");
                let help = "servers that others need have `servers`, `slice` and `setup` alone";
                out.push(Diagnostic::error("conflicting-keys", name.span, message).help(help));
            }
        }
    }
    for name in routes(syntax).flat_map(named) {
        let of = syntax.stations.iter().find(|(own, _)| own.value == name.value);
        if of.is_some_and(|(_, station)| station.service.is_none()) {
            let message = format!("nobody is served at `{name}`: it says nothing of a `service`");
            out.push(Diagnostic::error("missing-key", name.span, message));
        }
    }
}

/// Where requests go from each station.
struct Graph<'s> {
    names: BTreeMap<&'s str, usize>,
    /// After the service, to leave or to stay in the network.
    next: Vec<Vec<usize>>,
    /// While it waits for them: what it calls, and what is done at once.
    below: Vec<Vec<(usize, Span)>>,
    /// Whether one may leave from here.
    leaves: Vec<bool>,
}

impl<'s> Graph<'s> {
    fn of(syntax: &'s NetworkSyntax) -> Self {
        let names = syntax.stations.iter().enumerate();
        let names: BTreeMap<&str, usize> =
            names.map(|(at, (name, _))| (name.value.as_str(), at)).collect();
        let count = syntax.stations.len();
        let mut graph = Self {
            names,
            next: vec![Vec::new(); count],
            below: vec![Vec::new(); count],
            leaves: vec![false; count],
        };
        for (at, (_, station)) in syntax.stations.iter().enumerate() {
            graph.station(at, station);
        }
        graph
    }

    fn at(&self, name: &Spanned<String>) -> Option<usize> {
        self.names.get(name.value.as_str()).copied()
    }

    fn station(&mut self, at: usize, station: &StationSyntax) {
        let called = station.calls.as_ref().and_then(|call: &CallSyntax| call.to.as_ref());
        for route in called.into_iter().flat_map(chain) {
            let below = named(route).into_iter();
            let below = below.filter_map(|name| Some((self.at(name)?, name.span)));
            let below: Vec<_> = below.collect();
            self.below[at].extend(below);
        }
        let mut last = None;
        for route in station.then.iter().flat_map(chain) {
            let targets: Vec<(usize, Span)> = named(route)
                .into_iter()
                .filter_map(|name| Some((self.at(name)?, name.span)))
                .collect();
            let forks = matches!(route, RouteSyntax::Branches(branches) if branches.all.is_some());
            if forks {
                self.below[at].extend(targets);
            } else {
                self.next[at].extend(targets.iter().map(|(target, _)| *target));
            }
            last = Some(route);
        }
        self.leaves[at] = match last {
            None => true,
            Some(RouteSyntax::Shares(shares)) => {
                shares.iter().map(|(_, share)| share.value.0).sum::<f64>() < 1.0 - 1e-9
            }
            Some(RouteSyntax::To(_)) => false,
            Some(RouteSyntax::Branches(branches)) => branches.all.is_some(),
        };
    }

    /// Everything that can be reached from some stations, themselves included.
    fn reached(&self, from: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut reached = vec![false; self.next.len()];
        let mut open: Vec<usize> = from.into_iter().collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                open.extend(&self.next[at]);
                open.extend(self.below[at].iter().map(|(below, _)| *below));
            }
        }
        reached
    }

    /// Who waits for an answer must not come back to itself on the way to it.
    fn circles(&self, out: &mut Vec<Diagnostic>) {
        for (at, below) in self.below.iter().enumerate() {
            for (target, span) in below {
                if self.reached([*target])[at] {
                    let message = "a request that waits here would come here again";
                    let help = "what is called, or done at once, must not lead back";
                    out.push(Diagnostic::error("call-cycle", *span, message).help(help));
                }
            }
        }
    }

    /// From every station there must be a way out.
    fn dead_ends(&self, syntax: &NetworkSyntax, out: &mut Vec<Diagnostic>) {
        let mut ends = self.leaves.clone();
        for _ in 0..ends.len() {
            let before = ends.clone();
            for (at, next) in self.next.iter().enumerate() {
                ends[at] |= next.iter().any(|target| before[*target]);
            }
            if ends == before {
                break;
            }
        }
        for ((name, _), _) in syntax.stations.iter().zip(&ends).filter(|(_, ends)| !**ends) {
            let message = format!("a request that comes to `{name}` never leaves");
            let help = "let a share of `then` leave: what is left of 100% does";
            out.push(Diagnostic::error("endless-route", name.span, message).help(help));
        }
    }

    fn unreached(&self, syntax: &NetworkSyntax, out: &mut Vec<Diagnostic>) {
        let entries = syntax.sources.iter().filter_map(|(_, source)| source.call.to.as_ref());
        let entries = entries.flat_map(chain).flat_map(named);
        let reached = self.reached(entries.filter_map(|name| self.at(name)));
        let unreached = syntax.stations.iter().zip(&reached).filter(|(_, reached)| !**reached);
        for ((name, _), _) in unreached.filter(|((_, station), _)| station.service.is_some()) {
            let message = format!("no request ever comes to `{name}`");
            out.push(Diagnostic::warning("unreached-station", name.span, message));
        }
    }
}

/// A route with those that follow when all are done.
fn chain(route: &RouteSyntax) -> impl Iterator<Item = &RouteSyntax> {
    std::iter::successors(Some(route), |route| after(route))
}

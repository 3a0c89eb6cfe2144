//! Everything on one machine, as `firm up` runs it: one process, and the store's, on the same cores.

use std::collections::BTreeMap;

use decide::{Design, numbers};

use super::calls::nanoseconds;
use super::resources::{Kind, REQUESTS_AT_ONCE, Replica, Resource, Servers, Stations};
use super::times;
use crate::calibrate::{Measured, Shape};
use crate::kernel::Distribution;
use crate::network::{Builder, Group, Station, StationId};

/// One machine in the place of the deployment that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct OneServer {
    /// Cores, shared by the process, its store, and clients that run there too.
    pub cores: u32,
    /// Where its store is.
    pub store: StoreHere,
    /// Connections to the store, or readers of an embedded one.
    pub connections: u32,
    /// Seconds that a core needs more which was free: it is woken, its caches are cold. This is why a
    /// request takes less of a processor the more of them there are.
    pub setup: f64,
    /// Seconds of a core to wake a thread that sleeps, and as many again until it sleeps: what is
    /// spent on looking for more is not on the way of a request.
    pub switch: f64,
    /// How long a commit takes, which all share who wait for one: the disk's flush. Where nobody
    /// measured it, what the table says that a write waits for.
    pub commit: Option<Shape>,
    /// What else takes a core now and then: how often a second, and for how long.
    pub stalls: Option<(f64, Shape)>,
    /// Core-seconds that a client spends on a request: those of a load generator on the same
    /// machine, else nothing.
    pub client: f64,
    /// Seconds that a core of clients alone needs more which was free.
    pub client_setup: f64,
    /// Cores of clients alone; none where they share those of the server.
    pub client_cores: Option<u32>,
    /// Requests a second by qualified operation, in the place of those of the model: operations
    /// that are not in it, flows and messages are left out.
    pub rates: Option<BTreeMap<String, f64>>,
}

/// Where the store of one server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreHere {
    /// In its process: reads by key are work of whoever asks, others have threads; one writes.
    Embedded,
    /// In processes of its own, one for each connection.
    Beside,
}

/// The threads that share the cores of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads {
    /// Those that read requests and write answers.
    pub(super) loops: StationId,
    /// Whatever else takes a core.
    pub(super) others: StationId,
    pub(super) store: StoreThreads,
}

/// Those of the store.
#[derive(Clone, Copy, Debug)]
pub(super) enum StoreThreads {
    Embedded {
        readers: StationId,
        /// One, which commits for all whom it has taken up.
        writer: StationId,
    },
    Beside {
        /// A process for each connection.
        processes: StationId,
        /// Where commits wait for the disk: one flush is for all who wait.
        log: StationId,
        connections: StationId,
    },
}

/// Most writes in one commit of the embedded store, which bounds its groups.
const MOST_WRITES: u32 = 512;

/// The machine's stations: every service and every store has the same threads on the same cores.
pub(super) fn stations(design: &Design, server: &OneServer, builder: &mut Builder) -> Stations {
    let mut machine = Machine { builder, resources: Vec::new() };
    let of = |what: &str, count: u32| Station { servers: Some(count.max(1)), ..Station::new(what) };
    let constant = |seconds: f64| (seconds > 0.0).then_some(Distribution::Constant(seconds * 1e9));
    let owner = design.sizing.services.first().map_or("server", |service| service.name.as_str());
    let most = of("requests at once", REQUESTS_AT_ONCE);
    let most = Station { capacity: Some(REQUESTS_AT_ONCE), ..most };
    let gate = machine.add(owner, Kind::Gate, most);
    let own = of("cores of the server", server.cores);
    let own = Station {
        setup: constant(server.setup),
        slice: Some(nanoseconds(design.facts().value(&numbers::CORE_SLICE) / 1e3)),
        ..own
    };
    let cores = machine.add(owner, Kind::Cores, own);
    let switch = constant(server.switch);
    let threads = |what: &str, count: u32| Station {
        cores: Some(cores),
        setup: switch.clone(),
        rest: switch.clone(),
        ..of(what, count)
    };
    let apart = server.client_cores.map(|count| Station {
        setup: constant(server.client_setup),
        ..of("cores of the clients", count)
    });
    let loops = machine.add(owner, Kind::Threads, threads("event loops", server.cores));
    let clients = apart.map_or(loops, |of| machine.add("clients", Kind::Cores, of));
    let commit = server.commit.unwrap_or_else(|| usual_commit(design)).distribution();
    let store = match server.store {
        StoreHere::Embedded => {
            let readers = threads("readers of the store", server.connections);
            let group = Some(Group { most: MOST_WRITES, commit });
            let writer = Station { group, ..threads("the writer of the store", 1) };
            let readers = machine.add(owner, Kind::Threads, readers);
            StoreThreads::Embedded { readers, writer: machine.add(owner, Kind::Commits, writer) }
        }
        StoreHere::Beside => {
            let processes = threads("processes of the store", server.connections);
            let processes = Station { bound: true, ..processes };
            let group = Some(Group { most: u32::MAX, commit });
            let log = Station { group, ..of("commits of the store", 1) };
            let pool = of("connections to the store", server.connections);
            StoreThreads::Beside {
                processes: machine.add(owner, Kind::Threads, processes),
                log: machine.add(owner, Kind::Commits, log),
                connections: machine.add(owner, Kind::Pool, pool),
            }
        }
    };
    let asked = match store {
        StoreThreads::Embedded { readers, .. } => readers,
        StoreThreads::Beside { processes, .. } => processes,
    };
    let others = Station { cores: Some(cores), ..of("others on the cores", server.cores) };
    let others = machine.builder.station(others);
    let replica = Replica { gate, cores: loops, pool: None };
    let alone = |first: StationId| Servers { first, followers: Vec::new() };
    Stations {
        services: vec![vec![replica]; design.sizing.services.len()],
        stores: vec![alone(asked); design.sizing.stores.len()],
        clients: Some(clients),
        threads: Some(Threads { loops, others, store }),
        resources: machine.resources,
    }
}

/// Stations that are added with the resources they are.
struct Machine<'b> {
    builder: &'b mut Builder,
    resources: Vec<Resource>,
}

impl Machine<'_> {
    fn add(&mut self, owner: &str, kind: Kind, station: Station) -> StationId {
        let (name, servers) = (station.name.clone(), station.servers);
        let id = self.builder.station(station);
        let owner = owner.to_owned();
        self.resources.push(Resource { name, owner, kind, stations: vec![id], servers });
        id
    }
}

/// What the table says that a write waits for beyond the work of its store: the mean over all.
pub(super) fn usual_commit(design: &Design) -> Shape {
    let works = times::works(design);
    let writes = design.model.operations().filter(|(_, operation)| operation.writes());
    let rests: Vec<f64> = writes
        .map(|(id, _)| times::of(design, &Measured::default(), id, &works[id.0 as usize]))
        .flat_map(|times| times.queries.into_iter().map(|query| query.rest.mean()))
        .collect();
    let count = rests.iter().fold(0.0, |count, _| count + 1.0_f64).max(1.0);
    let variation = design.facts().value(&numbers::TRIP_VARIATION);
    Shape::spread(rests.iter().sum::<f64>() / count, variation)
}

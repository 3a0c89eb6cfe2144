//! Everything on one machine, as `firm up` runs it: one process, and the store's, on the same cores.

use std::collections::BTreeMap;

use decide::Design;

use super::resources::{Kind, REQUESTS_AT_ONCE, Replica, Resource, Servers, Stations};
use crate::kernel::Distribution;
use crate::network::{Builder, Station, StationId};

/// One machine in the place of the deployment that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct OneServer {
    /// Cores, shared by the process, its store, and clients that run there too.
    pub cores: u32,
    /// Seconds that a core needs more for whoever finds it free: threads are woken, caches are
    /// cold. This is why a request takes less of a processor the more of them there are.
    pub setup: f64,
    /// Connections to the store, or readers of an embedded one.
    pub connections: u32,
    /// Core-seconds that a client spends on a request: those of a load generator on the same
    /// machine, else nothing.
    pub client: f64,
    /// Cores of clients alone; none where they share those of the server.
    pub client_cores: Option<u32>,
    /// Requests a second by qualified operation, in the place of those of the model: operations
    /// that are not in it, flows and messages are left out.
    pub rates: Option<BTreeMap<String, f64>>,
}

/// The machine's stations: every service and every store has the same cores.
pub(super) fn stations(design: &Design, server: &OneServer, builder: &mut Builder) -> Stations {
    let (mut stations, mut resources) = (Stations::default(), Vec::new());
    let mut add = |owner: &str, kind: Kind, station: Station| {
        let (name, servers) = (station.name.clone(), station.servers);
        let id = builder.station(station);
        let owner = owner.to_owned();
        resources.push(Resource { name, owner, kind, stations: vec![id], servers });
        id
    };
    let of = |what: &str, count: u32| Station { servers: Some(count.max(1)), ..Station::new(what) };
    let setup = (server.setup > 0.0).then_some(Distribution::Constant(server.setup * 1e9));
    let owner = design.sizing.services.first().map_or("server", |service| service.name.as_str());
    let most = of("requests at once", REQUESTS_AT_ONCE);
    let gate = add(owner, Kind::Gate, Station { capacity: Some(REQUESTS_AT_ONCE), ..most });
    let own = of("cores of the server", server.cores);
    let cores = add(owner, Kind::Cores, Station { setup, ..own });
    let apart = server.client_cores.map(|count| of("cores of the clients", count));
    stations.clients = Some(apart.map_or(cores, |of| add("clients", Kind::Cores, of)));
    let pool = add(owner, Kind::Pool, of("connections to the store", server.connections));
    stations.resources = resources;
    let replica = Replica { gate, cores, pool: Some(pool) };
    stations.services = vec![vec![replica]; design.sizing.services.len()];
    let alone = |first: StationId| Servers { first, followers: Vec::new() };
    stations.stores = vec![alone(cores); design.sizing.stores.len()];
    stations
}

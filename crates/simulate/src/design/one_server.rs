//! Everything on one machine, as `firm up` runs it: one process, and the store's, on the same cores.

use std::collections::BTreeMap;

use decide::Design;

use super::resources::{Kind, REQUESTS_AT_ONCE, Replica, Resource, Servers, Stations};
use crate::network::{Builder, Station, StationId};

/// One machine in the place of the deployment that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct OneServer {
    /// Cores, shared by the process, its store, and clients that run there too.
    pub cores: u32,
    /// Connections to the store, or readers of an embedded one.
    pub connections: u32,
    /// Core-seconds of the same cores that a client spends on a request: those of a load generator
    /// on the same machine, else nothing.
    pub client: f64,
    /// Requests a second by qualified operation, in the place of those of the model: operations
    /// that are not in it, flows and messages are left out.
    pub rates: Option<BTreeMap<String, f64>>,
}

/// The machine's stations: every service and every store has the same cores.
pub(super) fn stations(design: &Design, server: &OneServer, builder: &mut Builder) -> Stations {
    let mut stations = Stations::default();
    let mut station = |what: &str, owner: &str, kind: Kind, count: u32, most: Option<u32>| {
        let servers = Some(count.max(1));
        let id = builder.station(Station { servers, capacity: most, ..Station::new(what) });
        stations.resources.push(Resource {
            name: what.to_owned(),
            owner: owner.to_owned(),
            kind,
            stations: vec![id],
            servers,
        });
        id
    };
    let owner = design.sizing.services.first().map_or("server", |service| service.name.as_str());
    let most = Some(REQUESTS_AT_ONCE);
    let gate = station("requests at once", owner, Kind::Gate, REQUESTS_AT_ONCE, most);
    let cores = station("cores of the server", owner, Kind::Cores, server.cores, None);
    let pool = station("connections to the store", owner, Kind::Pool, server.connections, None);
    let replica = Replica { gate, cores, pool: Some(pool) };
    stations.services = vec![vec![replica]; design.sizing.services.len()];
    let alone = |first: StationId| Servers { first, followers: Vec::new() };
    stations.stores = vec![alone(cores); design.sizing.stores.len()];
    stations
}

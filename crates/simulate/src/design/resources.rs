//! What requests wait for: the cores and connections of each replica, the servers of each store, the
//! externals with their limits.

use decide::sizing::{Level, StoreKind};
use decide::{Design, numbers};

use super::one_server::Threads;
use super::scaling;
use super::times::Amount;
use super::{Question, one_server};
use crate::network::{Builder, Station, StationId};

/// A resource, which may be several stations: one for each replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// What people call it, for example `cores of shop`.
    pub name: String,
    /// As disturbances name what it belongs to: a service, a store, an external.
    pub owner: String,
    /// Kind.
    pub kind: Kind,
    /// Its stations.
    pub stations: Vec<StationId>,
    /// Servers of one station; none where nobody waits.
    pub servers: Option<u32>,
}

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requests that a replica has under way at once.
    Gate,
    /// Cores of a service.
    Cores,
    /// Connections of a service to its store.
    Pool,
    /// Cores of a store's first server.
    Store,
    /// Cores of servers that follow it.
    Followers,
    /// Calls that may be under way to a callee.
    Bulkhead,
    /// The rate that a callee takes.
    Limit,
    /// An external, which never makes anybody wait.
    External,
    /// Those of a consumer group, who handle events.
    Workers,
    /// Threads that share the cores of one server.
    Threads,
    /// What commits of a store wait for: its writer, or the flush of its log.
    Commits,
}

impl Kind {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Cores => "cores",
            Self::Pool => "pool",
            Self::Store => "store",
            Self::Followers => "followers",
            Self::Bulkhead => "bulkhead",
            Self::Limit => "limit",
            Self::External => "external",
            Self::Workers => "workers",
            Self::Threads => "threads",
            Self::Commits => "commits",
        }
    }
}

/// A replica of a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replica {
    pub(super) gate: StationId,
    pub(super) cores: StationId,
    pub(super) pool: Option<StationId>,
}

/// The servers of a store.
#[derive(Clone, Debug)]
pub(super) struct Servers {
    pub(super) first: StationId,
    pub(super) followers: Vec<StationId>,
}

/// Stations by what they stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    /// Replicas of each service.
    pub(super) services: Vec<Vec<Replica>>,
    /// Servers of each store.
    pub(super) stores: Vec<Servers>,
    /// The threads of one server, where everything is on it.
    pub(super) threads: Option<Threads>,
    /// Cores of clients, where they are simulated.
    pub(super) clients: Option<StationId>,
    /// Everything, as it is reported.
    pub(super) resources: Vec<Resource>,
}

/// Requests that one process of ours has under way at once, as `firm up` bounds them by default: a
/// test of the command line holds it to that.
pub const REQUESTS_AT_ONCE: u32 = 1024;

impl Stations {
    /// Adds the stations of all services and stores.
    pub(super) fn of(design: &Design, question: &Question, builder: &mut Builder) -> Self {
        if let Some(server) = &question.server {
            return one_server::stations(design, server, builder);
        }
        let amount = question.amount;
        let mut stations = Self::default();
        for service in &design.sizing.services {
            let at_first = replicas(service, amount);
            if !scaling::applies(question, service) {
                stations.service(service, at_first, builder);
                continue;
            }
            stations.service(service, service.most.max(at_first), builder);
            let cores = stations.services.last().into_iter().flatten();
            let cores: Vec<StationId> = cores.map(|replica| replica.cores).collect();
            builder.scale(&cores, scaling::of(design, service, at_first));
        }
        for store in &design.sizing.stores {
            stations.store(store, amount, builder);
        }
        stations
    }

    fn service(&mut self, service: &decide::sizing::Service, replicas: u32, builder: &mut Builder) {
        let name = &service.name;
        let station = |builder: &mut Builder, what: &str, servers: u32, capacity: Option<u32>| {
            let stations = (0..replicas).map(|at| {
                let name = format!("{name}/{at}/{what}");
                let servers = Some(servers);
                builder.station(Station { servers, capacity, ..Station::new(name) })
            });
            stations.collect::<Vec<_>>()
        };
        let gates = station(builder, "gate", REQUESTS_AT_ONCE, Some(REQUESTS_AT_ONCE));
        let cores = station(builder, "cores", service.replica_cores, None);
        let pooled = service.pool > 0;
        let pools = if pooled { station(builder, "pool", service.pool, None) } else { Vec::new() };
        let each = gates.iter().zip(&cores).enumerate();
        let replica = |(at, (gate, cores)): (usize, (&StationId, &StationId))| Replica {
            gate: *gate,
            cores: *cores,
            pool: pools.get(at).copied(),
        };
        self.services.push(each.map(replica).collect());
        self.add(format!("requests at once in {name}"), name, Kind::Gate, gates, REQUESTS_AT_ONCE);
        self.add(format!("cores of {name}"), name, Kind::Cores, cores, service.replica_cores);
        if pooled {
            self.add(format!("connections of {name}"), name, Kind::Pool, pools, service.pool);
        }
    }

    fn store(&mut self, store: &decide::sizing::Store, amount: Amount, builder: &mut Builder) {
        let name = &store.name;
        let node = match amount {
            Amount::Level(Level::Reach) => store.node_at_reach,
            _ => store.node,
        };
        let cores = node.cores.max(1);
        let mut server = |what: String| {
            builder
                .station(Station { servers: Some(cores), ..Station::new(format!("{name}/{what}")) })
        };
        let first = server("first".to_owned());
        let followers: Vec<StationId> =
            (0..node.read_replicas).map(|at| server(format!("follower/{at}"))).collect();
        let what = match store.kind {
            StoreKind::Redis => "shards of",
            _ => "cores of",
        };
        self.add(format!("{what} {name}"), name, Kind::Store, vec![first], cores);
        if !followers.is_empty() {
            let named = format!("{what} the replicas of {name}");
            self.add(named, name, Kind::Followers, followers.clone(), cores);
        }
        self.stores.push(Servers { first, followers });
    }

    fn add(
        &mut self,
        name: String,
        owner: &str,
        kind: Kind,
        stations: Vec<StationId>,
        servers: u32,
    ) {
        let owner = owner.to_owned();
        self.resources.push(Resource { name, owner, kind, stations, servers: Some(servers) });
    }
}

/// Replicas at this amount: those that are always there at the stated peak and below it; beyond it
/// as many more as autoscaling may add.
fn replicas(service: &decide::sizing::Service, amount: Amount) -> u32 {
    match amount {
        Amount::Level(Level::Reach) => service.most,
        Amount::Level(Level::Peak) => service.replicas,
        Amount::Level(level) => scaled(service, level.multiple().unwrap_or(1.0)),
        Amount::Times(factor) => scaled(service, factor),
    }
    .max(1)
}

fn scaled(service: &decide::sizing::Service, factor: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and `most` bounds it"
    )]
    let wanted = (f64::from(service.replicas) * factor).ceil() as u32;
    wanted.clamp(service.replicas, service.most.max(service.replicas))
}

/// How long a round trip within the data centre takes, in seconds.
pub(super) fn trip(design: &Design) -> f64 {
    design.facts().value(&numbers::ZONE_TRIP) / 1e3
}

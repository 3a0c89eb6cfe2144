//! How much is needed of everything: replicas, connections, memory, disks, and what they cost.
//! Computed once from the closed forms of `queueing` and the table of numbers; decisions, emitters
//! and the simulator read it, and nobody reads these numbers out of text.
//!
//! There are two loads (and two more for the bill, 3x and 10x): D1, the stated peak, is what is
//! provisioned, at 60 % utilisation. D2, the peak times the greater of headroom and two years'
//! growth, is what can be reached, at 85 %. They are never multiplied with each other.

use base::{Price, Quantity, RATE_PER};
use expression::EntityId;
use model::model::ContextId;

pub mod costs;
pub mod demand;
pub mod load;
pub mod services;
pub mod stores;
pub mod work;

pub use costs::{Bill, Cost, items};
pub use demand::{Demand, StoreKind};
pub use load::{Level, Load};
pub use services::Bound;

use crate::decision::Context;
use crate::facts::Facts;
use crate::{needs, numbers};
use services::up;

/// How many replicas of a service may fail, and with what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redundancy {
    /// None.
    Single,
    /// One machine.
    Replicated,
    /// One zone.
    #[default]
    Zones,
}

/// Servers that hold the same rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Copies {
    /// One server.
    One,
    /// And one that takes over.
    #[default]
    Standby,
    /// And two, one of which has each write before it is acknowledged.
    Synchronous,
}

impl Copies {
    /// How many servers, those that only read not included.
    #[must_use]
    pub const fn servers(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Standby => 2,
            Self::Synchronous => 3,
        }
    }
}

/// What is kept for the loss of a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondPlace {
    /// Backups alone.
    #[default]
    None,
    /// The smallest server that follows.
    PilotLight,
    /// A server of the same size, and half of the services.
    WarmStandby,
    /// Everything.
    ActiveActive,
}

/// The verdicts that sizes follow.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    redundancy: Vec<Redundancy>,
    copies: Vec<Copies>,
    second: Vec<SecondPlace>,
}

impl Choices {
    fn redundancy(&self, service: usize) -> Redundancy {
        self.redundancy.get(service).copied().unwrap_or_default()
    }

    fn copies(&self, store: usize) -> Copies {
        self.copies.get(store).copied().unwrap_or_default()
    }

    fn second(&self, store: usize) -> SecondPlace {
        self.second.get(store).copied().unwrap_or_default()
    }

    /// Share of the services' cores that runs in a second region.
    fn second_service(&self) -> f64 {
        let share = |second: &SecondPlace| match second {
            SecondPlace::None | SecondPlace::PilotLight => 0.0,
            SecondPlace::WarmStandby => 0.5,
            SecondPlace::ActiveActive => 1.0,
        };
        self.second.iter().map(share).fold(0.0, f64::max)
    }
}

/// A service with its replicas.
#[derive(Clone, Debug)]
pub struct Service {
    /// Name: that of its deployable.
    pub name: String,
    /// As verdicts name it: the context whose own it is, else the deployable.
    pub subject: String,
    /// The context whose own it is; none of the one that contexts share.
    pub own: Option<ContextId>,
    /// Its contexts, by name.
    pub contexts: Vec<ContextId>,
    /// Requests a second.
    pub requests: Load,
    /// Busy cores.
    pub cores: Load,
    /// Open streams.
    pub streams: Load,
    /// Messages a second to streams.
    pub messages: Load,
    /// What may fail.
    pub redundancy: Redundancy,
    /// Cores of one replica.
    pub replica_cores: u32,
    /// Memory of one replica, in bytes: its limit.
    pub replica_memory: f64,
    /// Replicas at D1: the lower bound of autoscaling.
    pub replicas: u32,
    /// Replicas at D2: the upper bound of autoscaling.
    pub most: u32,
    /// What asks for the replicas at D1.
    pub bound: Bound,
    /// What asks for those at D2.
    pub bound_at_reach: Bound,
    /// Streams that one replica holds while another is lost, at the worse of D1 and D2.
    pub streams_per_replica: u32,
    /// Bytes that one replica uses when it holds these streams and computes all hashes at once:
    /// its request of memory.
    pub memory_used: f64,
    /// Password hashes at once in one replica; none where nobody signs in.
    pub hashes: u32,
    /// Connections of one replica to its PostgreSQL; none where it has none.
    pub pool: u32,
}

/// The servers of a store at one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Cores of each server; shards of Redis.
    pub cores: u32,
    /// Servers that only read, beside the first and its standby; of what is spread over several,
    /// those beside the first.
    pub read_replicas: u32,
    /// Busy cores for which even the largest server and its replicas have no room.
    pub beyond: f64,
}

/// A store with its servers.
#[derive(Clone, Debug)]
pub struct Store {
    /// Name: that of its service and of its kind, `shop-postgresql`.
    pub name: String,
    /// As `replicas` and `recovery` name it: the service's subject, with the kind behind it if it
    /// is not PostgreSQL.
    pub subject: String,
    /// Kind.
    pub kind: StoreKind,
    /// Its service, by position.
    pub service: usize,
    /// Contexts that keep rows there, by name.
    pub contexts: Vec<ContextId>,
    /// Reads a second.
    pub reads: Load,
    /// Rows written a second.
    pub writes: Load,
    /// Busy cores.
    pub cores: Load,
    /// Connections held at once (Erlangs).
    pub held: Load,
    /// Servers with the same rows.
    pub copies: Copies,
    /// Its servers at D1.
    pub node: Node,
    /// Its servers at D2.
    pub node_at_reach: Node,
    /// Connections that the server serves best, for all replicas together.
    pub pool: u32,
    /// Connections that all replicas open at D2, with what is kept for administration; counted for
    /// PostgreSQL alone.
    pub connections: u32,
    /// Most that may be used; above it a pooler stands in front.
    pub connections_most: u32,
    /// Bytes of tables with their indexes at the horizon.
    pub tables: f64,
    /// Bytes of the write-ahead log.
    pub wal: f64,
    /// Bytes of answers that are kept for idempotency keys.
    pub answers: f64,
    /// Bytes of each server's disk.
    pub disk: f64,
    /// Bytes of each server's memory.
    pub memory: f64,
    /// Bytes of backups and of the log beside them.
    pub backups: f64,
    /// Bytes of files that its rows name, in an object store.
    pub files: f64,
    /// The entity with the most bytes at the horizon, with these.
    pub largest: Option<(EntityId, f64)>,
}

impl Store {
    /// Whether a pooler has to stand in front of the server.
    #[must_use]
    pub const fn pooled(&self) -> bool {
        self.connections > self.connections_most
    }
}

/// A kind of broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerKind {
    /// NATS with JetStream.
    Nats,
    /// Apache Kafka.
    Kafka,
    /// RabbitMQ.
    Rabbitmq,
    /// Amazon SQS: no servers of ours.
    Sqs,
}

/// A broker with its servers.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Kind.
    pub kind: BrokerKind,
    /// Events a second.
    pub events: Load,
    /// Servers, in sets of three.
    pub servers: u32,
}

impl Broker {
    /// Sets of three servers at a level.
    #[must_use]
    pub fn sets(&self, model: Facts<'_>, level: Level) -> u32 {
        let one = match self.kind {
            BrokerKind::Sqs => return 0,
            BrokerKind::Kafka => {
                let partitions = 3.0 * model.value(&numbers::KAFKA_PARTITION);
                partitions / model.value(&numbers::EVENT_BYTES)
            }
            BrokerKind::Nats | BrokerKind::Rabbitmq => model.value(&numbers::NATS_MESSAGES),
        };
        up(self.events.at(level) / one).max(1)
    }
}

/// Everything that is needed.
#[derive(Clone, Debug, Default)]
pub struct Sizing {
    /// Services: the shared one first, then by name.
    pub services: Vec<Service>,
    /// Stores, by service and kind.
    pub stores: Vec<Store>,
    /// The broker, if there is one.
    pub broker: Option<Broker>,
    /// Requests a second that reach a service.
    pub requests: Load,
    /// Requests a second that a network of caches answers.
    pub answered: Load,
    /// Bytes a second that leave the data centre.
    pub egress: Load,
    /// Bytes a second that a network of caches delivers.
    pub delivered: Load,
    /// Share of the logs of good requests that is kept; of others all are.
    pub logs_kept: f64,
    /// Share of requests that is traced; none where a request stays in one process.
    pub traced: f64,
    /// The bills of all levels, in the order of [`Level::ALL`].
    pub bills: Vec<Bill>,
    /// EUR a month that the model allows, where it states a budget in EUR.
    pub budget: Option<Quantity<f64>>,
}

impl Sizing {
    /// The bill of a level.
    #[must_use]
    pub fn bill(&self, level: Level) -> Option<&Bill> {
        self.bills.iter().find(|bill| bill.level == level)
    }

    /// What a level costs a month, in EUR.
    #[must_use]
    pub fn cost(&self, level: Level) -> f64 {
        self.bill(level).map_or(0.0, |bill| bill.total)
    }

    /// The service of a context.
    #[must_use]
    pub fn service_of(&self, context: ContextId) -> Option<&Service> {
        self.services.iter().find(|service| service.contexts.contains(&context))
    }

    /// The service or nothing, by name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The store of that name.
    #[must_use]
    pub fn store(&self, name: &str) -> Option<&Store> {
        self.stores.iter().find(|store| store.name == name)
    }
}

/// Families whose verdicts sizes follow, besides those of [`demand::READS`].
pub const READS: [&str; 4] = ["broker", "availability", "replicas", "recovery"];

/// Sizes everything.
#[must_use]
pub fn of(cx: &Context<'_>, demand: &Demand) -> Sizing {
    let model = cx.model;
    let choices = choices(cx, demand);
    let broker = broker(cx, demand);
    let bill = |kept, level| costs::bill(model, demand, &choices, broker.as_ref(), kept, level);
    let nothing = costs::Kept::default();
    let budget = model.system.needs.budget.as_ref().and_then(monthly);
    let others = bill(nothing, Level::Peak).total;
    let allowed = budget.as_ref().map_or(others, |budget| budget.value);
    let kept = costs::kept(model, demand, allowed, crosses(demand, broker.as_ref()));
    let size = |(at, of): (usize, &demand::StoreDemand)| {
        stores::size(model, of, choices.copies(at), Level::Peak)
    };
    let mut stores: Vec<Store> = demand.stores.iter().enumerate().map(size).collect();
    let service = |(at, of): (usize, &demand::ServiceDemand)| {
        let pool = stores
            .iter()
            .find(|store| store.service == at && store.kind == StoreKind::Postgresql)
            .map(|store| store.pool);
        services::size(model, of, choices.redundancy(at), pool)
    };
    let services: Vec<Service> = demand.services.iter().enumerate().map(service).collect();
    let reserved = up(model.value(&numbers::CONNECTIONS_KEPT));
    for store in stores.iter_mut().filter(|store| store.kind == StoreKind::Postgresql) {
        let opened = services.get(store.service).map_or(0, |of| of.pool * of.most);
        store.connections = opened + reserved;
    }
    Sizing {
        services,
        stores,
        requests: demand.requests,
        answered: demand.answered,
        egress: demand.egress,
        delivered: demand.delivered,
        logs_kept: kept.logs,
        traced: kept.traces,
        bills: Level::ALL.into_iter().map(|level| bill(kept, level)).collect(),
        budget,
        broker,
    }
}

/// Whether a request or event goes through more than one process of ours.
#[must_use]
pub fn crosses(demand: &Demand, broker: Option<&Broker>) -> bool {
    demand.services.len() > 1 || broker.is_some()
}

/// A price as EUR a month; nothing in another currency, which no rate of ours could turn.
fn monthly(budget: &Quantity<Price>) -> Option<Quantity<f64>> {
    if budget.value.currency != "EUR" {
        return None;
    }
    let per = budget.value.per.as_deref().unwrap_or("month");
    let (_, seconds) = RATE_PER.iter().find(|(unit, _)| *unit == per)?;
    #[expect(clippy::cast_precision_loss, reason = "a millionth of a billion does not matter here")]
    let amount = budget.value.micros as f64 / 1e6;
    let value = amount * costs::MONTH / seconds;
    Some(Quantity { value, provenance: budget.provenance.clone() })
}

fn broker(cx: &Context<'_>, demand: &Demand) -> Option<Broker> {
    let kind = match cx.verdicts_of("broker").next()?.choice {
        "nats-jetstream" => BrokerKind::Nats,
        "kafka" => BrokerKind::Kafka,
        "rabbitmq" => BrokerKind::Rabbitmq,
        "sqs" => BrokerKind::Sqs,
        _ => return None,
    };
    let mut broker = Broker { kind, events: demand.events, servers: 0 };
    broker.servers = 3 * broker.sets(cx.model, Level::Peak);
    Some(broker)
}

fn choices(cx: &Context<'_>, demand: &Demand) -> Choices {
    let choice = |family: &'static str, subject: &str| {
        cx.verdicts_of(family).find(|of| of.subject == subject).map_or("", |of| of.choice)
    };
    let redundancy =
        |service: &demand::ServiceDemand| match choice("availability", &service.subject) {
            "single" => Redundancy::Single,
            "replicated" => Redundancy::Replicated,
            _ => Redundancy::Zones,
        };
    let copies = |store: &demand::StoreDemand| match choice("replicas", &store.subject) {
        "none" => Copies::One,
        _ if needs::recovery_point(cx.model, &store.contexts).value <= 0.0 => Copies::Synchronous,
        _ => Copies::Standby,
    };
    let second = |store: &demand::StoreDemand| match choice("recovery", &store.subject) {
        "pilot-light" => SecondPlace::PilotLight,
        "warm-standby" => SecondPlace::WarmStandby,
        "active-active" => SecondPlace::ActiveActive,
        _ => SecondPlace::None,
    };
    Choices {
        redundancy: demand.services.iter().map(redundancy).collect(),
        copies: demand.stores.iter().map(copies).collect(),
        second: demand.stores.iter().map(second).collect(),
    }
}

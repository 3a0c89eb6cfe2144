//! What it costs a month, item by item. Prices are placeholders of the table of numbers.

use super::demand::{Demand, StoreKind};
use super::load::Level;
use super::{Broker, BrokerKind, Choices, Copies, Redundancy, SecondPlace, services, stores};
use crate::facts::Facts;
use crate::numbers::{self, Number};

/// Seconds of a month of 30 days.
pub const MONTH: f64 = 2_592_000.0;
const GIGABYTE: f64 = 1e9;

/// One item of the bill.
#[derive(Clone, Debug)]
pub struct Cost {
    /// What is paid for, for example `cores of replicas`.
    pub item: &'static str,
    /// The service or store that it is for; `system` for what all share.
    pub subject: String,
    /// How much of it.
    pub amount: f64,
    /// Unit of `amount`.
    pub unit: &'static str,
    /// The number that is the price of one; a placeholder.
    pub price: Number,
    /// EUR a month.
    pub monthly: f64,
}

/// The bill of a level.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The level.
    pub level: Level,
    /// Its items: services, stores, then what all share.
    pub items: Vec<Cost>,
    /// EUR a month.
    pub total: f64,
}

/// What is paid for in any of several bills, each once, in their order: subject and item.
#[must_use]
pub fn items(bills: &[Bill]) -> Vec<(&str, &'static str)> {
    let mut all = Vec::new();
    for cost in bills.iter().flat_map(|bill| &bill.items) {
        let item = (cost.subject.as_str(), cost.item);
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}

impl Bill {
    /// What one item costs, in EUR a month.
    #[must_use]
    pub fn monthly(&self, (subject, item): (&str, &str)) -> f64 {
        let same = |cost: &&Cost| cost.subject == subject && cost.item == item;
        self.items.iter().filter(same).map(|cost| cost.monthly).sum()
    }

    /// What is paid for a kind of item.
    #[must_use]
    pub fn of(&self, item: &str) -> f64 {
        self.items.iter().filter(|cost| cost.item == item).map(|cost| cost.monthly).sum()
    }
}

/// Gathers items.
struct Till<'m> {
    model: Facts<'m>,
    items: Vec<Cost>,
}

impl Till<'_> {
    fn pay(
        &mut self,
        item: &'static str,
        subject: &str,
        amount: f64,
        unit: &'static str,
        price: Number,
    ) {
        if amount > 0.0 {
            let monthly = amount * self.model.value(&price);
            let subject = subject.to_owned();
            self.items.push(Cost { item, subject, amount, unit, price, monthly });
        }
    }
}

/// What of logs and traces is kept, as shares.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// Of the logs of good requests.
    pub logs: f64,
    /// Of the traces.
    pub traces: f64,
}

/// What keeps logs and traces within their shares of the money that is allowed; `crosses` says
/// whether there is anything to trace.
#[must_use]
pub fn kept(model: Facts<'_>, demand: &Demand, allowed: f64, crosses: bool) -> Kept {
    let price = model.value(&numbers::PRICE_LOGS) / GIGABYTE;
    let all = log_volume(model, demand, Level::Peak) * price;
    let most = allowed * model.value(&numbers::LOG_SHARE);
    let logs = (most / all.max(1e-12)).clamp(model.value(&numbers::LOG_LEAST), 1.0);
    let traced = demand.requests.mean * model.value(&numbers::TRACE_BYTES) * MONTH * price;
    let most = allowed * model.value(&numbers::TRACE_SHARE);
    let traces = if crosses { (most / traced.max(1e-12)).min(1.0) } else { 0.0 };
    Kept { logs, traces }
}

/// The bill of a level.
#[must_use]
pub fn bill(
    model: Facts<'_>,
    demand: &Demand,
    choices: &Choices,
    broker: Option<&Broker>,
    kept: Kept,
    level: Level,
) -> Bill {
    let mut till = Till { model, items: Vec::new() };
    for (at, service) in demand.services.iter().enumerate() {
        let redundancy = choices.redundancy(at);
        let cores = services::replica_cores(model, service, level);
        let (needed, _) = services::needed(model, service.cores, service.streams, cores, level);
        let replicas = services::with_spares(model, needed, redundancy);
        let bought = f64::from(replicas * cores);
        let name = &service.deployable.name;
        let price = numbers::PRICE_CORE;
        till.pay("cores of replicas", name, bought, "cores", price);
        till.pay("cores elsewhere", name, bought * choices.second_service(), "cores", price);
        if replicas > 1 {
            till.pay("load balancer", name, 1.0, "balancer", numbers::PRICE_BALANCER);
        }
    }
    for (at, of) in demand.stores.iter().enumerate() {
        let sized = stores::size(model, of, choices.copies(at), level);
        // What has one replica and one server lives on one machine.
        let beside = choices.redundancy(of.service) == Redundancy::Single
            && choices.copies(at) == Copies::One;
        store(&mut till, &sized, choices.second(at), beside);
    }
    if let Some(broker) = broker {
        let sets = f64::from(broker.sets(model, level));
        let price = match broker.kind {
            BrokerKind::Kafka => numbers::PRICE_KAFKA,
            _ => numbers::PRICE_NATS,
        };
        till.pay("broker", "system", sets, "sets of three servers", price);
    }
    let month = MONTH / GIGABYTE;
    let egress = demand.egress.mean_at(level) * month;
    till.pay("egress", "system", egress, "GB", numbers::PRICE_EGRESS);
    let delivered = demand.delivered.mean_at(level) * month;
    till.pay("network of caches", "system", delivered, "GB", numbers::PRICE_CDN);
    let logs = log_volume(model, demand, level) / GIGABYTE * kept.logs;
    till.pay("logs", "system", logs, "GB", numbers::PRICE_LOGS);
    let trace = model.value(&numbers::TRACE_BYTES) * month;
    let traces = demand.requests.mean_at(level) * trace * kept.traces;
    till.pay("traces", "system", traces, "GB", numbers::PRICE_LOGS);
    let total = till.items.iter().map(|cost| cost.monthly).sum();
    Bill { level, items: till.items, total }
}

/// Bytes of logs a month, if every request were kept.
#[must_use]
pub fn log_volume(model: Facts<'_>, demand: &Demand, level: Level) -> f64 {
    demand.requests.mean_at(level) * model.value(&numbers::LOG_BYTES) * MONTH
}

fn store(till: &mut Till<'_>, store: &super::Store, second: SecondPlace, beside: bool) {
    let name = store.name.as_str();
    if store.kind == StoreKind::Redis {
        let pairs = f64::from(store.node.cores);
        till.pay("Redis", name, pairs, "pairs of servers", numbers::PRICE_REDIS);
        return;
    }
    let servers = f64::from(store.copies.servers() + store.node.read_replicas);
    let cores = f64::from(store.node.cores);
    let managed = numbers::PRICE_DATABASE_CORE;
    let price = if beside { numbers::PRICE_CORE } else { managed };
    till.pay("cores of databases", name, cores * servers, "cores", price);
    let disk = store.disk / GIGABYTE;
    till.pay("disks", name, disk * servers, "GB", numbers::PRICE_DISK);
    till.pay("backups", name, store.backups / GIGABYTE, "GB", numbers::PRICE_BACKUP);
    let files = store.files / GIGABYTE;
    till.pay("files", name, files, "GB", numbers::PRICE_BACKUP);
    let least = till.model.value(&numbers::NODE_CORES_LEAST);
    let elsewhere = match second {
        SecondPlace::None => return,
        SecondPlace::PilotLight => least,
        SecondPlace::WarmStandby => cores,
        SecondPlace::ActiveActive => cores * servers,
    };
    till.pay("databases elsewhere", name, elsewhere, "cores", managed);
    till.pay("disks elsewhere", name, disk, "GB", numbers::PRICE_DISK);
}

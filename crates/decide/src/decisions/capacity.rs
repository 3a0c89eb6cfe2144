use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, Facts};
use crate::numbers;
use crate::sizing::{Bound, Level, Service, Sizing, Store, StoreKind};

decision!(
    "capacity",
    "How much of everything is there, and what does it cost?",
    reads ["service", "store", "availability", "replicas", "recovery"],
    Named run
);

const SOURCE: &str = "Little's law and Erlang C (queueing theory); HikariCP, About Pool Sizing; \
    utilisation, sizes and prices house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let sizing = cx.sizing();
    let services = sizing.services.iter().map(|of| (of.subject.clone(), service(cx.model, of)));
    let stores = sizing.stores.iter().map(|of| {
        let service = sizing.services.get(of.service).map_or("", |of| of.subject.as_str());
        (format!("{service}-{}", of.kind.name()), store(cx.model, of))
    });
    let system = ("system".to_owned(), system(cx.model, sizing));
    services.chain(stores).chain([system]).collect()
}

/// Whether more replicas come and go with the load.
fn autoscaled(model: Facts<'_>, service: &Service) -> bool {
    let more = f64::from(service.most.saturating_sub(service.replicas));
    more >= model.value(&numbers::AUTOSCALE_FROM)
}

fn derived(from: &str) -> Provenance {
    Provenance::Derived { from: from.to_owned() }
}

fn service(model: Facts<'_>, of: &Service) -> Answer {
    let choice = if autoscaled(model, of) { "autoscaled" } else { "fixed" };
    let people = facts::people;
    let usual = facts::percent(model.value(&numbers::LOAD_PROVISIONED));
    let reached = facts::percent(model.value(&numbers::LOAD_REACHED));
    let cores = |at| format!("{} busy cores at {}", people(of.cores.at(at)), Level::name(at));
    let from = "rates x application time by kind of operation";
    let provisioned = format!("{} replicas, none above {usual}", of.replicas);
    let most = format!("{} replicas, none above {reached}", of.most);
    let mut answer = Answer::new(choice, SOURCE)
        .driver(cores(Level::Peak), derived(from), &provisioned)
        .driver(cores(Level::Reach), derived(from), &most)
        .parameter("replicas", of.replicas.to_string())
        .parameter("replicas at D2", of.most.to_string())
        .parameter("forced by", forced(of.bound))
        .parameter("cores of a replica", of.replica_cores.to_string())
        .parameter("memory of a replica", facts::bytes(of.replica_memory))
        .parameter("memory used", facts::bytes(of.memory_used));
    if of.pool > 0 {
        answer = answer.parameter("connections of a replica", of.pool.to_string());
    }
    if of.streams.peak > 0.0 {
        let fact = format!("{} streams open at once", people(of.streams.peak));
        let weight = format!("{} for each replica", people(f64::from(of.streams_per_replica)));
        answer = answer.driver(fact, derived("the streams of its contexts"), &weight);
    }
    if of.hashes > 0 {
        answer = answer.parameter("password hashes at once", of.hashes.to_string());
    }
    let close = format!(
        "D1 takes {} replicas and D2 {}: fewer than {} more, which is no reason to add and remove \
         them by load",
        of.replicas,
        of.most,
        people(model.value(&numbers::AUTOSCALE_FROM))
    );
    let apart = format!(
        "D2 takes {} replicas and D1 {}: the others would be paid for and idle",
        of.most, of.replicas
    );
    answer
        .reject("fixed", apart)
        .reject("autoscaled", close)
        .reject("pooled", "that is about connections to a store: a service opens its own")
}

fn forced(bound: Bound) -> &'static str {
    match bound {
        Bound::Nothing => "failures: the load alone takes one",
        Bound::Cores => "busy cores",
        Bound::Streams => "open streams",
    }
}

fn store(model: Facts<'_>, of: &Store) -> Answer {
    let choice = if of.pooled() { "pooled" } else { "fixed" };
    let people = facts::people;
    let cores = |at| format!("{} busy cores at {}", people(of.cores.at(at)), Level::name(at));
    let from = "rates x database time by kind of operation";
    let unit = if of.kind == StoreKind::Redis { "shards" } else { "cores" };
    let takes = |node: crate::sizing::Node| {
        let replicas = match node.read_replicas {
            0 => String::new(),
            some => format!(", and {some} servers to read from"),
        };
        format!("takes {} {unit}{replicas}", node.cores)
    };
    let mut answer = Answer::new(choice, SOURCE)
        .driver(cores(Level::Peak), derived(from), &takes(of.node))
        .driver(cores(Level::Reach), derived(from), &takes(of.node_at_reach))
        .driver(
            format!("{} connections held at once", people(of.held.peak)),
            derived("Little's law: rates x how long each holds one"),
            &format!("{} serve them best", of.pool),
        )
        .parameter(unit, of.node.cores.to_string())
        .parameter(&format!("{unit} at D2"), of.node_at_reach.cores.to_string())
        .parameter("memory", facts::bytes(of.memory))
        .parameter("tables and indexes", facts::bytes(of.tables))
        .parameter("write-ahead log", facts::bytes(of.wal))
        .parameter("answers for idempotency keys", facts::bytes(of.answers))
        .parameter("disk", facts::bytes(of.disk))
        .parameter("backups", facts::bytes(of.backups))
        .parameter("connections in all", of.pool.to_string())
        .parameter("connections opened at D2", of.connections.to_string());
    if let Some((entity, bytes)) = of.largest {
        let rows = facts::rows_at_horizon(model, entity);
        let from = rows.map_or_else(|| derived("rows"), |rows| rows.provenance);
        let name = &model.entity(entity).name;
        let months = people(model.value(&numbers::HORIZON));
        let fact = format!("{name}: {} of rows in {months} months", facts::bytes(bytes));
        answer = answer.driver(fact, from, "the largest of its tables");
    }
    let few = format!(
        "at D2 the replicas open {} connections, not above {}",
        of.connections, of.connections_most
    );
    let many = format!(
        "at D2 the replicas open {} connections, above {}",
        of.connections, of.connections_most
    );
    answer
        .reject("fixed", many)
        .reject("autoscaled", "a server with rows is not added and removed by the minute")
        .reject("pooled", few)
}

fn system(model: Facts<'_>, sizing: &Sizing) -> Answer {
    let any = sizing.services.iter().any(|of| autoscaled(model, of));
    let mut answer = Answer::new(if any { "autoscaled" } else { "fixed" }, SOURCE);
    for bill in &sizing.bills {
        let name = format!("cost at {}", bill.level.name());
        let told = format!("{} EUR a month, prices are placeholders", facts::people(bill.total));
        answer = answer.parameter(&name, told);
    }
    let cost = facts::people(sizing.cost(Level::Peak));
    if let Some(budget) = &sizing.budget {
        let fact = format!("budget {} EUR a month", facts::people(budget.value));
        let weight = format!("D1 costs {cost} EUR");
        answer = answer.driver(fact, budget.provenance.clone(), &weight);
    }
    let requests = format!("{} requests a second at peak", facts::people(sizing.requests.peak));
    answer
        .driver(requests, derived("the sum of all operations"), "what is paid for")
        .reject("fixed", "a service takes many more replicas at D2 than at D1: see its verdict")
        .reject("autoscaled", "no service takes many more replicas at D2 than at D1")
        .reject("pooled", "that is about connections to a store: see its verdict")
}

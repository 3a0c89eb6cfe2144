use base::{Diagnostic, Provenance, Span};
use model::model::{Operation, OperationId};

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, Facts};
use crate::numbers;
use crate::sizing::work::Work;
use crate::sizing::{Bill, Bound, Level, Service, Sizing, Store, StoreKind};

decision!(
    "capacity",
    "How much of everything is there, and what does it cost?",
    reads ["service", "store", "broker", "edge", "availability", "replicas", "recovery"],
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
    let mut whole = system(cx.model, sizing);
    if let Some(conflict) = conflict(cx, sizing) {
        whole = whole.conflict(conflict);
    }
    let system = ("system".to_owned(), whole);
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

/// A budget that does not pay for D1, with the numbers that make it cost so much: what is kept for
/// the loss of a region, then what stands in for a machine, else the load itself.
fn conflict(cx: &Context<'_>, sizing: &Sizing) -> Option<Diagnostic> {
    let bill = sizing.bill(Level::Peak)?;
    let budget = sizing.budget.as_ref().filter(|budget| bill.total > budget.value)?;
    let span = budget.provenance.span()?;
    let over = bill.total - budget.value;
    let message = format!(
        "the stated peak costs {} EUR a month, {} EUR more than the budget",
        facts::people(bill.total),
        facts::people(over)
    );
    let mut items: Vec<_> = bill.items.iter().collect();
    items.sort_by(|a, b| b.monthly.total_cmp(&a.monthly));
    let largest: Vec<String> = items
        .iter()
        .take(4)
        .map(|item| {
            format!("{} of {} {} EUR", item.item, item.subject, facts::people(item.monthly))
        })
        .collect();
    // Prices are placeholders: only what the lowest of them cannot pay for is certain.
    let lowest: f64 = bill.items.iter().map(|item| item.amount * item.price.low).sum();
    let found = if lowest > budget.value {
        Diagnostic::error("budget-below-cost", span, message).label(format!(
            "does not pay for D1: at the lowest prices it costs {} EUR",
            facts::people(lowest)
        ))
    } else {
        Diagnostic::warning("budget-below-estimate", span, message)
            .label(format!("pays for D1 at the lowest prices ({} EUR)", facts::people(lowest)))
    };
    let mut found = found.note(format!("{}; prices are placeholders", largest.join(", ")));
    let needs = &cx.model.system.needs;
    let elsewhere: f64 = ["cores elsewhere", "databases elsewhere", "disks elsewhere"]
        .into_iter()
        .map(|item| bill.of(item))
        .sum();
    let spare = spare(sizing, bill);
    let mut places: Vec<(Span, String)> = Vec::new();
    if elsewhere > 0.0 && elsewhere + spare >= over {
        let cost = format!("what is kept elsewhere for it costs {} EUR", facts::people(elsewhere));
        let times = [&needs.recovery_time, &needs.recovery_point].map(Option::as_ref);
        let spans = times.into_iter().flatten().filter_map(|of| of.provenance.span());
        places.extend(spans.map(|span| (span, cost.clone())));
        places.extend(needs.regions.get(1).map(|region| (region.span, cost)));
    }
    if elsewhere < over && elsewhere + spare >= over {
        let stated = needs.availability.as_ref().and_then(|of| of.provenance.span());
        let cost = format!("what stands in for a machine costs {} EUR", facts::people(spare));
        places.extend(stated.map(|span| (span, cost)));
    }
    if elsewhere + spare < over {
        places.extend(busiest(cx));
    }
    for (span, text) in places {
        found = found.related(span, text);
    }
    Some(found.help(
        "raise the budget, ask for less of what is pointed at, or take prices of your own provider",
    ))
}

/// What of the bill is there only in case a machine fails: standbys and spare replicas.
fn spare(sizing: &Sizing, bill: &Bill) -> f64 {
    let copies: f64 = sizing
        .stores
        .iter()
        .map(|store| {
            let mine = bill.items.iter().filter(|item| {
                item.subject == store.name && ["cores of databases", "disks"].contains(&item.item)
            });
            let servers = f64::from(store.copies.servers() + store.node.read_replicas);
            let extra = f64::from(store.copies.servers() - 1);
            mine.map(|item| item.monthly).sum::<f64>() * extra / servers.max(1.0)
        })
        .sum();
    copies + bill.of("load balancer")
}

/// The two operations whose answers and searches weigh most.
fn busiest(cx: &Context<'_>) -> Vec<(Span, String)> {
    let demand = cx.demand();
    let mut all: Vec<_> = cx.model.operations().zip(&demand.work).collect();
    let weight =
        |work: &Work| work.requests.mean * work.answer + work.requests.peak * 1e3 * work.database;
    all.sort_by(|a, b| {
        let name = |of: &((OperationId, &Operation), &Work)| of.0.1.name.value.clone();
        weight(b.1).total_cmp(&weight(a.1)).then_with(|| name(a).cmp(&name(b)))
    });
    let stated = all.into_iter().filter_map(|((id, _), _)| {
        let (fact, from) = facts::rate_fact(cx.model, id);
        Some((from.span()?, fact))
    });
    stated.take(2).collect()
}

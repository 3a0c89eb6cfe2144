//! Why: what fills up, what it depends on, what waits.

use std::collections::BTreeSet;

use decide::{
    Design, crossings,
    crossings::End,
    decided,
    deployables::Deployable,
    facts, numbers,
    sizing::{BrokerKind, StoreKind},
};

use super::panel::{Panel, Query, Row};
use crate::metrics::{
    CALLS_FAILING, CALLS_LATE, CALLS_WAITING, CONNECTIONS, CORES, CPU, DEAD_LETTERS,
    EXTERNAL_CALLS, IN_FLIGHT, IN_FLIGHT_LIMIT, KAFKA_LAG, MEMORY, NATS_PENDING, OUTBOX_AGE,
    OUTBOX_EVENTS, RABBITMQ_READY, SHED, STORE_CONNECTIONS, STORE_CONNECTIONS_MOST, STORE_LAG, UP,
};
use crate::slo::{number, quoted};

/// Saturation, store, dependencies, and what waits.
pub fn rows(design: &Design, deployable: &Deployable) -> Vec<Row> {
    vec![
        Row { title: "Saturation", panels: saturation(design, deployable) },
        Row { title: "Store", panels: store(design, deployable) },
        Row { title: "Systems that are not ours", panels: externals(design, deployable) },
        Row { title: "What waits", panels: waiting(design, deployable) },
    ]
}

fn panel(title: &str, description: &str, unit: &'static str, queries: Vec<Query>) -> Panel {
    let (title, description) = (title.to_owned(), description.to_owned());
    Panel { title, description, unit, queries, limits: Vec::new() }
}

fn saturation(design: &Design, deployable: &Deployable) -> Vec<Panel> {
    let job = format!("{{job=\"{}\"}}", deployable.name);
    let facts = design.facts();
    let planned = facts.value(&numbers::LOAD_PROVISIONED);
    let most = facts.value(&numbers::LOAD_REACHED);
    let cpu = format!("sum(rate({}{job}[5m])) / sum({}{job})", CPU.name, CORES.name);
    let in_flight = format!("{}{job} / {}{job}", IN_FLIGHT.name, IN_FLIGHT_LIMIT.name);
    let size = design.sizing.service(&deployable.name);
    let replicas = size.map_or_else(String::new, |size| {
        format!(" Sized for {} at the stated peak and {} within reach.", size.replicas, size.most)
    });
    let memory = size.map(|size| size.replica_memory);
    vec![
        Panel {
            limits: vec![planned, most],
            ..panel(
                "Processors",
                &format!(
                    "Share of all cores that is busy. {} is what the sizes are planned for, above \
                     {} queues grow faster than the load.",
                    facts::percent(planned),
                    facts::percent(most)
                ),
                "percentunit",
                vec![Query::new(cpu, "busy")],
            )
        },
        Panel {
            limits: vec![most],
            ..panel(
                "Requests under way",
                "Share of what a replica takes at once. Beyond it requests are turned away.",
                "percentunit",
                vec![Query::new(in_flight, "{{instance}}")],
            )
        },
        panel(
            "Turned away",
            "Requests a second that got 503 because too many were under way.",
            "reqps",
            vec![Query::new(format!("sum(rate({}{job}[5m]))", SHED.name), "turned away")],
        ),
        Panel {
            limits: memory.into_iter().collect(),
            ..panel(
                "Memory",
                "Of each replica; the line is its limit.",
                "bytes",
                vec![Query::new(format!("{}{job}", MEMORY.name), "{{instance}}")],
            )
        },
        panel(
            "Connections",
            "Open connections of clients, streams among them.",
            "short",
            vec![Query::new(format!("{}{job}", CONNECTIONS.name), "{{instance}}")],
        ),
        panel(
            "Replicas",
            &format!("Replicas that answer Prometheus.{replicas}"),
            "short",
            vec![Query::new(format!("count({}{job} == 1)", UP.name), "up")],
        ),
    ]
}

fn store(design: &Design, deployable: &Deployable) -> Vec<Panel> {
    let here = |of: &&decide::sizing::Store| {
        let contexts = &deployable.contexts;
        of.kind == StoreKind::Postgresql && of.contexts.iter().any(|id| contexts.contains(id))
    };
    let Some(store) = design.sizing.stores.iter().find(here) else { return Vec::new() };
    let share = design.facts().value(&numbers::CONNECTIONS_USED);
    let connections = format!(
        "sum by (instance) ({}) / max by (instance) ({})",
        STORE_CONNECTIONS.name, STORE_CONNECTIONS_MOST.name
    );
    vec![
        Panel {
            limits: vec![share],
            ..panel(
                "Connections of PostgreSQL",
                &format!(
                    "Share of the server's maximum. {} is planned to open at most {} of them.",
                    store.name, store.connections
                ),
                "percentunit",
                vec![Query::new(connections, "{{instance}}")],
            )
        },
        panel(
            "Replicas behind",
            "How old the rows of a replica are: what would be lost with the primary.",
            "s",
            vec![Query::new(format!("max by (instance) ({})", STORE_LAG.name), "{{instance}}")],
        ),
    ]
}

fn externals(design: &Design, deployable: &Deployable) -> Vec<Panel> {
    let facts = design.facts();
    let mut called = BTreeSet::new();
    for crossing in crossings::of(facts, &decided::operation_names(facts)) {
        if let End::External(id, _) = crossing.to
            && deployable.contexts.contains(&crossing.from)
        {
            called.insert((design.model.external(id).name.value.clone(), id));
        }
    }
    let share = facts.value(&numbers::LIMIT_SHARE);
    let one = |(name, id): (String, _)| {
        let external = design.model.external(id);
        let limit = external.limit.as_ref().map(|limit| limit.value.peak * share);
        let query = format!(
            "sum by (operation, outcome) (rate({}{{external=\"{}\"}}[5m]))",
            EXTERNAL_CALLS.name,
            quoted(&name)
        );
        let allowed = limit.map_or_else(String::new, |limit| {
            format!(" The line is what is used of its limit: {} a second.", number(limit))
        });
        let description = format!(
            "Calls a second by how they end, of all deployables. `unreachable` is without a usable \
             answer.{allowed}"
        );
        Panel {
            limits: limit.into_iter().collect(),
            ..panel(
                &format!("Calls to {name}"),
                &description,
                "reqps",
                vec![Query::new(query, "{{operation}} {{outcome}}")],
            )
        }
    };
    called.into_iter().map(one).collect()
}

fn waiting(design: &Design, deployable: &Deployable) -> Vec<Panel> {
    let job = format!("{{job=\"{}\"}}", deployable.name);
    let lag = design.facts().value(&numbers::ALERT_LAG);
    let mut panels = Vec::new();
    if design.model.events.iter().any(|event| deployable.contexts.contains(&event.context)) {
        panels.push(Panel {
            limits: vec![lag],
            ..panel(
                "Oldest event in the outbox",
                "How far behind those are who follow events.",
                "s",
                vec![Query::new(format!("max({}{job})", OUTBOX_AGE.name), "age")],
            )
        });
        let events = Query::new(format!("max({}{job})", OUTBOX_EVENTS.name), "in the outbox");
        let dead =
            Query::new(format!("sum by (event) ({}{job})", DEAD_LETTERS.name), "aside: {{event}}");
        panels.push(panel(
            "Events that wait",
            "In the outbox, and set aside after failing again and again.",
            "short",
            vec![events, dead],
        ));
    }
    panels.push(panel(
        "Durable calls",
        "Calls that outlive their request: waiting, and tried again and again. Rows concerned answer \
         409 to other writes.",
        "short",
        vec![
            Query::new(format!("max({}{job})", CALLS_WAITING.name), "waiting"),
            Query::new(format!("max({}{job})", CALLS_FAILING.name), "failing"),
            Query::new(format!("max({}{job})", CALLS_LATE.name), "seconds late"),
        ],
    ));
    panels.extend(queue(design));
    panels
}

fn queue(design: &Design) -> Option<Panel> {
    let (metric, by) = match design.sizing.broker.as_ref()?.kind {
        BrokerKind::Nats => (NATS_PENDING, "consumer_name"),
        BrokerKind::Kafka => (KAFKA_LAG, "consumergroup"),
        BrokerKind::Rabbitmq => (RABBITMQ_READY, "queue"),
        BrokerKind::Sqs => return None,
    };
    let query = format!("sum by ({by}) ({})", metric.name);
    Some(panel(
        "Messages in the broker",
        "What waits for each consumer, of all deployables.",
        "short",
        vec![Query::new(query, format!("{{{{{by}}}}}"))],
    ))
}

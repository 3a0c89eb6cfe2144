use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, people, percent};
use crate::sizing::demand::StoreDemand;
use crate::sizing::{Level, stores};
use crate::{needs, numbers, recovery};

decision!(
    "replicas",
    "How many servers hold the rows of a store?",
    reads ["service", "store", "edge"],
    Named run
);

const SOURCE: &str = "PostgreSQL documentation, High Availability, Load Balancing, and Replication; \
    thresholds house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let durable = cx.demand().stores.iter().filter(|store| store.kind.keeps());
    durable.map(|store| (store.subject.clone(), answer(cx, store))).collect()
}

fn answer(cx: &Context<'_>, store: &StoreDemand) -> Answer {
    let model = cx.model;
    let service = cx.demand().services.get(store.service);
    let operations = service.map_or(&[][..], |service| &service.operations);
    let availability = needs::availability(model, operations);
    let wanted = availability.value.0;
    let recovery = recovery::of(model, store);
    let node = stores::node(model, store, Level::Peak);
    let from = model.value(&numbers::STANDBY_FROM);
    let late = recovery.time.value < recovery.restore;
    let stands_by = wanted >= from - 1e-9 || late;
    let choice = match (node.read_replicas, stands_by) {
        (1.., _) => "read-replicas",
        (0, true) => "standby",
        (0, false) => "none",
    };
    let restore = format!("a restore takes {}", recovery::told(recovery.restore));
    let busy = format!("{} busy cores at D1", people(store.cores.peak));
    let derived = Provenance::Derived { from: "rates x database time".to_owned() };
    let room = f64::from(node.cores) * model.value(&numbers::LOAD_PROVISIONED);
    let carried = format!("one server of {} cores carries {} of them", node.cores, people(room));
    let mut answer = Answer::new(choice, SOURCE)
        .driver(
            format!("availability {}", percent(wanted)),
            availability.provenance.clone(),
            if wanted >= from - 1e-9 {
                "too much to wait for people"
            } else {
                "people may restore it"
            },
        )
        .driver(
            format!("recovery time {}", recovery::told(recovery.time.value)),
            recovery.time.provenance.clone(),
            &restore,
        )
        .driver(busy, derived, &carried);
    if stands_by {
        answer = standby(answer, &recovery);
    }
    if node.read_replicas > 0 {
        answer = answer.parameter("servers to read from", node.read_replicas.to_string());
        answer = readers(cx, store, answer);
    }
    let given = recovery::told(recovery.time.value);
    let (asked, cores) = (percent(wanted), people(store.cores.peak));
    let simple = match (late, stands_by) {
        (true, _) => format!("{restore}, and {given} are given"),
        (_, true) => {
            format!("{asked} is asked for, from {} on a standby takes over", percent(from))
        }
        _ => format!("one server carries {} busy cores, and {cores} are there", people(room)),
    };
    let one = if node.read_replicas > 0 {
        format!("{cores} busy cores are more than one server carries ({})", people(room))
    } else {
        let from = percent(from);
        format!("{asked} is below {from}, and {restore}, within the recovery time of {given}")
    };
    let idle = format!("{carried}, and there are {}", people(store.cores.peak));
    answer.reject("none", simple).reject("standby", one).reject("read-replicas", idle)
}

/// How a standby follows.
fn standby(answer: Answer, recovery: &recovery::Recovery) -> Answer {
    let synchronous = recovery.point.value <= 0.0;
    let commit = if synchronous {
        "synchronous: any one of two standbys has each write before it is acknowledged"
    } else {
        "asynchronous: the standby is behind by less than a second in good times"
    };
    answer.parameter("standby", commit).driver(
        format!("recovery point {}", recovery::told(recovery.point.value)),
        recovery.point.provenance.clone(),
        if synchronous { "nothing acknowledged may be lost" } else { "commits need not wait" },
    )
}

/// The reads that bear a replica's lag.
fn readers(cx: &Context<'_>, store: &StoreDemand, mut answer: Answer) -> Answer {
    for context in &store.contexts {
        for (id, operation) in facts::operations_by_name(cx.model, *context) {
            if let Some(stale) = operation.workload.stale.as_ref().filter(|_| !operation.writes()) {
                let (fact, from) = facts::rate_fact(cx.model, id);
                let weight = format!("may be {} old: a replica may answer", stale.value);
                answer = answer.driver(fact, from, &weight);
            }
        }
    }
    answer
}

//! Alerts on the database and the broker, read off the exporters beside them.

use decide::{Design, facts, numbers, objectives::Told};

use super::rule::{AlertRule, number};
use crate::metrics::{
    KAFKA_LAG, NATS_PENDING, RABBITMQ_READY, STORE_CONNECTIONS, STORE_CONNECTIONS_MOST, STORE_LAG,
    STORE_UP,
};

/// Alerts on what is shared by all deployables.
pub fn rules(design: &Design) -> Vec<AlertRule> {
    let mut rules = Vec::new();
    let stores = design.verdicts.iter().filter(|verdict| verdict.family == "store");
    if stores.clone().any(|store| store.choice != "document") {
        rules.extend([down(), connections(design), lag(design)]);
    }
    rules.extend(broker(design));
    rules
}

fn rule(name: &'static str, told: Told, after: &'static str, when: String) -> AlertRule {
    AlertRule {
        name,
        when,
        after,
        told,
        labels: Vec::new(),
        summary: String::new(),
        meaning: String::new(),
        first_look: String::new(),
        decision: "store".to_owned(),
        runbook: "resilience.md",
    }
}

fn down() -> AlertRule {
    AlertRule {
        summary: "PostgreSQL at {{ $labels.instance }} does not answer".to_owned(),
        meaning: "Without its primary nothing is written and `/ready` turns 503; without its \
                  standby the next failure takes longer than planned."
            .to_owned(),
        first_look: "Whether the server runs, and whether a failover is under way.".to_owned(),
        ..rule("StoreDown", Told::Page, "1m", format!("{} == 0", STORE_UP.name))
    }
}

fn connections(design: &Design) -> AlertRule {
    let share = design.facts().value(&numbers::CONNECTIONS_USED);
    let when = format!(
        "sum by (instance) ({}) / max by (instance) ({}) > {}",
        STORE_CONNECTIONS.name,
        STORE_CONNECTIONS_MOST.name,
        number(share)
    );
    AlertRule {
        summary: "PostgreSQL at {{ $labels.instance }}: {{ $value | humanizePercentage }} of \
                  connections are taken"
            .to_owned(),
        meaning: format!(
            "Above {} the next replica that starts may find none left.",
            facts::percent(share)
        ),
        first_look:
            "Replicas times the size of their pools against the server's maximum; sessions \
                     idle in a transaction."
                .to_owned(),
        ..rule("StoreConnections", Told::Ticket, "10m", when)
    }
}

/// A replica's lag is data that a disaster would lose.
fn lag(design: &Design) -> AlertRule {
    let stated = design.model.system.needs.recovery_point.as_ref();
    let fallback = design.facts().value(&numbers::ALERT_LAG);
    let most = stated.map_or(fallback, |point| point.value.as_secs_f64().max(1.0));
    let from = if stated.is_some() { "the stated recovery point" } else { "assumed" };
    AlertRule {
        summary: "A replica of PostgreSQL is {{ $value | humanizeDuration }} behind".to_owned(),
        meaning: format!(
            "If the primary were lost now, what was written in that time would be too: more than \
             {} ({from}). Readers of the replica see data as old.",
            facts::seconds(most)
        ),
        first_look: "Long queries on the replica, the network between the two, a burst of writes."
            .to_owned(),
        decision: "recovery".to_owned(),
        ..rule(
            "StoreReplicaLags",
            Told::Page,
            "2m",
            format!("max by (instance) ({}) > {}", STORE_LAG.name, number(most)),
        )
    }
}

/// Messages that wait for their consumers.
fn broker(design: &Design) -> Option<AlertRule> {
    let broker = design.verdicts.iter().find(|verdict| verdict.family == "broker")?;
    let (waiting, by) = match broker.choice {
        "nats-jetstream" => (NATS_PENDING, "stream_name, consumer_name"),
        "kafka" => (KAFKA_LAG, "consumergroup, topic"),
        "rabbitmq" => (RABBITMQ_READY, "queue"),
        _ => return None,
    };
    // What a consumer may be behind: the events of the lag that is alerted on, at the peak.
    let facts = design.facts();
    let emitted = decide::crossings::emitted(facts);
    let peak: f64 = emitted.iter().map(|rate| rate.peak).sum();
    let seconds = facts.value(&numbers::ALERT_LAG);
    let most = (peak * seconds).ceil().max(1.0);
    let when = format!("sum by ({by}) ({}) > {}", waiting.name, number(most));
    Some(AlertRule {
        summary: "{{ $value | humanize }} messages wait for a consumer".to_owned(),
        meaning: format!(
            "{} events a second are emitted at the peak; more than {} waiting is {} of them. \
             Copies, flows and webhooks are that far behind.",
            facts::people(peak),
            facts::people(most),
            facts::seconds(seconds)
        ),
        first_look: "Whether the consumer runs, and what it says of the message it is at."
            .to_owned(),
        decision: "broker.system".to_owned(),
        ..rule("QueueGrows", Told::Ticket, "5m", when)
    })
}

//! Who may talk to whom: nobody, but for what is decided.

use decide::sizing::{BrokerKind, StoreKind};
use serde_json::{Value, json};

use super::{metadata, selector};
use crate::deploy::plan::{Deployed, PORT, Plan};

/// Nothing comes in and nothing goes out; names may be looked up.
pub fn common(plan: &Plan<'_>) -> Vec<Value> {
    let policy = |name: &str, spec: Value| {
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": { "name": name, "namespace": plan.system },
            "spec": spec,
        })
    };
    let names = json!({
        "to": [{
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } },
            "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } },
        }],
        "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
    });
    vec![
        policy("nothing", json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] })),
        policy("names", json!({ "podSelector": {}, "policyTypes": ["Egress"], "egress": [names] })),
    ]
}

/// What one deployable is asked by, and what it asks.
pub fn policy(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(plan, deployed, deployed.name()),
        "spec": {
            "podSelector": { "matchLabels": selector(deployed) },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress(plan, deployed),
            "egress": egress(plan, deployed),
        },
    })
}

fn ingress(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Vec<Value> {
    let http = json!([{ "protocol": "TCP", "port": "http" }]);
    let namespace = |name: &str| json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": name } } });
    let mut from = vec![namespace("monitoring")];
    if deployed.public {
        from.push(namespace("ingress-nginx"));
    }
    let callers = plan.services.iter().filter(|other| other.calls.contains(deployed.name()));
    from.extend(callers.map(|other| pods(other.name())));
    vec![json!({ "from": from, "ports": http })]
}

fn pods(name: &str) -> Value {
    json!({ "podSelector": { "matchLabels": { "app.kubernetes.io/name": name } } })
}

fn egress(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Vec<Value> {
    let port = |port: u16| json!([{ "protocol": "TCP", "port": port }]);
    let mut all: Vec<Value> = Vec::new();
    let called: Vec<Value> = deployed.calls.iter().map(|name| pods(name)).collect();
    if !called.is_empty() {
        all.push(json!({ "to": called, "ports": port(PORT) }));
    }
    // Where stores and broker are is not the design's to say: only their ports are.
    let mut ports: Vec<u16> = deployed.stores.iter().filter_map(|of| store(of.kind)).collect();
    ports.extend(plan.broker().and_then(broker));
    ports.sort_unstable();
    ports.dedup();
    all.extend(ports.into_iter().map(|number| json!({ "ports": port(number) })));
    if deployed.sends_out {
        let public = json!({
            "ipBlock": {
                "cidr": "0.0.0.0/0",
                "except": ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                    "172.16.0.0/12", "192.168.0.0/16"],
            },
        });
        all.push(json!({ "to": [public], "ports": port(443) }));
    }
    all
}

const fn store(kind: StoreKind) -> Option<u16> {
    match kind {
        StoreKind::Postgresql | StoreKind::TimeSeries => Some(5432),
        StoreKind::Redis => Some(6379),
        StoreKind::Document => Some(27017),
        StoreKind::SearchEngine => Some(9200),
    }
}

const fn broker(kind: BrokerKind) -> Option<u16> {
    match kind {
        BrokerKind::Nats => Some(4222),
        BrokerKind::Kafka => Some(9092),
        BrokerKind::Rabbitmq => Some(5672),
        BrokerKind::Sqs => Some(443),
    }
}

//! What depends on the broker that was decided: servers, addresses, and bindings. Without a broker
//! events stay in the process.

use decide::Design;
use serde_json::{Map, Value, json};

use super::text::broker_name;

/// The server of events.
pub const EVENTS: &str = "events";
/// The server of streams.
pub const STREAMS: &str = "streams";
/// The addresses of those who subscribed to webhooks.
pub const SUBSCRIBERS: &str = "subscribers";

/// The broker's option; `none` in process.
fn broker(design: &Design) -> &'static str {
    design.verdict("broker", "system").map_or("none", |verdict| verdict.choice)
}

/// The servers that channels refer to.
pub fn servers(design: &Design, channels: &Map<String, Value>) -> Value {
    let text = Value::Object(channels.clone()).to_string();
    let used = |name: &str| text.contains(&format!("#/servers/{name}\""));
    let mut servers = json!({});
    if used(EVENTS) {
        servers[EVENTS] = events(broker(design));
    }
    if used(STREAMS) {
        servers[STREAMS] = json!({
            "host": "{host}",
            "protocol": "http",
            "description": "The same address as everything over HTTP: server-sent events, and WebSocket where a channel says so.",
            "variables": { "host": { "default": "localhost:8080", "description": "Where the backend listens." } },
            "security": [{ "$ref": "#/components/securitySchemes/bearer" }],
        });
    }
    if used(SUBSCRIBERS) {
        servers[SUBSCRIBERS] = json!({
            "host": "{host}",
            "protocol": "https",
            "description": "The subscriber's own address. Private addresses are refused.",
            "variables": { "host": { "default": "subscriber.example", "description": "From the subscriber's row." } },
        });
    }
    servers
}

fn events(broker: &str) -> Value {
    let (protocol, host, port) = match broker {
        "nats-jetstream" => ("nats", "nats", ":4222"),
        "kafka" => ("kafka", "kafka", ":9092"),
        "rabbitmq" => ("amqp", "rabbitmq", ":5672"),
        "sqs" => ("sqs", "sqs.eu-west-1.amazonaws.com", ""),
        _ => {
            return json!({
                "host": "localhost",
                "protocol": "in-process",
                "description": "No broker: a relay hands the events of the outbox to consumers in the same process.",
            });
        }
    };
    json!({
        "host": format!("{{host}}{port}"),
        "protocol": protocol,
        "description": broker_name(broker),
        "variables": { "host": { "default": host, "description": "Set where the backend is deployed." } },
    })
}

/// The address under the rules of the broker: names of queues of SQS hold no dots, and end in
/// `.fifo` where order counts.
pub fn address(design: &Design, address: &str) -> String {
    match broker(design) {
        "sqs" => format!("{}.fifo", address.replace('.', "-")),
        _ => address.to_owned(),
    }
}

/// What the broker has to know of a channel.
pub fn channel(design: &Design, address: &str) -> Option<Value> {
    match broker(design) {
        "kafka" => Some(json!({ "kafka": { "topic": address, "bindingVersion": "0.5.0" } })),
        "rabbitmq" => Some(json!({ "amqp": {
            "is": "routingKey",
            "exchange": { "name": "events", "type": "topic", "durable": true },
            "bindingVersion": "0.3.0",
        } })),
        "sqs" => Some(json!({ "sqs": {
            "queue": {
                "name": self::address(design, address),
                "fifoQueue": true,
                "deduplicationScope": "messageGroup",
                "fifoThroughputLimit": "perMessageGroupId",
            },
            "bindingVersion": "0.2.0",
        } })),
        _ => None,
    }
}

/// What the broker has to know of a message.
pub fn message(design: &Design, keyed: bool) -> Option<Value> {
    match broker(design) {
        "kafka" if keyed => Some(json!({ "kafka": {
            "key": { "type": "string", "description": "The `partitionkey`." },
            "bindingVersion": "0.5.0",
        } })),
        _ => None,
    }
}

/// What the broker has to know of a consumer.
pub fn consumer(design: &Design, group: &str) -> Option<Value> {
    match broker(design) {
        "nats-jetstream" => {
            Some(json!({ "nats": { "queue": group.replace('.', "-"), "bindingVersion": "0.1.0" } }))
        }
        "kafka" => Some(json!({ "kafka": {
            "groupId": { "type": "string", "enum": [group] },
            "bindingVersion": "0.5.0",
        } })),
        "rabbitmq" => Some(json!({ "amqp": { "ack": true, "bindingVersion": "0.3.0" } })),
        _ => None,
    }
}

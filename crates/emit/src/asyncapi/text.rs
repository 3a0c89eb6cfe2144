//! What the document says in prose.

use base::{Quantity, SourceMap};
use decide::Design;
use model::model::Event;

/// What holds for every message.
pub fn introduction(design: &Design) -> String {
    let summary = design.model.system.summary.trim();
    let broker = match design.verdict("broker", "system").map_or("none", |of| of.choice) {
        "none" => {
            "Events stay in the process: a relay reads the outbox and hands them on.".to_owned()
        }
        broker => format!("A relay publishes the outbox to {}.", broker_name(broker)),
    };
    format!(
        "{summary}\n\n\
         An event is written to the outbox in the transaction that made it happen: it is there if \
         and only if the change is. {broker} Delivery is at least once: consumers drop an `id` that \
         they have seen, in the transaction of their own change. Order is kept among events with \
         one ordering key, and promised nowhere else. What cannot be processed moves to the dead \
         letters of its consumer with the reason; later events of the same key wait behind it, \
         other keys go on.\n\n\
         Payloads only grow: properties are added, never removed or retyped, and readers ignore \
         those that they do not know."
    )
}

/// The product that a broker's option stands for.
pub fn broker_name(choice: &str) -> &'static str {
    match choice {
        "nats-jetstream" => "NATS JetStream",
        "kafka" => "Apache Kafka",
        "rabbitmq" => "RabbitMQ",
        "sqs" => "Amazon SQS",
        _ => "the process itself",
    }
}

/// The ordering key of an event as the model writes it.
pub fn key(event: &Event, sources: &SourceMap) -> Option<String> {
    let key = event.key.as_ref()?;
    let text = sources.text(key.span).split_whitespace().collect::<Vec<_>>().join(" ");
    Some(text).filter(|text| !text.is_empty())
}

/// For how long an event is kept.
pub fn retention(event: &Event) -> String {
    match &event.retain {
        Some(Quantity { value, .. }) => format!("{value} after it happened"),
        None if event.durable => "without end (`durable`)".to_owned(),
        None => "until every consumer has it".to_owned(),
    }
}

//! Who sends and who receives: one operation for each pair of a participant and a channel.

use decide::Design;
use model::model::EventId;
use serde_json::{Value, json};

use super::channels::{self, by_address};
use super::participants::{self, Consumer};
use super::{Parts, bindings};
use crate::{Input, webhooks};

/// Operations on events and webhooks.
pub fn add(input: &Input<'_>, parts: &mut Parts) {
    let design = input.design;
    for (address, event) in by_address(design) {
        let name = &design.model.event(event).name.value;
        for (sender, _) in participants::senders(design, event) {
            let id = format!("{sender}.sends.{name}");
            let text = format!("`{sender}` sends it in the transaction of its change.");
            parts.operations.insert(id, operation("send", &address, name, &text));
        }
        for consumer in participants::consumers(design, event) {
            let id = format!("{}.receives.{name}", consumer.group());
            let receiving = receive(design, &consumer, &address, event);
            parts.operations.insert(id, receiving);
        }
    }
    for webhook in &design.model.webhooks {
        let channel = channels::webhook_channel(webhook);
        for (address, _) in webhooks::events(design, webhook) {
            let text = "Sent to each subscriber that it is for, in the order of its key.";
            let id = format!("{channel}.sends.{address}");
            parts.operations.insert(id, operation("send", &channel, &address, text));
        }
    }
    if parts.channels.contains_key(channels::DEAD_LETTERS) {
        let text = "Set aside after the last attempt, with the reason.";
        let sending = operation("send", channels::DEAD_LETTERS, "DeadLetter", text);
        parts.operations.insert("consumer.sends.DeadLetter".to_owned(), sending);
    }
}

fn receive(design: &Design, consumer: &Consumer, address: &str, event: EventId) -> Value {
    let name = &design.model.event(event).name.value;
    let mut value = operation("receive", address, name, &consumer.does);
    if let Some(bindings) = bindings::consumer(design, &consumer.group()) {
        value["bindings"] = bindings;
    }
    value["x-consumer-group"] = consumer.group().into();
    value
}

/// An operation on one message of a channel.
pub fn operation(action: &str, channel: &str, message: &str, text: &str) -> Value {
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{channel}") },
        "description": text,
        "messages": [{ "$ref": format!("#/channels/{channel}/messages/{message}") }],
    })
}

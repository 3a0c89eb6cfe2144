//! Channels of events, of webhooks and of dead letters, with their messages.

use decide::naming::{snake, upper_camel};
use decide::{Design, subjects::Names};
use expression::Type;
use model::model::{EventId, Webhook};
use serde_json::{Value, json};

use super::{Parts, bindings, participants, text};
use crate::json_schema::{Way, schema};
use crate::{Input, webhooks};

/// `context.Event`: the name in the outbox, the address, and the key of the channel.
pub fn address(design: &Design, event: EventId) -> String {
    webhooks::event_name(design, event)
}

/// Events with their ids, by address.
pub fn by_address(design: &Design) -> Vec<(String, EventId)> {
    let count = u32::try_from(design.model.events.len()).unwrap_or(u32::MAX);
    let mut all: Vec<(String, EventId)> =
        (0..count).map(EventId).map(|id| (address(design, id), id)).collect();
    all.sort();
    all
}

/// A channel and a message for each event.
pub fn events(input: &Input<'_>, parts: &mut Parts) {
    let design = input.design;
    for (address, id) in by_address(design) {
        let event = design.model.event(id);
        let message = event_message(input, id, &address, parts);
        let message = parts.message(&address, message);
        let context = &design.model.context(event.context).name.value;
        let mut channel = json!({
            "address": bindings::address(design, &address),
            "title": event.name.value,
            "description": channel_description(input, id, &address),
            "servers": [{ "$ref": format!("#/servers/{}", bindings::EVENTS) }],
            "messages": { event.name.value.as_str(): message },
            "tags": [{ "name": context }],
            "x-delivery": delivery(input, id),
        });
        if let Some(bindings) = bindings::channel(design, &address) {
            channel["bindings"] = bindings;
        }
        parts.channels.insert(address, channel);
    }
}

fn channel_description(input: &Input<'_>, event: EventId, address: &str) -> String {
    let senders = participants::senders(input.design, event);
    let consumers = participants::consumers(input.design, event);
    let list = |names: Vec<String>| match names.as_slice() {
        [] => "nobody in this model".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    format!(
        "`{address}` in the outbox. Sent by {}. Received by {}.",
        list(senders.into_iter().map(|(name, _)| name).collect()),
        list(consumers.iter().map(participants::Consumer::group).collect()),
    )
}

/// What a consumer may rely on, for programs.
fn delivery(input: &Input<'_>, id: EventId) -> Value {
    let event = input.design.model.event(id);
    let key = text::key(event, input.sources);
    let mut value = json!({
        "guarantee": "at-least-once",
        "dedupe-by": "headers.id",
        "ordering": if key.is_some() { "per-key" } else { "none" },
        "retention": text::retention(event),
        "dead-letter": DEAD_LETTERS,
    });
    if let Some(key) = key {
        value["ordering-key"] = key.into();
    }
    let names = Names::of(&input.design.model);
    let verdict = input.design.verdict("delivery", names.event(id));
    if let Some(verdict) = verdict {
        let details =
            verdict.parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        value["decided"] = json!({
            "id": verdict.id(), "choice": verdict.choice,
            "parameters": Value::Object(details.collect()),
        });
    }
    value
}

fn event_message(input: &Input<'_>, id: EventId, address: &str, parts: &mut Parts) -> Value {
    let design = input.design;
    let event = design.model.event(id);
    let context = &design.model.context(event.context).name.value;
    let payload = schema(&design.model.schema, &Type::Record(event.payload), Way::Out);
    let payload = parts.components.refer(
        &format!("{}Payload", event.name),
        &format!("{}{}Payload", upper_camel(context), event.name),
        payload,
    );
    let words = snake(&event.name).replace('_', " ");
    let key = text::key(event, input.sources);
    let mut message = json!({
        "name": address,
        "title": event.name.value,
        "summary": format!("It happened in {context}: {words}."),
        "contentType": "application/json",
        "headers": headers(design, address, key.as_deref()),
        "correlationId": {
            "description": "The `X-Correlation-ID` of the request that made it happen.",
            "location": "$message.header#/correlationid",
        },
        "payload": payload,
        "tags": [{ "name": context }],
        "x-about": event.name.value,
    });
    if let Some(bindings) = bindings::message(design, key.is_some()) {
        message["bindings"] = bindings;
    }
    message
}

/// The attributes of `CloudEvents` 1.0. The first ones stand in the outbox; those of tracing are
/// there where the request brought them.
fn headers(design: &Design, address: &str, key: Option<&str>) -> Value {
    let context = address.split('.').next().unwrap_or_default();
    let source = format!("/{context}");
    let mut properties = json!({
        "specversion": { "type": "string", "const": "1.0", "examples": ["1.0"], "description": "Of CloudEvents." },
        "id": {
            "type": "string", "format": "uuid",
            "description": "UUID version 7, made with the event. The same at every delivery: consumers drop what they have seen.",
        },
        "type": { "type": "string", "const": address, "examples": [address], "description": "The event." },
        "source": { "type": "string", "format": "uri-reference", "examples": [source], "description": "The context that sent it." },
        "time": { "type": "string", "format": "date-time", "description": "When the transaction began that made it happen." },
        "datacontenttype": { "type": "string", "const": "application/json", "examples": ["application/json"] },
    });
    let mut required = json!(["specversion", "id", "type", "source", "time"]);
    if let (Some(key), Some(list)) = (key, required.as_array_mut()) {
        properties["partitionkey"] = json!({
            "type": "string",
            "description": format!("The ordering key, `{key}`: events with the same one arrive in order."),
            "examples": [crate::examples::uuid(key.rsplit('.').next().unwrap_or(key))],
        });
        list.push("partitionkey".into());
    }
    if design.model.system.tenancy.is_some() {
        properties["tenantid"] = json!({
            "type": "string", "format": "uuid",
            "description": "The tenant that it happened in; absent for what belongs to none.",
        });
    }
    properties["traceparent"] = json!({
        "type": "string", "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "description": "W3C Trace Context of the request.",
        "examples": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    });
    properties["correlationid"] = json!({
        "type": "string", "maxLength": 128,
        "description": "The `X-Correlation-ID` of the request.", "examples": ["order-4711"],
    });
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The channel of what could not be processed.
pub const DEAD_LETTERS: &str = "dead-letters";

/// One channel for each consumer, told apart by its name.
pub fn dead_letters(design: &Design, parts: &mut Parts) {
    let mut groups: Vec<String> = by_address(design)
        .into_iter()
        .flat_map(|(_, id)| participants::consumers(design, id))
        .map(|consumer| consumer.group())
        .collect();
    groups.sort();
    groups.dedup();
    if groups.is_empty() {
        return;
    }
    let message = parts.message(DEAD_LETTERS, dead_letter(&groups));
    let address = bindings::address(design, &format!("{DEAD_LETTERS}.{{consumer}}"));
    let mut channel = json!({
        "address": address,
        "title": "Dead letters",
        "description": "What a consumer could not process after its last attempt, with the reason. An operator repairs the cause and replays it; until then events of the same key wait.",
        "servers": [{ "$ref": format!("#/servers/{}", bindings::EVENTS) }],
        "messages": { "DeadLetter": message },
    });
    if address.contains("{consumer}") {
        channel["parameters"] = json!({ "consumer": {
            "description": "The consumer that gave up.", "enum": groups,
        } });
    }
    parts.channels.insert(DEAD_LETTERS.to_owned(), channel);
}

fn dead_letter(groups: &[String]) -> Value {
    json!({
        "name": DEAD_LETTERS,
        "title": "Dead letter",
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                "id": { "type": "string", "format": "uuid", "description": "That of the event." },
                "type": { "type": "string", "description": "That of the event.", "examples": ["context.Event"] },
                "consumer": { "type": "string", "enum": groups },
                "attempts": { "type": "integer", "minimum": 1 },
                "failedat": { "type": "string", "format": "date-time" },
                "reason": { "type": "string", "description": "The code of the last failure.", "examples": ["timed-out"] },
            },
            "required": ["id", "type", "consumer", "attempts", "failedat", "reason"],
        },
        "payload": { "type": "object", "description": "The payload of the event, as it was sent.", "examples": [{}] },
        "x-about": "dead letter",
    })
}

/// A channel for each webhook: its address is the subscriber's own.
pub fn webhooks(input: &Input<'_>, parts: &mut Parts) {
    for webhook in &input.design.model.webhooks {
        let name = webhook_channel(webhook);
        let mut messages = serde_json::Map::new();
        for (event, id) in webhooks::events(input.design, webhook) {
            let message = webhook_message(input.design, id, &event, parts);
            let message = parts.message(&format!("{name}.{event}"), message);
            messages.insert(event, message);
        }
        let channel = json!({
            "address": null,
            "title": webhook.name.value,
            "description": webhooks::description(input.design, webhook),
            "servers": [{ "$ref": format!("#/servers/{}", bindings::SUBSCRIBERS) }],
            "messages": messages,
            "bindings": { "http": {} },
        });
        parts.channels.insert(name, channel);
    }
}

fn webhook_message(design: &Design, event: EventId, name: &str, parts: &mut Parts) -> Value {
    let headers = webhooks::headers();
    let required: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        headers.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "name": name,
        "title": design.model.event(event).name.value,
        "contentType": "application/json",
        "headers": { "type": "object", "properties": properties, "required": required },
        "payload": webhooks::body(design, event, &mut parts.components),
        "x-about": name,
    })
}

/// The key of its channel: with a hyphen, which no name of a model has.
pub fn webhook_channel(webhook: &Webhook) -> String {
    format!("webhook-{}", webhook.name)
}

//! The message that a webhook sends, in the form of the Standard Webhooks specification 1.0: what
//! OpenAPI and AsyncAPI say about it.

use decide::{Design, naming::upper_camel};
use expression::Type;
use model::model::{EventId, Webhook};
use serde_json::{Value, json};

use crate::components::Components;
use crate::json_schema::{Object, Way, schema};

/// What the runtime says about webhooks.
pub const NOT_SENT: &str = "Webhooks are not sent yet. This is what will be sent.";

/// `context.Event`.
pub fn event_name(design: &Design, event: EventId) -> String {
    let of = design.model.event(event);
    format!("{}.{}", design.model.context(of.context).name, of.name)
}

/// The events of a webhook by name, each once.
pub fn events(design: &Design, webhook: &Webhook) -> Vec<(String, EventId)> {
    let sent = webhook.events.iter().map(|sent| (event_name(design, sent.event), sent.event));
    let mut all: Vec<(String, EventId)> = sent.collect();
    all.sort();
    all.dedup();
    all
}

/// The header fields: name, schema, documentation. All are required.
pub fn headers() -> [(&'static str, Value); 3] {
    [
        (
            "webhook-id",
            json!({
                "type": "string",
                "description": "The id of the event, the same at every attempt: subscribers drop what they have seen.",
                "examples": [crate::examples::uuid("event")],
            }),
        ),
        (
            "webhook-timestamp",
            json!({
                "type": "string", "pattern": "^[0-9]{1,12}$",
                "description": "When this attempt was made, in seconds since 1970. Subscribers refuse what is older than five minutes.",
                "examples": ["1773480413"],
            }),
        ),
        (
            "webhook-signature",
            json!({
                "type": "string",
                "description": "`v1,` and the base64 of HMAC-SHA-256, with the subscriber's secret, over id, timestamp and body, joined by points. Several, separated by blanks, while a secret is replaced.",
                "examples": ["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="],
            }),
        ),
    ]
}

/// The schema of the body.
pub fn body(design: &Design, event: EventId, components: &mut Components) -> Value {
    let of = design.model.event(event);
    let name = event_name(design, event);
    let context = upper_camel(&design.model.context(of.context).name);
    let data = schema(&design.model.schema, &Type::Record(of.payload), Way::Out);
    let data = components.refer(
        &format!("{}Payload", of.name),
        &format!("{context}{}Payload", of.name),
        data,
    );
    let mut object = Object::default();
    let constant = json!({ "type": "string", "const": name, "examples": [name] });
    object.add("type", constant, true);
    let time =
        json!({ "type": "string", "format": "date-time", "description": "When it happened." });
    object.add("timestamp", time, true);
    object.add("data", data, true);
    let wanted = format!("{}Webhook", of.name);
    components.refer(&wanted, &format!("{context}{wanted}"), object.finish(Way::Out))
}

/// What a subscriber must know, in sentences.
pub fn description(design: &Design, webhook: &Webhook) -> String {
    let entity = design.model.entity(webhook.subscriber);
    let field = entity.fields.get(usize::from(webhook.address.0));
    let doc = webhook.doc.as_deref().map(str::trim).filter(|doc| !doc.is_empty());
    let mut lines: Vec<String> = doc.map(str::to_owned).into_iter().collect();
    lines.push(format!(
        "POST to the `{}` of each `{}` that it is for, signed. Any 2xx within 15 s is success; redirects are not followed, and private addresses refused.",
        field.map_or("address", |field| &field.name.value), entity.name,
    ));
    lines.push(match &webhook.retry {
        Some(retry) => format!("Tried for {}, each time after a longer wait.", retry.value),
        None => "Tried again after longer and longer waits.".to_owned(),
    });
    if let Some(after) = &webhook.disable_after {
        lines.push(format!("A subscriber that fails for {} is disabled.", after.value));
    }
    lines.push("The order of one key is kept.".to_owned());
    format!("{}\n\n{NOT_SENT}", lines.join(" "))
}

//! AsyncAPI 3.0: every event, stream and webhook of the system in one document, with who sends and
//! who receives it. Events are named as the outbox names them, and wrapped in the attributes of
//! CloudEvents 1.0.

mod bindings;
mod channels;
mod operations;
mod participants;
mod streams;
mod text;

use serde_json::{Map, Value, json};

use crate::{Artifact, Emitter, Input, components::Components, examples::Maker, json_schema, yaml};

/// `asyncapi.yaml`.
pub static EMITTER: Emitter = Emitter { id: "asyncapi", run: artifacts };

fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let document = document(input);
    let contents = document.map(|document| yaml::document(&document));
    let artifact = |contents| Artifact { path: "asyncapi.yaml".to_owned(), contents };
    contents.map(artifact).into_iter().collect()
}

/// The document; nothing where the model has neither events nor streams.
#[must_use]
pub fn document(input: &Input<'_>) -> Option<Value> {
    let design = input.design;
    let mut parts = Parts::default();
    channels::events(input, &mut parts);
    channels::webhooks(input, &mut parts);
    if !design.model.events.is_empty() {
        channels::dead_letters(design, &mut parts);
    }
    streams::add(design, &mut parts);
    operations::add(input, &mut parts);
    if parts.channels.is_empty() {
        return None;
    }
    let messages = Value::Object(parts.messages);
    parts.components.add_used(json_schema::shared(&design.model.schema), &messages);
    let schemas = parts.components.finish();
    let mut components = json!({
        "schemas": schemas,
        "messages": messages,
        "securitySchemes": { "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A signed token that names the caller.",
        } },
    });
    show(input, &mut components);
    parts.channels.sort_keys();
    parts.operations.sort_keys();
    Some(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": format!("{}: events", design.model.system.name),
            "version": "1",
            "description": text::introduction(design),
        },
        "defaultContentType": "application/json",
        "servers": bindings::servers(design, &parts.channels),
        "channels": parts.channels,
        "operations": parts.operations,
        "components": components,
    }))
}

/// A document under construction.
#[derive(Debug, Default)]
struct Parts {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
    components: Components,
}

impl Parts {
    /// Adds a message and returns a reference to it.
    fn message(&mut self, name: &str, message: Value) -> Value {
        self.messages.insert(name.to_owned(), message);
        json!({ "$ref": format!("#/components/messages/{name}") })
    }
}

/// Gives each message an example that its schemas admit.
fn show(input: &Input<'_>, components: &mut Value) {
    let schemas = components.get("schemas").cloned().unwrap_or_default();
    let messages = components.get_mut("messages").and_then(Value::as_object_mut);
    for (name, message) in messages.into_iter().flatten() {
        let about = message.get("x-about").and_then(Value::as_str).unwrap_or(name).to_owned();
        let maker = Maker::new(input.design, &schemas, &about);
        let value = |part: &str| message.get(part).and_then(|schema| maker.value(schema));
        let mut example = json!({ "name": "usual" });
        for part in ["headers", "payload"] {
            if let Some(value) = value(part) {
                example[part] = value;
            }
        }
        if let Some(message) = message.as_object_mut() {
            message.shift_remove("x-about");
            message.insert("examples".to_owned(), json!([example]));
        }
    }
}

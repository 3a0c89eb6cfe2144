//! `openapi/callbacks/EXTERNAL.yaml`: what an external system sends us, for those who set it up
//! there.

use decide::{Design, naming::kebab};
use expression::Type;
use model::model::{Callback, External, Verification};
use serde_json::{Map, Value, json};

use crate::components::Components;
use crate::json_schema::{self, Way, schema};
use crate::{Artifact, yaml};

/// A document for each external that has callbacks.
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let externals = design.model.externals.iter().filter(|of| !of.callbacks.is_empty());
    let artifact = |external: &External| Artifact {
        path: format!("openapi/callbacks/{}.yaml", kebab(&external.name)),
        contents: yaml::document(&document(design, external)),
    };
    externals.map(artifact).collect()
}

fn document(design: &Design, external: &External) -> Value {
    let mut components = Components::default();
    let mut paths = Map::new();
    for callback in &external.callbacks {
        let path = format!("/callbacks/{}/{}", kebab(&external.name), kebab(&callback.name));
        let post = operation(design, external, callback, &mut components);
        paths.insert(path, json!({ "post": post }));
    }
    paths.sort_keys();
    let paths = Value::Object(paths);
    let mut shared = json_schema::shared(&design.model.schema);
    shared.push(("Problem", super::problems::schema()));
    components.add_used(shared, &paths);
    let mut schemes = Map::new();
    for callback in &external.callbacks {
        let (name, scheme) = scheme(callback.verify);
        schemes.insert(name.to_owned(), scheme);
    }
    schemes.sort_keys();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("{}: callbacks of {}", design.model.system.name, external.name),
            "description": "What the external system sends. Callbacks are not served yet: this is what will be served.",
            "version": "1",
        },
        "servers": [{ "url": "/" }],
        "tags": [{ "name": external.name.value, "description": "Everything that it sends." }],
        "paths": paths,
        "components": { "schemas": components.finish(), "securitySchemes": schemes },
    });
    super::examples::add(design, &mut document);
    document
}

fn scheme(verify: Verification) -> (&'static str, Value) {
    match verify {
        Verification::Hmac => (
            "signature",
            json!({
                "type": "apiKey", "in": "header", "name": "X-Signature",
                "description": "HMAC-SHA-256 of the body with the secret that both sides share, in hexadecimal.",
            }),
        ),
        Verification::Mtls => (
            "certificate",
            json!({
                "type": "mutualTLS", "description": "The certificate that was agreed on.",
            }),
        ),
        Verification::Jwt => (
            "token",
            json!({
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "A token that the external system has signed.",
            }),
        ),
    }
}

fn operation(
    design: &Design,
    external: &External,
    callback: &Callback,
    components: &mut Components,
) -> Value {
    let record = Type::Record(callback.input);
    let body = schema(&design.model.schema, &record, Way::Out);
    let name = decide::naming::upper_camel(&callback.name);
    let body = components.refer(&format!("{name}Message"), &format!("{name}CallbackMessage"), body);
    let mut lines: Vec<String> =
        callback.doc.as_deref().map(str::trim).map(str::to_owned).into_iter().collect();
    if let Some(operation) = callback.call.operation() {
        lines.push(format!("Leads to `{}`.", design.model.qualified_operation(operation)));
    }
    lines.push(match callback.id {
        Some(_) => {
            "A message that came before is answered alike, and does nothing more.".to_owned()
        }
        None => "A message that comes twice is done twice.".to_owned(),
    });
    if let Some(window) = &callback.window {
        lines.push(format!("Messages older than {} are refused.", window.value));
    }
    let problem = |words: &str, example: &str| {
        json!({
            "description": words,
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": super::problems::problem(example),
            } },
        })
    };
    json!({
        "operationId": callback.name.value,
        "summary": format!("{} says: {}", external.name, callback.name),
        "description": lines.join(" "),
        "tags": [external.name.value],
        "security": [{ scheme(callback.verify).0: [] }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
        "responses": {
            "204": { "description": "Taken: it is stored, and will be acted on." },
            "400": problem("The message cannot be read: `malformed-json`, `validation-failed`.", "400-malformed-json"),
            "401": problem("It was not sent by the external system, or is too old: `invalid-signature`.", "401-invalid-signature"),
            "413": problem("The message is too large: `payload-too-large`.", "413-payload-too-large"),
            "429": problem("Too many messages: `rate-limited`.", "429-rate-limited"),
            "503": problem("Not available at the moment: `overloaded`, `unavailable`. Send it again.", "503-unavailable"),
        },
    })
}

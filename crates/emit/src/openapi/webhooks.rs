//! `webhooks`: what subscribers get.

use decide::Design;
use model::model::ContextId;
use serde_json::{Map, Value, json};

use crate::components::Components;
use crate::webhooks;

/// The webhooks whose subscribers are rows of a context, one for each event.
pub fn all(design: &Design, context: ContextId, components: &mut Components) -> Map<String, Value> {
    let mut all = Map::new();
    for webhook in &design.model.webhooks {
        if design.model.entity(webhook.subscriber).context != context {
            continue;
        }
        for (event, id) in webhooks::events(design, webhook) {
            let schema = webhooks::body(design, id, components);
            let parameter = |(name, mut schema): (&str, Value)| {
                let doc = schema.as_object_mut().and_then(|of| of.shift_remove("description"));
                json!({
                    "name": name, "in": "header", "required": true,
                    "description": doc, "schema": schema,
                })
            };
            let parameters: Vec<Value> = webhooks::headers().into_iter().map(parameter).collect();
            let name = format!("{}.{event}", webhook.name);
            let post = json!({
                "operationId": name,
                "summary": format!("{event} is sent to subscribers"),
                "description": webhooks::description(design, webhook),
                "tags": [design.model.entity(webhook.subscriber).name.value],
                "security": [],
                "parameters": parameters,
                "requestBody": {
                    "required": true,
                    "content": { "application/json": { "schema": schema } },
                },
                "responses": {
                    "2XX": { "description": "The subscriber has it." },
                    "4XX": { "description": "Refused; tried again." },
                    "5XX": { "description": "Not now; tried again." },
                },
            });
            all.insert(name, json!({ "post": post }));
        }
    }
    all.sort_keys();
    all
}

//! Streams that clients follow: server-sent events, or WebSocket where that was decided for one of
//! the actors.

use decide::{
    Design,
    design::{Route, Segment},
    naming::upper_camel,
};
use model::model::{Operation, OperationKind};
use serde_json::{Value, json};

use super::operations::operation;
use super::{Parts, bindings};
use crate::openapi;

/// A channel for each public stream, by name.
pub fn add(design: &Design, parts: &mut Parts) {
    let streams = design
        .routes
        .iter()
        .flatten()
        .filter(|route| design.model.operation(route.operation).kind == OperationKind::Stream);
    let mut streams: Vec<&Route> = streams.collect();
    streams.sort_by_cached_key(|route| design.model.qualified_operation(route.operation));
    for route in streams {
        stream(design, route, design.model.operation(route.operation), parts);
    }
}

fn stream(design: &Design, route: &Route, of: &Operation, parts: &mut Parts) {
    let name = design.model.qualified_operation(route.operation);
    let row = openapi::row(design, of, &mut parts.components);
    let id = json!({ "type": "string", "description": "Where to go on after a break: sent back as `Last-Event-ID`.", "examples": ["1042"] });
    let headers = json!({ "type": "object", "properties": { "id": id, "event": { "type": "string", "examples": ["row"] } }, "required": ["id"] });
    let about = of.entity().map(|entity| design.model.entity(entity).name.value.clone());
    let changed = json!({
        "name": "row", "title": "Row", "contentType": "application/json", "headers": headers, "payload": row,
        "summary": "A row as it is now: first those that there are, then each as it changes.",
        "x-about": about.clone().unwrap_or_default(),
    });
    let mut gone_headers = headers;
    gone_headers["properties"]["event"]["examples"] = json!(["gone"]);
    let gone = json!({
        "name": "gone", "title": "Gone", "contentType": "application/json", "headers": gone_headers,
        "payload": {
            "type": "object",
            "properties": { "id": { "type": "string", "format": "uuid" } },
            "required": ["id"],
        },
        "summary": "A row that no longer exists, or that the caller may no longer see.",
        "x-about": about.unwrap_or_default(),
    });
    let stem = upper_camel(&name.replace('.', "-"));
    let changed = parts.message(&format!("{stem}Row"), changed);
    let gone = parts.message(&format!("{stem}Gone"), gone);
    let two_way = !of.accepts.is_empty() || over_websocket(design, route, of);
    let mut channel = json!({
        "address": route.path(),
        "title": of.name.value,
        "description": description(design, route, of),
        "servers": [{ "$ref": format!("#/servers/{}", bindings::STREAMS) }],
        "messages": { "row": changed, "gone": gone },
        "bindings": if two_way {
            json!({ "ws": { "method": "GET", "bindingVersion": "0.1.0" } })
        } else {
            json!({ "http": {} })
        },
    });
    let parameters = route.segments.iter().filter_map(|segment| match segment {
        Segment::Parameter(name) => Some((name.clone(), json!({ "description": "Of the row." }))),
        Segment::Literal(_) => None,
    });
    let parameters: serde_json::Map<String, Value> = parameters.collect();
    if !parameters.is_empty() {
        channel["parameters"] = Value::Object(parameters);
    }
    parts.channels.insert(name.clone(), channel);
    let mut sends = operation("send", &name, "row", "To each caller, what the caller may see.");
    if let Some(messages) = sends["messages"].as_array_mut() {
        messages.push(json!({ "$ref": format!("#/channels/{name}/messages/gone") }));
    }
    parts.operations.insert(format!("{name}.sends"), sends);
}

/// Whether some actor of a stream talks to its context over WebSocket.
fn over_websocket(design: &Design, route: &Route, of: &Operation) -> bool {
    let context = &design.model.context(of.context).name;
    route.actors.iter().any(|actor| {
        let subject = format!("{}->{context}", design.model.actor(*actor).name);
        design.verdict("paradigm", &subject).is_some_and(|of| of.choice == "websocket")
    })
}

fn description(design: &Design, route: &Route, of: &Operation) -> String {
    let mut actors: Vec<String> =
        route.actors.iter().map(|id| format!("`{}`", design.model.actor(*id).name)).collect();
    actors.sort();
    let mut lines: Vec<String> =
        of.doc.as_deref().map(str::trim).map(str::to_owned).into_iter().collect();
    lines.push(format!(
        "Admits {}. Committed changes, in order for each row; permission is checked at each. \
         A reconnect with the last id loses and repeats nothing. A reader that is too slow is \
         told so and disconnected.",
        actors.join(", "),
    ));
    if !of.accepts.is_empty() {
        let mut accepted: Vec<String> = of.accepts.iter().map(|name| format!("`{name}`")).collect();
        accepted.sort();
        lines.push(format!(
            "The caller may send requests of {} on the same connection.",
            accepted.join(", ")
        ));
    }
    if let Some(why) = route.not_served {
        lines.push(format!("{why} This is what will be served."));
    }
    lines.join("\n\n")
}

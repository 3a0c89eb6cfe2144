//! The contracts agree with the routes, and with themselves.

use std::collections::BTreeSet;

use decide::{
    Design,
    design::{Route, Segment},
};
use model::model::ContextId;
use serde_json::Value;

use crate::examples::example;

fn documents(design: &Design) -> Vec<Value> {
    let contexts = 0..u16::try_from(design.model.contexts.len()).unwrap();
    contexts.filter_map(|at| emit::openapi::document(design, ContextId(at))).collect()
}

fn visit(value: &Value, see: &mut impl FnMut(&Value)) {
    see(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        Value::Object(map) => map.values().for_each(|value| visit(value, see)),
        _ => {}
    }
}

fn for_each_example(check: impl Fn(&Design, &[Value])) {
    for name in ["shop", "rides"] {
        let design = example(name).design.unwrap();
        check(&design, &documents(&design));
    }
}

/// What the runtime serves; the rest is no part of a contract yet.
fn served(design: &Design) -> impl Iterator<Item = &Route> {
    design.routes.iter().flatten().filter(|route| route.not_served.is_none())
}

#[test]
fn every_public_route_is_described_once_and_no_other() {
    for_each_example(|design, documents| {
        let mut described = BTreeSet::new();
        for document in documents {
            for (path, methods) in document["paths"].as_object().unwrap() {
                for (method, operation) in methods.as_object().unwrap() {
                    let id = operation["operationId"].as_str().unwrap();
                    assert!(described.insert((path.clone(), method.to_uppercase())), "{id}");
                }
            }
        }
        let served = served(design).map(|route| (route.path(), route.method.name().to_owned()));
        assert_eq!(described, served.collect());
    });
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    for_each_example(|_, documents| {
        for document in documents {
            let mut used = BTreeSet::new();
            visit(document, &mut |value| {
                if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                    let pointer = target.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{target}");
                    used.insert(pointer.to_owned());
                }
            });
            let known = ["schemas", "examples"].iter().flat_map(|kind| {
                let names = document["components"][*kind].as_object().unwrap().keys();
                names.map(move |name| format!("/components/{kind}/{name}"))
            });
            assert_eq!(used, known.collect());
        }
    });
}

#[test]
fn requests_are_closed_and_paths_declare_their_parameters() {
    for_each_example(|design, documents| {
        for route in served(design) {
            let path = route.path();
            let holds = |document: &&Value| document["paths"].get(&path).is_some();
            let document = documents.iter().find(holds).unwrap();
            let operation = &document["paths"][&path][route.method.name().to_lowercase()];
            if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema")
            {
                let target = schema["$ref"].as_str().unwrap().trim_start_matches('#');
                assert_eq!(document.pointer(target).unwrap()["additionalProperties"], false);
            }
            let declared = |place: &str, name: &str| {
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                parameters.into_iter().find(|of| of["in"] == place && of["name"] == name)
            };
            for segment in &route.segments {
                if let Segment::Parameter(name) = segment {
                    assert!(declared("path", name).is_some(), "{path}");
                }
            }
            let key = declared("header", "Idempotency-Key");
            assert_eq!(key.is_some(), route.idempotency_key, "{path}");
            // Its absence has an answer of its own, so the header itself is not required.
            let version = declared("header", "If-Match").is_some();
            assert!(version || !route.if_match, "{path}");
            assert_eq!(operation["responses"].get("428").is_some(), route.if_match, "{path}");
        }
    });
}

#[test]
fn clients_learn_which_codes_to_expect() {
    let design = example("shop").design.unwrap();
    let documents = documents(&design);
    let place = documents
        .iter()
        .find_map(|document| document["paths"].get("/ordering/v1/orders"))
        .map(|path| path["post"]["responses"]["422"]["description"].as_str().unwrap())
        .unwrap();
    for code in ["product-not-for-sale", "duplicate-line", "validation-failed"] {
        assert!(place.contains(&format!("`{code}`")), "{place}");
    }
}

#[test]
fn what_is_secret_or_internal_is_in_no_answer() {
    for_each_example(|_, documents| {
        for document in documents {
            for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
                let hidden =
                    ["token", "processor_token", "licence", "reference", "processor_reference"];
                let properties = schema["properties"].as_object().unwrap();
                let shown = hidden.iter().find(|field| properties.contains_key(**field));
                assert!(shown.is_none() || name.ends_with("Input"), "{name} shows {shown:?}");
            }
        }
    });
}

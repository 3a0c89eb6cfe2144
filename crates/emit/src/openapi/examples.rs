//! Gives every body of a document an example.

use decide::Design;
use serde_json::{Map, Value};

use crate::examples::Maker;

/// Gives each body of a document that has none an example.
pub fn add(design: &Design, document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    for kind in ["paths", "webhooks"] {
        add_to(design, document.get_mut(kind), &schemas);
    }
}

fn add_to(design: &Design, paths: Option<&mut Value>, schemas: &Value) {
    let paths = paths.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let about = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
        let maker = Maker::new(design, schemas, about);
        if let Some(content) = operation.pointer_mut("/requestBody/content") {
            maker.show(content);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut) {
            if let Some(content) = response.get_mut("content") {
                maker.show(content);
            }
        }
    }
}

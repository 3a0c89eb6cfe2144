//! `openapi/shared/files.yaml`: where contents of files come in and go out, the same for all
//! contexts.

use std::collections::BTreeMap;

use decide::Design;
use expression::Type;
use serde_json::{Map, Value, json};

use crate::json_schema::{Object, Way};
use crate::{Artifact, yaml};

/// Longest sides of images that are made smaller.
const SIZES: [u16; 5] = [64, 128, 256, 512, 1024];

/// The document as a file, where the model has files.
pub fn artifact(design: &Design) -> Option<Artifact> {
    let contents = yaml::document(&document(design)?);
    Some(Artifact { path: "openapi/shared/files.yaml".to_owned(), contents })
}

/// Whether the model has files.
#[must_use]
pub fn has_files(design: &Design) -> bool {
    let entities = design.model.entities.iter();
    let mut fields = entities
        .flat_map(|of| of.fields.iter().chain(of.parts.iter().flat_map(|part| &part.fields)));
    fields.any(|field| matches!(field.ty.required(), Type::File { .. }))
}

/// The document, where the model has files.
#[must_use]
pub fn document(design: &Design) -> Option<Value> {
    if !has_files(design) {
        return None;
    }
    let paths = json!({ "/files": { "post": upload() }, "/files/{id}": { "get": fetch() } });
    let examples = super::problems::examples(&paths);
    let schemes = super::security::schemes(&paths.to_string());
    let title = format!("{}: files", design.model.system.name);
    Some(json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "description": "A content is uploaded first, then named by its id in what writes the \
                row that has it. Rows show addresses of their contents.",
            "version": "1",
        },
        "servers": [{ "url": "/" }],
        "tags": [{ "name": "Files", "description": "Contents of files." }],
        "paths": paths,
        "components": {
            "schemas": { "Problem": super::problems::schema(), "Upload": uploaded() },
            "examples": examples,
            "securitySchemes": schemes,
        },
    }))
}

fn problems(codes: &[(u16, &str)]) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for (status, code) in codes {
        by_status.entry(*status).or_default().push((*code).to_owned());
    }
    super::problems::responses(by_status)
}

fn upload() -> Value {
    let mut responses = problems(&[
        (400, "malformed-request"),
        (400, "unknown-parameter"),
        (401, "unauthenticated"),
        (401, "invalid-token"),
        (401, "token-expired"),
        (403, "forbidden"),
        (408, "request-timeout"),
        (413, "payload-too-large"),
        (415, "unsupported-media-type"),
        (429, "rate-limited"),
        (500, "internal"),
        (503, "overloaded"),
        (503, "unavailable"),
    ]);
    let created = json!({
        "description": "It is there. Its id can be used once, by whoever uploaded it.",
        "headers": { "Location": {
            "description": "Where it can be fetched for a while.", "schema": { "type": "string" },
        } },
        "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Upload" },
            "example": {
                "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
                "url": "/files/0192f3a4-b5c6-7d8e-9f00-112233445566?expires=1798728300&signature=AAAA",
                "name": "sea.png", "media_type": "image/png", "bytes": 48211,
                "sha256": "0".repeat(64), "expires": "2026-12-31T15:30:00Z",
            },
        } },
    });
    responses.insert("201".to_owned(), created);
    json!({
        "operationId": "uploadFile",
        "summary": "Upload the content of a file",
        "description": "Admits whoever may do an operation that takes a file, up to the largest \
            that one of them takes. What no row names within an hour is removed.",
        "tags": ["Files"],
        "parameters": [parameter("name", "query", false, json!({ "type": "string" }),
            "The name that it is saved under. Folders are left out.")],
        "requestBody": {
            "required": true,
            "description": "The content itself; its type has to be what its first bytes say.",
            "content": { "*/*": {} },
        },
        "responses": responses,
        "security": [{}, { "bearer": [] }, { "session": [], "csrf": [] }, { "apiKey": [] }],
    })
}

fn fetch() -> Value {
    let mut responses = problems(&[
        (400, "unknown-parameter"),
        (400, "invalid-parameter"),
        (403, "invalid-link"),
        (404, "not-found"),
        (416, "range-not-satisfiable"),
        (422, "no-thumbnail"),
        (429, "rate-limited"),
        (500, "internal"),
        (503, "overloaded"),
        (503, "unavailable"),
    ]);
    for (status, description) in [
        ("200", "The content, or the image made from it."),
        ("206", "The part that was asked for."),
    ] {
        let response = json!({ "description": description, "content": { "*/*": {} } });
        responses.insert(status.to_owned(), response);
    }
    responses.insert("304".to_owned(), json!({ "description": "The caller has it." }));
    let text = || json!({ "type": "string" });
    let id = json!({ "type": "string", "format": "uuid" });
    json!({
        "operationId": "fetchFile",
        "summary": "Fetch the content of a file",
        "description": "Use the addresses in rows: whoever has one may fetch the content until it \
            ends. `HEAD` answers like it without the content.",
        "tags": ["Files"],
        "parameters": [
            parameter("id", "path", true, id, "Names the content."),
            parameter("expires", "query", true, json!({ "type": "integer" }), "Of the address."),
            parameter("signature", "query", true, text(), "Of the address."),
            parameter("thumbnail", "query", false, json!({ "type": "integer", "enum": SIZES }),
                "The image within a square of so many pixels."),
            parameter("fit", "query", false, json!({ "type": "string", "enum": ["contain", "cover"] }),
                "Whether it fills the square."),
            parameter("download", "query", false, text(), "To save it, whatever it is."),
            parameter("Range", "header", false, text(), "One range of bytes."),
        ],
        "responses": responses,
        "security": [{}],
    })
}

fn parameter(name: &str, place: &str, required: bool, schema: Value, description: &str) -> Value {
    json!({
        "name": name, "in": place, "required": required, "description": description, "schema": schema,
    })
}

fn uploaded() -> Value {
    let mut object = Object::default();
    let mut add = |name, schema: Value, doc: &str| {
        let mut schema = schema;
        schema["description"] = doc.into();
        object.add(name, schema, true);
    };
    let text = || json!({ "type": "string" });
    add("id", json!({ "type": "string", "format": "uuid" }), "What names it in a body.");
    add("url", text(), "Where it can be fetched for a while.");
    add("name", text(), "Its name, or nothing.");
    add("media_type", text(), "IANA media type.");
    add("bytes", json!({ "type": "integer" }), "Size in bytes.");
    add("sha256", text(), "SHA-256 of the content in hexadecimal digits.");
    let time = json!({ "type": "string", "format": "date-time" });
    add("expires", time, "Until when a row has to name it.");
    object.finish(Way::Out)
}

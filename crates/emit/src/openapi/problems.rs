//! The answers to requests that are refused: every status that can occur, with its codes.

use std::collections::BTreeMap;

use decide::{Design, address_inputs::has_no_body, design::Route};
use model::model::{
    Addressed, Authentication, Effect, EffectKind, Operation, OperationKind, TenantFrom,
};
use serde_json::{Map, Value, json};

/// Responses by status, with the codes that they may carry.
pub fn all(design: &Design, operation: &Operation, route: &Route) -> Map<String, Value> {
    responses(codes(design, operation, route))
}

/// The responses of these codes.
pub fn responses(by_status: BTreeMap<u16, Vec<String>>) -> Map<String, Value> {
    let response = |(status, codes): (u16, Vec<String>)| {
        let list: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        let mut response = json!({
            "description": format!("{}: {}.", words(status), list.join(", ")),
            "content": {
                "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                    "examples": example(status, &codes),
                },
            },
        });
        if matches!(status, 429 | 503) {
            response["headers"] = json!({
                "Retry-After": {
                    "description": "Seconds after which trying again makes sense.",
                    "schema": { "type": "integer", "minimum": 0 },
                },
            });
        }
        (status.to_string(), response)
    };
    by_status.into_iter().map(response).collect()
}

/// Every code that an operation may answer, by status; the model's own come last.
pub fn codes(design: &Design, operation: &Operation, route: &Route) -> BTreeMap<u16, Vec<String>> {
    let mut codes = Codes::default();
    codes.general(design, operation, route);
    if operation.writes() {
        codes.of_writes(design, operation, route);
    }
    codes.of_effects(&operation.effects);
    codes.by_status
}

/// The codes that the model itself gives an operation: of its keys, invariants and effects.
pub fn own_codes(design: &Design, operation: &Operation) -> Vec<(u16, String)> {
    let mut codes = Codes::default();
    if operation.writes() {
        codes.of_rows(design, operation);
    }
    codes.of_effects(&operation.effects);
    let by_status = codes.by_status.into_iter();
    by_status
        .flat_map(|(status, codes)| codes.into_iter().map(move |code| (status, code)))
        .collect()
}

/// The status of gRPC that stands for one of HTTP.
pub const fn grpc_status(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 | 422 => "FAILED_PRECONDITION",
        412 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

/// One example for each status: its last code, since the model's own codes come last.
fn example(status: u16, codes: &[String]) -> Value {
    let name = codes.last().map(|code| format!("{status}-{code}")).unwrap_or_default();
    json!({ name.as_str(): { "$ref": format!("{EXAMPLES}{name}") } })
}

const EXAMPLES: &str = "#/components/examples/";

/// The examples that the responses of these paths refer to, by name.
pub fn examples(paths: &Value) -> Map<String, Value> {
    let mut all = Map::new();
    let operations = paths.as_object().into_iter().flat_map(Map::values);
    let operations = operations.filter_map(Value::as_object).flat_map(Map::values);
    let responses = operations.filter_map(|operation| operation.get("responses")?.as_object());
    for response in responses.flat_map(Map::values) {
        let shown = response.pointer("/content/application~1problem+json/examples");
        for name in shown.and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            all.entry(name.clone()).or_insert_with(|| json!({ "value": problem(name) }));
        }
    }
    all.sort_keys();
    all
}

/// The problem document of a name such as `409-conflict`.
pub fn problem(name: &str) -> Value {
    let (status, code) = name.split_once('-').unwrap_or(("500", name));
    let status = status.parse().unwrap_or(500);
    json!({
        "type": format!("urn:firmitas:problem:{code}"),
        "title": words(status),
        "status": status,
        "code": code,
    })
}

#[derive(Default)]
struct Codes {
    by_status: BTreeMap<u16, Vec<String>>,
}

impl Codes {
    fn add(&mut self, status: u16, code: &str) {
        let codes = self.by_status.entry(status).or_default();
        if !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    }

    fn add_all(&mut self, status: u16, codes: &[&str]) {
        codes.iter().for_each(|code| self.add(status, code));
    }

    fn general(&mut self, design: &Design, operation: &Operation, route: &Route) {
        self.add_all(400, &["malformed-request", "unknown-parameter"]);
        let authentication = |id: &model::model::ActorId| design.model.actor(*id).authentication;
        let open = route.actors.iter().any(|id| authentication(id) == Authentication::None);
        if !open {
            self.add(401, "unauthenticated");
            self.add(403, "forbidden");
        }
        self.add_all(401, &["invalid-token", "token-expired"]);
        let person = |id| authentication(id) == Authentication::User;
        if decide::sessions::asked(&design.model, operation) > 1 && route.actors.iter().any(person)
        {
            self.add(401, "insufficient-authentication");
        }
        if operation.reauthenticate.is_some() {
            self.add(401, "reauthentication-required");
        }
        if route.actors.iter().any(|id| design.model.actor(*id).entity.is_some()) {
            self.add(403, "not-linked");
        }
        let tenancy = design.model.system.tenancy.as_ref();
        // A host that is no tenant's has nothing.
        let hosted = tenancy.is_some_and(|tenancy| tenancy.from != TenantFrom::Actor);
        let actors = || route.actors.iter().map(|id| design.model.actor(*id));
        if tenancy.is_some() && !hosted && actors().any(|actor| actor.login.is_some()) {
            self.add(403, "several-tenants");
        }
        if tenancy.is_some() && actors().any(|actor| actor.all_tenants) {
            self.add(404, "not-found");
        }
        if tenancy.is_some() && operation.writes() {
            self.add(403, "no-tenant");
        }
        if operation.addressed != Addressed::Collection || hosted {
            self.add(404, "not-found");
        }
        if operation.kind == OperationKind::List {
            self.add_all(400, &["invalid-parameter", "invalid-cursor"]);
        } else if has_no_body(operation) && !operation.input.parameters.is_empty() {
            self.add(400, "invalid-parameter");
        }
        self.add(406, "not-acceptable");
        self.add(414, "uri-too-long");
        self.add(429, "rate-limited");
        self.add(431, "headers-too-large");
        self.add(500, "internal");
        self.add_all(503, &["overloaded", "unavailable"]);
        self.add(504, "timed-out");
    }

    fn of_writes(&mut self, design: &Design, operation: &Operation, route: &Route) {
        self.add(409, "conflict");
        self.add(408, "request-timeout");
        self.add(413, "payload-too-large");
        self.add_all(400, &["malformed-json", "duplicate-property"]);
        self.add(415, "unsupported-media-type");
        self.add_all(422, &["validation-failed", "unknown-property"]);
        self.add(422, "evaluation-failed");
        if design.model.schema.settings.currencies.len() > 1 {
            self.add(422, "currency-mismatch");
        }
        if route.idempotency_key {
            self.add(400, "idempotency-key-required");
            self.add(409, "idempotency-in-progress");
            self.add(422, "idempotency-key-reused");
        }
        if operation.addressed != Addressed::Collection {
            self.add(409, "in-progress");
            self.add(412, "precondition-failed");
        }
        if operation.kind == OperationKind::Create && operation.by.len() > 1 {
            self.add(403, "forbidden");
        }
        if route.if_match {
            self.add(428, "precondition-required");
        }
        self.of_rows(design, operation);
    }

    /// Codes of the model's own that any write of a row may meet.
    fn of_rows(&mut self, design: &Design, operation: &Operation) {
        let Some(entity) = operation.entity().map(|entity| design.model.entity(entity)) else {
            return;
        };
        if operation.kind == OperationKind::Delete {
            self.add(409, "still-referenced");
            self.of_dependents(design, operation);
            return;
        }
        let unique = entity.unique.iter().map(|key| key.code.as_str());
        let exclusive = entity.exclusive.iter().map(|key| key.code.as_str());
        let invariants = entity.invariants.iter().map(|of| of.code.as_str());
        let mut codes: Vec<&str> = unique.chain(exclusive).chain(invariants).collect();
        codes.sort_unstable();
        self.add_all(409, &codes);
        self.of_dependents(design, operation);
    }

    /// Invariants of rows that read what is changed.
    fn of_dependents(&mut self, design: &Design, operation: &Operation) {
        let found = decide::dependents::of(&design.model, operation);
        let mut codes: Vec<&str> = found.iter().map(|(_, of)| of.code.as_str()).collect();
        codes.sort_unstable();
        self.add_all(409, &codes);
    }

    fn of_effects(&mut self, effects: &[Effect]) {
        for effect in effects {
            match &effect.kind {
                EffectKind::Require { otherwise, .. } => self.add(422, otherwise),
                EffectKind::Move { .. } => self.add(409, "invalid-state"),
                EffectKind::Delete { .. } => self.add(409, "still-referenced"),
                EffectKind::Call(call) => {
                    let refused = call.otherwise.as_ref().map_or("refused", |code| code.as_str());
                    self.add(422, refused);
                    self.of_effects(&call.refused);
                    self.of_effects(call.fallback.as_deref().unwrap_or_default());
                }
                _ => {}
            }
        }
    }
}

const fn words(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "The caller did not prove who it is",
        403 => "The caller may not do this",
        404 => "There is no such row, or the caller may not see it",
        408 => "The request did not arrive in time",
        406 => "The answer exists in none of the accepted media types",
        409 => "The state of what is stored does not allow this",
        412 => "The row has changed",
        413 => "The body is too large",
        414 => "The address is too long",
        415 => "The body has another media type",
        416 => "The file has no such bytes",
        422 => "The input breaks a rule",
        428 => "`If-Match` is missing",
        429 => "Too many requests",
        431 => "The headers are too large",
        500 => "Something went wrong on the server's side",
        503 => "Not available at the moment",
        504 => "Not done in time",
        _ => "Refused",
    }
}

/// RFC 9457, with a stable code and what is wrong with single values.
pub fn schema() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was not done (RFC 9457).",
        "properties": {
            "type": { "type": "string", "description": "A URI that names the kind of problem." },
            "title": { "type": "string", "description": "What the code means." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What happened this time." },
            "code": {
                "type": "string",
                "pattern": "^[a-z][a-z0-9-]*$",
                "description": "Stable: programs decide by it.",
            },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": { "type": "string", "description": "JSON pointer into the body." },
                        "code": { "type": "string" },
                        "detail": { "type": "string" },
                    },
                    "required": ["pointer", "code"],
                },
            },
        },
        "required": ["title", "status", "code"],
    })
}

//! OpenAPI 3.1, one document for each context: `openapi/<context>.yaml`, with every public route
//! exactly as the runtime serves it.

mod bodies;
mod callbacks;
mod examples;
mod files;
mod links;
mod parameters;
pub(crate) mod problems;
mod security;
mod semantics;
mod webhooks;

use decide::{Design, design::Route, expansions::Expansions, naming::kebab};
use model::model::{BuiltIn, ContextId, Operation, OperationKind, Target};
use serde_json::{Map, Value, json};

use crate::{Artifact, Emitter, components::Components, json_schema, yaml};
use semantics::Decided;

pub use files::{document as of_files, has_files};
pub use security::without_accounts;

pub(crate) use bodies::{EXPANDED, row};

/// `openapi/*.yaml`.
pub static EMITTER: Emitter = Emitter { id: "openapi", run: |input| artifacts(input.design) };

/// A document for each context that has public routes.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let contexts = (0u16..).map(ContextId).zip(&design.model.contexts);
    let artifact = |(id, context): (ContextId, &model::model::Context)| {
        let document = document(design, id)?;
        let path = format!("openapi/{}.yaml", kebab(&context.name));
        Some(Artifact { path, contents: yaml::document(&document) })
    };
    let shared = files::artifact(design);
    contexts.filter_map(artifact).chain(callbacks::artifacts(design)).chain(shared).collect()
}

/// Whether a context has a document: some public route is served.
#[must_use]
pub fn is_spoken(design: &Design, context: ContextId) -> bool {
    let here = |route: &Route| design.model.operation(route.operation).context == context;
    design.routes.iter().flatten().any(|route| here(route) && route.not_served.is_none())
}

/// The document of a context; nothing where it has no public route.
#[must_use]
pub fn document(design: &Design, context: ContextId) -> Option<Value> {
    let here = |route: &&Route| design.model.operation(route.operation).context == context;
    let (mut routes, later): (Vec<&Route>, Vec<&Route>) =
        design.routes.iter().flatten().filter(here).partition(|route| route.not_served.is_none());
    // By path and method, not as written: moving an operation is no change of the contract.
    routes.sort_by(|a, b| (&a.segments, a.method).cmp(&(&b.segments, b.method)));
    if routes.is_empty() {
        return None;
    }
    let mut components = Components::that_expand(Expansions::of(design));
    let decided = Decided::of(design);
    let mut paths: Map<String, Value> = Map::new();
    for route in &routes {
        let operation = operation(&decided, design, route, &mut components);
        let path = paths.entry(route.path()).or_insert_with(|| json!({}));
        path[route.method.name().to_ascii_lowercase()] = operation;
    }
    let of = design.model.context(context);
    let title = format!("{}: {}", design.model.system.name, of.name);
    let summary = of.summary.clone().unwrap_or_else(|| design.model.system.summary.clone());
    let summary =
        format!("{}{}{}", summary.trim(), versions(design, context), not_served(design, &later));
    let hooks = webhooks::all(design, context, &mut components);
    let mut paths = Value::Object(paths);
    let rows = bodies::rows_by_operation(design, context, &mut components);
    bodies::name_rows(&mut paths, &rows);
    let problem_examples = problems::examples(&paths);
    let used = paths.to_string();
    let response_headers = headers(&paths);
    let mut shared = json_schema::shared(&design.model.schema);
    shared.push(("Problem", problems::schema()));
    components.add_used(shared, &json!([paths, hooks]));
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": title, "description": summary, "version": "1" },
        "servers": [{ "url": "/" }],
        "tags": tags(design, &routes),
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": components.finish_with(|schema| bodies::name_rows(schema, &rows)),
            "examples": problem_examples,
            "headers": response_headers,
            "parameters": parameters::tracing(),
            "securitySchemes": security::schemes(&used),
        },
    });
    if !hooks.is_empty() {
        document["webhooks"] = Value::Object(hooks);
    }
    examples::add(design, &mut document);
    Some(document)
}

/// How the contract changes.
fn versions(design: &Design, context: ContextId) -> String {
    let Some(api) = decide::versioning::api(design.facts(), &design.routes, context) else {
        return String::new();
    };
    format!(
        "\n\nVersion v{} stands in the path. Additions come without notice: readers ignore \
         properties and members of enums that they do not know. What removes, renames or narrows \
         comes as a new version, and the old one is served beside it for {} days: its answers then \
         carry `Deprecation` (RFC 9745) and `Sunset` (RFC 8594), and its operations are marked \
         `deprecated` here. Nothing is deprecated now.",
        api.major,
        decide::facts::people(api.window_days),
    )
}

/// A contract promises only what is served; what is still to come is named.
fn not_served(design: &Design, later: &[&Route]) -> String {
    let mut names: Vec<String> = later
        .iter()
        .map(|route| format!("`{}`", design.model.operation(route.operation).name))
        .collect();
    names.sort();
    if names.is_empty() {
        return String::new();
    }
    format!("\n\nNot served yet, and so not part of this contract: {}.", names.join(", "))
}

/// The name under which an operation is listed: its entity or view.
fn tag(design: &Design, operation: &Operation) -> String {
    match operation.target {
        Target::Entity(entity) | Target::History(entity) | Target::Audit(entity) => {
            design.model.entity(entity).name.value.clone()
        }
        Target::View(view) => design.model.view(view).name.value.clone(),
    }
}

fn tags(design: &Design, routes: &[&Route]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for route in routes {
        let operation = design.model.operation(route.operation);
        let name = tag(design, operation);
        let doc = match operation.target {
            Target::View(view) => design.model.view(view).doc.clone(),
            _ => operation.entity().and_then(|entity| design.model.entity(entity).doc.clone()),
        };
        let doc = doc.unwrap_or_else(|| format!("Everything about {name}."));
        let tag = json!({ "name": name, "description": doc.trim() });
        if !all.contains(&tag) {
            all.push(tag);
        }
    }
    all.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    all
}

fn operation(
    decided: &Decided<'_>,
    design: &Design,
    route: &Route,
    components: &mut Components,
) -> Value {
    let operation = design.model.operation(route.operation);
    let mut value = json!({
        "operationId": operation.name.value,
        "summary": summary(design, operation),
        "tags": [tag(design, operation)],
    });
    value["description"] = description(design, operation, route).into();
    value["parameters"] =
        parameters::all(design, operation, route, components.expansions.as_ref()).into();
    if let Some(body) = bodies::request(design, operation, components) {
        value["requestBody"] = body;
    }
    let mut responses = responses(design, operation, route, components);
    let limited = semantics::tells_limits(decided, operation, route);
    add_headers(&mut responses, limited);
    value["responses"] = Value::Object(responses);
    value["security"] = security::requirements(design, route);
    value["x-semantics"] = semantics::extension(decided, operation, route);
    value
}

/// The first line of the documentation, or what the name says.
fn summary(design: &Design, operation: &Operation) -> String {
    let doc = operation.doc.as_deref().and_then(|doc| doc.trim().lines().next());
    if let Some(line) = doc.filter(|line| !line.is_empty()) {
        return line.to_owned();
    }
    let words = kebab(&operation.name).replace('-', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let sentence: String = first.into_iter().chain(letters).collect();
    format!("{sentence} ({})", tag(design, operation))
}

fn description(design: &Design, operation: &Operation, route: &Route) -> String {
    let doc = operation.doc.as_deref().map(str::trim).filter(|doc| !doc.is_empty());
    let mut actors: Vec<String> =
        route.actors.iter().map(|id| format!("`{}`", design.model.actor(*id).name)).collect();
    actors.sort();
    let mut lines: Vec<String> = doc.map(str::to_owned).into_iter().collect();
    lines.push(format!("Admits {}.", actors.join(", ")));
    lines.push(semantics::sentences(design, operation, route));
    lines.join("\n\n")
}

fn responses(
    design: &Design,
    operation: &Operation,
    route: &Route,
    components: &mut Components,
) -> Map<String, Value> {
    let mut all = Map::new();
    let done = success(design, operation, route, components);
    if operation.upsert {
        let mut created = done.clone();
        created["description"] = "Created.".into();
        all.insert(route.success.to_string(), done);
        all.insert("201".to_owned(), created);
    } else {
        all.insert(route.success.to_string(), done);
    }
    if operation.kind == OperationKind::Get {
        all.insert("304".to_owned(), json!({ "description": "The caller has this version." }));
    }
    if waits_for_calls(operation) && route.success != 202 {
        all.insert("202".to_owned(), under_way());
    }
    all.extend(problems::all(design, operation, route));
    all
}

/// What every answer carries.
fn add_headers(responses: &mut Map<String, Value>, limited: bool) {
    for response in responses.values_mut() {
        response["headers"]["X-Correlation-ID"] = refer("headers", "X-Correlation-ID");
        if limited {
            response["headers"]["RateLimit"] = refer("headers", "RateLimit");
            response["headers"]["RateLimit-Policy"] = refer("headers", "RateLimit-Policy");
        }
    }
}

fn refer(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// Headers that answers refer to.
fn headers(paths: &Value) -> Value {
    let mut headers = json!({
        "X-Correlation-ID": {
            "description": "That of the request, where it brought one.",
            "schema": { "type": "string" },
        },
    });
    if paths.to_string().contains("#/components/headers/RateLimit\"") {
        headers["RateLimit"] = json!({
            "description": "What is left of the limit that is nearest, and in how many seconds it is refilled (RateLimit fields of the IETF's HTTPAPI group).",
            "schema": { "type": "string", "examples": ["\"caller\";r=49;t=1"] },
        });
        headers["RateLimit-Policy"] = json!({
            "description": "The limits that apply: requests at once, and the seconds in which they come back.",
            "schema": { "type": "string", "examples": ["\"caller\";q=50;w=10, \"address\";q=500;w=10"] },
        });
    }
    headers
}

/// Calls that are not made inline commit first: past its deadline the caller is told where to look.
fn waits_for_calls(operation: &Operation) -> bool {
    operation.effects.iter().any(|effect| match &effect.kind {
        model::model::EffectKind::Call(call) => !call.inline && !call.safe,
        _ => false,
    })
}

fn under_way() -> Value {
    json!({
        "description": "Accepted; still under way.",
        "headers": { "Location": {
            "description": "Where the row can be read.", "schema": { "type": "string" },
        } },
    })
}

fn success(
    design: &Design,
    operation: &Operation,
    route: &Route,
    components: &mut Components,
) -> Value {
    let has_version = operation
        .entity()
        .is_some_and(|entity| design.model.entity(entity).built_in(BuiltIn::Version).is_some());
    let one_row = operation.kind != OperationKind::List;
    let mut headers = json!({});
    if has_version && one_row && operation.kind != OperationKind::Delete {
        headers["ETag"] = json!({
            "description": "The version of the row, in quotes: for `If-Match`. `-gzip` follows it in a compressed answer.",
            "schema": { "type": "string" },
        });
    }
    if operation.kind == OperationKind::Create {
        headers["Location"] = json!({
            "description": "The path of the row.", "schema": { "type": "string" },
        });
    }
    let links = links::all(design, operation, route);
    let mut response = match operation.kind {
        OperationKind::Delete => json!({ "description": "Gone." }),
        OperationKind::List => {
            let row = bodies::row(design, operation, components);
            let counts = matches!(operation.target, Target::Entity(_));
            let page = bodies::page(row, &operation.name, counts, components);
            json!({
                "description": "A page.",
                "content": { "application/json": { "schema": page } },
            })
        }
        _ => {
            let row = bodies::row(design, operation, components);
            json!({
                "description": if operation.kind == OperationKind::Create { "Created." } else { "Done." },
                "content": { "application/json": { "schema": row } },
            })
        }
    };
    if headers.as_object().is_some_and(|headers| !headers.is_empty()) {
        response["headers"] = headers;
    }
    if !links.is_empty() {
        response["links"] = Value::Object(links);
    }
    response
}

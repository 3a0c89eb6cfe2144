//! Where each operation is served (language reference, section 5).
//!
//! | operation | route |
//! |---|---|
//! | `list` | `GET /{context}/v1/{entities}` |
//! | `get` | `GET .../{id}`, with `key` `GET .../by-{field}/{value}` |
//! | `create` | `POST /{context}/v1/{entities}` |
//! | `update` | `PATCH .../{id}`, with `upsert` `PUT .../by-{field}/{value}` |
//! | `delete` | `DELETE .../{id}` |
//! | `act` | `POST .../{id}/{operation-name}` |
//! | `stream` | `GET .../{operation-name}` (server-sent events) |
//! | `list` of a history or audit | `GET .../history`, `GET .../audit` |
//! | of a view | as of an entity, under the view's own name |
//!
//! `route: name` moves an operation to `/{entities}/{name}`; one that is addressed by id or key to
//! `.../{id}/{name}`, so that no route ever competes with another entity's id. What only `system`
//! may do has no route.

use std::collections::BTreeMap;

use base::{Diagnostic, Spanned};
use expression::FieldIndex;
use model::{
    Model,
    model::{ActorId, Addressed, Authentication, Operation, OperationId, OperationKind, Target},
};

use crate::address_inputs;
use crate::design::{Method, Route, Segment};
use crate::naming::kebab;

/// The route of each operation that has a public one, and the collisions.
#[must_use]
pub fn routes(model: &Model) -> (Vec<Option<Route>>, Vec<Diagnostic>) {
    let routes: Vec<_> = model.operations().map(|(id, _)| route(model, id)).collect();
    let mut diagnostics = collisions(model, &routes);
    diagnostics
        .extend(routes.iter().flatten().flat_map(|route| parameter_collisions(model, route)));
    diagnostics.extend(model.operations.iter().flat_map(|of| input_collisions(model, of)));
    (routes, diagnostics)
}

/// Parameters that lists have without being asked; a filter of the same name could not be told
/// from them.
const PAGE_PARAMETERS: [&str; 8] =
    ["limit", "after", "sort", "count", "q", "near", "within", "expand"];

fn parameter_collisions(model: &Model, route: &Route) -> Vec<Diagnostic> {
    let operation = model.operation(route.operation);
    let names = operation.filter.iter().map(|at| field_name(model, operation.target, *at));
    let taken = names.filter(|name| PAGE_PARAMETERS.contains(&name.as_str()));
    let report = |name: String| {
        let message = format!("`{name}` cannot be filtered by: it is a parameter of every list");
        let field = operation.entity().and_then(|entity| {
            model.entity(entity).fields.iter().find(|field| field.name.value == name)
        });
        let diagnostic = Diagnostic::error("reserved-filter", operation.name.span, message)
            .label("has the filter")
            .note("`limit`, `after`, `sort`, `count`, `q`, `near`, `within` and `expand` choose, order and widen pages")
            .help("give the field another name, or leave it out of `filter`");
        match field {
            Some(field) => diagnostic.related(field.name.span, "the field"),
            None => diagnostic,
        }
    };
    taken.map(report).collect()
}

/// Inputs of a read that could not be told from what else its address may hold.
fn input_collisions(model: &Model, read: &Operation) -> Vec<Diagnostic> {
    let Some(entity) = read.entity() else { return Vec::new() };
    let fields = &model.shape(entity).fields;
    let filters = read.filter.iter().filter_map(|at| fields.get(usize::from(at.0)));
    let filters: Vec<&str> = filters.map(|field| field.name.as_str()).collect();
    let report = |input: &model::model::Parameter| {
        let name = &input.name;
        let (why, other) = match (read.kind, name.as_str()) {
            (OperationKind::List, name) if PAGE_PARAMETERS.contains(&name) => {
                ("a parameter of every list", None)
            }
            (OperationKind::List, name) if filters.contains(&name) => {
                ("a filter of this list", Some(read.name.span))
            }
            (OperationKind::Get, "expand") => ("a parameter of every `get`", None),
            _ => return None,
        };
        let message = format!("the input `{name}` cannot be told apart: it is {why} as well");
        let diagnostic = Diagnostic::error("reserved-input", name.span, message)
            .label(format!("stands in the address of the {}", read.kind.name()))
            .help("give the input another name");
        Some(match other {
            Some(span) => diagnostic.related(span, "the list has the filter"),
            None => diagnostic,
        })
    };
    read.input.parameters.iter().filter_map(report).collect()
}

fn route(model: &Model, id: OperationId) -> Option<Route> {
    let operation = model.operation(id);
    let actors = public_actors(model, operation);
    if actors.is_empty() {
        return None;
    }
    let method = method(operation);
    Some(Route {
        operation: id,
        method,
        segments: segments(model, operation),
        idempotency_key: method == Method::Post,
        if_match: matches!(method, Method::Patch | Method::Delete),
        success: success(operation),
        actors,
        not_served: not_served(operation),
    })
}

/// What this version does not run yet.
fn not_served(operation: &Operation) -> Option<&'static str> {
    match operation {
        Operation { kind: OperationKind::Stream, .. } => Some("Streams are not served yet."),
        Operation { batch: Some(_), .. } => Some("Batches are not served yet."),
        operation if operation.entity().is_none() => Some("Views are not served yet."),
        operation if asks_more(operation) => {
            Some("It has parameters that cannot stand in an address, and no body for them.")
        }
        _ => None,
    }
}

/// Whether it has parameters where the request has no body that could hold them: a condition that
/// reads one must not be answered as if it were null.
fn asks_more(operation: &Operation) -> bool {
    address_inputs::has_no_body(operation)
        && !operation.input.parameters.is_empty()
        && !address_inputs::are_served(operation)
}

fn public_actors(model: &Model, operation: &Operation) -> Vec<ActorId> {
    let mut actors: Vec<ActorId> = Vec::new();
    for grant in &operation.by {
        let public = model.actor(grant.actor).authentication != Authentication::System;
        if public && !actors.contains(&grant.actor) {
            actors.push(grant.actor);
        }
    }
    actors
}

fn method(operation: &Operation) -> Method {
    match operation.kind {
        OperationKind::List | OperationKind::Get | OperationKind::Stream => Method::Get,
        OperationKind::Create | OperationKind::Act => Method::Post,
        OperationKind::Update if operation.upsert => Method::Put,
        OperationKind::Update => Method::Patch,
        OperationKind::Delete => Method::Delete,
    }
}

fn success(operation: &Operation) -> u16 {
    match operation.kind {
        _ if operation.asynchronous => 202,
        OperationKind::Create => 201,
        OperationKind::Delete => 204,
        _ => 200,
    }
}

fn segments(model: &Model, operation: &Operation) -> Vec<Segment> {
    let (collection, special) = match operation.target {
        Target::Entity(entity) => (model.entity(entity).plural.clone(), None),
        Target::History(entity) => (model.entity(entity).plural.clone(), Some("history")),
        Target::Audit(entity) => (model.entity(entity).plural.clone(), Some("audit")),
        Target::View(view) => (kebab(&model.view(view).name), None),
    };
    let literal = |text: String| Segment::Literal(text);
    let context = kebab(&model.context(operation.context).name);
    let mut path = vec![literal(context), literal("v1".to_owned()), literal(collection)];
    match operation.addressed {
        Addressed::Collection => {}
        Addressed::Id => path.push(Segment::Parameter("id".to_owned())),
        Addressed::Key(field) => {
            path.push(literal(format!(
                "by-{}",
                kebab(&field_name(model, operation.target, field))
            )));
            path.push(Segment::Parameter("value".to_owned()));
        }
    }
    let own_name = || kebab(&operation.name);
    let last = match (operation.route.as_deref(), special) {
        (Some(route), _) => Some(route.trim_matches('/').to_owned()),
        (None, Some(special)) => Some(special.to_owned()),
        (None, None) => {
            matches!(operation.kind, OperationKind::Act | OperationKind::Stream).then(own_name)
        }
    };
    path.extend(last.into_iter().flat_map(|last| {
        last.split('/').map(|piece| Segment::Literal(piece.to_owned())).collect::<Vec<_>>()
    }));
    path
}

fn field_name(model: &Model, target: Target, field: FieldIndex) -> String {
    let fields = match target {
        Target::Entity(entity) | Target::History(entity) | Target::Audit(entity) => {
            &model.shape(entity).fields
        }
        Target::View(view) => &model.schema.record(model.view(view).record).fields,
    };
    fields.get(usize::from(field.0)).map_or_else(|| "key".to_owned(), |field| field.name.clone())
}

/// Two operations at one method and path: an error at both, since only one could be served.
fn collisions(model: &Model, routes: &[Option<Route>]) -> Vec<Diagnostic> {
    let mut taken: BTreeMap<(Method, Vec<Option<&str>>), &Route> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for route in routes.iter().flatten() {
        let shape = route.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Parameter(_) => None,
        });
        let key = (route.method, shape.collect());
        match taken.get(&key) {
            Some(first) => diagnostics.push(collision(model, first, route)),
            None => {
                taken.insert(key, route);
            }
        }
    }
    diagnostics
}

fn collision(model: &Model, first: &Route, second: &Route) -> Diagnostic {
    let name = |route: &Route| -> Spanned<String> { model.operation(route.operation).name.clone() };
    let (first_name, second_name) = (name(first), name(second));
    let at = format!("{} {}", second.method.name(), second.path());
    Diagnostic::error(
        "route-collision",
        second_name.span,
        format!("`{second_name}` and `{first_name}` would both be served at `{at}`"),
    )
    .label("collides with another operation")
    .related(first_name.span, format!("`{first_name}` is served there"))
    .note("one method and path can lead to one operation only")
    .help(format!("give one of them a `route`, for example `route: {}`", kebab(&second_name)))
}

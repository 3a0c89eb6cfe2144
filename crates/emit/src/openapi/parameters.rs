//! What stands in the path, the query and the headers.

use decide::{
    Design, address_inputs,
    design::{Method, Route, Segment},
    expansions::{self, Expansions},
    filters::{COUNTED, FilterTest, PREFIX, VALUES, most_orders},
};
use expression::{FieldIndex, FieldShape, Type};
use model::model::{Addressed, Operation, OperationKind, Parameter, Target, TenantFrom};
use serde_json::{Value, json};

use crate::json_schema::{Way, amount_text, schema};

/// All parameters of an operation, in the order path, query, headers.
pub fn all(
    design: &Design,
    operation: &Operation,
    route: &Route,
    expansions: Option<&Expansions>,
) -> Vec<Value> {
    let mut all = path(design, operation, route);
    if operation.kind == OperationKind::List {
        all.extend(page(design, operation));
    } else if address_inputs::are_served(operation) {
        all.extend(operation.input.parameters.iter().map(|input| asked(design, input)));
    }
    all.extend(expansions.and_then(|all| expand(design, operation, all)));
    if operation.kind == OperationKind::Get {
        let tags = json!({ "type": "string" });
        all.push(header(
            "If-None-Match",
            false,
            tags,
            "An `ETag` that the caller has: answered by 304 if it is still the row's.",
        ));
    }
    if route.idempotency_key {
        let text =
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        all.push(header("Idempotency-Key", true, text,
            "Chosen by the caller, for example a UUID. A repetition with the same key and body gets the first answer again, for 24 hours."));
    }
    if route.if_match
        || (route.method == Method::Post && operation.addressed != Addressed::Collection)
    {
        let tag = json!({ "type": "string", "pattern": "^(\"[0-9]{1,15}(-gzip)?\"|\\*)$", "examples": ["\"7\""] });
        // Never `required`: its absence has a status of its own, 428 (RFC 6585), while tools expect
        // a missing required header to be a plain 400.
        let text = if route.if_match {
            "The `ETag` of the row as the caller knows it: refused with 412 if it has changed since, and with 428 without it."
        } else {
            "The `ETag` of the row as the caller knows it: refused with 412 if it has changed since."
        };
        all.push(header("If-Match", false, tag, text));
    }
    if let Some(tenant) = tenant(design, route) {
        all.push(tenant);
    }
    let names = ["X-Correlation-ID", "traceparent"];
    all.extend(names.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })));
    all
}

/// The tenant that a request is for, where callers may name one.
fn tenant(design: &Design, route: &Route) -> Option<Value> {
    let tenancy = design.model.system.tenancy.as_ref()?;
    let actors = || route.actors.iter().map(|id| design.model.actor(*id));
    let linked = tenancy.from == TenantFrom::Actor && actors().any(|actor| actor.entity.is_some());
    let text = match (linked, actors().any(|actor| actor.all_tenants)) {
        (false, false) => return None,
        (true, false) => {
            "The tenant that the request is for, of those in which the caller has a row: the first without it."
        }
        (_, true) => {
            "The tenant that the request is for, by those who belong to several or cross them."
        }
    };
    Some(header("X-Tenant-ID", false, json!({ "type": "string", "format": "uuid" }), text))
}

/// Parameters of every operation: what belongs together stays together in logs and traces. They
/// help people, so no value of them is refused.
pub fn tracing() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "X-Correlation-ID": header(
            "X-Correlation-ID", false, text(),
            "Names what the request belongs to: 1 to 128 visible ASCII characters. It stands in the answer, in logs and in what the request causes.",
        ),
        "traceparent": header(
            "traceparent", false, text(),
            "W3C Trace Context: the trace goes on; without it one begins.",
        ),
    })
}

fn parameter(name: &str, place: &str, required: bool, schema: Value, description: &str) -> Value {
    json!({
        "name": name, "in": place, "required": required, "description": description, "schema": schema,
    })
}

fn header(name: &str, required: bool, schema: Value, description: &str) -> Value {
    parameter(name, "header", required, schema, description)
}

fn query(name: &str, schema: Value, description: &str) -> Value {
    parameter(name, "query", false, schema, description)
}

fn fields<'d>(design: &'d Design, operation: &Operation) -> &'d [FieldShape] {
    match operation.target {
        Target::Entity(entity) | Target::History(entity) | Target::Audit(entity) => {
            &design.model.shape(entity).fields
        }
        Target::View(view) => &design.model.schema.record(design.model.view(view).record).fields,
    }
}

fn field<'d>(design: &'d Design, operation: &Operation, at: FieldIndex) -> Option<&'d FieldShape> {
    fields(design, operation).get(usize::from(at.0))
}

fn path(design: &Design, operation: &Operation, route: &Route) -> Vec<Value> {
    let in_path = |segment: &Segment| {
        let Segment::Parameter(name) = segment else { return None };
        let (schema, description) = match operation.addressed {
            Addressed::Key(at) => {
                let of = field(design, operation, at)?;
                (in_text(design, &of.ty), format!("The `{}` of the row.", of.name))
            }
            _ => (json!({ "type": "string", "format": "uuid" }), "The `id` of the row.".to_owned()),
        };
        Some(parameter(name, "path", true, schema, &description))
    };
    route.segments.iter().filter_map(in_path).collect()
}

/// The schema of a value that is written as text, in a path or a query.
fn in_text(design: &Design, ty: &Type) -> Value {
    let mut value = match ty.required() {
        Type::Money { .. } => {
            let currencies = &design.model.schema.settings.currencies;
            match currencies.as_slice() {
                [first, _, ..] => {
                    let codes = format!(" ({})", currencies.join("|"));
                    let mut text = amount_text(&design.model.schema, "-?", &codes);
                    // As it has to be written, with the currency.
                    for example in text["examples"].as_array_mut().into_iter().flatten() {
                        *example =
                            format!("{} {first}", example.as_str().unwrap_or_default()).into();
                    }
                    text
                }
                _ => amount_text(&design.model.schema, "-?", ""),
            }
        }
        Type::Decimal { .. } => {
            let decimal = schema(&design.model.schema, ty.required(), Way::In);
            decimal.pointer("/anyOf/0").cloned().unwrap_or(decimal)
        }
        other => schema(&design.model.schema, other, Way::In),
    };
    if let Some(object) = value.as_object_mut() {
        object.remove("description");
    }
    value
}

fn page(design: &Design, operation: &Operation) -> Vec<Value> {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 50 });
    let mut all = vec![
        query("limit", limit, "Most rows of the page, which ends earlier where they reach 4 MiB."),
        query(
            "after",
            json!({ "type": "string", "minLength": 43, "pattern": "^[A-Za-z0-9_-]+$" }),
            "The `next` of the page before; with the same filters and sort.",
        ),
    ];
    if !operation.sort.is_empty() {
        let orders: Vec<String> = operation
            .sort_orders()
            .into_iter()
            .filter_map(|sort| {
                let name = &field(design, operation, sort.field)?.name;
                Some(if sort.descending { format!("-{name}") } else { name.clone() })
            })
            .collect();
        let default = orders.first().cloned().unwrap_or_default();
        let order = json!({ "type": "string", "enum": orders });
        let mut schema = json!({
            "type": "array", "items": order, "minItems": 1, "maxItems": most_orders(operation),
        });
        let mut text = "The order of the rows: by the first, equal ones by the next; `-` puts the greatest first, nulls come last.".to_owned();
        match operation.near {
            Some(_) => {
                text += &format!(
                    " By `{default}` where it is left out, and with `near` the nearest first."
                );
            }
            None => schema["default"] = json!([default]),
        }
        let mut parameter = query("sort", schema, &text);
        parameter["style"] = "form".into();
        parameter["explode"] = false.into();
        all.push(parameter);
    }
    if let Target::Entity(_) = operation.target {
        let text = format!("Whether the rows of all pages are counted, up to {COUNTED} of them.");
        all.push(query("count", json!({ "type": "boolean", "default": false }), &text));
    }
    for at in &operation.filter {
        if let Some(field) = field(design, operation, *at) {
            all.extend(filters(design, field));
        }
    }
    if address_inputs::are_served(operation) {
        all.extend(operation.input.parameters.iter().map(|input| asked(design, input)));
    }
    if operation.search {
        let words = json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\u0000]*$" });
        all.push(query("q", words, "Words that the row must hold."));
    }
    if operation.near.is_some() {
        all.extend(near());
    }
    all
}

/// Most ways along references that a contract lists; longer ones are followed all the same.
const LISTED: usize = 40;

/// Which references are followed in the same request.
fn expand(design: &Design, operation: &Operation, expansions: &Expansions) -> Option<Value> {
    if !expansions::reads(operation) {
        return None;
    }
    let paths = expansions.paths(design, operation, LISTED);
    if paths.is_empty() {
        return None;
    }
    let items = json!({ "type": "string", "enum": paths });
    let schema = json!({ "type": "array", "items": items, "minItems": 1, "maxItems": 16 });
    let mut parameter = query(
        "expand",
        schema,
        "References to follow: the rows that they name stand in `_expanded`, beside the reference.",
    );
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    Some(parameter)
}

/// An input in the address.
fn asked(design: &Design, input: &Parameter) -> Value {
    let text = "What is asked about.";
    let element = address_inputs::element(&input.ty);
    let value = in_text(design, element.unwrap_or(&input.ty));
    let mut parameter = match input.ty.required() {
        Type::List { min, max, .. } => {
            let several =
                json!({ "type": "array", "items": value, "minItems": min, "maxItems": max });
            let mut parameter = query(&input.name, several, text);
            parameter["style"] = "form".into();
            parameter["explode"] = true.into();
            parameter
        }
        _ => query(&input.name, value, text),
    };
    parameter["required"] = input.required.into();
    parameter
}

fn filters(design: &Design, field: &FieldShape) -> Vec<Value> {
    let held = field.ty.held();
    let value = in_text(design, held.unwrap_or(&field.ty));
    let parameter = |test: FilterTest| {
        let name = test.parameter(&field.name);
        let description = match held {
            Some(_) => test.describe_held(&field.name),
            None => test.describe(&field.name),
        };
        if test == FilterTest::IsNull {
            return query(&name, json!({ "type": "boolean" }), &description);
        }
        if test == FilterTest::Prefix {
            let text = json!({ "type": "string", "minLength": 1, "maxLength": PREFIX, "pattern": "^[^\\u0000]*$" });
            return query(&name, text, &description);
        }
        if !test.repeats() {
            return query(&name, value.clone(), &description);
        }
        let several = json!({ "type": "array", "items": value, "maxItems": VALUES });
        let mut parameter = query(&name, several, &description);
        parameter["style"] = "form".into();
        parameter["explode"] = true.into();
        parameter
    };
    FilterTest::of(&field.ty).into_iter().map(parameter).collect()
}

fn near() -> [Value; 2] {
    let point = json!({
        "type": "string",
        "pattern": "^-?(90|[0-8]?[0-9](\\.[0-9]{1,9})?),-?(180|(1[0-7][0-9]|[0-9]{1,2})(\\.[0-9]{1,9})?)$",
        "examples": ["52.52,13.405"],
    });
    let distance = json!({
        "type": "string",
        "pattern": "^[1-9][0-9]{0,3}(\\.[0-9]{1,3})?(m|km)$",
        "examples": ["5km"],
    });
    [
        query(
            "near",
            point,
            "Only rows near this point (latitude and longitude in degrees), the nearest first \
             unless `sort` says otherwise.",
        ),
        query("within", distance, "How near; with `near`."),
    ]
}

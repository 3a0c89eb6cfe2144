//! The contracts agree with the routes, and with themselves.

use std::collections::{BTreeMap, BTreeSet};

use engine::Checked;

use decide::{
    Design,
    design::{Route, Segment},
};
use model::model::ContextId;
use serde_json::Value;

use crate::contracts::{Scratch, everything, everything_with, models, passes};
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
    for (_, checked) in models() {
        let design = checked.design.unwrap();
        check(&design, &documents(&design));
    }
}

/// An operation of a model, by its id.
fn operation(checked: &Checked, id: &str) -> Value {
    let design = checked.design.as_ref().unwrap();
    let operations = documents(design).into_iter().flat_map(|document| {
        let paths = document["paths"].as_object().unwrap().clone().into_iter();
        paths.flat_map(|(_, methods)| methods.as_object().unwrap().clone().into_values())
    });
    operations.into_iter().find(|of| of["operationId"] == id).unwrap()
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
            let kinds = ["schemas", "examples", "headers", "parameters"];
            let known = kinds.iter().flat_map(|kind| {
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
fn whoever_changes_what_others_are_held_to_is_told_of_their_invariants() {
    let text = "
firmitas: 1
system: { name: Rooms, summary: Bookings. }
actors: { clerk: { auth: user, role: clerk } }
entities:
  Room: { fields: { seats: int(0..100), name: string(..20) } }
  Booking:
    fields: { room: Room, guests: int(0..100) }
    invariants: { fits: self.guests <= self.room.seats }
operations:
  resize: { update: Room, by: [clerk], input: [seats], rate: 1/s }
  rename: { update: Room, route: rename, by: [clerk], input: [name], rate: 1/s }
  empty: { act: Booking, by: [clerk], do: [{ set: { room.seats: 0 } }], rate: 1/s }
";
    let checked = engine::check(&BTreeMap::from([("firmitas.yaml".to_owned(), text.to_owned())]));
    let told = |id: &str| operation(&checked, id)["responses"]["409"]["description"].to_string();
    assert!(told("resize").contains("`fits`") && told("empty").contains("`fits`"));
    assert!(!told("rename").contains("`fits`"));
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

#[test]
fn a_created_row_links_to_what_its_creator_may_do_with_it() {
    let links = |checked: &Checked, id: &str| {
        let created = &operation(checked, id)["responses"]["201"]["links"];
        created.as_object().map(|links| links.keys().cloned().collect::<Vec<_>>())
    };
    let shop = example("shop");
    assert_eq!(links(&shop, "placeOrder").unwrap(), ["cancelOrder", "viewOrder"]);
    assert_eq!(links(&shop, "addProduct").unwrap(), ["changePrice", "editProduct", "viewProduct"]);
    // Nobody who creates a row of stock may read one by itself.
    assert_eq!(links(&shop, "stockProduct"), None);
    let place = operation(&shop, "placeOrder");
    let link = &place["responses"]["201"]["links"]["viewOrder"];
    assert_eq!(link["parameters"]["id"], "$response.body#/id");
}

#[test]
fn every_operation_says_how_long_how_often_and_for_whom() {
    for_each_example(|design, documents| {
        for route in served(design) {
            let name = &design.model.operation(route.operation).name.value;
            let path = route.path();
            let document = documents.iter().find(|of| of["paths"].get(&path).is_some()).unwrap();
            let operation = &document["paths"][&path][route.method.name().to_lowercase()];
            let semantics = &operation["x-semantics"];
            for key in ["timeout", "objective", "availability", "retry", "authorisation"] {
                assert!(semantics[key].is_string(), "{name}: {key}");
            }
            let asked = semantics["authentication"].as_object().unwrap();
            assert_eq!(asked.len(), route.actors.len(), "{name}");
            let key = if route.idempotency_key { "same-key" } else { "safe" };
            let key = if route.if_match { "same-version" } else { key };
            assert_eq!(semantics["retry"], key, "{name}");
            let text = operation["description"].as_str().unwrap();
            assert!(
                text.contains(&format!(
                    "Given up after {}",
                    semantics["timeout"].as_str().unwrap()
                ))
            );
            for (status, response) in operation["responses"].as_object().unwrap() {
                let header = &response["headers"]["X-Correlation-ID"]["$ref"];
                assert_eq!(header, "#/components/headers/X-Correlation-ID", "{name} {status}");
            }
            let later = &operation["responses"]["503"]["headers"]["Retry-After"];
            assert!(later.is_object(), "{name}");
        }
    });
}

#[test]
fn what_is_not_enforced_is_not_promised() {
    let chosen =
        "decisions:\n  rate-limit.patient->practice: { choose: token-bucket, because: test }\n";
    let booking = operation(&everything_with(chosen), "book");
    let limit = &booking["x-semantics"]["rate-limit"]["patient"];
    let decide::catalogue::Choice { runnable, .. } =
        decide::catalogue::family("rate-limit").unwrap().choice("token-bucket").unwrap();
    assert_eq!((&limit["kind"], &limit["enforced"]), (&"token-bucket".into(), &(*runnable).into()));
    let told = booking["responses"]["201"]["headers"].get("RateLimit");
    assert_eq!(told.is_some(), *runnable);
}

#[test]
fn subscribers_and_externals_have_contracts_too() {
    let checked = everything();
    let documents = documents(checked.design.as_ref().unwrap());
    let billing = documents.iter().find(|of| of.get("webhooks").is_some()).unwrap();
    let names: Vec<&String> = billing["webhooks"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["payments.billing.Paid", "payments.practice.Cancelled"]);
    let paid = &billing["webhooks"]["payments.billing.Paid"]["post"];
    let body = &paid["requestBody"]["content"]["application/json"]["example"];
    assert_eq!(body["type"], "billing.Paid");
    assert!(body["data"]["invoice"].is_string());
    let signed = paid["parameters"].as_array().unwrap().iter().map(|of| of["name"].clone());
    assert!(signed.collect::<Vec<_>>().contains(&"webhook-signature".into()));
    let all = checked.artifacts();
    let bank = all.iter().find(|of| of.path == "openapi/callbacks/bank.yaml").unwrap();
    for line in ["/callbacks/bank/paid:", "name: X-Signature", "Leads to `billing.markPaid`."] {
        assert!(bank.contents.contains(line), "{line}\n{}", bank.contents);
    }
}

#[test]
fn versions_say_how_long_they_are_served() {
    let checked = everything();
    let window = |title: &str| {
        let documents = documents(checked.design.as_ref().unwrap());
        let of = documents.into_iter().find(|of| of["info"]["title"] == title).unwrap();
        of["info"]["description"].as_str().unwrap().to_owned()
    };
    let apis = decide::versioning::of(checked.design.as_ref().unwrap());
    let days: Vec<f64> = apis.iter().map(|api| api.window_days).collect();
    assert!(days[0] < days[1], "partners get longer: {days:?}");
    assert!(window("Clinics: practice").contains(&format!("for {} days", days[0])));
    assert!(window("Clinics: billing").contains(&format!("for {} days", days[1])));
}

/// The files below `openapi/` of every model.
fn written(folder: &Scratch) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for (name, checked) in models() {
        for of in checked.artifacts().into_iter().filter(|of| of.path.starts_with("openapi/")) {
            files.push(folder.write(&format!("{name}/{}", of.path), &of.contents));
        }
    }
    assert!(files.len() > 8, "{files:?}");
    files
}

#[test]
fn redocly_takes_every_document() {
    let Ok(redocly) = std::env::var("FIRMITAS_TEST_REDOCLY") else {
        eprintln!("SKIPPED: FIRMITAS_TEST_REDOCLY is not set (run `cargo xtask test`)");
        return;
    };
    let folder = Scratch::new("redocly");
    let mut command = std::process::Command::new(redocly);
    command.args(["lint", "--extends=recommended", "--max-problems=1000"]).args(written(&folder));
    command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    passes(command.current_dir(&folder.0));
}

#[test]
fn openapi_spec_validator_takes_every_document() {
    let Ok(validator) = std::env::var("FIRMITAS_TEST_OPENAPI_SPEC_VALIDATOR") else {
        eprintln!(
            "SKIPPED: FIRMITAS_TEST_OPENAPI_SPEC_VALIDATOR is not set (run `cargo xtask test`)"
        );
        return;
    };
    let folder = Scratch::new("spec-validator");
    passes(std::process::Command::new(validator).args(written(&folder)));
}

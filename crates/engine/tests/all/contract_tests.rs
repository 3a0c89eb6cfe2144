//! The list of contract tests: nothing that a contract states is left out, and every case can be
//! told from the others.

use std::collections::{BTreeMap, BTreeSet};

use engine::Checked;
use model::model::ContextId;
use serde_json::Value;

use crate::contracts::{everything, models};
use crate::{diagrams::least, examples::example};

fn text(checked: &Checked, path: &str) -> String {
    let all = checked.artifacts();
    all.into_iter().find(|of| of.path == path).unwrap().contents
}

fn list(checked: &Checked) -> Value {
    serde_json::from_str(&text(checked, "contract-tests.json")).unwrap()
}

/// The cases of each operation, by its qualified name.
fn cases(checked: &Checked) -> BTreeMap<String, Vec<Value>> {
    let list = list(checked);
    let endpoints = list["endpoints"].as_array().unwrap().iter();
    let of = |endpoint: &Value| {
        let name = endpoint["operation"].as_str().unwrap().to_owned();
        (name, endpoint["cases"].as_array().unwrap().clone())
    };
    endpoints.map(of).collect()
}

fn case<'c>(cases: &'c BTreeMap<String, Vec<Value>>, id: &str) -> &'c Value {
    let all = || cases.values().flatten();
    let found = all().find(|case| case["id"] == id);
    found.unwrap_or_else(|| {
        let start = id.split('/').next().unwrap();
        let ids = all().map(|case| case["id"].as_str().unwrap());
        panic!("{id} is none of {:#?}", ids.filter(|id| id.starts_with(start)).collect::<Vec<_>>())
    })
}

/// Every status and code that the responses of an operation name.
fn stated(operation: &Value) -> BTreeSet<(u64, String)> {
    let mut all = BTreeSet::new();
    for (status, response) in operation["responses"].as_object().unwrap() {
        let status: u64 = status.parse().unwrap();
        if status >= 400 {
            // `A`, `B`: the codes stand behind the words, which may quote a header.
            let (_, codes) = response["description"].as_str().unwrap().split_once(": ").unwrap();
            all.extend(codes.split('`').skip(1).step_by(2).map(|code| (status, code.to_owned())));
        }
    }
    all
}

#[test]
fn every_status_and_code_of_every_contract_has_a_case() {
    for (name, checked) in models() {
        let design = checked.design.clone().unwrap();
        let cases = cases(&checked);
        for at in 0..u16::try_from(design.model.contexts.len()).unwrap() {
            let Some(document) = emit::openapi::document(&design, ContextId(at)) else { continue };
            let context = &design.model.contexts[usize::from(at)].name;
            let paths = document["paths"].as_object().unwrap().values();
            for operation in paths.flat_map(|methods| methods.as_object().unwrap().values()) {
                let id = operation["operationId"].as_str().unwrap();
                let of = &cases[&format!("{context}.{id}")];
                let expected = of.iter().filter_map(|case| {
                    let expects = &case["expects"];
                    Some((expects["status"].as_u64()?, expects["code"].as_str()?.to_owned()))
                });
                let expected: BTreeSet<(u64, String)> = expected.collect();
                let missing: Vec<_> = stated(operation).difference(&expected).cloned().collect();
                assert!(missing.is_empty(), "{name}: {context}.{id}: {missing:?}");
                let unstated: Vec<_> = expected.difference(&stated(operation)).cloned().collect();
                assert!(
                    unstated.is_empty(),
                    "{name}: {context}.{id} is not said to answer {unstated:?}"
                );
                let success: BTreeSet<u64> =
                    of.iter().filter_map(|case| case["expects"]["status"].as_u64()).collect();
                assert!(success.iter().any(|status| *status < 300), "{name}: {id}");
            }
        }
    }
}

#[test]
fn every_endpoint_is_listed_and_every_case_has_an_id_of_its_own() {
    for (name, checked) in models() {
        let design = checked.design.clone().unwrap();
        let cases = cases(&checked);
        assert_eq!(cases.len(), design.routes.iter().flatten().count(), "{name}");
        let ids: Vec<&str> =
            cases.values().flatten().map(|case| case["id"].as_str().unwrap()).collect();
        let distinct: BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{name}");
        let list = list(&checked);
        let count = |status: &str| {
            ids.len() - cases.values().flatten().filter(|case| case["status"] != status).count()
        };
        assert_eq!(list["summary"]["generated"], count("generated"));
        assert_eq!(list["summary"]["not-run"], count("not-run"));
        assert!(
            cases
                .values()
                .flatten()
                .all(|case| (case["status"] == "not-run") == case["because"].is_string())
        );
    }
}

#[test]
fn cases_say_what_the_model_says() {
    let shop = cases(&example("shop"));
    let theirs = case(&shop, "ordering.viewOrder/access.customer-condition");
    assert_eq!(theirs["given"], "a row for which `self.customer == actor.id` does not hold");
    assert_eq!(theirs["expects"]["status"], 404);
    let happy = case(&shop, "payments.addCard/happy.customer");
    assert!(happy["asserts"].as_array().unwrap().contains(&"the body has no `token`".into()));
    let quantity = case(&shop, "inventory.receiveStock/edge.field-quantity");
    assert!(quantity["given"].as_str().unwrap().contains("`quantity` 0; "), "{quantity}");
    let twice = case(&shop, "ordering.placeOrder/repeat.same-key");
    assert_eq!((&twice["expects"]["status"], &twice["status"]), (&201.into(), &"generated".into()));
    let duplicate = case(&shop, "ordering.placeOrder/error.duplicate-line");
    assert_eq!(duplicate["status"], "not-run");
    assert!(duplicate["given"].as_str().unwrap().contains("distinct().size()"));

    let all = cases(&everything());
    let tenant = case(&all, "practice.viewAppointment/access.doctor-other-tenant");
    assert_eq!(tenant["expects"]["code"], "not-found");
    // An auditor crosses tenants; a clinic belongs to none.
    let ids = all.values().flatten().map(|case| case["id"].as_str().unwrap());
    let tenants: Vec<&str> = ids.filter(|id| id.ends_with("-other-tenant")).collect();
    assert!(
        !tenants.iter().any(|id| id.contains("auditor") || id.contains("Clinic")),
        "{tenants:?}"
    );
    let overlap = case(&all, "practice.book/error.no-double-booking");
    assert!(overlap["given"].as_str().unwrap().contains("from `starts_at` to `ends_at` overlaps"));
    let stream = case(&all, "practice.watchDay/happy.doctor");
    assert_eq!(stream["because"], "Streams are not served yet.");
    assert!(
        case(&all, "practice.myAppointments/page.filter-starts-at")["expects"]["status"] == 200
    );
}

#[test]
fn people_read_the_same() {
    let shop = example("shop");
    let markdown = text(&shop, "contract-tests.md");
    let rows = markdown
        .lines()
        .filter(|line| line.ends_with("generated |") || line.contains("| not-run: "));
    let cases: usize = cases(&shop).values().map(Vec::len).sum();
    assert_eq!(rows.count(), cases);
    assert!(markdown.contains("## `POST /ordering/v1/orders/{id}/cancel-order`"));
    let paths: Vec<String> = least().artifacts().into_iter().map(|of| of.path).collect();
    assert!(!paths.iter().any(|path| path.starts_with("contract-tests")), "{paths:?}");
}

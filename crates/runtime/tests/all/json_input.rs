//! Bodies of every kind against an operation with a field of every type.

use std::sync::Arc;

use model::Model;
use model::model::Operation;
use proptest::prelude::*;
use runtime::json::{InputPlan, read_input};
use runtime::problem::Problem;

use crate::http_support::{Ask, LIBRARY, Server, design};

fn plan(name: &str) -> (Arc<Model>, InputPlan) {
    let model = design(LIBRARY).model.clone();
    let at = model.operations.iter().position(|operation| operation.name.value == name).unwrap();
    let operation: &Operation = &model.operations[at];
    let plan = InputPlan::new(&model, operation);
    (model, plan)
}

/// A body with every property, which tests then bend.
fn whole() -> serde_json::Value {
    serde_json::json!({
        "code": "a", "title": "é", "pages": 10, "rating": "4.50",
        "price": { "amount": "12.50", "currency": "EUR" }, "weight": 0.25, "available": false,
        "published": "2026-12-31", "opens": "08:30:00", "seen_at": "2026-12-31T23:59:59.500000Z",
        "loan": "PT1H30M", "isbn": "0190b8a0-0000-7000-8000-000000000000",
        "contact": "a.b@example.org", "site": "https://example.org/x?y=z", "phone": "+4930123456",
        "shelf": { "lat": 52.52, "lon": -13.405 }, "notes": { "a": [1, "x", null, true] },
        "kind": "essay", "tags": ["x", "y"],
        "copies": [{ "number": 1, "place": "shelf" }, { "number": 2, "place": "" }],
    })
}

fn problem(body: &str) -> Problem {
    let (_, plan) = plan("addBook");
    read_input(&plan, body.as_bytes(), 0).expect_err(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_back_as_it_was_sent() {
    let server = Server::start(LIBRARY).await;
    let token = server.token("librarian", "lib");
    let sent = whole();
    let body = sent.to_string();
    let added =
        server.ask(Ask::new("POST", "/books/v1/books").bearer(&token).key("k").json(&body)).await;
    assert_eq!(added.status, 201, "{}", String::from_utf8_lossy(&added.body));
    let path = added.header("location").unwrap().to_owned();
    let answers = [added.json(), server.get(&path).await.json()];
    for answer in answers {
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(&answer[name], value, "{name}");
        }
    }
    let near = server.get("/books/v1/books?near=52.5,-13.4&within=5km").await.json();
    assert_eq!(near["items"].as_array().unwrap().len(), 1);
    let far = server.get("/books/v1/books?near=0,0&within=500m").await.json();
    assert_eq!(far["items"].as_array().unwrap().len(), 0);
}

#[test]
fn other_ways_to_write_the_same_are_read_alike() {
    let (_, plan) = plan("addBook");
    let canonical = read_input(&plan, whole().to_string().as_bytes(), 0).unwrap();
    let same = [
        ("rating", "4.5"),
        ("rating", "\"4.5\""),
        ("rating", "45e-1"),
        ("pages", "1e1"),
        ("pages", "10.0"),
        ("weight", "25e-2"),
        ("seen_at", "\"2027-01-01T01:59:59.5+02:00\""),
        ("price", "{\"currency\": \"EUR\", \"amount\": \"12.5\"}"),
        ("loan", "\"PT90M\""),
        ("isbn", "\"0190B8A0-0000-7000-8000-000000000000\""),
        ("title", "\"\\u00e9\""),
    ];
    for (name, text) in same {
        let mut body = whole();
        body[name] = "@".into();
        let body = body.to_string().replace("\"@\"", text);
        assert_eq!(read_input(&plan, body.as_bytes(), 0).unwrap(), canonical, "{name}: {text}");
    }
}

#[test]
fn what_is_wrong_is_named_by_place_and_kind() {
    let cases = [
        ("code", "\"\"", "/code", "too-short"),
        ("code", "\"123456789012345678901\"", "/code", "too-long"),
        ("code", "1", "/code", "invalid-type"),
        ("title", "\"a\\u0000\"", "/title", "invalid-format"),
        ("title", "null", "/title", "null"),
        ("pages", "0", "/pages", "out-of-range"),
        ("pages", "5001", "/pages", "out-of-range"),
        ("pages", "1.5", "/pages", "invalid-type"),
        ("pages", "\"1\"", "/pages", "invalid-type"),
        ("pages", "99999999999999999999", "/pages", "out-of-range"),
        ("rating", "4.505", "/rating", "too-precise"),
        ("rating", "\"10\"", "/rating", "out-of-range"),
        ("rating", "\"x\"", "/rating", "invalid-format"),
        ("price", "12.5", "/price", "invalid-type"),
        ("price", "{\"amount\":12.5,\"currency\":\"EUR\"}", "/price/amount", "invalid-type"),
        ("price", "{\"amount\":\"1.005\",\"currency\":\"EUR\"}", "/price", "too-precise"),
        ("price", "{\"amount\":\"-1\",\"currency\":\"EUR\"}", "/price", "out-of-range"),
        (
            "price",
            "{\"amount\":\"9999999999999999\",\"currency\":\"EUR\"}",
            "/price",
            "out-of-range",
        ),
        ("price", "{\"amount\":\"1\",\"currency\":\"USD\"}", "/price/currency", "unknown-member"),
        ("price", "{\"amount\":\"1\"}", "/price/currency", "required"),
        (
            "price",
            "{\"amount\":\"1\",\"currency\":\"EUR\",\"a/b\":1}",
            "/price/a~1b",
            "unknown-property",
        ),
        ("weight", "1e999", "/weight", "out-of-range"),
        ("available", "\"true\"", "/available", "invalid-type"),
        ("published", "\"2026-02-30\"", "/published", "invalid-format"),
        ("opens", "\"24:00:00\"", "/opens", "invalid-format"),
        ("seen_at", "\"2026-12-31T23:59:59\"", "/seen_at", "invalid-format"),
        ("loan", "\"P1M\"", "/loan", "invalid-format"),
        ("isbn", "\"0190b8a0000070008000000000000000\"", "/isbn", "invalid-format"),
        ("contact", "\"nobody\"", "/contact", "invalid-format"),
        ("site", "\"ftp://example.org\"", "/site", "invalid-format"),
        ("phone", "\"030\"", "/phone", "invalid-format"),
        ("shelf", "{\"lat\":91,\"lon\":0}", "/shelf/lat", "out-of-range"),
        ("shelf", "[1,2]", "/shelf", "invalid-type"),
        ("notes", "\"\\u0000\"", "/notes", "invalid-character"),
        ("kind", "\"poem\"", "/kind", "unknown-member"),
        ("tags", "[\"a\",\"b\",\"c\",\"d\"]", "/tags", "too-many-items"),
        ("tags", "[null]", "/tags/0", "null"),
        ("copies", "[{\"number\":1},{\"place\":\"x\"}]", "/copies/1/number", "required"),
        ("copies", "[{\"number\":1,\"plaice\":\"x\"}]", "/copies/0/plaice", "unknown-property"),
        ("copies", "{}", "/copies", "invalid-type"),
    ];
    for (name, text, pointer, code) in cases {
        let mut body = whole();
        body[name] = "@".into();
        let body = body.to_string().replace("\"@\"", text);
        let problem = problem(&body);
        assert_eq!(problem.status, 422, "{name}: {text}");
        let found: Vec<_> =
            problem.errors.iter().map(|error| (error.pointer.as_str(), &*error.code)).collect();
        assert_eq!(found, [(pointer, code)], "{name}: {text}");
    }
}

#[test]
fn all_errors_are_told_at_once_but_not_without_end() {
    let problem = problem(r#"{"code":1,"titel":"a","pages":0,"tags":[1]}"#);
    assert_eq!(problem.code, "unknown-property");
    let pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/code", "/titel", "/pages", "/tags/0", "/title", "/price"]);
    assert!(problem.errors[1].detail.contains("`title`"), "{}", problem.errors[1].detail);
    let many: String = (0..100_000).map(|at| format!("\"p{at}\":1,")).collect();
    let problem = self::problem(&format!("{{{many}\"x\":1}}"));
    assert_eq!(problem.errors.len(), 50);
}

#[test]
fn absent_null_and_given_are_told_apart() {
    let (model, plan) = plan("editBook");
    let values = read_input(&plan, br#"{"rating":null}"#, 0).unwrap().values;
    let operation = model.operations.iter().find(|o| o.name.value == "editBook").unwrap();
    let names = operation.input.parameters.iter().map(|p| p.name.value.as_str());
    let given: Vec<_> = names.zip(&values).filter(|(_, value)| value.is_some()).collect();
    assert_eq!(given, [("rating", &Some(expression::Value::Null))]);
}

proptest! {
    #[test]
    fn random_bytes_are_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        thread_local!(static PLAN: InputPlan = plan("addBook").1);
        let refused = PLAN.with(|plan| read_input(plan, &bytes, 0).is_err());
        prop_assert!(refused);
    }

    #[test]
    fn random_json_is_answered_in_kind(body in json(), cut in any::<prop::sample::Index>()) {
        thread_local!(static PLAN: InputPlan = plan("addBook").1);
        let body = body.to_string();
        PLAN.with(|plan| {
            // Valid JSON is never called malformed, and cut JSON always is.
            let problem = read_input(plan, body.as_bytes(), 0).expect_err("properties are required");
            prop_assert!(problem.status == 422 || problem.code == "malformed-json" && body.len() > 64, "{problem:?}");
            let head = &body.as_bytes()[..cut.index(body.len())];
            let whole = serde_json::from_slice::<serde_json::Value>(head).is_ok();
            if let Err(problem) = read_input(plan, head, 0) {
                prop_assert_eq!(problem.status == 400, !whole, "{:?}", problem);
            }
            Ok(())
        })?;
    }
}

/// JSON whose property names are often those of the model.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "code", "title", "price", "copies", "tags", "notes", "shelf", "amount"
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

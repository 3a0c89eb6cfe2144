//! The faulty SQL and OpenAPI samples of the founding documents, told as models: what is wrong with
//! them is found, and what is written for the repaired model does not have it.
//!
//! The SQL had an index on a column that was `UNIQUE` anyway, a unique address that kept whoever
//! had left from coming back, prices without a currency, and two ways of marking deleted rows. The
//! contract had no `info`, no bodies of answers, no 400, 401, 403 and 500, no `Retry-After` beside
//! 429, and no problem details.

use std::collections::BTreeMap;

use engine::{Checked, check};
use serde_json::Value;

/// As the sample had it: both conventions of deletion, a second key over the address, bare prices.
const FAULTY: &str = r#"
firmitas: 1
system: { name: Users and products, summary: Who may buy what, currency: [EUR, USD] }
actors:
  member: { auth: user, is: User }
  staff: { auth: user, role: staff }
entities:
  User:
    rows: 100k + 2k/month
    retain: 2y
    unique: { one-account: [email] }
    fields:
      email: email unique pii
      name: string(1..100) pii
      deleted_on: timestamp?
  Product:
    rows: 10k + 100/month
    soft_delete: true
    fields:
      name: string(1..255)
      price: decimal(10,2)
      is_active: bool = true
operations:
  register: { create: User, by: [member], input: [email, name], rate: 2k/month }
  viewSelf: { get: User, by: { member: self.id == actor.id }, rate: 1/s }
  leave: { act: User, by: { member: self.id == actor.id }, do: [{ set: { deleted_on: now } }], rate: 100/month }
  addProduct: { create: Product, by: [staff], input: [name, price, is_active], rate: 100/month }
  dropProduct: { delete: Product, by: [staff], rate: 10/month }
  listProducts: { list: Product, by: [member, staff], filter: [is_active], rate: 5/s }
"#;

/// What the findings ask for.
const REPAIRED: &str = r#"
firmitas: 1
system: { name: Users and products, summary: Who may buy what, currency: [EUR, USD] }
actors:
  member: { auth: user, is: User }
  staff: { auth: user, role: staff }
entities:
  User:
    rows: 100k + 2k/month
    soft_delete: true
    retain: 30d after deleted_at
    fields:
      email: email unique pii
      name: string(1..100) pii
  Product:
    rows: 10k + 100/month
    soft_delete: true
    fields:
      name: string(1..255)
      price: money(0..)
operations:
  register: { create: User, by: [member], input: [email, name], rate: 2k/month }
  viewSelf: { get: User, by: { member: self.id == actor.id }, rate: 1/s }
  leave: { delete: User, by: { member: self.id == actor.id }, rate: 100/month }
  addProduct: { create: Product, by: [staff], input: [name, price], rate: 100/month }
  dropProduct: { delete: Product, by: [staff], rate: 10/month }
  listProducts: { list: Product, by: [member, staff], filter: [price], rate: 5/s }
"#;

fn checked(text: &str) -> Checked {
    check(&BTreeMap::from([("firmitas.yaml".to_owned(), text.to_owned())]))
}

/// `id subject`, where the finding has one.
fn found(checked: &Checked) -> Vec<&str> {
    let keys = checked.diagnostics.iter();
    keys.map(|found| found.accept_as.as_deref().unwrap_or(found.id)).collect()
}

#[test]
fn every_fault_of_the_sql_sample_is_found() {
    let checked = checked(FAULTY);
    let found = found(&checked);
    for expected in [
        "redundant-unique-key@usersAndProducts.User.one-account",
        "hand-made-deletion@usersAndProducts.User.deleted_on",
        "hand-made-deletion@usersAndProducts.Product.is_active",
        "money-without-currency@usersAndProducts.Product.price",
    ] {
        assert!(found.contains(&expected), "{expected} in {found:#?}");
    }
    let by_hand =
        checked.diagnostics.iter().find(|found| found.id == "hand-made-deletion").unwrap();
    let said: Vec<&str> = by_hand.related.iter().map(|label| label.text.as_str()).collect();
    assert!(said.iter().any(|text| text.contains("can never be taken again")), "{said:?}");
    assert!(said.iter().any(|text| text.contains("two conventions")), "{said:?}");
}

#[test]
fn the_repaired_model_has_no_finding() {
    let checked = checked(REPAIRED);
    assert_eq!(found(&checked), Vec::<&str>::new(), "{:#?}", checked.diagnostics);
}

#[test]
fn the_sql_that_is_written_has_none_of_the_faults() {
    let checked = checked(REPAIRED);
    let artifacts = checked.artifacts();
    let sql = artifacts.iter().filter(|artifact| artifact.path.ends_with(".sql"));
    let tables: Vec<&str> = sql
        .map(|artifact| artifact.contents.as_str())
        .filter(|text| text.contains("CREATE TABLE"))
        .collect();
    assert!(!tables.is_empty());
    for text in tables {
        let statements: Vec<&str> = text.split(';').collect();
        let index = |of: &&str| of.trim_start().starts_with("CREATE") && of.contains("INDEX");
        let of_email = statements.iter().copied().filter(index);
        let of_email: Vec<&str> = of_email.filter(|of| of.contains("email")).collect();
        let [key] = of_email.as_slice() else {
            panic!("one index over the address: {of_email:#?}")
        };
        assert!(key.contains("UNIQUE") && key.contains("deleted_at"), "{key}");
        assert!(key.contains("IS NULL"), "who left may come back: {key}");
        let users =
            statements.iter().find(|of| of.contains("CREATE TABLE") && of.contains("email"));
        let users = users.unwrap();
        let column = users.lines().find(|line| line.contains("email")).unwrap();
        assert!(!column.contains("UNIQUE"), "the key stands once: {column}");
        assert!(text.contains("price_currency"), "money has a currency");
        let markers = ["is_deleted", "is_active", "deleted_on", "removed"];
        assert!(markers.iter().all(|marker| !text.contains(marker)), "one convention");
    }
}

#[test]
fn the_contract_that_is_written_has_none_of_the_faults() {
    let checked = checked(REPAIRED);
    let design = checked.design.as_deref().unwrap();
    let document = emit::openapi::document(design, model::model::ContextId(0)).unwrap();
    for key in ["title", "version", "description"] {
        assert!(document["info"][key].as_str().is_some_and(|text| !text.is_empty()), "info.{key}");
    }
    let operations = document["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|methods| methods.as_object().unwrap().values());
    let mut seen = 0;
    for operation in operations {
        let responses = operation["responses"].as_object().unwrap();
        let id = &operation["operationId"];
        for status in ["400", "401", "403", "429", "500"] {
            assert!(responses.contains_key(status), "{id} answers {status}");
        }
        for (status, response) in responses {
            answers(id, status, response);
        }
        seen += 1;
    }
    assert_eq!(seen, 6);
    let problem = &document["components"]["schemas"]["Problem"]["properties"];
    for member in ["type", "title", "status", "detail", "code"] {
        assert!(problem.get(member).is_some(), "problem details have {member}");
    }
}

/// Whether an answer says what it holds.
fn answers(id: &Value, status: &str, response: &Value) {
    let content = &response["content"];
    match status {
        "204" | "304" => assert!(content.is_null(), "{id} {status}"),
        _ if status.starts_with('2') => {
            assert!(content["application/json"]["schema"].is_object(), "{id} {status}");
        }
        _ => {
            let schema = &content["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{id} {status}");
        }
    }
    if status == "429" {
        assert!(response["headers"]["Retry-After"].is_object(), "{id}");
    }
}

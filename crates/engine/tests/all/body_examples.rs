//! Every body of every contract has an example, and its own schema admits it.

use engine::{Checked, check};
use model::model::ContextId;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::{contracts::everything, diagrams::awkward, examples::example};

/// Types whose values are held to a form: each with bounds that the usual example would break.
fn bounds() -> Checked {
    let text = r#"
firmitas: 1
system: { name: Bounds, currency: [JPY, EUR] }
actors: { clerk: { auth: user, is: Person } }
types:
  Size: { fields: { wide: "decimal(2,2)", high: "decimal(9,0)?" } }
entities:
  Person:
    fields:
      name: string(1..3)
      phone: phone
      web: url?
      mail: email
      from: date
      at: time
      span: duration
      place: geo
      much: money(1000..2000)
      little: money(..-5)
      count: int(-9..-7)
      share: "decimal(3,2)"
      exact: string(40..40)
      size: Size
      days: list(date, 3..4)
      colour: enum(red, green)?
      anything: json?
      photo: file(..1MiB)?
      heat: float
      other: uuid
operations:
  hire:
    create: Person
    by: [clerk]
    input: [name, phone, web, mail, from, at, span, place, much, little, count, share, exact, size, days, colour, anything, heat, other]
  edit: { update: Person, by: [clerk], input: [name, much, size] }
  list: { list: Person, by: [clerk] }
"#;
    let checked = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text.to_owned())]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

fn documents(checked: &Checked) -> Vec<Value> {
    let design = checked.design.as_ref().unwrap();
    let contexts = 0..u16::try_from(design.model.contexts.len()).unwrap();
    contexts.filter_map(|at| emit::openapi::document(design, ContextId(at))).collect()
}

/// The media types of all bodies, each with the pointer to it.
fn media(value: &Value, pointer: &str, found: &mut Vec<(String, Value)>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        let pointer = format!("{pointer}/{key}");
        match (key.as_str(), value) {
            ("content", Value::Object(content)) => {
                let all = content.iter();
                found.extend(all.map(|(kind, of)| (format!("{pointer}/{kind}"), of.clone())));
            }
            _ => media(value, &pointer, found),
        }
    }
}

/// The examples of a media type, references followed.
fn shown(document: &Value, media: &Value) -> Vec<Value> {
    let one = media.get("example").cloned();
    let several = media.get("examples").and_then(Value::as_object);
    let several = several.into_iter().flat_map(|all| all.values()).map(|of| {
        let target = of["$ref"].as_str().unwrap().trim_start_matches('#');
        document.pointer(target).unwrap()["value"].clone()
    });
    one.into_iter().chain(several).collect()
}

fn validate(document: &Value, at: &str, schema: &Value, example: &Value) {
    // A schema stands alone if it brings the components that it refers to.
    let mut alone = json!({ "components": document["components"] });
    alone.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&alone).unwrap_or_else(|why| panic!("{at}: {why}"));
    let wrong: Vec<String> = validator.iter_errors(example).map(|of| of.to_string()).collect();
    assert!(wrong.is_empty(), "{at}: {wrong:#?}\n{example:#}");
}

#[test]
fn every_body_has_an_example_that_its_schema_admits() {
    for checked in [example("shop"), example("rides"), awkward(), bounds(), everything()] {
        for document in documents(&checked) {
            let mut all = Vec::new();
            media(&document["paths"], "", &mut all);
            media(&document["webhooks"], "", &mut all);
            for (at, media) in &all {
                let examples = shown(&document, media);
                assert!(!examples.is_empty(), "{at} has no example");
                for example in examples {
                    validate(&document, at, &media["schema"], &example);
                }
            }
        }
    }
}

/// Examples inside schemas are held to them as well.
#[test]
fn examples_of_single_values_fit_their_schemas() {
    fn visit(value: &Value, document: &Value) {
        if let Some(examples) = value.get("examples").and_then(Value::as_array) {
            examples.iter().for_each(|of| validate(document, "a value", value, of));
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| visit(item, document)),
            Value::Object(map) => map.values().for_each(|value| visit(value, document)),
            _ => {}
        }
    }
    for checked in [awkward(), bounds(), everything()] {
        documents(&checked).iter().for_each(|document| visit(document, document));
    }
}

#[test]
fn examples_read_like_the_real_thing() {
    let documents = documents(&example("shop"));
    let find = |path: &str, pointer: &str| {
        let document = documents.iter().find(|document| document["paths"].get(path).is_some());
        document.unwrap()["paths"][path].pointer(pointer).cloned().unwrap()
    };
    let body = "/post/requestBody/content/application~1json/example";
    let user = find("/identity/v1/users", body);
    assert_eq!(user, json!({ "email": "ada@example.com", "name": "Ada Lovelace" }));
    let product = find("/catalog/v1/products", body);
    assert_eq!(
        (&product["sku"], &product["price"]["amount"]),
        (&json!("SKU-1042"), &json!("12.50"))
    );
    // An order refers to the very product that the catalogue shows.
    let order = find("/ordering/v1/orders", body);
    let shown = find(
        "/catalog/v1/products/{id}",
        "/get/responses/200/content/application~1json/example/id",
    );
    assert_eq!(order["lines"][0]["product"], shown);
}

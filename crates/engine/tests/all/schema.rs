//! What the binder accepts, the JSON Schema accepts; what is plainly wrong, both refuse.

use std::{fs, path::Path};

use jsonschema::Validator;
use model::yaml::{Node, NodeKind, Style};
use serde_json::{Map, Value};

use crate::broken::topics;
use crate::examples::text_of;

/// A node as other YAML readers type it (the core schema of YAML 1.2).
fn typed(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Mapping(mapping) => {
            let entries = mapping.entries.iter();
            Value::Object(
                entries.map(|e| (e.key.value.clone(), typed(&e.value))).collect::<Map<_, _>>(),
            )
        }
        NodeKind::Sequence(items) => items.iter().map(typed).collect(),
        NodeKind::Scalar(scalar) if scalar.style == Style::Plain => {
            let text = scalar.text.text.as_str();
            let number = || text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from);
            match text {
                "" | "~" | "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => number().unwrap_or_else(|| Value::from(text)),
            }
        }
        NodeKind::Scalar(scalar) => Value::from(scalar.text.text.as_str()),
        NodeKind::Invalid => Value::Null,
    }
}

/// Whether the binder accepts a file, and what the schema says against it.
fn judge(validator: &Validator, text: &str) -> (bool, Vec<String>) {
    let mut sources = base::SourceMap::new();
    let file = sources.add("firmitas.yaml", text);
    let accepted = !base::has_errors(&model::syntax::parse(&sources, file).1);
    let document = model::yaml::read(file, text, &mut Vec::new());
    let value = document.root.as_ref().map_or(Value::Null, typed);
    let errors = validator.iter_errors(&value);
    (accepted, errors.map(|error| format!("{}: {error:.200}", error.instance_path())).collect())
}

/// The YAML blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```yaml").skip(1);
    blocks.filter_map(|block| block.split("```").next()).map(str::to_owned).collect()
}

fn corpus() -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![text_of("shop"), text_of("rides")];
    for entry in fs::read_dir(here.join("../model/tests/models")).unwrap() {
        texts.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    for entry in fs::read_dir(here.join("../check/src/checks")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            texts.extend(blocks(&fs::read_to_string(path).unwrap()));
        }
    }
    let broken = topics().into_iter().flat_map(|(_, cases)| cases);
    texts.extend(broken.flat_map(|case| case.files.into_values()));
    texts
}

#[test]
fn the_schema_accepts_what_the_binder_accepts() {
    let validator = jsonschema::validator_for(&model::syntax::schema()).unwrap();
    let mut accepted = 0;
    for text in corpus() {
        let (by_binder, errors) = judge(&validator, &text);
        assert!(!by_binder || errors.is_empty(), "{errors:#?}\n{text}");
        accepted += usize::from(by_binder);
    }
    assert!(accepted > 120, "only {accepted} models were compared");
}

#[test]
fn both_refuse_what_is_plainly_wrong() {
    let validator = jsonschema::validator_for(&model::syntax::schema()).unwrap();
    let plain = ["misspelt key", "wrong shape", "bad boolean", "unknown word", "vague number"];
    let mut refused = 0;
    for case in topics().into_iter().flat_map(|(_, cases)| cases) {
        if !plain.contains(&case.kind()) {
            continue;
        }
        let (by_binder, errors) = judge(&validator, &case.files["firmitas.yaml"]);
        assert!(!by_binder && !errors.is_empty(), "{}: {errors:?}", case.title);
        refused += 1;
    }
    assert!(refused > 30, "only {refused} were compared");
}

#[test]
fn every_key_is_described() {
    let schema = model::syntax::schema();
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions {
        let properties = definition["properties"].as_object().into_iter().flatten();
        for (key, property) in properties {
            assert!(
                property["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{name}.{key}"
            );
        }
    }
    assert!(definitions.len() > 30);
}

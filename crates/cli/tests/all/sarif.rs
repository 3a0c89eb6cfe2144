//! What other programs read: SARIF for code scanning, workflow commands for GitHub.
//!
//! Where `FIRMITAS_TEST_SARIF` names a folder with the npm package `@microsoft/jest-sarif`, the
//! logs are held against the JSON Schema of SARIF 2.1.0 that it brings.

use std::path::Path;

use serde_json::Value;

use crate::firm::Scratch;

const BROKEN: &str = "firmitas: 1\nsystem: { name: Shöp }\nsistem: {}\nentities:\n  A: { rows: &n 2k }\n  B: { rows: *n }\n";
const FINDINGS: &str = "\
firmitas: 1
system: { name: Example }
actors:
  clerk: { auth: user }
  nobody: { auth: service }
entities:
  Item: { rows: 100, fields: { name: string, price: \"decimal(10,2)\" } }
operations:
  add: { create: Item, by: [clerk], input: [name, price], rate: 1/min }
  items: { list: Item, by: [clerk], rate: 1/min }
";

fn log(scratch: &Scratch, model: &str) -> Value {
    let run = scratch.firm(&["check", model, "--format", "sarif"]);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_log_says_what_the_document_says() {
    let scratch = Scratch::new("sarif-log");
    std::fs::create_dir_all(scratch.path().join("repository/.git")).unwrap();
    scratch.write("repository/my models/firmitas.yaml", FINDINGS);
    let log = log(&scratch, "repository/my models");
    let run = &log["runs"][0];
    let document = scratch.firm(&["check", "repository/my models", "--json"]).json();
    let found = document["diagnostics"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(found.len() >= 2 && results.len() == found.len());
    for (result, found) in results.iter().zip(found) {
        assert_eq!(result["ruleId"], found["id"]);
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], found["id"]);
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Wrong"));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20models/firmitas.yaml");
        assert_eq!(place["region"]["startLine"], found["range"]["start"]["line"]);
        assert_eq!(place["region"]["endColumn"], found["range"]["end"]["column"]);
        assert_eq!(result["partialFingerprints"]["about/v1"], found["accept"]);
    }
}

#[test]
fn logs_fit_the_schema_of_sarif() {
    let Some(folder) = std::env::var_os("FIRMITAS_TEST_SARIF") else {
        eprintln!("skipped: FIRMITAS_TEST_SARIF names no folder with @microsoft/jest-sarif");
        return;
    };
    let schemas = Path::new(&folder).join("node_modules/@microsoft/jest-sarif/lib/schemas");
    let text = std::fs::read_to_string(schemas.join("sarif-2.1.0-rtm.5.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    // The pattern of languages has a bracket too many: it is no regular expression.
    for of in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{of}/properties/language"));
        language.unwrap().as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let scratch = Scratch::new("sarif-schema");
    for (name, model) in [("broken", BROKEN), ("findings", FINDINGS), ("empty", "")] {
        scratch.write(&format!("{name}/firmitas.yaml"), model);
        let log = log(&scratch, name);
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        assert!(!log["runs"][0]["results"].as_array().unwrap().is_empty(), "{name}");
    }
    let unlike = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
    assert!(!validator.is_valid(&unlike), "the schema refuses what is none");
}

#[test]
fn github_gets_a_command_for_each_finding() {
    let scratch = Scratch::new("github");
    scratch.write("model/firmitas.yaml", FINDINGS);
    let run = scratch.firm(&["check", "model", "--format", "github"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let expected = "::warning file=model/firmitas.yaml,line=7,endLine=7,col=46,endColumn=51,\
        title=money-without-currency::`Item.price` is money in a decimal%0A";
    assert!(lines.iter().any(|line| line.starts_with(expected)), "{}", run.stdout);
    assert!(lines.iter().all(|line| line.starts_with("::")), "{}", run.stdout);
    assert_eq!(run.code, 0);
}

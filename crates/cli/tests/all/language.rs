//! `docs/language.md`: its examples are models, or pieces of one, and its tables of keys are those
//! that the program reads by.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    firm::Scratch,
    page::{blocks, path, read},
};

const PAGE: &str = "docs/language.md";

/// What pieces are put into.
const FRAME: &str = "\
firmitas: 1
include: [piece.yaml]
system: { name: Frame }
actors:
  anyone: { auth: none }
entities:
  Thing:
    rows: 1k
    fields: { name: string(1..40), size: int(0..1000) = 0 readonly }
    states: { new: [used], used: [] }
operations:
  make: { create: Thing, by: [anyone], input: [name], rate: 1/day }
";

#[test]
fn every_example_is_what_the_page_says() {
    let examples: Vec<_> =
        blocks(&read(PAGE)).into_iter().filter(|block| block.info == "yaml").collect();
    assert!(examples.len() >= 10, "only {} examples", examples.len());
    let mut wrong = Vec::new();
    for example in examples {
        let scratch = Scratch::new("language");
        if example.text.starts_with("firmitas: 1\n") {
            scratch.write("firmitas.yaml", &example.text);
        } else {
            scratch.write("firmitas.yaml", FRAME);
            scratch.write("piece.yaml", &example.text);
        }
        let checked = scratch.firm(&["check", "--json"]).json();
        let found = checked["diagnostics"].as_array().unwrap();
        let errors: Vec<&str> = found
            .iter()
            .filter(|finding| finding["severity"] == "error")
            .map(|finding| finding["id"].as_str().unwrap())
            .collect();
        let comment = example.comment.as_deref().unwrap_or_default();
        let expected: Vec<&str> = comment.strip_prefix("wrong: ").into_iter().collect();
        let clean = !example.text.starts_with("firmitas: 1\n") || found.is_empty();
        if errors != expected || !clean {
            wrong.push(format!("line {}: {found:#?}", example.line));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// With `UPDATE_DOCS=1` the tables are written anew.
#[test]
fn every_key_is_explained() {
    let page = read(PAGE);
    let schema = Scratch::new("language-keys").firm(&["schema"]).json();
    let mut tables = vec![("a model".to_owned(), table(&schema))];
    for definition in schema["$defs"].as_object().unwrap().values() {
        let keys = definition["properties"].as_object().is_some_and(|keys| !keys.is_empty());
        // Two have a sentence of their own.
        let title = definition["title"].as_str().unwrap_or_default();
        if keys && !matches!(title, "decisions" | "an audit") {
            tables.push((title.to_owned(), table(definition)));
        }
    }
    let mut fresh = page.clone();
    for (title, table) in &tables {
        let mark = format!("<!-- keys: {title} -->\n");
        let Some((before, after)) = fresh.split_once(&mark) else {
            panic!("{PAGE} has no `{}`", mark.trim());
        };
        let rest = after.trim_start_matches('\n');
        let rest = match rest.starts_with("*Keys of") {
            true => rest.splitn(3, "\n\n").nth(2).unwrap_or_default(),
            false => rest,
        };
        fresh = format!("{before}{mark}*Keys of {title}:*\n\n{table}\n{rest}");
    }
    assert_eq!(page.matches("<!-- keys: ").count(), tables.len(), "a table of nothing");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path(PAGE), &fresh).unwrap();
    }
    assert!(fresh == page, "{PAGE} is stale: run this test with UPDATE_DOCS=1");
}

/// A table of the keys of one definition.
fn table(definition: &Value) -> String {
    let required = definition["required"].as_array().cloned().unwrap_or_default();
    let mut table = "| key | what it says |\n|---|---|\n".to_owned();
    for (key, property) in definition["properties"].as_object().unwrap() {
        let must = if required.contains(&Value::from(key.as_str())) { " Required." } else { "" };
        let doc = property["description"].as_str().unwrap();
        let examples = property["examples"].as_array().cloned().unwrap_or_default();
        let examples: Vec<String> =
            examples.iter().filter_map(Value::as_str).map(|text| format!("`{text}`")).collect();
        let shown = match examples.is_empty() {
            true => String::new(),
            false => format!(" {}", examples.join(", ")),
        };
        writeln!(table, "| `{key}` | {doc}{must}{shown} |").unwrap();
    }
    table
}

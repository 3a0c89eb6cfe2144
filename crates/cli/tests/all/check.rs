use crate::firm::Scratch;

/// The ids of the findings of a run with `--json`.
fn ids(document: &serde_json::Value) -> Vec<&str> {
    let findings = document["diagnostics"].as_array().unwrap();
    findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

#[test]
fn a_broken_model_is_found_on_every_path_to_it() {
    let scratch = Scratch::new("check-broken");
    scratch.write("model/firmitas.yaml", "firmitas: 1\nsistem: {}\n");
    let plain = scratch.firm(&["check", "model"]);
    assert_eq!(plain.code, 1, "{plain:?}");
    assert!(plain.stdout.contains(" model/firmitas.yaml:"), "{}", plain.stdout);
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = scratch.firm(&["check", "model/firmitas.yaml", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
    let json = scratch.firm(&["check", "model", "--json"]);
    assert_eq!(json.code, 1);
    let document = json.json();
    assert_eq!(document["version"], 1);
    assert!(!ids(&document).is_empty());
}

#[test]
fn no_model_could_not_run() {
    let scratch = Scratch::new("check-none");
    let none = scratch.firm(&["check", "--json"]);
    assert_eq!(none.code, 2);
    assert_eq!(ids(&none.json()), ["model-not-found"]);
    assert!(none.stderr.contains("error[model-not-found]"));
}

#[test]
fn a_file_that_is_no_text_is_a_finding() {
    let scratch = Scratch::new("check-bytes");
    scratch.write("firmitas.yaml", b"firmitas: \xff\n");
    let found = scratch.firm(&["check", "--json"]);
    assert_eq!(found.code, 1);
    assert_eq!(ids(&found.json()), ["unreadable-file"]);
}

#[test]
fn safe_fixes_repair_the_file_and_the_rest_stays() {
    let scratch = Scratch::new("check-fix");
    let model = "# kept\nfirmitas: 1\nsystem: { name: !!str Shop }\nsistem: {}\n";
    scratch.write("firmitas.yaml", model);
    let before = scratch.firm(&["check", "--json"]).json();
    assert!(ids(&before).contains(&"tag"), "{before:#}");
    let after = scratch.firm(&["check", "--fix", "--json"]);
    assert_eq!(after.code, 1);
    let after = after.json();
    assert!(!ids(&after).contains(&"tag") && ids(&after).contains(&"unknown-key"));
    let text = scratch.read("firmitas.yaml");
    assert_eq!(text, "# kept\nfirmitas: 1\nsystem: { name: Shop }\nsistem: {}\n");
}

#[test]
fn a_finding_in_an_included_file_names_that_file() {
    let scratch = Scratch::new("check-include");
    scratch.write("model/firmitas.yaml", "firmitas: 1\ninclude: [contexts/*.yaml]\n");
    scratch.write("model/contexts/a.yaml", "acters: {}\n");
    let found = scratch.firm(&["check", "model"]);
    let expected = "\
error[unknown-key]: a model has no key `acters`
 --> model/contexts/a.yaml:1:1
  |
1 | acters: {}
  | ^^^^^^
  |
help: did you mean `actors`?
  |
1 - acters: {}
1 + actors: {}
  |
";
    assert!(found.stdout.contains(expected), "{}", found.stdout);
    assert!(found.stdout.trim_end().ends_with("errors"), "{}", found.stdout);
}

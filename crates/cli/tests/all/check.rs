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

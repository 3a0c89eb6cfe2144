//! `firm explain` of findings: what they mean, where they are, how they could be accepted.

use crate::firm::Scratch;

#[test]
fn a_diagnostic_is_explained_without_the_model_having_it() {
    let scratch = Scratch::new("explain-id");
    let nowhere = scratch.firm(&["explain", "unknown-key"]);
    assert_eq!(nowhere.code, 0, "{nowhere:?}");
    assert!(nowhere.stdout.contains("not part of the language"), "{}", nowhere.stdout);
    let page = scratch.firm(&["explain", "hot-row"]);
    assert!(page.stdout.starts_with("# hot-row\n"), "{}", page.stdout);
    let json = scratch.firm(&["explain", "hot-row", "--json"]).json();
    assert!(json["explanation"].as_str().unwrap().contains("## Right"));
    let missing = scratch.firm(&["explain", "hot-roe"]);
    assert_eq!(missing.code, 2, "{missing:?}");
}

#[test]
fn a_finding_is_shown_with_the_key_that_accepts_it() {
    let scratch = Scratch::new("explain-accept");
    let model = "\
firmitas: 1
system: { name: Example }
actors:
  clerk: { auth: user }
  nobody: { auth: service }
entities:
  Item: { rows: 100, fields: { name: string } }
operations:
  add: { create: Item, by: [clerk], input: [name], rate: 1/min }
  items: { list: Item, by: [clerk], rate: 1/min }
";
    scratch.write("firmitas.yaml", model);
    let shown = scratch.firm(&["explain", "unused-actor"]).stdout;
    assert!(shown.contains("firmitas.yaml:5:3"), "{shown}");
    assert!(
        shown.contains("decisions:\n  accept:\n    unused-actor@nobody: { because: .. }"),
        "{shown}"
    );
    let accepted = format!(
        "{model}decisions:\n  accept:\n    unused-actor@nobody: {{ because: it signs in soon }}\n"
    );
    scratch.write("firmitas.yaml", &accepted);
    let none = scratch.firm(&["check", "--strict"]);
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
}

#[test]
fn an_acceptance_ends_on_its_day() {
    let scratch = Scratch::new("explain-until");
    let model = |until: &str| {
        format!(
            "firmitas: 1\nsystem: {{ name: Example }}\nactors: {{ clerk: {{ auth: user }}, nobody: {{ auth: service }} }}\n\
             entities: {{ Item: {{ rows: 100, fields: {{ name: string }} }} }}\n\
             operations:\n  add: {{ create: Item, by: [clerk], input: [name], rate: 1/min }}\n  \
             items: {{ list: Item, by: [clerk], rate: 1/min }}\n\
             decisions: {{ accept: {{ unused-actor@nobody: {{ because: soon, until: {until} }} }} }}\n"
        )
    };
    scratch.write("firmitas.yaml", model("2020-01-31"));
    let expired = scratch.firm(&["check", "--strict"]);
    assert_eq!(expired.code, 1);
    for id in ["warning[acceptance-expired]", "warning[unused-actor]"] {
        assert!(expired.stdout.contains(id), "{}", expired.stdout);
    }
    scratch.write("firmitas.yaml", model("2999-01-31"));
    assert_eq!(scratch.firm(&["check", "--strict"]).code, 0);
}

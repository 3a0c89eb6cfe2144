use std::{collections::BTreeMap, fs, path::Path};

use engine::{Checked, check};

/// The text of an example.
pub fn text_of(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    fs::read_to_string(folder.join("firmitas.yaml")).unwrap()
}

pub fn example(name: &str) -> Checked {
    check(&BTreeMap::from([("firmitas.yaml".to_owned(), text_of(name))]))
}

fn findings(checked: &Checked) -> Vec<String> {
    let of = |diagnostic: &base::Diagnostic| {
        let range = checked.sources.range(diagnostic.primary.span);
        format!("{}:{} {}", range.start.line, diagnostic.id, diagnostic.message)
    };
    checked.diagnostics.iter().map(of).collect()
}

#[test]
fn the_examples_have_no_errors_and_a_design() {
    for name in ["shop", "rides"] {
        let checked = example(name);
        assert!(checked.design.is_some(), "{name}: {:#?}", findings(&checked));
        assert!(!checked.artifacts().is_empty());
    }
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    assert_eq!(example("shop").artifacts(), example("shop").artifacts());
}

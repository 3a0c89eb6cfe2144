//! The examples are sound: what they knowingly leave open stands in them, with its reason.

use std::{fs, path::Path};

use crate::pages::{findings, show};

#[test]
fn the_examples_have_no_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for name in ["shop", "rides"] {
        let text = fs::read_to_string(folder.join(name).join("firmitas.yaml")).unwrap();
        let (sources, found) = findings(text);
        assert!(found.is_empty(), "{name}:\n{}", show(&sources, &found));
    }
}

//! One decision is one file and its page: the registry follows from the folder.

use std::{fs, path::Path};

use decide::{catalogue, decided, decision::Decision, decisions};

fn stems() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/decisions");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut stems: Vec<String> =
        rust.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    stems.retain(|stem| stem != "mod");
    stems.sort();
    stems
}

#[test]
fn the_registry_is_fresh() {
    let mut wanted = "//! The decisions. This registry is rewritten by the test \
        `the_registry_is_fresh`.\n\n"
        .to_owned();
    let stems = stems();
    for stem in &stems {
        wanted += &format!("#[path = \"{stem}.rs\"]\nmod {};\n", stem.replace('-', "_"));
    }
    wanted += "\nuse crate::decision::Decision;\n\n/// Every decision that is built.\n";
    wanted += "pub static ALL: &[&Decision] = &[\n";
    for stem in &stems {
        wanted += &format!("    &{}::DECISION,\n", stem.replace('-', "_"));
    }
    wanted += "];\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/decisions/mod.rs");
    if fs::read_to_string(&path).unwrap() != wanted {
        fs::write(&path, wanted).unwrap();
        panic!("src/decisions/mod.rs was stale and is rewritten: run the tests again");
    }
}

#[test]
fn every_decision_is_named_after_its_family_and_explained_option_by_option() {
    let families: Vec<&str> = decisions::ALL.iter().map(|decision| decision.family).collect();
    assert_eq!(families, stems());
    for decision in decisions::ALL {
        let Decision { family, page, question, .. } = decision;
        let choices = catalogue::family(family).unwrap().choices;
        assert!(page.starts_with(&format!("# {family}\n\n*{question}*")), "{family}");
        assert!(page.contains("Source"), "{family}");
        for choice in choices {
            assert!(page.contains(&format!("`{}`", choice.name)), "{family}: {}", choice.name);
        }
    }
}

#[test]
fn no_decision_reads_what_is_decided_after_it() {
    let order: Vec<&str> = decided::in_order().iter().map(|decision| decision.family).collect();
    for decision in decisions::ALL {
        let at = |family: &str| order.iter().position(|other| *other == family);
        for read in decision.reads {
            assert!(at(read).unwrap() < at(decision.family).unwrap(), "{}", decision.family);
        }
    }
}

//! Invariants 5 and 6: an id is the stem of its file and of its page, and the registries are what
//! `cargo xtask generate` would write: one line a file.

use std::process::Command;

use crate::repository::{read, root};

/// Stems of the files of a folder with this extension, registries aside.
fn stems(folder: &str, extension: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut stems: Vec<String> = names
        .filter_map(|name| name.strip_suffix(extension).map(str::to_owned))
        .filter(|stem| stem != "mod")
        .collect();
    stems.sort();
    stems
}

#[test]
fn ids_are_the_stems_of_files_and_pages() {
    for folder in ["crates/check/src/checks", "crates/decide/src/decisions"] {
        let files = stems(folder, ".rs");
        assert_eq!(files, stems(folder, ".md"), "{folder}: each file has its page");
        assert!(files.len() > 10, "{folder}");
        for stem in files {
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(stem.chars().all(kebab), "{stem} is not kebab-case");
            let text = read(&format!("{folder}/{stem}.rs"));
            assert!(
                text.contains(&format!("\"{stem}\"")),
                "{folder}/{stem}.rs declares another id"
            );
            let page = read(&format!("{folder}/{stem}.md"));
            assert!(
                page.starts_with(&format!("# {stem}\n")),
                "{folder}/{stem}.md has another head"
            );
        }
    }
}

#[test]
fn registries_are_fresh() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.args(["generate", "--check"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

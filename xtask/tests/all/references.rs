//! Every RFC that the repository cites stands in `docs/references/rfcs.csv`, with that title.

use std::collections::BTreeMap;
use std::process::Command;

use crate::repository::{read, root};

/// Titles by number.
fn registry() -> BTreeMap<u32, String> {
    let text = read("docs/references/rfcs.csv");
    let entry = |line: &str| {
        let (number, title) = line.split_once(',').unwrap();
        (number.parse().unwrap(), title.trim_matches('"').to_owned())
    };
    text.lines().skip(1).map(entry).collect()
}

/// What is wrong with the citations of a text.
fn wrong(text: &str, registry: &BTreeMap<u32, String>) -> Vec<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Comments and strings of the sources break lines.
    let plain = words.replace(" /// ", " ").replace(" //! ", " ").replace("\\ ", "");
    let mut found = Vec::new();
    for (at, _) in plain.match_indices("RFC ") {
        let after = &plain[at + 4..];
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let Ok(number) = after[..digits].parse::<u32>() else { continue };
        let Some(title) = registry.get(&number) else {
            found.push(format!("RFC {number} is not in docs/references/rfcs.csv"));
            continue;
        };
        let bracket = after[digits..].strip_prefix(" (");
        let titled = bracket.filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        if titled.is_some_and(|rest| !rest.starts_with(&format!("{title})"))) {
            found.push(format!("RFC {number} is called `{title}`"));
        }
    }
    found
}

#[test]
fn every_cited_rfc_has_its_title() {
    let registry = registry();
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .args(["*.rs", "*.md", "*.yaml", "*.js", "*.mjs"])
        .current_dir(root())
        .output()
        .unwrap();
    let files = String::from_utf8(output.stdout).unwrap();
    let mut all = Vec::new();
    for file in
        files.lines().filter(|file| root().join(file).exists() && !file.ends_with("references.rs"))
    {
        all.extend(wrong(&read(file), &registry).into_iter().map(|what| format!("{file}: {what}")));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn unknown_numbers_and_wrong_titles_are_found() {
    let registry = BTreeMap::from([(9457, "Problem Details for HTTP APIs".to_owned())]);
    assert!(
        wrong("RFC 9457 (Problem Details for HTTP APIs) and RFC 9457 (see there)", &registry)
            .is_empty()
    );
    assert_eq!(wrong("RFC 9457 (Problems)", &registry).len(), 1);
    assert_eq!(wrong("as RFC 9999 says", &registry).len(), 1);
}

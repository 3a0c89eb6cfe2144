//! Every relative link of a page leads to a file, and every anchor to a heading.

use std::path::Path;
use std::process::Command;

use crate::repository::{read, root};

#[test]
fn relative_links_lead_somewhere() {
    let pages = pages();
    assert!(pages.iter().any(|page| page == "ARCHITECTURE.md"), "{pages:?}");
    let mut broken = Vec::new();
    for page in &pages {
        for link in links(&read(page)) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = Path::new(page).parent().unwrap_or(Path::new(""));
            let target = if path.is_empty() { Path::new(page).into() } else { folder.join(path) };
            if !root().join(&target).exists() {
                broken.push(format!("{page}: there is no `{path}`"));
            } else if !anchor.is_empty() && !anchors(&target).any(|known| known == anchor) {
                broken.push(format!("{page}: `{path}` has no heading `#{anchor}`"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn pages() -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    listed.lines().filter(|page| root().join(page).exists()).map(str::to_owned).collect()
}

/// What `[text](link)` leads to outside of blocks of code, where it is not an address.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        // Every second piece between backticks is code.
        let prose = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (_, after) in
            prose.match_indices("](").map(|(at, open)| (at, &prose[at + open.len()..]))
        {
            let link = after.split(')').next().unwrap_or_default();
            if !code && !link.contains("://") && !link.starts_with("mailto:") {
                found.push(link.to_owned());
            }
        }
    }
    found
}

/// The headings of a page as anchors, as GitHub makes them.
fn anchors(page: &Path) -> impl Iterator<Item = String> + use<> {
    let text = read(&page.display().to_string());
    let headings: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .collect();
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.into_iter().map(move |heading| {
        heading.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

#[test]
fn links_are_found_outside_of_code() {
    let page = "[a](b.md#c) `[x](y)` [`d`](e)\n```\n[f](g)\n```\n[h](https://i) [j](#k)";
    assert_eq!(links(page), ["b.md#c", "e", "#k"]);
}

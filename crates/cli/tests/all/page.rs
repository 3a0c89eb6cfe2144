//! Pages of the documentation as data.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the opening fence, for example `yaml`.
    pub info: String,
    pub text: String,
    /// The comment right above it, if there is one: what tests must know and readers see anyway.
    pub comment: Option<String>,
    /// Of the opening fence, from 1.
    pub line: usize,
}

/// Where a file of the repository is.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// A file of the repository.
pub fn read(name: &str) -> String {
    let path = path(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = page.lines().zip(1..);
    let mut comment: Option<String> = None;
    while let Some((text, line)) = lines.next() {
        if let Some(start) = text.strip_prefix("<!-- ") {
            let mut whole = start.to_owned();
            while !whole.ends_with(" -->") {
                whole = format!("{whole}\n{}", lines.next().expect("an open comment").0);
            }
            whole.truncate(whole.len() - " -->".len());
            comment = Some(whole);
        } else if let Some(info) = text.strip_prefix("```") {
            let inner = lines.by_ref().map(|(text, _)| text).take_while(|text| *text != "```");
            let text = inner.fold(String::new(), |text, line| text + line + "\n");
            found.push(Block { info: info.to_owned(), text, comment: comment.take(), line });
        } else {
            comment = None;
        }
    }
    found
}

#[test]
fn every_code_of_the_runtime_is_explained() {
    let page = read("docs/http.md");
    let rows = page.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5"));
    let shown: Vec<&str> = rows.filter(|line| line.contains(" | `")).collect();
    let known = runtime::problem::CODES.iter();
    let known = known.map(|code| format!("| {} | `{}` | {} |", code.status, code.code, code.title));
    assert_eq!(shown, known.collect::<Vec<_>>());
}

#[test]
fn blocks_know_their_comment_and_place() {
    let page = "a\n<!-- insert after: b -->\n```yaml\nx: 1\n```\n```sh\n```\n";
    let block = |info: &str, text: &str, comment: Option<&str>, line| Block {
        info: info.to_owned(),
        text: text.to_owned(),
        comment: comment.map(str::to_owned),
        line,
    };
    assert_eq!(
        blocks(page),
        [block("yaml", "x: 1\n", Some("insert after: b"), 3), block("sh", "", None, 6)]
    );
}

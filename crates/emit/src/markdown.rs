//! Text of a model in Markdown.

/// On one line, and without tags of its own.
pub fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('<', "&lt;")
}

/// The same in a cell of a table.
pub fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

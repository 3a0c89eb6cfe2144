//! Writes YAML. A JSON value has all that is needed; the order of its properties is kept, and every
//! text that could be read as something else is quoted, so a writer of our own is shorter than
//! taming a general one.

use serde_json::Value;

/// The value as a YAML document in block style.
#[must_use]
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Writes a value after `key:` or `-`, whose line is still open unless `out` is empty.
fn block(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (at, (key, value)) in map.iter().enumerate() {
                new_line(out, depth, at == 0);
                out.push_str(&scalar_text(key));
                out.push(':');
                nested(out, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                new_line(out, depth, at == 0);
                out.push('-');
                nested(out, item, depth + 1);
            }
        }
        other => out.push_str(&inline(other)),
    }
}

/// Starts a line; the first entry of an item of a list stays on the line of its dash.
fn new_line(out: &mut String, depth: usize, first: bool) {
    let after_dash = first && out.ends_with("- ");
    if out.is_empty() || after_dash {
        return;
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(&"  ".repeat(depth));
}

fn nested(out: &mut String, value: &Value, depth: usize) {
    let in_list = out.ends_with('-');
    match value {
        // A list in a list, and everything below a key, begins on a line of its own.
        Value::Object(map) if !map.is_empty() && in_list => {
            out.push(' ');
            block(out, value, depth);
        }
        Value::Object(map) if !map.is_empty() => block(out, value, depth),
        Value::Array(items) if !items.is_empty() => block(out, value, depth),
        Value::String(text) if is_long_prose(text) => literal(out, text, depth),
        scalar => {
            out.push(' ');
            out.push_str(&inline(scalar));
        }
    }
}

fn is_long_prose(text: &str) -> bool {
    let clean = |line: &str| line == line.trim_end() && !line.chars().any(char::is_control);
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with('\n')
        && text.lines().all(clean)
}

/// Several lines as they are.
fn literal(out: &mut String, text: &str, depth: usize) {
    out.push_str(" |-");
    for line in text.lines() {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&"  ".repeat(depth));
            out.push_str(line);
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar_text(text),
        // JSON is YAML: numbers, booleans, null, and empty collections.
        other => other.to_string(),
    }
}

/// Plain where nothing but this text can be meant, else quoted as JSON does.
fn scalar_text(text: &str) -> String {
    let letters = |c: char| c.is_ascii_alphanumeric() || " _./-$()".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '$');
    let word = text.to_ascii_lowercase();
    let keyword = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&&*word);
    if starts && !keyword && text.chars().all(letters) && !text.ends_with(' ') {
        text.to_owned()
    } else {
        Value::String(text.to_owned()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_and_quotes() {
        let value = json!({
            "openapi": "3.1.0",
            "on": "no",
            "text": "one: two # three",
            "prose": "first\n\nsecond",
            "empty": {}, "none": [],
            "list": ["a", {"b": 1, "c": [true, null]}, ["x"]],
            "/path/{id}": { "get": "x" },
        });
        let expected = "openapi: \"3.1.0\"\n\"on\": \"no\"\ntext: \"one: two # three\"\n\
            prose: |-\n  first\n\n  second\nempty: {}\nnone: []\nlist:\n  - a\n  - b: 1\n    c:\n\
            \x20     - true\n      - null\n  -\n    - x\n\"/path/{id}\":\n  get: x\n";
        assert_eq!(document(&value), expected);
    }
}

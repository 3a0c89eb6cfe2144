//! Writing one value into a model file: an edit of a few bytes, so that comments and order survive.

use base::{Edit, FileId, Span};

use crate::yaml::{self, Entry, Mapping, Node, NodeKind};

/// The edit that makes a file state a value under a path of keys, and how many of the keys are
/// there already. A value that is there is replaced; maps that are missing are made. Nothing comes
/// back where the path leads through something that is no map, or the text cannot be read.
#[must_use]
pub fn put(file: FileId, text: &str, path: &[&str], value: &str) -> Option<(Edit, usize)> {
    let mut found = Vec::new();
    let root = yaml::read(file, text, &mut found).root?;
    if base::has_errors(&found) {
        return None;
    }
    place(&root, text, path, value, 0)
}

fn place(
    node: &Node,
    text: &str,
    path: &[&str],
    value: &str,
    depth: usize,
) -> Option<(Edit, usize)> {
    let (key, rest) = path.split_first()?;
    let NodeKind::Mapping(map) = &node.kind else { return None };
    let Some(entry) = map.get(key) else {
        let quoted = map.entries.first().is_some_and(|entry| entry.quoted);
        let written = written(path, value, quoted);
        return Some((insert(node, map, text, &written)?, depth));
    };
    if rest.is_empty() {
        return replace(entry, text, value).map(|edit| (edit, depth + 1));
    }
    if entry.value.is_empty() {
        let inner = format!("{{ {} }}", written(rest, value, entry.quoted));
        return Some((after_colon(entry, text, &inner)?, depth + 1));
    }
    place(&entry.value, text, rest, value, depth + 1)
}

fn replace(entry: &Entry, text: &str, value: &str) -> Option<Edit> {
    if entry.value.is_empty() {
        return after_colon(entry, text, &scalar(value, entry.quoted));
    }
    let NodeKind::Scalar(_) = &entry.value.kind else { return None };
    let replacement = scalar(value, entry.quoted);
    Some(Edit { span: entry.value.span, replacement })
}

/// Behind the colon of a key that has no value.
fn after_colon(entry: &Entry, text: &str, value: &str) -> Option<Edit> {
    let key = entry.key.span;
    let colon = text.get(key.end as usize..)?.find(':')? + key.end as usize + 1;
    Some(Edit { span: Span::new(key.file, colon, colon), replacement: format!(" {value}") })
}

/// Behind the last entry of a map, as the map is written.
fn insert(node: &Node, map: &Mapping, text: &str, written: &str) -> Option<Edit> {
    let (start, end) = (node.span.start as usize, node.span.end as usize);
    let file = node.span.file;
    if text.get(start..)?.starts_with('{') {
        let (at, replacement) = match map.entries.last() {
            Some(last) => {
                let last = &last.value;
                let at = if last.is_empty() { end.checked_sub(1)? } else { last.span.end as usize };
                (at, format!(", {written}"))
            }
            None => (start + 1, format!(" {written} ")),
        };
        return Some(Edit { span: Span::new(file, at, at), replacement });
    }
    let first = map.entries.first()?.key.span.start as usize;
    let line = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    let indent = text.get(line..first)?;
    // A map that begins behind a dash is indented by as much.
    let indent: String = indent.chars().map(|_| ' ').collect();
    let content = text.get(..end)?.trim_end().len();
    let at = text.get(content..)?.find('\n').map_or(text.len(), |more| content + more);
    let replacement = format!("\n{indent}{written}");
    Some(Edit { span: Span::new(file, at, at), replacement })
}

/// `needs: { availability: 99.9% }`.
fn written(path: &[&str], value: &str, quoted: bool) -> String {
    let Some((key, rest)) = path.split_first() else { return scalar(value, quoted) };
    let key = if quoted { format!("\"{key}\"") } else { (*key).to_owned() };
    match rest {
        [] => format!("{key}: {}", scalar(value, quoted)),
        rest => format!("{key}: {{ {} }}", written(rest, value, quoted)),
    }
}

/// A value as YAML takes it anywhere.
fn scalar(value: &str, quoted: bool) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || " .%/+_-".contains(letter);
    let safe = value.chars().all(plain) && value.starts_with(char::is_alphanumeric);
    if safe && !quoted && value.trim() == value {
        return value.to_owned();
    }
    format!(
        "\"{}\"",
        value.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, path: &str, value: &str) -> Option<String> {
        let path: Vec<&str> = path.split('.').collect();
        let (edit, _) = put(FileId(0), text, &path, value)?;
        let mut new = text.to_owned();
        new.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
        let mut found = Vec::new();
        let _ = yaml::read(FileId(0), &new, &mut found);
        assert!(found.is_empty(), "{new}\n{found:#?}");
        Some(new)
    }

    fn check(text: &str, path: &str, value: &str, expected: &str) {
        assert_eq!(edited(text, path, value).as_deref(), Some(expected));
    }

    #[test]
    fn a_value_that_is_there_is_replaced_and_its_comment_stays() {
        let text = "a: 1 # one\nb: { c: 2, d: 3 } # two\n";
        check(text, "a", "9 x", "a: 9 x # one\nb: { c: 2, d: 3 } # two\n");
        check(text, "b.c", "9", "a: 1 # one\nb: { c: 9, d: 3 } # two\n");
    }

    #[test]
    fn a_key_goes_behind_the_last_one_as_its_map_is_written() {
        check("a:\n  b: 1 # one\n\nc: 2\n", "a.d", "9%", "a:\n  b: 1 # one\n  d: 9%\n\nc: 2\n");
        check("a: { b: 1 }\n", "a.d", "9", "a: { b: 1, d: 9 }\n");
        check("a: {}\n", "a.d", "9", "a: { d: 9 }\n");
        check("{\"a\": {\"b\": 1}}", "a.d", "9", "{\"a\": {\"b\": 1, \"d\": \"9\"}}");
        check("a:\n  b:\n    c: x", "a.b.d", "9", "a:\n  b:\n    c: x\n    d: 9");
    }

    #[test]
    fn missing_maps_are_made() {
        check("a:\n  b: 1\n", "a.c.d", "9", "a:\n  b: 1\n  c: { d: 9 }\n");
        check("a: # nothing yet\n", "a.c.d", "9", "a: { c: { d: 9 } } # nothing yet\n");
        check("a: 1\n", "b", "9", "a: 1\nb: 9\n");
    }

    #[test]
    fn what_yaml_would_read_otherwise_is_quoted() {
        check("a: 1\n", "a", "x: y # z", "a: \"x: y # z\"\n");
        check("a: 1\n", "a", "&x", "a: \"&x\"\n");
        check("a: 1\n", "a", "one\ntwo \"", "a: \"one two \\\"\"\n");
    }

    #[test]
    fn nothing_is_written_through_what_is_no_map() {
        assert_eq!(edited("a: [1]\n", "a.b", "9"), None);
        assert_eq!(edited("a: 1\n", "a.b", "9"), None);
        assert_eq!(edited("a: { b: 1 }\n", "a", "9"), None);
        assert_eq!(edited("a: [\n", "a", "9"), None);
    }
}

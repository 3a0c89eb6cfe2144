//! Within a line: spaces around brackets, commas and colons, and quotes that are not needed.

use super::edits::Edit;
use crate::yaml::{Entry, Node, NodeKind, Scalar};

/// The edits of all lines of a tree; `quotes` says whether quotes are looked at.
pub(super) fn edits(root: &Node, text: &str, quotes: bool) -> Vec<Edit> {
    // In JSON, quotes are the rule.
    let quotes = quotes && !is_flow(root, text);
    let mut spacing = Spacing { text, quotes, edits: Vec::new() };
    spacing.node(root, false);
    spacing.edits
}

/// Whether a collection is written in brackets.
pub(super) fn is_flow(node: &Node, text: &str) -> bool {
    let collection = matches!(node.kind, NodeKind::Mapping(_) | NodeKind::Sequence(_));
    collection && text[node.span.start as usize..].starts_with(['{', '['])
}

struct Spacing<'t> {
    text: &'t str,
    quotes: bool,
    edits: Vec<Edit>,
}

impl Spacing<'_> {
    fn node(&mut self, node: &Node, in_flow: bool) {
        let flow = in_flow || is_flow(node, self.text);
        match &node.kind {
            NodeKind::Scalar(scalar) => self.quotes(node, scalar, in_flow),
            NodeKind::Invalid => {}
            NodeKind::Sequence(items) => {
                items.iter().for_each(|item| self.node(item, flow));
                if is_flow(node, self.text) {
                    let places = items.iter().map(|item| range(item.span)).collect();
                    self.flow(node, places, "");
                }
            }
            NodeKind::Mapping(mapping) => {
                for entry in &mapping.entries {
                    self.colon(entry);
                    self.node(&entry.value, flow);
                }
                if is_flow(node, self.text) {
                    let whole = |entry: &Entry| range(entry.key.span.to(entry.value.span));
                    self.flow(node, mapping.entries.iter().map(whole).collect(), " ");
                }
            }
        }
    }

    /// `{ a: 1, b: 2 }` and `[a, b]`: what lies between the parts.
    fn flow(&mut self, node: &Node, parts: Vec<std::ops::Range<usize>>, inner: &str) {
        let whole = range(node.span);
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            self.gap(whole.start + 1..whole.end.saturating_sub(1), "", "");
            return;
        };
        self.gap(whole.start + 1..first.start, inner, "");
        self.gap(last.end..whole.end.saturating_sub(1), inner, ",");
        for pair in parts.windows(2) {
            if let [before, after] = pair {
                self.gap(before.end..after.start, ", ", ",");
            }
        }
    }

    fn colon(&mut self, entry: &Entry) {
        let (key, value) = (range(entry.key.span), range(entry.value.span));
        if !value.is_empty() {
            self.gap(key.end..value.start, ": ", ":");
        }
    }

    /// Replaces what lies between two words, if that is spaces and at most one sign.
    fn gap(&mut self, gap: std::ops::Range<usize>, new: &str, sign: &str) {
        let Some(found) = self.text.get(gap.clone()) else { return };
        let rest = found.trim_matches(' ');
        if found != new && (rest.is_empty() || rest == sign) {
            // A gap that holds no sign where one is expected is not between words.
            if !sign.is_empty() && rest.is_empty() && new.contains(sign) {
                return;
            }
            self.edits.push((gap, new.to_owned()));
        }
    }

    /// `"name"` becomes `name`, `'a: b'` becomes `"a: b"`.
    fn quotes(&mut self, node: &Node, scalar: &Scalar, in_flow: bool) {
        let place = range(node.span);
        let Some(written) = self.text.get(place.clone()) else { return };
        let content = scalar.text.text.as_str();
        if !self.quotes || !scalar.is_quoted() || written.contains('\n') {
            return;
        }
        let plain = is_plain(content, in_flow);
        let double = format!("\"{content}\"");
        if plain {
            self.edits.push((place, content.to_owned()));
        } else if written != double && !content.contains(['"', '\\']) && is_printable(content) {
            self.edits.push((place, double));
        }
    }
}

fn range(span: base::Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || c == '\u{feff}')
}

/// Whether every reader of YAML takes a text for itself without quotes.
fn is_plain(text: &str, in_flow: bool) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let fine = |c: char| c.is_alphanumeric() || " _.-/()=<>&|+*%".contains(c);
    let brackets = !in_flow && text.contains([',', '\'']);
    text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| fine(c) || (brackets && ",'".contains(c)))
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

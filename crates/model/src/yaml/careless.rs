//! Expressions that YAML eats when they are not quoted: `{ a: enum(x, y) }` splits at the comma.

use base::{Diagnostic, FileId, Span};

use super::node::{Entry, Node, NodeKind, Scalar, Style};
use super::text::Text;

/// Whether brackets and quotes of a text are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Balance {
    /// Brackets opened and not closed; negative when more were closed.
    pub(crate) depth: i32,
    /// Whether it ends inside quotes.
    pub(crate) in_quotes: bool,
}

impl Balance {
    /// Whether something is still open.
    pub(crate) const fn is_open(self) -> bool {
        self.depth > 0 || self.in_quotes
    }
}

/// Counts the brackets of an expression outside its quotes. A quote within a word is an apostrophe.
pub(crate) fn balance(text: &str) -> Balance {
    let mut balance = Balance::default();
    let (mut quote, mut before, mut escaped) = (None, ' ', false);
    for c in text.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' if !before.is_alphanumeric() => quote = Some(c),
                '(' | '[' | '{' => balance.depth += 1,
                ')' | ']' | '}' => balance.depth -= 1,
                _ => {}
            },
        }
        before = c;
    }
    balance.in_quotes = quote.is_some();
    balance
}

/// Whether an expression cannot end here: after an operator, or inside brackets or quotes.
pub(crate) fn ends_open(text: &str) -> bool {
    const OPERATORS: [&str; 16] =
        ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "?", ","];
    let text = text.trim_end();
    let last_word = text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
    balance(text).is_open()
        || OPERATORS.iter().any(|operator| text.ends_with(operator))
        || (last_word == Some("in") && text != "in")
}

/// The text as a quoted YAML scalar.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{text}\"")
    }
}

/// Puts together what a comma of a flow map has split: a value with an open bracket, followed by
/// keys without values.
pub(super) fn join_entries(
    entries: Vec<Entry>,
    source: &str,
    out: &mut Vec<Diagnostic>,
) -> Vec<Entry> {
    let mut joined: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        let continues = !entry.quoted && entry.value.is_empty();
        match joined.last_mut().filter(|_| continues).and_then(|last| open(&mut last.value)) {
            Some(scalar) => extend(scalar, entry.key.span, source),
            None => joined.push(entry),
        }
    }
    for entry in &mut joined {
        settle(&mut entry.value, out);
    }
    joined
}

/// The same for a flow list.
pub(super) fn join_items(items: Vec<Node>, source: &str, out: &mut Vec<Diagnostic>) -> Vec<Node> {
    let mut joined: Vec<Node> = Vec::with_capacity(items.len());
    for item in items {
        let plain = matches!(&item.kind, NodeKind::Scalar(scalar) if scalar.style == Style::Plain);
        match joined.last_mut().filter(|_| plain).and_then(open) {
            Some(scalar) => extend(scalar, item.span, source),
            None => joined.push(item),
        }
    }
    for item in &mut joined {
        settle(item, out);
    }
    joined
}

/// The plain scalar of a node, if a bracket or quote is still open in it. Nobody writes expressions
/// of thousands of bytes; joining them piece by piece would cost the square of their length.
fn open(node: &mut Node) -> Option<&mut Scalar> {
    const LONGEST: usize = 1_000;
    let NodeKind::Scalar(scalar) = &mut node.kind else { return None };
    let text = &scalar.text.text;
    let joins = scalar.style == Style::Plain && text.len() < LONGEST && balance(text).is_open();
    joins.then_some(scalar)
}

fn extend(scalar: &mut Scalar, to: Span, source: &str) {
    let span = scalar.text.span.to(to);
    scalar.text = plain(source, span.file, span.start as usize, span.end as usize);
}

/// Reports a scalar that was put together: it then covers more than its node.
fn settle(node: &mut Node, out: &mut Vec<Diagnostic>) {
    let NodeKind::Scalar(scalar) = &node.kind else { return };
    let span = scalar.text.span;
    if scalar.style != Style::Plain || span == node.span {
        return;
    }
    out.push(
        Diagnostic::error("unquoted-comma", span, "YAML splits this value at its comma")
            .label("one value")
            .help("put it in quotes")
            .fix("Quote the value", true, span, quoted(&scalar.text.text)),
    );
    node.span = span;
}

/// Plain text of the source; line breaks in it stay.
pub(super) fn plain(source: &str, file: FileId, start: usize, end: usize) -> Text {
    Text::verbatim(source.get(start..end).unwrap_or(""), file, start)
}

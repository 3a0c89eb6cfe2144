//! `firm fmt`: one layout for all models, by edits of what lies between the words.
//!
//! Comments, order and every value survive: the formatted text must read as the same tree, or it is
//! not used.

mod edits;
mod lines;
mod spacing;

use base::{Diagnostic, FileId, has_errors};

use crate::syntax;
use crate::yaml::{self, Node, NodeKind};

/// The text in the common layout.
///
/// # Errors
/// What is wrong with a text that cannot be read, of which the layout is unknown.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let found = syntax::diagnose(file, text);
    if has_errors(&found) {
        return Err(found);
    }
    let text = &text.replace("\r\n", "\n");
    // The layout of values within a line first: then lines have their final indentation.
    let spaced = [true, false].iter().find_map(|quotes| {
        let mut edits = spacing::edits(&root(file, text)?, text, *quotes);
        let new = edits::apply(text, &mut edits);
        same(file, text, &new).then_some(new)
    });
    let spaced = spaced.unwrap_or_else(|| text.to_owned());
    let Some(root) = root(file, &spaced) else { return Ok(spaced) };
    let new = lines::format(&root, &spaced);
    Ok(if same(file, &spaced, &new) { new } else { spaced })
}

fn root(file: FileId, text: &str) -> Option<Node> {
    yaml::read(file, text, &mut Vec::new()).root
}

/// Whether two texts say the same.
fn same(file: FileId, before: &str, after: &str) -> bool {
    let equal = match (root(file, before), root(file, after)) {
        (Some(before), Some(after)) => equal(&before, &after),
        (before, after) => before.is_none() && after.is_none(),
    };
    equal && !has_errors(&syntax::diagnose(file, after))
}

/// Whether two trees hold the same, wherever and however it is written.
fn equal(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (NodeKind::Scalar(a), NodeKind::Scalar(b)) => {
            a.text.text == b.text.text && a.is_empty() == b.is_empty()
        }
        (NodeKind::Sequence(a), NodeKind::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (NodeKind::Mapping(a), NodeKind::Mapping(b)) => {
            let pairs = a.entries.iter().zip(&b.entries);
            let same = |(a, b): (&yaml::Entry, &yaml::Entry)| {
                a.key.value == b.key.value && equal(&a.value, &b.value)
            };
            a.entries.len() == b.entries.len() && { pairs }.all(same)
        }
        _ => false,
    }
}

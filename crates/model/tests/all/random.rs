//! Hostile input: whatever the bytes, parsing returns, and every place lies within its file.

use base::{Diagnostic, SourceMap};
use proptest::prelude::*;

use crate::expect::source;

const EXAMPLES: [&str; 2] = [
    include_str!("../../../../examples/shop/firmitas.yaml"),
    include_str!("../../../../examples/rides/firmitas.yaml"),
];

fn assert_sound(text: &str) -> Result<(), TestCaseError> {
    let (sources, root) = source(text);
    let (_, diagnostics) = model::syntax::parse(&sources, root);
    for diagnostic in &diagnostics {
        for span in spans(diagnostic) {
            let (start, end) = (span.start as usize, span.end as usize);
            prop_assert!(start <= end && text.get(start..end).is_some(), "{diagnostic:?}");
        }
        prop_assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'));
    }
    Ok(())
}

fn spans(diagnostic: &Diagnostic) -> Vec<base::Span> {
    let related = diagnostic.related.iter().map(|label| label.span);
    let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
    std::iter::once(diagnostic.primary.span).chain(related).chain(edits).collect()
}

/// Pieces that mean something to YAML or to the language.
const PIECES: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "'",
    "\"",
    "#",
    " # ",
    "!",
    "&a",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "? ",
    "\t",
    "..",
    "99999999999999999999999999999",
    "k",
    "%",
    "(",
    ")",
    "\u{feff}é",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn random_text(text in "\\PC{0,200}") {
        assert_sound(&text)?;
    }

    #[test]
    fn random_pieces(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        assert_sound(&pieces.concat())?;
    }

    #[test]
    fn random_short_forms(
        key in prop::sample::select(&["rows", "retain", "ttl", "skew", "size", "keep"][..]),
        pieces in prop::collection::vec(prop::sample::select(&[
            "5", "1.5", "k", "M", " ", "/", "s", "month", "peak", "after", "then", "..", "-", "%",
            "zipf", "hot", "per", "B", "é", "999999999999999999999999999", "_",
        ][..]), 0..8),
    ) {
        let text = pieces.concat();
        assert_sound(&format!("entities:\n  A:\n    {key}: {text}\n    fields:\n      a: {text}\n"))?;
    }

    #[test]
    fn random_fields(pieces in prop::collection::vec(prop::sample::select(&[
        "string", "int", "list", "enum", "decimal", "(", ")", ",", "..", "?", " = ", "'", "5", " ",
        "Order", ".", "sequence", "unique", "-", "999999999999999999999999999", "é",
    ][..]), 0..10)) {
        assert_sound(&format!("entities:\n  A:\n    fields:\n      a: {}\n", pieces.concat()))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn random_mutations_of_the_examples(
        which in 0usize..2,
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 0usize..12, prop::sample::select(&PIECES[..])), 1..6),
    ) {
        let mut text = EXAMPLES[which].to_owned();
        for (place, removed, piece) in edits {
            let boundary = |mut at: usize| {
                while !text.is_char_boundary(at) { at -= 1; }
                at
            };
            let start = boundary(place.index(text.len()));
            let end = boundary((start + removed).min(text.len())).max(start);
            text.replace_range(start..end, piece);
        }
        assert_sound(&text)?;
    }
}

#[test]
fn spans_of_another_map_are_harmless() {
    let (_, root) = source("entities: 1");
    let empty = SourceMap::new();
    assert!(!model::syntax::parse(&empty, root).1.is_empty());
}

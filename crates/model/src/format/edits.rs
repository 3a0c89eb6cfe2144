//! Replacements of bytes of a text.

use std::ops::Range;

/// What stands at some bytes, and what shall.
pub(super) type Edit = (Range<usize>, String);

/// The text after all edits. Where two overlap, the first one counts.
pub(super) fn apply(text: &str, edits: &mut [Edit]) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for (range, replacement) in edits.iter().filter(|(range, _)| range.end <= text.len()) {
        if range.start < at {
            continue;
        }
        new.push_str(&text[at..range.start]);
        new.push_str(replacement);
        at = range.end;
    }
    new.push_str(&text[at..]);
    new
}

//! Applying the fixes that a machine can make without a question.

use std::collections::BTreeMap;

use base::{Diagnostic, Edit, FileId, SourceMap};

/// Files as the safe fixes make them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// New text by path; only files that change.
    pub files: BTreeMap<String, String>,
    /// How many fixes were applied.
    pub count: usize,
}

/// Applies the first safe fix of each finding. A fix whose edits touch those of an earlier one is
/// left for the next round.
#[must_use]
pub fn apply(sources: &SourceMap, diagnostics: &[Diagnostic]) -> Repaired {
    let mut taken: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    let mut count = 0;
    for diagnostic in diagnostics {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.safe && !fix.edits.is_empty())
        else {
            continue;
        };
        let free = |edit: &Edit| {
            let others = taken.get(&edit.span.file).into_iter().flatten();
            sources.get(edit.span.file).is_some_and(|file| fits(&file.text, edit))
                && others.into_iter().all(|other| apart(edit, other))
        };
        if fix.edits.iter().all(free) {
            count += 1;
            for edit in &fix.edits {
                taken.entry(edit.span.file).or_default().push(edit);
            }
        }
    }
    let mut files = BTreeMap::new();
    for (id, mut edits) in taken {
        let Some(file) = sources.get(id) else { continue };
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
        let mut text = file.text.to_string();
        for edit in edits {
            text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
        }
        if *text != *file.text {
            files.insert(file.path.clone(), text);
        }
    }
    Repaired { count: if files.is_empty() { 0 } else { count }, files }
}

/// Whether the edit names whole characters of the text.
fn fits(text: &str, edit: &Edit) -> bool {
    text.get(edit.span.start as usize..edit.span.end as usize).is_some()
}

/// Whether neither touches the other: two insertions at one place have no order.
fn apart(one: &Edit, other: &Edit) -> bool {
    one.span.end < other.span.start || other.span.end < one.span.start
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Span;

    #[test]
    fn safe_fixes_are_applied_once_and_never_across_each_other() {
        let mut sources = SourceMap::new();
        let file = sources.add("firmitas.yaml", "a: x, y\nb: z\n");
        let at = |start, end| Span::new(file, start, end);
        let quote = Diagnostic::error("e", at(3, 7), "m").fix("Quote", true, at(3, 7), "'x, y'");
        let across = Diagnostic::error("e", at(5, 7), "m").fix("Cut", true, at(5, 7), "");
        let unsafe_one =
            Diagnostic::error("e", at(11, 12), "m").fix("Guess", false, at(11, 12), "q");
        let far = Diagnostic::error("e", at(90, 99), "m").fix("Lost", true, at(90, 99), "q");
        let repaired = apply(&sources, &[quote, across, unsafe_one, far]);
        assert_eq!(repaired.count, 1);
        assert_eq!(repaired.files["firmitas.yaml"], "a: 'x, y'\nb: z\n");
    }
}

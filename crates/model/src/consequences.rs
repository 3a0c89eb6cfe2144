//! Errors that only follow from others: what could not be read cannot be found either.

use std::collections::BTreeSet;

use base::{Diagnostic, Severity, SourceMap, Span};

use crate::yaml::ENDS_HERE;

/// What a reader of the model knows to be missing, because the text that would say it is refused.
pub(crate) struct Lost<'s> {
    words: BTreeSet<&'s str>,
    spans: Vec<Span>,
    sources: &'s SourceMap,
}

/// Errors that are looked at: past these, what follows from what no longer matters.
const MOST: usize = 200;

/// Findings of which a refused name, or a refused owner, can be the whole cause.
const FOLLOW: [&str; 9] = [
    "no-states",
    "impossible-move",
    "unfilled-value",
    "unassigned-field",
    "unguarded-null",
    "nothing-to-search",
    "empty-by",
    "missing-undo",
    "not-unique",
];

/// What is there only where a word was read: a name, or what stills a finding.
const IMPLIED: [(&str, &str); 7] = [
    ("is", "actor"),
    ("actors", "actor"),
    ("states", "status"),
    ("soft_delete", "deleted_at"),
    ("undo", "missing-undo"),
    ("safe", "unassigned-field"),
    ("do", "unassigned-field"),
];

impl<'s> Lost<'s> {
    /// The words of every line that syntax errors are about, with the lines below it that belong
    /// to it; of a file that ended early, all that follows. The keys that were meant count too.
    pub(crate) fn of(diagnostics: &'s [Diagnostic], sources: &'s SourceMap) -> Self {
        let errors =
            diagnostics.iter().filter(|found| found.severity == Severity::Error).take(MOST);
        let spans: Vec<Span> = errors.clone().map(|error| refused(error, sources)).collect();
        let meant = errors.flat_map(|error| error.fixes.iter().flat_map(|fix| &fix.edits));
        let meant = meant.flat_map(|edit| words(&edit.replacement));
        let read = spans.iter().flat_map(|span| words(sources.text(*span)));
        let mut words: BTreeSet<&str> = read.chain(meant).collect();
        let implied = IMPLIED.iter().filter(|(word, _)| words.contains(word));
        let implied: Vec<&str> = implied.map(|(_, follows)| *follows).collect();
        words.extend(implied);
        Self { words, spans, sources }
    }

    /// Whether an error says no more than that something refused is not there.
    pub(crate) fn explains(&self, diagnostic: &Diagnostic) -> bool {
        let id = diagnostic.id;
        let follows = FOLLOW.contains(&id);
        if self.spans.is_empty() || !(id.starts_with("unknown-") || follows) {
            return false;
        }
        let place = diagnostic.primary.span;
        let name = self.sources.text(place);
        let last = name.rsplit('.').next();
        let subject = diagnostic.message.split('`').nth(1).filter(|_| follows);
        let names = [Some(id), Some(name), last, subject];
        let refused = |span: Span| self.spans.iter().any(|lost| lost.covers(span));
        names.into_iter().flatten().any(|name| self.words.contains(name))
            || (follows && refused(place))
            || diagnostic.related.iter().any(|label| refused(label.span))
    }
}

/// The text that an error takes away.
fn refused(error: &Diagnostic, sources: &SourceMap) -> Span {
    let Span { file, start, end } = error.primary.span;
    let text = sources.get(file).map_or("", |file| &file.text);
    let before = text.get(..start as usize).unwrap_or("");
    let first = before.rfind('\n').map_or(0, |at| at + 1);
    let ends_file = error.notes.iter().any(|note| note == ENDS_HERE);
    let rest = text.get(first..).unwrap_or("");
    if ends_file || error.id == "second-document" {
        return Span::new(file, first, text.len());
    }
    let own = (end as usize).saturating_sub(first);
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if length > own && !line.trim().is_empty() && indentation(line) <= indentation(rest) {
            break;
        }
        length += line.len();
    }
    Span::new(file, first, first + length)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
    text.split(separates).filter(|word| !word.is_empty())
}

//! Decoded scalar text that still knows where each of its bytes was written.

use std::ops::Range;

use base::{FileId, Span};

/// The text of a scalar after quotes, escapes and folding are gone, with the way back to the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// Where it was written, quotes included.
    pub span: Span,
    /// Where the first byte of the text was written.
    start: u32,
    /// The places where text and file stop moving in step, in order; empty for most scalars.
    runs: Vec<Run>,
}

/// From `text` on, the text was written from `source` on. Runs are contiguous in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Offset in the decoded text.
    pub(crate) text: u32,
    /// Offset in the file.
    pub(crate) source: u32,
}

impl Text {
    /// Text that stands in the file as it is, starting at `start`.
    #[must_use]
    pub fn verbatim(text: impl Into<String>, file: FileId, start: usize) -> Self {
        let text = text.into();
        let span = Span::new(file, start, start + text.len());
        Self { text, span, start: span.start, runs: Vec::new() }
    }

    /// Text written as `span` (quotes included), whose first byte stands at `start`.
    pub(crate) const fn new(text: String, span: Span, start: u32, runs: Vec<Run>) -> Self {
        Self { text, span, start, runs }
    }

    /// Where a range of the decoded text was written.
    #[must_use]
    pub fn span_of(&self, range: Range<usize>) -> Span {
        let start = self.source(range.start);
        let end = self.source(range.end.max(range.start)).max(start);
        Span { file: self.span.file, start, end }
    }

    /// A part of the text, with its own way back; empty when the range is not one of characters.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let span = self.span_of(range.clone());
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let (start, end) = (clamp(range.start), clamp(range.end));
        let inner = self.runs.iter().filter(|run| run.text > start && run.text <= end);
        let runs = inner.map(|run| Run { text: run.text - start, source: run.source }).collect();
        let text = self.text.get(range).unwrap_or("").to_owned();
        Self { text, span, start: span.start, runs }
    }

    /// The text without white space around it.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.slice(start..start + self.text.trim().len())
    }

    fn source(&self, offset: usize) -> u32 {
        let offset = u32::try_from(offset.min(self.text.len())).unwrap_or(u32::MAX);
        let next = self.runs.partition_point(|run| run.text <= offset);
        let first = Run { text: 0, source: self.start };
        let run = next.checked_sub(1).and_then(|at| self.runs.get(at)).unwrap_or(&first);
        // A run that was escaped or folded may be longer in the text than in the file.
        let limit = self.runs.get(next).map_or(self.span.end, |following| following.source);
        run.source.saturating_add(offset - run.text).min(limit)
    }
}

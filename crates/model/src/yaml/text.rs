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
    map: OffsetMap,
}

/// Runs of the text, each with the place in the file where it starts. Runs are contiguous in both;
/// within a verbatim run offsets move in step.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OffsetMap {
    /// Sorted by `text`; the last is the sentinel at the end of the text.
    runs: Vec<Run>,
}

/// Where a run of text comes from.
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
        Self::within(text, span, span.start)
    }

    /// Text that stands in the file as it is from `start`, written as `span` (for example between
    /// quotes).
    pub(crate) fn within(text: String, span: Span, start: u32) -> Self {
        Self { text, span, map: OffsetMap { runs: vec![Run { text: 0, source: start }] } }
    }

    /// Text whose runs are mapped one by one; `runs` starts at offset 0 and is sorted.
    #[expect(dead_code, reason = "built by the YAML reader, which follows")]
    pub(crate) fn mapped(text: String, span: Span, runs: Vec<Run>) -> Self {
        Self { text, span, map: OffsetMap { runs } }
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
        let text = self.text.get(range.clone()).unwrap_or("").to_owned();
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let (start, end) = (clamp(range.start), clamp(range.end));
        let first = Run { text: 0, source: span.start };
        let inner = self.map.runs.iter().filter(|run| run.text > start && run.text <= end);
        let runs = std::iter::once(first)
            .chain(inner.map(|run| Run { text: run.text - start, source: run.source }))
            .collect();
        Self { text, span, map: OffsetMap { runs } }
    }

    /// The text without white space around it.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.slice(start..start + self.text.trim().len())
    }

    fn source(&self, offset: usize) -> u32 {
        let offset = u32::try_from(offset.min(self.text.len())).unwrap_or(u32::MAX);
        let runs = &self.map.runs;
        let next = runs.partition_point(|run| run.text <= offset);
        let Some(run) = next.checked_sub(1).and_then(|at| runs.get(at)) else {
            return self.span.start;
        };
        // A run that was escaped or folded may be longer in the text than in the file.
        let limit = runs.get(next).map_or(self.span.end, |following| following.source);
        run.source.saturating_add(offset - run.text).min(limit)
    }
}

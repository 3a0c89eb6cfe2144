//! The way back from decoded scalar text to the bytes it was written as.

use std::borrow::Cow;

use base::Span;
use granit_parser::ScalarStyle;

use super::text::{Run, Text};

/// The text of a scalar whose token covers `span`; that of a block scalar starts with its first
/// line of text.
pub(super) fn text(decoded: Cow<'_, str>, style: ScalarStyle, source: &str, span: Span) -> Text {
    let decoded = decoded.into_owned();
    let raw = source.get(span.start as usize..span.end as usize).unwrap_or("");
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let quotes = usize::from(quoted);
    let inner = raw.get(quotes..raw.len().saturating_sub(quotes)).unwrap_or("");
    let start = span.start + u32::from(quoted);
    if inner == decoded {
        return Text::new(decoded, span, start, Vec::new());
    }
    let mut walk =
        Walk { decoded: &decoded, raw, style, indent: None, at: 0, from: quotes, runs: Vec::new() };
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        let before = source.get(..span.start as usize).unwrap_or("");
        walk.indent = Some(before.len() - before.rfind('\n').map_or(0, |at| at + 1));
        walk.at = decoded.len() - decoded.trim_start_matches('\n').len();
        walk.mark();
    }
    let runs = walk.runs(span.start);
    Text::new(decoded, span, start, runs)
}

/// Decoded text and source side by side.
struct Walk<'a> {
    decoded: &'a str,
    raw: &'a str,
    style: ScalarStyle,
    /// Spaces that start every line of a block scalar; elsewhere all white space there is folded.
    indent: Option<usize>,
    at: usize,
    from: usize,
    runs: Vec<(usize, usize)>,
}

impl Walk<'_> {
    fn runs(mut self, base: u32) -> Vec<Run> {
        while self.at < self.decoded.len() && self.from < self.raw.len() {
            if !(self.fold() || self.escape() || self.same()) {
                break; // cannot happen for what the scanner accepts; the rest maps to here
            }
        }
        self.mark();
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let run = |&(text, source): &(usize, usize)| Run {
            text: clamp(text),
            source: base.saturating_add(clamp(source)),
        };
        self.runs.iter().map(run).collect()
    }

    /// From here on, text and source move in step.
    fn mark(&mut self) {
        self.runs.push((self.at, self.from));
    }

    /// A line break with the white space around it stands for one space, or for line breaks.
    fn fold(&mut self) -> bool {
        let rest = &self.raw[self.from..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        let skipped =
            if self.indent.is_some() { usize::from(rest.starts_with('\r')) } else { blank };
        if !rest[skipped..].starts_with('\n') {
            return false;
        }
        self.mark();
        self.from += skipped;
        while self.raw[self.from..].starts_with(['\n', '\r']) {
            self.from += 1;
            self.skip_indent();
        }
        let decoded = &self.decoded[self.at..];
        let breaks = decoded.len() - decoded.trim_start_matches('\n').len();
        self.at += if breaks == 0 { usize::from(decoded.starts_with(' ')) } else { breaks };
        self.mark();
        true
    }

    fn skip_indent(&mut self) {
        let rest = &self.raw[self.from..];
        let white: &[char] = if self.indent.is_none() { &[' ', '\t'] } else { &[' '] };
        let spaces = rest.len() - rest.trim_start_matches(white).len();
        self.from += spaces.min(self.indent.unwrap_or(usize::MAX));
    }

    fn escape(&mut self) -> bool {
        let rest = &self.raw[self.from..];
        let length = match self.style {
            ScalarStyle::SingleQuoted if rest.starts_with("''") => 2,
            ScalarStyle::DoubleQuoted if rest.starts_with('\\') => match rest.chars().nth(1) {
                Some('x') => 4,
                Some('u') => 6,
                Some('U') => 10,
                Some('\n' | '\r') => return self.joined_line(),
                Some(other) => 1 + other.len_utf8(),
                None => 1,
            },
            _ => return false,
        };
        self.mark();
        self.from = (self.from + length).min(self.raw.len());
        while !self.raw.is_char_boundary(self.from) {
            self.from += 1;
        }
        self.at += self.decoded[self.at..].chars().next().map_or(0, char::len_utf8);
        self.mark();
        true
    }

    /// A backslash at the end of a line joins it with the next.
    fn joined_line(&mut self) -> bool {
        self.mark();
        let rest = &self.raw[self.from + 1..];
        self.from += 1 + rest.len() - rest.trim_start_matches(['\r', '\n', ' ', '\t']).len();
        self.mark();
        true
    }

    fn same(&mut self) -> bool {
        let (decoded, raw) = (self.decoded[self.at..].chars(), self.raw[self.from..].chars());
        match (decoded.clone().next(), raw.clone().next()) {
            (Some(a), Some(b)) if a == b => {
                self.at += a.len_utf8();
                self.from += a.len_utf8();
                true
            }
            _ => false,
        }
    }
}

//! The way back from decoded scalar text to the bytes it was written as.

use std::borrow::Cow;

use base::Span;
use granit_parser::ScalarStyle;

use super::text::{Run, Text};

/// The text of a scalar whose token covers `span` and reads `raw` in the file.
pub(super) fn text(decoded: Cow<'_, str>, style: ScalarStyle, raw: &str, span: Span) -> Text {
    let decoded = decoded.into_owned();
    let quotes =
        usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
    let inner = raw.get(quotes..raw.len().saturating_sub(quotes)).unwrap_or("");
    let start = span.start + u32::from(quotes > 0);
    if inner == decoded {
        return Text::new(decoded, span, start, Vec::new());
    }
    let runs = Walk::new(&decoded, style, raw, quotes).runs(span.start);
    Text::new(decoded, span, start, runs)
}

/// Decoded text and source side by side.
struct Walk<'a> {
    decoded: &'a str,
    raw: &'a str,
    style: ScalarStyle,
    /// Most spaces that belong to the indentation of a line; all of them outside block scalars.
    indent: usize,
    at: usize,
    from: usize,
    runs: Vec<(usize, usize)>,
}

impl<'a> Walk<'a> {
    fn new(decoded: &'a str, style: ScalarStyle, raw: &'a str, quotes: usize) -> Self {
        let (mut indent, mut from) = (usize::MAX, quotes);
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            let body = raw.find('\n').map_or(raw.len(), |at| at + 1);
            let first = raw[body..].split('\n').find(|line| !line.trim().is_empty()).unwrap_or("");
            let stated = raw[..body].bytes().find(u8::is_ascii_digit);
            // A stated indentation is relative to the parent's; the first line tells ours unless
            // the text itself starts with spaces.
            let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
            indent = spaces(first)
                .saturating_sub(stated.map_or(0, |_| spaces(decoded.trim_start_matches('\n'))));
            from = body;
        }
        let mut walk = Self { decoded, raw, style, indent, at: 0, from, runs: Vec::new() };
        if indent != usize::MAX {
            walk.skip_indent();
            walk.mark();
        }
        walk
    }

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
        let block = self.indent != usize::MAX;
        let skipped = if block { usize::from(rest.starts_with('\r')) } else { blank };
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
        let white: &[char] = if self.indent == usize::MAX { &[' ', '\t'] } else { &[' '] };
        let spaces = rest.len() - rest.trim_start_matches(white).len();
        self.from += spaces.min(self.indent);
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

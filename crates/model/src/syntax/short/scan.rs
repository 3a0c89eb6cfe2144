//! The scanner that all short forms share: words, numbers and units with their places.

use std::ops::Range;

use base::{Span, Spanned, did_you_mean, one_of};
use rust_decimal::Decimal;

use super::Parsed;
use crate::yaml::Text;

/// What is wrong in a short form, by its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) id: &'static str,
    pub(crate) range: Range<usize>,
    pub(crate) message: String,
    /// Instead of the examples of the form.
    pub(crate) help: Option<String>,
    /// Replacement of the range.
    pub(crate) fix: Option<String>,
}

impl Problem {
    pub(crate) fn new(id: &'static str, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { id, range, message: message.into(), help: None, fix: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn fix(mut self, replacement: impl Into<String>) -> Self {
        self.fix = Some(replacement.into());
        self
    }

    /// A number outside what is plausible.
    pub(crate) fn implausible(range: Range<usize>, message: impl Into<String>) -> Self {
        Self::new("implausible-number", range, message)
    }
}

/// A number as written.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    /// Its value, without any suffix.
    pub(crate) value: Decimal,
    /// Its place in the text.
    pub(crate) range: Range<usize>,
}

impl Number {
    pub(crate) fn as_f64(&self) -> f64 {
        rust_decimal::prelude::ToPrimitive::to_f64(&self.value).unwrap_or(f64::MAX)
    }
}

/// A position in the text of a short form.
#[derive(Clone)]
pub(crate) struct Scan<'t> {
    text: &'t Text,
    pub(crate) at: usize,
}

impl<'t> Scan<'t> {
    pub(crate) const fn new(text: &'t Text) -> Self {
        Self { text, at: 0 }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'t str {
        self.text.text.get(self.at..).unwrap_or("")
    }

    /// A part of the whole text.
    pub(crate) fn text(&self, range: Range<usize>) -> &'t str {
        self.text.text.get(range).unwrap_or("")
    }

    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        self.text.span_of(range)
    }

    /// A value read since `start`, with its place.
    pub(crate) fn spanned<T>(&self, value: T, start: usize) -> Spanned<T> {
        Spanned::new(value, self.span(start..self.at))
    }

    /// The text as an expression of its own.
    pub(crate) fn slice(&self, range: Range<usize>) -> Text {
        self.text.slice(range)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest().trim().is_empty()
    }

    pub(crate) fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Reads exactly this sign.
    pub(crate) fn eat(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// Reads white space and this word, if it is a whole word.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = self.clone();
        ahead.skip_space();
        if ahead.text(ahead.word_range()) != word {
            return false;
        }
        self.at = ahead.at + word.len();
        self.skip_space();
        true
    }

    /// The letters, digits, `_` and `-` that start here; may be empty.
    pub(crate) fn word_range(&self) -> Range<usize> {
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let length = self.rest().find(|c| !part(c)).unwrap_or(self.rest().len());
        self.at..self.at + length
    }

    /// Everything up to the next white space, for messages.
    pub(crate) fn chunk(&self) -> Range<usize> {
        let length = self.rest().find(char::is_whitespace).unwrap_or(self.rest().len());
        self.at..self.at + length
    }

    /// A name: a letter, then letters, digits, `_` or `-`.
    pub(crate) fn name(&mut self, what: &str) -> Parsed<Spanned<String>> {
        let range = self.word_range();
        let name = self.text(range.clone());
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(self.expected(what));
        }
        self.at = range.end;
        Ok(Spanned::new(name.to_owned(), self.span(range)))
    }

    /// Refuses what follows.
    pub(crate) fn finish(&mut self) -> Parsed<()> {
        self.skip_space();
        if self.is_done() {
            return Ok(());
        }
        let range = self.at..self.text.text.trim_end().len();
        let message = format!("`{}` does not belong here", self.text(range.clone()));
        Err(Problem::new("unexpected-text", range, message))
    }

    /// "expected WHAT" at what stands here.
    pub(crate) fn expected(&self, what: &str) -> Problem {
        let range = self.chunk();
        let message = match self.text(range.clone()) {
            "" => format!("expected {what}"),
            found => format!("expected {what}, found `{found}`"),
        };
        Problem::new("unexpected-text", range, message)
    }

    /// Whether a number starts here.
    pub(crate) fn at_number(&self) -> bool {
        let digits = self.rest().strip_prefix('-').unwrap_or(self.rest());
        digits.starts_with(|c: char| c.is_ascii_digit())
    }

    /// A number: digits with `_` between them, and a fraction; signed where `signed`.
    pub(crate) fn number(&mut self, signed: bool) -> Parsed<Number> {
        let start = self.at;
        let negative = signed && self.eat("-");
        let length = digits(self.rest());
        if length == 0 {
            self.at = start;
            return Err(self.no_number());
        }
        let mut end = self.at + length;
        if let Some(fraction) = self.text.text[end..].strip_prefix('.') {
            let length = digits(fraction);
            if length > 0 {
                end += 1 + length;
            }
        }
        let range = start..end;
        let plain: String = self.text(self.at..end).chars().filter(|&c| c != '_').collect();
        let value = Decimal::from_str_exact(&plain).map_err(|_| {
            Problem::new("implausible-number", range.clone(), "the number has too many digits")
        })?;
        self.at = end;
        Ok(Number { value: if negative { -value } else { value }, range })
    }

    /// A number with an optional `k`, `M` or `G`.
    pub(crate) fn count(&mut self) -> Parsed<Number> {
        let mut number = self.number(false)?;
        let suffix = self.word_range();
        let Some(factor) = multiple(self.text(suffix.clone())) else { return Ok(number) };
        self.at = suffix.end;
        number.range.end = self.at;
        number.value = number.value.checked_mul(factor).ok_or_else(|| {
            Problem::implausible(number.range.clone(), "the number has too many digits")
        })?;
        Ok(number)
    }

    fn no_number(&self) -> Problem {
        let range = self.chunk();
        let found = self.text(range.clone());
        if found.starts_with(char::is_alphabetic) {
            let message = format!("`{found}` is not a number");
            return Problem::new("vague-number", range, message);
        }
        let mut problem = self.expected("a number");
        problem.id = "missing-number";
        problem
    }

    /// The unit that must directly follow a number, as its position in the table.
    pub(crate) fn unit<T: Copy>(&mut self, number: &Number, units: &[(&str, T)]) -> Parsed<T> {
        let names = || units.iter().map(|(name, _)| *name);
        let range = self.word_range();
        let found = if self.rest().starts_with('%') { "%" } else { self.text(range.clone()) };
        if let Some((name, unit)) = units.iter().find(|(name, _)| *name == found) {
            self.at += name.len();
            return Ok(*unit);
        }
        let written = self.text(number.range.clone());
        if found.is_empty() {
            return Err(self.detached_unit(number, units).unwrap_or_else(|| {
                let message = format!("`{written}` has no unit");
                Problem::new("missing-unit", number.range.clone(), message)
                    .help(format!("the unit is {}, directly after the number", one_of(names())))
            }));
        }
        let range = self.at..self.at + found.len();
        let problem = Problem::new("bad-unit", range, format!("`{found}` is not a unit here"));
        let meant = synonym(found).filter(|unit| names().any(|name| name == *unit));
        let meant = meant.or_else(|| did_you_mean(found, names()).filter(|_| found != "m"));
        Err(match meant {
            Some(unit) => problem.help(format!("did you mean `{written}{unit}`?")).fix(unit),
            None => problem.help(format!("the unit is {}", one_of(names()))),
        })
    }

    /// `200 ms`: the unit is there, after a space.
    fn detached_unit<T>(&self, number: &Number, units: &[(&str, T)]) -> Option<Problem> {
        let mut ahead = self.clone();
        ahead.skip_space();
        let range = ahead.word_range();
        let unit = ahead.text(range.clone());
        units.iter().find(|(name, _)| *name == unit)?;
        let joined = format!("{}{unit}", self.text(number.range.clone()));
        let range = number.range.start..range.end;
        let problem = Problem::new("bad-unit", range, "there is a space before the unit");
        Some(problem.help(format!("write `{joined}`")).fix(joined))
    }
}

fn digits(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    let length = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    text[..length].trim_end_matches('_').len()
}

fn multiple(suffix: &str) -> Option<Decimal> {
    match suffix {
        "k" => Some(Decimal::ONE_THOUSAND),
        "M" => Some(Decimal::from(1_000_000)),
        "G" => Some(Decimal::from(1_000_000_000)),
        _ => None,
    }
}

/// Units that people write otherwise.
fn synonym(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "sec" | "secs" | "second" | "seconds" => "s",
        "mins" | "minute" | "minutes" => "min",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "msec" | "millis" | "milliseconds" => "ms",
        "days" => "day",
        "weeks" => "week",
        "mo" | "months" => "month",
        "yr" | "years" => "year",
        _ => return None,
    })
}

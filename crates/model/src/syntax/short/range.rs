//! `range`: `1..100`, `0..`, `..5`, `4`; `batch`: `10 in 1..720`.

use super::count::whole_number;
use super::{Parsed, Problem, Scan, ShortForm};
use crate::syntax::{Batch, RangeSyntax};

/// How many items.
pub(crate) struct Sizes;

impl ShortForm for Sizes {
    type Value = RangeSyntax<u32>;
    const NAME: &'static str = "a range";
    const EXAMPLES: &'static [&'static str] = &["1..100", "1..", "..20", "4"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<RangeSyntax<u32>> {
        range(scan, |scan| {
            let number = scan.count()?;
            whole_number(&number.value).ok_or_else(|| {
                Problem::implausible(number.range, "expected a whole number between 0 and 4G")
            })
        })
    }
}

/// The size of a batch.
pub(crate) struct BatchForm;

impl ShortForm for BatchForm {
    type Value = Batch;
    const NAME: &'static str = "a batch";
    const EXAMPLES: &'static [&'static str] = &["1..720", "10 in 1..720"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Batch> {
        let mut ahead = scan.clone();
        let mut mean = None;
        let first = ahead.count()?;
        if ahead.eat_word("in") {
            mean = Some(first.as_f64());
            scan.at = ahead.at;
        }
        let start = scan.at;
        let RangeSyntax { min, max } = Sizes::parse(scan)?;
        let Some(max) = max.filter(|&max| (1..=10_000).contains(&max)) else {
            let message = "a batch needs a greatest size between 1 and 10k";
            return Err(Problem::implausible(start..scan.at, message));
        };
        let min = min.unwrap_or(1).max(1);
        if mean.is_some_and(|mean| mean < f64::from(min) || mean > f64::from(max)) {
            let message = "the mean size lies outside the range";
            return Err(Problem::implausible(first.range, message));
        }
        Ok(Batch { mean, min, max })
    }
}

/// `[a]".."[b]` or `a`, with values read by `value`.
pub(super) fn range<T: PartialOrd + Copy>(
    scan: &mut Scan<'_>,
    value: impl Fn(&mut Scan<'_>) -> Parsed<T>,
) -> Parsed<RangeSyntax<T>> {
    let start = scan.at;
    let min = if scan.rest().starts_with("..") { None } else { Some(value(scan)?) };
    if !scan.eat("..") {
        return Ok(RangeSyntax { min, max: min });
    }
    let max = if scan.at_number() { Some(value(scan)?) } else { None };
    match (min, max) {
        (None, None) => Err(Problem::new("missing-number", start..scan.at, "a range needs an end")),
        (Some(min), Some(max)) if min > max => {
            let message = "the range is empty: its start is above its end";
            Err(Problem::new("empty-range", start..scan.at, message))
        }
        _ => Ok(RangeSyntax { min, max }),
    }
}

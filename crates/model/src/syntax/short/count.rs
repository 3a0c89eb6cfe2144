//! `count`: `1_000`, `50k`, `2.5M`; `factor`: `10x`.

use rust_decimal::prelude::ToPrimitive;

use super::{Parsed, Problem, Scan, ShortForm};

/// How many of something.
pub(crate) struct Count;

impl ShortForm for Count {
    type Value = f64;
    const NAME: &'static str = "a number";
    const EXAMPLES: &'static [&'static str] = &["1_000", "50k", "2.5M"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<f64> {
        let number = scan.count()?;
        scan.refuse_unit()?;
        if number.as_f64() > 1e15 {
            return Err(Problem::implausible(number.range, "more than 10^15 of anything"));
        }
        Ok(number.as_f64())
    }
}

/// A whole number.
pub(crate) struct Whole;

impl ShortForm for Whole {
    type Value = u32;
    const NAME: &'static str = "a whole number";
    const EXAMPLES: &'static [&'static str] = &["20", "1k"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<u32> {
        let number = scan.count()?;
        scan.refuse_unit()?;
        whole_number(&number.value).ok_or_else(|| {
            let message = "expected a whole number between 0 and 4G";
            Problem::implausible(number.range, message)
        })
    }
}

/// A multiple.
pub(crate) struct Factor;

impl ShortForm for Factor {
    type Value = f64;
    const NAME: &'static str = "a factor";
    const EXAMPLES: &'static [&'static str] = &["10x", "1.5x"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<f64> {
        let number = scan.number(false)?;
        scan.unit(&number, &[("x", ())])?;
        let value = number.as_f64();
        if !(1.0..=1000.0).contains(&value) {
            let message = format!("{value} times the peak is outside 1x to 1000x");
            return Err(Problem::implausible(number.range, message));
        }
        Ok(value)
    }
}

/// The number as a `u32`, if it is a whole one.
pub(super) fn whole_number(value: &rust_decimal::Decimal) -> Option<u32> {
    value.is_integer().then(|| value.to_u32()).flatten()
}

impl Scan<'_> {
    /// Refuses letters directly after a number that has no unit.
    pub(super) fn refuse_unit(&self) -> Parsed<()> {
        let range = self.word_range();
        if range.is_empty() {
            return Ok(());
        }
        let message = format!("`{}` is not a unit here", self.text(range.clone()));
        Err(Problem::new("bad-unit", range, message)
            .help("this number has no unit; `k`, `M` and `G` multiply it"))
    }
}

//! `rate`: `4/s peak 40/s`, `60k/month in 40h/week`, `5k open x 1/s fan-out 3`.

use base::{Rate, Spanned};

use super::{Parsed, Problem, Scan, ShortForm};
use crate::syntax::RateSyntax;

const HOURS_PER_WEEK: f64 = 168.0;

/// How often an operation is asked for, or how many streams are open.
pub(crate) struct RateForm;

impl ShortForm for RateForm {
    type Value = RateSyntax;
    const NAME: &'static str = "a rate";
    const EXAMPLES: &'static [&'static str] =
        &["4/s peak 40/s", "60k/month", "5k/day in 40h/week", "5k open x 1/s"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<RateSyntax> {
        let start = scan.at;
        let count = scan.count()?;
        if scan.eat_word("open") {
            return open(scan, count.as_f64());
        }
        scan.at = start;
        requests(scan)
    }
}

/// A rate without a peak: deployments.
pub(crate) struct PlainRate;

impl ShortForm for PlainRate {
    type Value = Rate;
    const NAME: &'static str = "a rate";
    const EXAMPLES: &'static [&'static str] = &["5/day", "2/week"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Rate> {
        let mean = scan.per_second()?;
        Ok(Rate { mean, peak: mean })
    }
}

fn requests(scan: &mut Scan<'_>) -> Parsed<RateSyntax> {
    let mean = scan.per_second()?;
    let mut peak = None;
    if scan.eat_word("peak") {
        let start = scan.at;
        let stated = scan.per_second()?;
        if stated < mean {
            let message = "the busiest minute cannot be below the mean";
            return Err(Problem::new("peak-below-mean", start..scan.at, message));
        }
        peak = Some(stated);
    }
    let hours_per_week = if scan.eat_word("in") { Some(hours(scan)?) } else { None };
    let busy = hours_per_week.map_or(mean, |hours| mean * HOURS_PER_WEEK / hours);
    let rate = Rate { mean, peak: peak.unwrap_or(busy) };
    Ok(RateSyntax::Requests { rate, peak_stated: peak.is_some(), hours_per_week })
}

fn open(scan: &mut Scan<'_>, count: f64) -> Parsed<RateSyntax> {
    let per_stream = if scan.eat_word("x") {
        let start = scan.at;
        let mean = scan.per_second()?;
        Some(scan.spanned(Rate { mean, peak: mean }, start))
    } else {
        None
    };
    let fan_out = if scan.eat_word("fan-out") {
        let number = scan.count()?;
        let span = scan.span(number.range.clone());
        Some(Spanned::new(number.as_f64(), span))
    } else {
        None
    };
    Ok(RateSyntax::Open { count, per_stream, fan_out })
}

/// `40h/week`.
fn hours(scan: &mut Scan<'_>) -> Parsed<f64> {
    let number = scan.number(false)?;
    if !scan.eat("h/week") {
        return Err(Problem::new(
            "bad-unit",
            number.range.start..scan.chunk().end,
            "expected the hours of a week in which it happens",
        )
        .help("for example `in 40h/week`"));
    }
    let hours = number.as_f64();
    if hours <= 0.0 || hours > HOURS_PER_WEEK {
        return Err(Problem::implausible(number.range, "a week has 168 hours"));
    }
    Ok(hours)
}

impl Scan<'_> {
    /// `count/per`, in events per second.
    pub(super) fn per_second(&mut self) -> Parsed<f64> {
        let number = self.count()?;
        if !self.eat("/") {
            let range = number.range.clone();
            self.refuse_unit()?;
            let message = format!("`{}` has no unit", self.text(range.clone()));
            return Err(Problem::new("missing-unit", range, message)
                .help("say per what: `/s`, `/min`, `/h`, `/day`, `/week`, `/month` or `/year`"));
        }
        let rate = number.as_f64() / self.per()?;
        if rate > 1e9 {
            let range = number.range.start..self.at;
            return Err(Problem::implausible(range, "more than a billion a second"));
        }
        Ok(rate)
    }
}

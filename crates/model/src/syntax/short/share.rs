//! `share`: `99.95%`, `80%/year`.

use base::{RATE_PER, Share};

use super::scan::Number;
use super::{Parsed, Problem, Scan, ShortForm};
use crate::syntax::Growth;

/// A share of a whole.
pub(crate) struct ShareForm;

impl ShortForm for ShareForm {
    type Value = Share;
    const NAME: &'static str = "a share";
    const EXAMPLES: &'static [&'static str] = &["9%", "0.5%"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Share> {
        let (number, percent) = percent(scan)?;
        if percent > 100.0 {
            return Err(Problem::implausible(number.range, "more than the whole"));
        }
        Ok(Share(percent / 100.0))
    }
}

/// A promised availability.
pub(crate) struct Availability;

impl ShortForm for Availability {
    type Value = Share;
    const NAME: &'static str = "an availability";
    const EXAMPLES: &'static [&'static str] = &["99.9%", "99.95%"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Share> {
        let (number, percent) = percent(scan)?;
        let message = match percent {
            p if p >= 100.0 => "nothing is always available; nobody can promise 100% or more",
            p if p < 50.0 => "an availability below 50% is rather a share of failures",
            _ => return Ok(Share(percent / 100.0)),
        };
        Err(Problem::implausible(number.range, message))
    }
}

/// Growth, compounded to a year.
pub(crate) struct GrowthForm;

impl ShortForm for GrowthForm {
    type Value = Growth;
    const NAME: &'static str = "a growth";
    const EXAMPLES: &'static [&'static str] = &["80%/year", "5%/month"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Growth> {
        let (number, percent) = percent(scan)?;
        let end = scan.at;
        if !scan.eat("/") {
            let message = "growth needs a period";
            return Err(Problem::new("missing-unit", number.range.start..end, message));
        }
        let seconds = scan.per()?;
        let year = RATE_PER.last().map_or(seconds, |(_, seconds)| *seconds);
        let per_year = (1.0 + percent / 100.0).powf(year / seconds) - 1.0;
        if per_year > 1000.0 {
            let message = "more than a thousandfold in a year";
            return Err(Problem::implausible(number.range.start..scan.at, message));
        }
        Ok(Growth { per_year: Share(per_year) })
    }
}

fn percent(scan: &mut Scan<'_>) -> Parsed<(Number, f64)> {
    let number = scan.number(false)?;
    scan.unit(&number, &[("%", ())])?;
    let percent = number.as_f64();
    Ok((number, percent))
}

impl Scan<'_> {
    /// The period after the slash, in seconds.
    pub(super) fn per(&mut self) -> Parsed<f64> {
        let range = self.word_range();
        let found = self.text(range.clone());
        if let Some((_, seconds)) = RATE_PER.iter().find(|(name, _)| *name == found) {
            self.at = range.end;
            return Ok(*seconds);
        }
        let names = || RATE_PER.iter().map(|(name, _)| *name);
        let problem = match found {
            "" => self.expected("a period"),
            found => {
                let message = format!("`{found}` is not a period");
                Problem::new("bad-unit", range, message)
            }
        };
        let meant = match found {
            "d" | "days" => Some("day"),
            "sec" | "second" => Some("s"),
            "minute" => Some("min"),
            "hr" | "hour" => Some("h"),
            "w" => Some("week"),
            "y" | "yr" => Some("year"),
            "m" | "" => None,
            found => base::did_you_mean(found, names()),
        };
        Err(match meant {
            Some(unit) => problem.help(format!("did you mean `{unit}`?")).fix(unit),
            None => problem.help(format!("the period is {}", base::one_of(names()))),
        })
    }
}

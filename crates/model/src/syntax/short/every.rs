//! `every`: `5min`, `1d at 02:00`, `month at 00:30`.

use super::{Parsed, Problem, Scan, ShortForm, Waiting};
use crate::syntax::{Every, Period};

/// How often, and when.
pub(crate) struct EveryForm;

impl ShortForm for EveryForm {
    type Value = Every;
    const NAME: &'static str = "a period";
    const EXAMPLES: &'static [&'static str] = &["5min", "1d at 02:00", "month at 00:30"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Every> {
        let start = scan.at;
        let period = if scan.eat_word("month") {
            Period::Month
        } else {
            Period::Duration(Waiting::parse(scan)?)
        };
        let end = scan.at;
        let at = if scan.eat_word("at") { Some(time(scan)?) } else { None };
        let days = |nanos: u64| nanos.is_multiple_of(86_400_000_000_000);
        if let (Period::Duration(duration), Some(_)) = (period, at)
            && !days(duration.0)
        {
            let message = "a time of day needs a period of whole days, or `month`";
            return Err(Problem::new("unexpected-text", start..end, message));
        }
        Ok(Every { period, at })
    }
}

/// `02:00`, in minutes.
fn time(scan: &mut Scan<'_>) -> Parsed<u16> {
    let range = scan.chunk();
    let text = scan.text(range.clone());
    let minutes = text.split_once(':').and_then(|(hours, minutes)| {
        let two = |text: &str| -> Option<u16> {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    });
    scan.at = range.end;
    minutes.ok_or_else(|| {
        let message = format!("`{text}` is not a time of day");
        Problem::new("bad-time", range, message).help("write it as `02:00`")
    })
}

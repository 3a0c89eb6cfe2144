//! `duration`: `250ms`, `90s`, `2min`, `30d`, `7y`.

use base::Duration;
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::scan::Number;
use super::{Parsed, Problem, Scan, ShortForm};

/// Units in microseconds; a month has 30 days and a year 365.
const UNITS: [(&str, u64); 7] = [
    ("ms", 1_000),
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
    ("month", 2_592_000_000_000),
    ("y", 31_536_000_000_000),
];

const CENTURY: Duration = Duration(100 * 31_536_000 * 1_000_000_000);
const YEAR: Duration = Duration(31_536_000 * 1_000_000_000);

/// How long something may take or be old: up to a year.
pub(crate) struct Waiting;

impl ShortForm for Waiting {
    type Value = Duration;
    const NAME: &'static str = "a duration";
    const EXAMPLES: &'static [&'static str] = &["200ms", "60s", "5min", "1h"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Duration> {
        up_to(scan, YEAR, "longer than a year")
    }
}

/// How long something is kept: up to a century.
pub(crate) struct Keeping;

impl ShortForm for Keeping {
    type Value = Duration;
    const NAME: &'static str = "a duration";
    const EXAMPLES: &'static [&'static str] = &["90d", "6month", "7y"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Duration> {
        up_to(scan, CENTURY, "longer than a century")
    }
}

/// How much may be lost: up to a century, or nothing.
pub(crate) struct Losing;

impl ShortForm for Losing {
    type Value = Duration;
    const NAME: &'static str = "a duration";
    const EXAMPLES: &'static [&'static str] = &["0s", "5min", "1h"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Duration> {
        let start = scan.at;
        let number = scan.number(false)?;
        let zero = number.value.is_zero();
        if zero && scan.unit(&number, &UNITS).is_ok() {
            return Ok(Duration::default());
        }
        scan.at = start;
        Keeping::parse(scan)
    }
}

fn up_to(scan: &mut Scan<'_>, most: Duration, message: &str) -> Parsed<Duration> {
    let start = scan.at;
    let duration = duration(scan)?;
    if duration > most {
        return Err(Problem::implausible(start..scan.at, message));
    }
    Ok(duration)
}

/// A duration of any length above zero.
pub(super) fn duration(scan: &mut Scan<'_>) -> Parsed<Duration> {
    let number = scan.number(false)?;
    let micros = scan.unit(&number, &UNITS).map_err(|problem| months_or_minutes(scan, problem))?;
    nanoseconds(&number, micros).filter(|duration| duration.0 > 0).ok_or_else(|| {
        let message = "expected a duration between a nanosecond and five centuries";
        Problem::implausible(number.range.start..scan.at, message)
    })
}

fn nanoseconds(number: &Number, micros: u64) -> Option<Duration> {
    let nanos = Decimal::from(micros).checked_mul(Decimal::ONE_THOUSAND)?;
    number.value.checked_mul(nanos)?.to_u64().map(Duration)
}

/// `5m` may mean minutes or months.
fn months_or_minutes(scan: &Scan<'_>, problem: Problem) -> Problem {
    match scan.text(problem.range.clone()) {
        "m" | "M" if problem.id == "bad-unit" => {
            problem.help("write `min` for minutes or `month` for months")
        }
        "day" | "days" => problem.help("write `d`").fix("d"),
        "w" | "week" | "weeks" => problem.help("write a week as `7d`"),
        "year" | "years" | "yr" => problem.help("write `y`").fix("y"),
        "us" | "ns" => problem.help("write milliseconds: `0.5ms`"),
        _ => problem,
    }
}

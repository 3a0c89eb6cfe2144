//! The textual formats of the language, each exact about what it accepts.

use jiff::civil;
use rust_decimal::Decimal;

/// 0001-01-01T00:00:00Z in microseconds.
const YEAR_ONE: i64 = -62_135_596_800_000_000;

/// Microseconds since the Unix epoch of an RFC 3339 timestamp with any offset, years 0001 to 9999;
/// digits after the microsecond are cut off.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = parse_date(date)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let split = rest.find(['Z', 'z', '+', '-'])?;
    let (time, offset) = rest.split_at(split);
    let at = date.to_datetime(with_seconds(time)?);
    let seconds = offset_seconds(offset)?;
    let utc = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond();
    let moved = utc.checked_sub(i64::from(seconds) * 1_000_000)?;
    // The offset may lead out of the years that can be written back.
    let in_range = moved >= YEAR_ONE && jiff::Timestamp::from_microsecond(moved).is_ok();
    in_range.then_some(moved)
}

/// `Z` or `+hh:mm`, in seconds.
fn offset_seconds(text: &str) -> Option<i32> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn two_digits(text: &str) -> Option<i32> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// `2026-12-31`, years 0001 to 9999.
#[must_use]
pub fn parse_date(text: &str) -> Option<civil::Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = text.get(..4).filter(|year| year.bytes().all(|b| b.is_ascii_digit()))?;
    let year: i16 = year.parse().ok()?;
    let month = i8::try_from(two_digits(text.get(5..7)?)?).ok()?;
    let day = i8::try_from(two_digits(text.get(8..10)?)?).ok()?;
    if year < 1 { None } else { civil::Date::new(year, month, day).ok() }
}

/// `14:30:00`, with up to nine digits of a second, of which six are kept; `14:30`, as browsers send
/// it (HTML, `<input type=time>`).
#[must_use]
pub fn parse_time(text: &str) -> Option<civil::Time> {
    match text.len() {
        5 => with_seconds(&format!("{text}:00")),
        _ => with_seconds(text),
    }
}

fn with_seconds(text: &str) -> Option<civil::Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':');
    let mut part = || i8::try_from(two_digits(parts.next()?)?).ok();
    let (hour, minute, second) = (part()?, part()?, part()?);
    let digits = !fraction.is_empty() && fraction.len() <= 9;
    if parts.next().is_some() || !digits || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let micros: i32 = fraction.get(..6).unwrap_or(fraction).parse().ok()?;
    let scale = 10_i32.pow(6 - u32::try_from(fraction.len().min(6)).ok()?);
    civil::Time::new(hour, minute, second, micros * scale * 1000).ok()
}

/// ISO 8601 without years and months, whose lengths vary: `P1DT2H`, `PT1.5S`; in microseconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let text = text.strip_prefix('P')?;
    let (days, time) = text.split_once('T').map_or((text, None), |(d, t)| (d, Some(t)));
    if days.is_empty() && time.is_none_or(str::is_empty) || time.is_some_and(str::is_empty) {
        return None;
    }
    let mut micros = units(days, &[('W', 604_800), ('D', 86_400)])?;
    micros = micros.checked_add(units(time.unwrap_or(""), &[('H', 3600), ('M', 60), ('S', 1)])?)?;
    Some(if negative { -micros } else { micros })
}

/// Sums `12H30M`, each unit at most once and in order; only seconds may have a fraction.
fn units(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total = 0_i64;
    for &(unit, seconds) in units {
        let Some((number, rest)) = text.split_once(unit) else { continue };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let plain = |digits: &str| {
            !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit())
        };
        if !plain(whole) || !plain(fraction) || (unit != 'S' && number.contains('.')) {
            return None;
        }
        let part = whole.parse::<i64>().ok()?.checked_mul(seconds * 1_000_000)?;
        let cut = fraction.get(..6).unwrap_or(fraction);
        let scale = 10_i64.pow(6 - u32::try_from(cut.len()).ok()?);
        total = total.checked_add(part)?.checked_add(cut.parse::<i64>().ok()? * scale)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

/// The 36 characters of a hyphenated UUID.
#[must_use]
pub fn parse_uuid(text: &str) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    uuid::Uuid::try_parse(text).ok().map(|id| id.as_u128())
}

/// A decimal in plain or exponent notation, if all its digits can be held.
#[must_use]
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || text.len() > 64 {
        return None;
    }
    let number = Decimal::from_str_exact(mantissa).ok()?;
    match exponent.parse::<i32>().ok()? {
        0 => Some(number),
        up @ 1..=28 => {
            number.checked_mul(Decimal::from_i128_with_scale(10_i128.pow(up.unsigned_abs()), 0))
        }
        down @ -28..=-1 => {
            let scaled = number.scale().checked_add(down.unsigned_abs()).filter(|&s| s <= 28)?;
            Decimal::try_from_i128_with_scale(number.mantissa(), scaled).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_may_leave_the_seconds_out_and_timestamps_may_not() {
        assert_eq!(parse_time("18:00"), parse_time("18:00:00"));
        assert_eq!(parse_time("23:59").map(|time| (time.hour(), time.minute())), Some((23, 59)));
        for bad in
            ["18", "18:0", "24:00", "18:60", "1:800", "18:00Z", "18.00", "18:00:", "\u{661}8:0"]
        {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
        assert_eq!(parse_timestamp("2026-12-31T18:00Z"), None);
    }

    #[test]
    fn timestamps_become_utc_microseconds() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:01.5Z"), Some(1_500_000));
        assert_eq!(parse_timestamp("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(parse_timestamp("1969-12-31T23:59:59.9999999-00:00"), Some(-1));
        let bad = [
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-02-30T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00Z",
            "1970-01-01T00:00:00+2:00",
            "é970-01-01T0",
            "0001-01-01T00:00:00+01:00",
            "1970-01-01T00:00:00.Z",
            "+970-01-01T00:00:00Z",
        ];
        for bad in bad {
            assert_eq!(parse_timestamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_are_iso_8601_of_fixed_length() {
        assert_eq!(parse_duration("PT1H30M"), Some(5_400_000_000));
        assert_eq!(parse_duration("-P1W2DT0.25S"), Some(-(9 * 86_400_000_000 + 250_000)));
        for bad in ["", "P", "PT", "P1DT", "P1M", "P1Y", "PT1M1H", "PT1.5M", "1h", "PTS", "PT1H2"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn decimals_keep_every_digit_or_are_refused() {
        let text = |input| parse_decimal(input).map(|d| d.to_string());
        assert_eq!(text("12.50").as_deref(), Some("12.50"));
        assert_eq!(text("1.25e2").as_deref(), Some("125.00"));
        assert_eq!(text("125e-2").as_deref(), Some("1.25"));
        for bad in ["", "-", ".5", "5.", "+1", "1e99", "0.123456789012345678901234567890", "1_0"] {
            assert_eq!(text(bad), None, "{bad}");
        }
    }
}

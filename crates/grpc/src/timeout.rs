//! `grpc-timeout`: how long a caller waits.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use runtime::Problem;
use runtime::http::single_header;
use runtime::problem::code;

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The time that a caller gives, if it gives one.
///
/// # Errors
/// 400 for what is no time.
pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(text) = single_header(headers, &TIMEOUT)? else { return Ok(None) };
    let detail = "`grpc-timeout` is at most eight digits and a unit: 500m, 10S.";
    parse(text).map(Some).ok_or_else(|| Problem::new(&code::MALFORMED_REQUEST).detail(detail))
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let value: u64 = digits.parse().ok().filter(|_| plain)?;
    Some(match unit {
        "H" => Duration::from_secs(value * 3600),
        "M" => Duration::from_secs(value * 60),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_few_digits() {
        assert_eq!(parse("500m"), Some(Duration::from_millis(500)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for wrong in ["", "S", "1", "1s", "+1S", "123456789S", "1é", "-1S", "1.5S"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}

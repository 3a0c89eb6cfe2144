//! Single values as HTTP writes them: in an address, a query, and within JSON.

use std::fmt::Write as _;

use runtime::json::write_string;

use crate::moment;
use crate::plan::{Kind, Plan};
use crate::wire::{Broken, Raw, members};

/// Why a value has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoText {
    /// It is no value of its type at all.
    Broken,
    /// It is one that the contract does not admit.
    Invalid(&'static str, String),
}

impl From<Broken> for NoText {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

fn invalid<T>(code: &'static str, detail: &str) -> Result<T, NoText> {
    Err(NoText::Invalid(code, detail.to_owned()))
}

/// The text of a value; none where it says that there is none (an enum's 0). Objects, lists and
/// JSON have none here.
pub(crate) fn text(plan: &Plan, kind: Kind, value: Raw<'_>) -> Result<Option<String>, NoText> {
    Ok(Some(match (kind, value) {
        (Kind::Bool, Raw::Varint(value)) => (value != 0).to_string(),
        (Kind::Int32, Raw::Varint(value)) => low(value).to_string(),
        (Kind::Int64, Raw::Varint(value)) => value.cast_signed().to_string(),
        (Kind::Double, Raw::Eight(bytes)) => double(f64::from_le_bytes(bytes))?,
        (Kind::Text, Raw::Bytes(bytes)) => string(bytes)?.to_owned(),
        (Kind::Enum(at), Raw::Varint(value)) => return member(plan, at, low(value)),
        (Kind::Decimal, Raw::Bytes(bytes)) => {
            let [value] = members(bytes)?;
            inner(value)?.to_owned()
        }
        (Kind::Money, Raw::Bytes(bytes)) => {
            let (amount, currency) = money(bytes)?;
            format!("{amount} {currency}").trim_end().to_owned()
        }
        (Kind::Date, Raw::Bytes(bytes)) => {
            let [year, month, day] = whole(members(bytes)?)?;
            format!("{year:04}-{month:02}-{day:02}")
        }
        (Kind::Time, Raw::Bytes(bytes)) => {
            let [hours, minutes, seconds, nanos] = whole(members(bytes)?)?;
            if !(0..1_000_000_000).contains(&nanos) {
                return invalid("out-of-range", "Expected 0 to 999999999 nanoseconds.");
            }
            format!("{hours:02}:{minutes:02}:{seconds:02}{}", fraction(nanos))
        }
        (Kind::Timestamp, Raw::Bytes(bytes)) => timestamp(whole(members(bytes)?)?)?,
        (Kind::Duration, Raw::Bytes(bytes)) => duration(whole(members(bytes)?)?)?,
        _ => return Err(NoText::Broken),
    }))
}

/// Appends a value as JSON; nothing where there is none.
pub(crate) fn json(
    out: &mut Vec<u8>,
    plan: &Plan,
    kind: Kind,
    value: Raw<'_>,
) -> Result<bool, NoText> {
    match (kind, value) {
        (Kind::Money, Raw::Bytes(bytes)) => {
            let (amount, currency) = money(bytes)?;
            out.extend_from_slice(b"{\"amount\":");
            write_string(out, amount);
            out.extend_from_slice(b",\"currency\":");
            write_string(out, currency);
            out.push(b'}');
        }
        (Kind::Point, Raw::Bytes(bytes)) => {
            let (latitude, longitude) = point(bytes)?;
            out.extend_from_slice(format!("{{\"lat\":{latitude},\"lon\":{longitude}}}").as_bytes());
        }
        (Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Double, value) => {
            let text = text(plan, kind, value)?.unwrap_or_default();
            out.extend_from_slice(text.as_bytes());
        }
        (_, value) => match text(plan, kind, value)? {
            Some(text) => write_string(out, &text),
            None => return Ok(false),
        },
    }
    Ok(true)
}

/// `near` and `within` of a query.
pub(crate) fn near(value: Raw<'_>) -> Result<(String, String), NoText> {
    let Raw::Bytes(bytes) = value else { return Err(NoText::Broken) };
    let [at, within] = members(bytes)?;
    let (latitude, longitude) = match at {
        Some(Raw::Bytes(bytes)) => point(bytes)?,
        None => return invalid("required", "The property is required."),
        Some(_) => return Err(NoText::Broken),
    };
    let within = match within {
        Some(Raw::Eight(bytes)) => double(f64::from_le_bytes(bytes))?,
        None => "0".to_owned(),
        Some(_) => return Err(NoText::Broken),
    };
    Ok((format!("{latitude},{longitude}"), format!("{within}m")))
}

pub(crate) fn string(bytes: &[u8]) -> Result<&str, Broken> {
    std::str::from_utf8(bytes).map_err(|_| Broken)
}

/// The integer of 32 bits that a number is read as.
#[expect(clippy::cast_possible_truncation, reason = "protobuf asks for just that")]
pub(crate) const fn low(value: u64) -> i32 {
    value as i32
}

fn inner(value: Option<Raw<'_>>) -> Result<&str, Broken> {
    match value {
        None => Ok(""),
        Some(Raw::Bytes(bytes)) => string(bytes),
        Some(_) => Err(Broken),
    }
}

fn money(bytes: &[u8]) -> Result<(&str, &str), Broken> {
    let [amount, currency] = members(bytes)?;
    Ok((inner(amount)?, inner(currency)?))
}

fn point(bytes: &[u8]) -> Result<(String, String), NoText> {
    let degrees = |value| match value {
        None => Ok("0".to_owned()),
        Some(Raw::Eight(bytes)) => double(f64::from_le_bytes(bytes)),
        Some(_) => Err(NoText::Broken),
    };
    let [latitude, longitude] = members(bytes)?;
    Ok((degrees(latitude)?, degrees(longitude)?))
}

fn double(value: f64) -> Result<String, NoText> {
    if value.is_finite() {
        return Ok(value.to_string());
    }
    invalid("out-of-range", "Expected a finite number.")
}

fn member(plan: &Plan, at: usize, number: i32) -> Result<Option<String>, NoText> {
    let values = plan.values(at);
    match values.iter().find(|(known, _)| *known == number) {
        Some((_, member)) => Ok(Some(member.clone())),
        None if number == 0 => Ok(None),
        None => {
            let names = base::one_of(values.iter().map(|(_, member)| member.as_str()));
            invalid("unknown-member", &format!("Expected {names}."))
        }
    }
}

/// Integers; those that are absent are zero.
fn whole<const N: usize>(values: [Option<Raw<'_>>; N]) -> Result<[i64; N], Broken> {
    let mut all = [0; N];
    for (number, value) in all.iter_mut().zip(values) {
        *number = match value {
            None => 0,
            Some(Raw::Varint(value)) => value.cast_signed(),
            Some(_) => return Err(Broken),
        };
    }
    Ok(all)
}

fn fraction(nanos: i64) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

fn timestamp([seconds, nanos]: [i64; 2]) -> Result<String, NoText> {
    const EXPECTED: &str =
        "Expected a time of the years 1 to 9999, and 0 to 999999999 nanoseconds.";
    let nanos = Some(nanos).filter(|nanos| (0..1_000_000_000).contains(nanos));
    match nanos.and_then(|nanos| Some((moment::day_and_second(seconds)?, nanos))) {
        Some(((date, of_day), nanos)) => {
            let (hours, minutes, seconds) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
            Ok(format!("{date}T{hours:02}:{minutes:02}:{seconds:02}{}Z", fraction(nanos)))
        }
        None => invalid("out-of-range", EXPECTED),
    }
}

fn duration([seconds, nanos]: [i64; 2]) -> Result<String, NoText> {
    let agree = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
    // Ten thousand years, as the type says.
    if seconds.unsigned_abs() > 315_576_000_000 || nanos.unsigned_abs() > 999_999_999 || !agree {
        return invalid("out-of-range", "Expected seconds and nanoseconds of one sign.");
    }
    let mut text = if seconds < 0 || nanos < 0 { "-PT" } else { "PT" }.to_owned();
    let nanos = i64::try_from(nanos.unsigned_abs()).unwrap_or(0);
    let _ = write!(text, "{}{}S", seconds.unsigned_abs(), fraction(nanos));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_over_http() {
        assert_eq!(timestamp([-1, 500_000_000]).as_deref(), Ok("1969-12-31T23:59:59.5Z"));
        assert_eq!(timestamp([253_402_300_799, 0]).as_deref(), Ok("9999-12-31T23:59:59Z"));
        assert_eq!(timestamp([-62_135_596_800, 0]).as_deref(), Ok("0001-01-01T00:00:00Z"));
        assert_eq!(duration([0, -1_000]).as_deref(), Ok("-PT0.000001S"));
        assert_eq!(duration([5400, 0]).as_deref(), Ok("PT5400S"));
        for wrong in [[0, -1], [0, 1_000_000_000], [i64::MAX, 0], [-62_135_596_801, 0]] {
            assert!(timestamp(wrong).is_err(), "{wrong:?}");
        }
        for wrong in [[1, -1], [-1, 1], [i64::MIN, 0], [0, i64::MIN], [400_000_000_000, 0]] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}

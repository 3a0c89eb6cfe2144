//! JSON as text and as a tree that loses no digit of a number.
//!
//! `serde_json` holds a number in 64 bits. One that has more to say stands in the tree as an object
//! with the one property U+0000, a name that no JSON of a client may have. It is written in one form
//! whatever it came in (all digits, no exponent), so that stores agree.

use std::borrow::Cow;

use serde_json::Value as Json;

/// Most digits of a number that 64 bits do not hold, all written out.
const DIGITS: usize = 1000;
/// A power of ten that no number here has.
const FAR: i64 = 1 << 40;
/// What stands before the digits of such a number in the text of the tree, and behind them.
const MARKS: (&str, &str) = ("{\"\\u0000\":\"", "\"}");

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON.
    Syntax,
    /// A number greater than 64-bit floating-point numbers are: other readers have none for it.
    TooLarge,
    /// A number with more than [`DIGITS`] digits.
    TooLong,
}

/// Reads JSON.
///
/// # Errors
/// What is no JSON, and numbers beyond all bounds.
pub fn read(text: &str) -> Result<Json, Unreadable> {
    serde_json::from_str(&marked(text)?).map_err(|_| Unreadable::Syntax)
}

/// Writes what was read.
#[must_use]
pub fn write(json: &Json) -> String {
    let text = json.to_string();
    if !text.contains(MARKS.0) {
        return text;
    }
    // Within a text of the tree the quotes of the mark would be escaped.
    let mut pieces = text.split(MARKS.0);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(MARKS.1) {
            Some((digits, rest)) if Number::of(digits).is_some() => {
                out.push_str(digits);
                out.push_str(rest);
            }
            _ => {
                out.push_str(MARKS.0);
                out.push_str(piece);
            }
        }
    }
    out
}

/// The digits of a number that the tree could not hold otherwise.
#[must_use]
pub fn digits(json: &Json) -> Option<&str> {
    let (name, digits) = json.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    let digits = digits.as_str().filter(|_| name == "\0")?;
    Number::of(digits).map(|_| digits)
}

/// The text with each number that would lose something within marks.
fn marked(text: &str) -> Result<Cow<'_, str>, Unreadable> {
    let bytes = text.as_bytes();
    let (mut out, mut copied) = (String::new(), 0);
    let (mut at, mut quoted) = (0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'-' | b'0'..=b'9' if !quoted => {
                let part = |of: &&u8| matches!(of, b'+' | b'-' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = bytes.iter().skip(at).take_while(part).count();
                let token = text.get(at..at + length).unwrap_or_default();
                if let Some(digits) = exact(token)? {
                    out.push_str(text.get(copied..at).unwrap_or_default());
                    out.extend([MARKS.0, &digits, MARKS.1]);
                    copied = at + length;
                }
                at += length.saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(text));
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(Cow::Owned(out))
}

/// All digits of a number of which 64 bits would not hold them.
fn exact(token: &str) -> Result<Option<String>, Unreadable> {
    if token.parse::<i64>().is_ok() || token.parse::<u64>().is_ok() {
        return Ok(None);
    }
    // What is no number is told by the reader.
    let Some(number) = Number::of(token) else { return Ok(None) };
    let near = token.parse::<f64>().unwrap_or(f64::INFINITY);
    if !near.is_finite() {
        return Err(Unreadable::TooLarge);
    }
    // The shortest text that leads to the same bits, which is what is written of them.
    if Number::of(&format!("{near:e}")).as_ref() == Some(&number) {
        return Ok(None);
    }
    number.written().map(Some).ok_or(Unreadable::TooLong)
}

/// A decimal number: digits that neither begin nor end with zero, times a power of ten.
#[derive(Debug, PartialEq, Eq)]
struct Number {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Number {
    /// That of a token; nothing for what JSON has not (RFC 8259, section 6).
    fn of(token: &str) -> Option<Self> {
        let (negative, rest) = match token.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, token),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let leading = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading || !plain(whole) || !plain(fraction) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let cut = all.trim_end_matches('0');
        let zeros = i64::try_from(all.len() - cut.len()).ok()?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let digits = cut.trim_start_matches('0').to_owned();
        match digits.is_empty() {
            true => Some(Self { negative: false, digits, exponent: 0 }),
            false => Some(Self { negative, digits, exponent: exponent.checked_add(zeros)? }),
        }
    }

    /// Without exponent; nothing where that is too long.
    fn written(&self) -> Option<String> {
        let sign = if self.negative { "-" } else { "" };
        let shift = usize::try_from(self.exponent.unsigned_abs()).ok()?;
        let length = self.digits.len();
        if shift > DIGITS || length > DIGITS || length.max(shift) > DIGITS {
            return None;
        }
        Some(match (self.exponent >= 0, length > shift) {
            (true, _) if length + shift > DIGITS => return None,
            (true, _) => format!("{sign}{}{}", self.digits, "0".repeat(shift)),
            (false, true) => {
                let (whole, fraction) = self.digits.split_at_checked(length - shift)?;
                format!("{sign}{whole}.{fraction}")
            }
            (false, false) => format!("{sign}0.{}{}", "0".repeat(shift - length), self.digits),
        })
    }
}

/// An exponent; of one that is beyond all bounds, that it is.
fn power(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = digits.parse::<i64>().unwrap_or(FAR).min(FAR);
    Some(if negative { -power } else { power })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        write(&read(text).unwrap())
    }

    #[test]
    fn no_digit_is_lost() {
        for text in [
            "12345678901234567890",
            "123456789012345678901234567890",
            "-123456789012345678901234567890",
            "0.1234567890123456789012345",
            "-0.00000000000000000012345678901234567890123",
            "123456789.12345678901234567",
            "0.10000000000000000555",
            r#"{"a":[1,-2.5,123456789012345678901234567890],"b":{"c":0.30000000000000000001}}"#,
            r#"{"\"123456789012345678901234567890":"123456789012345678901234567890","\\":1}"#,
        ] {
            assert_eq!(again(text), text);
        }
        // One number has one form.
        for (text, same) in [
            ("12345678901234567890123e3", "12345678901234567890123000"),
            ("1234567890123456789012.300", "1234567890123456789012.3"),
            ("0.12345678901234567890123E-2", "0.0012345678901234567890123"),
            ("12345678901234567890123E+0", "12345678901234567890123"),
        ] {
            assert_eq!(again(text), same);
        }
    }

    #[test]
    fn numbers_of_64_bits_are_left_alone() {
        for text in
            ["0", "-0", "1.0", "1.10", "1e2", "1E+22", "0.1", "5e-324", "1.7976931348623157e308"]
        {
            let plain: Json = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).unwrap(), plain, "{text}");
            assert!(read(text).unwrap().is_number());
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in
            ["01", "1.", ".5", "-", "1e", "+1", "1.2.3", "--1", "", "[1", "1 2", "1e+-2", "nan"]
        {
            assert_eq!(read(text), Err(Unreadable::Syntax), "{text}");
        }
        for text in ["1e400", "-1e309"] {
            assert_eq!(read(text), Err(Unreadable::TooLarge), "{text}");
        }
        let long = format!("0.{}", "1".repeat(1001));
        for text in [&*long, "1e-1001", "1e-99999999999999999999999"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    /// Somebody else's JSON may have such a property: it stays what it is.
    #[test]
    fn a_mark_without_a_number_is_text() {
        for text in [
            r#"{"\u0000":"x"}"#,
            r#"{"\u0000":"1,2"}"#,
            r#"{"\u0000":"01"}"#,
            r#""{\"\\u0000\":\"1\"}""#,
        ] {
            assert_eq!(again(text), text);
        }
    }

    #[test]
    fn any_decimal_number_keeps_its_value() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |bound: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) % bound
        };
        for _ in 0..20_000 {
            let mut digits = |most: u64| -> String {
                let digit = |at: u64| char::from_digit(u32::try_from(at).unwrap(), 10).unwrap();
                (0..1 + random(most)).map(|_| digit(random(10))).collect()
            };
            let (whole, fraction) = (digits(30), digits(30));
            let whole = whole.trim_start_matches('0');
            let whole = if whole.is_empty() { "0" } else { whole };
            let text = match random(3) {
                0 => whole.to_owned(),
                1 => format!("-{whole}.{fraction}"),
                _ => format!("{whole}.{fraction}e{}", i64::try_from(random(80)).unwrap() - 40),
            };
            let back = again(&text);
            assert_eq!(Number::of(&back), Number::of(&text), "{text} {back}");
            assert_eq!(again(&back), back);
        }
    }
}

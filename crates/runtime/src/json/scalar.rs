//! Single values: what the text of a JSON value means under a type, and within which bounds.

use std::sync::Arc;

use expression::{
    Money, Type, Value,
    json_text::{self, Unreadable},
    types::TextFormat,
    value::{File, Geo},
};
use rust_decimal::Decimal;

use super::decode::Decoder;
use super::formats;
use super::lexer::{Lexed, Token};

/// Most bytes of a `json` value.
const JSON_LIMIT: usize = 64 * 1024;

/// Reads a value, or records what is wrong with it and yields `None`.
pub(super) fn read(decoder: &mut Decoder<'_>, ty: &Type) -> Lexed<Option<Value>> {
    match ty {
        Type::Bool => {
            if !decoder.expect(Token::Bool, "a boolean")? {
                return Ok(None);
            }
            decoder.lexer().bool().map(|value| Some(Value::Bool(value)))
        }
        Type::Int { min, max } => int(decoder, *min, *max),
        Type::Decimal { precision, scale } => decimal(decoder, *precision, *scale),
        Type::Money { min, max } => money(decoder, *min, *max),
        Type::Float => float(decoder),
        Type::Geo => geo(decoder),
        Type::Json => json(decoder),
        Type::File { .. } => file(decoder),
        Type::Null | Type::Part(_) | Type::Record(_) | Type::List { .. } => {
            decoder.lexer().skip()?;
            decoder.error("invalid-type", "No value is expected here.");
            Ok(None)
        }
        Type::Optional(inner) => read(decoder, inner),
        text => {
            if !decoder.expect(Token::String, expected(text))? {
                return Ok(None);
            }
            let value = decoder.lexer().string()?;
            Ok(from_text(text, &value)
                .map_err(|wrong| decoder.error(wrong.code, &wrong.detail))
                .ok())
        }
    }
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Stable code.
    pub code: &'static str,
    /// What is expected.
    pub detail: String,
}

fn wrong<T>(code: &'static str, detail: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { code, detail: detail.into() })
}

const fn expected(ty: &Type) -> &'static str {
    match ty {
        Type::Date => "a string such as \"2026-12-31\"",
        Type::Time => "a string such as \"14:30\" or \"14:30:00\"",
        Type::Timestamp => "a string such as \"2026-12-31T14:30:00Z\"",
        Type::Duration => "a string such as \"PT1H30M\"",
        _ => "a string",
    }
}

/// The value that a text stands for, in a body, a path or a query.
///
/// # Errors
/// What is wrong; the text itself is never repeated.
pub fn from_text(ty: &Type, text: &str) -> Result<Value, Wrong> {
    let format =
        |expected: &str| Wrong { code: "invalid-format", detail: format!("Expected {expected}.") };
    match ty.required() {
        Type::Text { format, min, max } => characters(*format, *min, *max, text),
        Type::Enum(members) => match members.iter().find(|member| *member == text) {
            Some(member) => Ok(Value::text(member.as_str())),
            None => {
                let names = base::one_of(members.iter().map(String::as_str));
                wrong("unknown-member", format!("Expected {names}."))
            }
        },
        Type::Date => formats::parse_date(text)
            .map(Value::Date)
            .ok_or_else(|| format("a date such as 2026-12-31")),
        Type::Time => formats::parse_time(text)
            .map(Value::Time)
            .ok_or_else(|| format("a time such as 14:30 or 14:30:00")),
        Type::Timestamp => formats::parse_timestamp(text)
            .map(Value::Timestamp)
            .ok_or_else(|| format("an RFC 3339 timestamp such as 2026-12-31T14:30:00Z")),
        Type::Duration => formats::parse_duration(text)
            .map(Value::Duration)
            .ok_or_else(|| format("an ISO 8601 duration such as PT1H30M")),
        Type::Uuid | Type::Reference(_) => {
            formats::parse_uuid(text).map(Value::Uuid).ok_or_else(|| format("a UUID"))
        }
        Type::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(format("true or false")),
        },
        Type::Int { min, max } => int_from(text, *min, *max),
        Type::Decimal { precision, scale } => {
            decimal_from(text, *precision, *scale).map(Value::Decimal)
        }
        Type::Float => float_from(text),
        _ => wrong("invalid-type", "A value of this type cannot be written as a text."),
    }
}

fn characters(format: TextFormat, min: u32, max: u32, text: &str) -> Result<Value, Wrong> {
    match expression::format::check(text, format, min, max) {
        Ok(()) => Ok(Value::text(text)),
        Err(wrong) => self::wrong(wrong.code, format!("The text {}.", wrong.message)),
    }
}

/// The id of an upload: what it names is found out where it is used.
fn file(decoder: &mut Decoder<'_>) -> Lexed<Option<Value>> {
    if !decoder.expect(Token::String, "a string with the id of an upload")? {
        return Ok(None);
    }
    let text = decoder.lexer().string()?;
    let Some(id) = formats::parse_uuid(&text) else {
        decoder.error("invalid-format", "Expected the id of an upload, a UUID.");
        return Ok(None);
    };
    Ok(Some(Value::File(Arc::new(File { key: format!("{id:032x}"), ..File::default() }))))
}

fn number<'a>(decoder: &mut Decoder<'a>) -> Lexed<Option<&'a str>> {
    if !decoder.expect(Token::Number, "a number")? {
        return Ok(None);
    }
    decoder.lexer().number().map(Some)
}

fn int(decoder: &mut Decoder<'_>, min: i64, max: i64) -> Lexed<Option<Value>> {
    let Some(text) = number(decoder)? else { return Ok(None) };
    Ok(int_from(text, min, max).map_err(|wrong| decoder.error(wrong.code, &wrong.detail)).ok())
}

/// JSON knows no integers: `1.0` and `1e2` are whole numbers too.
fn int_from(text: &str, min: i64, max: i64) -> Result<Value, Wrong> {
    let value = match text.parse::<i64>() {
        Ok(value) => Some(value),
        Err(_) => match formats::parse_decimal(text).map(|number| number.normalize()) {
            Some(whole) if whole.scale() == 0 => i64::try_from(whole.mantissa()).ok(),
            _ => {
                let detail = format!("Expected a whole number, {min} to {max}.");
                return wrong("invalid-type", detail);
            }
        },
    };
    match value {
        Some(value) if (min..=max).contains(&value) => Ok(Value::Int(value)),
        _ => wrong("out-of-range", format!("Expected {min} to {max}.")),
    }
}

fn decimal(decoder: &mut Decoder<'_>, precision: u8, scale: u8) -> Lexed<Option<Value>> {
    let read = match decoder.lexer().peek()? {
        Token::Number => decimal_from(decoder.lexer().number()?, precision, scale),
        _ if !decoder.expect(Token::String, "a string such as \"12.50\"")? => return Ok(None),
        _ => decimal_from(&decoder.lexer().string()?, precision, scale),
    };
    Ok(read.map(Value::Decimal).map_err(|wrong| decoder.error(wrong.code, &wrong.detail)).ok())
}

/// A decimal that fits its type without rounding, in the scale of the type.
fn decimal_from(text: &str, precision: u8, scale: u8) -> Result<Decimal, Wrong> {
    let Some(value) = formats::parse_decimal(text) else {
        return wrong("invalid-format", "Expected a decimal number such as 12.50.");
    };
    let mut exact = value.normalize();
    if exact.scale() > u32::from(scale) {
        return wrong(
            "too-precise",
            format!("Expected at most {} after the point.", digits(scale)),
        );
    }
    exact.rescale(u32::from(scale));
    let fits = exact.scale() == u32::from(scale)
        && exact.mantissa().unsigned_abs() < 10_u128.pow(u32::from(precision.min(28)));
    if fits {
        return Ok(exact);
    }
    let whole = precision.saturating_sub(scale);
    wrong("out-of-range", format!("Expected at most {} before the point.", digits(whole)))
}

fn digits(count: u8) -> String {
    format!("{count} digit{}", if count == 1 { "" } else { "s" })
}

fn float(decoder: &mut Decoder<'_>) -> Lexed<Option<Value>> {
    let Some(text) = number(decoder)? else { return Ok(None) };
    Ok(float_from(text).map_err(|wrong| decoder.error(wrong.code, &wrong.detail)).ok())
}

fn float_from(text: &str) -> Result<Value, Wrong> {
    match text.parse::<f64>() {
        // Minus zero is zero: stores and readers disagree about its sign.
        Ok(value) if value.is_finite() => Ok(Value::Float(value + 0.0)),
        _ => wrong("out-of-range", "Expected a finite number."),
    }
}

fn geo(decoder: &mut Decoder<'_>) -> Lexed<Option<Value>> {
    const BOUNDS: [f64; 2] = [90.0, 180.0];
    if !decoder.expect(Token::Object, "an object such as {\"lat\": 52.52, \"lon\": 13.405}")? {
        return Ok(None);
    }
    let mut degrees = [None; 2];
    decoder.members(["lat", "lon"], |decoder, at| {
        let Some(text) = number(decoder)? else { return Ok(()) };
        degrees[at] = degrees_from(text, BOUNDS[at]);
        if degrees[at].is_none() {
            decoder.error("out-of-range", &format!("Expected degrees, -{0} to {0}.", BOUNDS[at]));
        }
        Ok(())
    })?;
    Ok(match degrees {
        [Some(latitude), Some(longitude)] => Some(Value::Geo(Geo { latitude, longitude })),
        _ => None,
    })
}

/// Degrees within ±`bound`.
fn degrees_from(text: &str, bound: f64) -> Option<f64> {
    text.parse::<f64>().ok().filter(|degrees| degrees.abs() <= bound).map(|degrees| degrees + 0.0)
}

/// A point as `near` writes it: `lat,lon`.
#[must_use]
pub fn parse_point(text: &str) -> Option<Geo> {
    let (latitude, longitude) = text.split_once(',')?;
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b));
    if !plain(latitude) || !plain(longitude) {
        return None;
    }
    Some(Geo {
        latitude: degrees_from(latitude, 90.0)?,
        longitude: degrees_from(longitude, 180.0)?,
    })
}

fn money(
    decoder: &mut Decoder<'_>,
    min: Option<Decimal>,
    max: Option<Decimal>,
) -> Lexed<Option<Value>> {
    let example = "an object such as {\"amount\": \"12.50\", \"currency\": \"EUR\"}";
    if !decoder.expect(Token::Object, example)? {
        return Ok(None);
    }
    let mut amount: Option<Decimal> = None;
    let mut currency: Option<Arc<str>> = None;
    decoder.members(["amount", "currency"], |decoder, at| {
        if !decoder.expect(
            Token::String,
            if at == 0 { "a string such as \"12.50\"" } else { "a string" },
        )? {
            return Ok(());
        }
        let text = decoder.lexer().string()?;
        if at == 1 {
            currency = decoder.currencies.iter().find(|code| ***code == *text).cloned();
            if currency.is_none() {
                let names = base::one_of(decoder.currencies.iter().map(|code| &**code));
                decoder.error("unknown-member", &format!("Expected {names}."));
            }
            return Ok(());
        }
        amount = formats::parse_decimal(&text).filter(|_| !text.contains(['e', 'E']));
        if amount.is_none() {
            decoder.error("invalid-format", "Expected an amount such as 12.50.");
        }
        Ok(())
    })?;
    let (Some(amount), Some(currency)) = (amount, currency) else { return Ok(None) };
    match money_from(amount, &currency, min, max) {
        Ok(amount) => Ok(Some(Value::Money(Money { amount, currency }))),
        Err(wrong) => {
            decoder.error(wrong.code, &wrong.detail);
            Ok(None)
        }
    }
}

/// An amount in the scale of its currency and within bounds.
pub(crate) fn money_from(
    amount: Decimal,
    currency: &str,
    min: Option<Decimal>,
    max: Option<Decimal>,
) -> Result<Decimal, Wrong> {
    let scale = u32::from(expression::currency::exponent(currency));
    let mut exact = amount.normalize();
    if exact.scale() > scale {
        return wrong("too-precise", format!("{currency} has {scale} digits after the point."));
    }
    exact.rescale(scale);
    // Stored in minor units as a 64-bit integer with room to add many of them up.
    if exact.scale() != scale || exact.mantissa().unsigned_abs() >= 10_u128.pow(15) {
        return wrong("out-of-range", "The amount has too many digits.");
    }
    let below = min.is_some_and(|min| exact < min);
    if below || max.is_some_and(|max| exact > max) {
        let bound =
            |bound: Option<Decimal>, open: &str| bound.map_or(open.to_owned(), |b| b.to_string());
        return wrong(
            "out-of-range",
            format!("Expected {}..{} {currency}.", bound(min, ""), bound(max, "")),
        );
    }
    Ok(exact)
}

fn json(decoder: &mut Decoder<'_>) -> Lexed<Option<Value>> {
    let text = decoder.lexer().skip()?;
    if text.len() > JSON_LIMIT {
        decoder.error("too-long", "Expected at most 64 KiB.");
        return Ok(None);
    }
    if text.contains("\\u0000") && serde_json::from_str(text).is_ok_and(|value| holds_nul(&value)) {
        decoder.error("invalid-character", "No text may hold the character U+0000.");
        return Ok(None);
    }
    match json_text::read(text) {
        Ok(value) => Ok(Some(Value::Json(Arc::new(value)))),
        Err(Unreadable::TooLong) => {
            decoder.error("too-precise", "A number has more than 1000 digits.");
            Ok(None)
        }
        // The one other thing that this parser refuses and ours accepts.
        Err(Unreadable::TooLarge | Unreadable::Syntax) => {
            decoder.error("out-of-range", "A number is too large.");
            Ok(None)
        }
    }
}

fn holds_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_nul),
        serde_json::Value::Object(map) => {
            map.iter().any(|(key, v)| key.contains('\0') || holds_nul(v))
        }
        _ => false,
    }
}

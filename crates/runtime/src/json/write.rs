//! Values as JSON text, appended to a buffer.

use std::io::Write as _;

use expression::value::File;
use expression::{Schema, Type, Value, json_text};
use rust_decimal::Decimal;

use crate::files;

/// Appends a string with its quotes.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1F => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[start..at]);
        start = at + 1;
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.extend_from_slice(escape);
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

/// Appends an array, each item as `write` appends it.
pub fn write_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    write: impl FnMut(&mut Vec<u8>, T),
) {
    write_array_until(out, items, usize::MAX, write);
}

/// As [`write_array`], but it ends with the item by which it has so many bytes; how many there are.
pub fn write_array_until<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    bytes: usize,
    mut write: impl FnMut(&mut Vec<u8>, T),
) -> usize {
    let (first, mut written) = (out.len(), 0);
    out.push(b'[');
    for item in items {
        if out.len() - first >= bytes {
            break;
        }
        if written > 0 {
            out.push(b',');
        }
        write(out, item);
        written += 1;
    }
    out.push(b']');
    written
}

/// Appends a property's name with its colon.
pub(super) fn write_key(out: &mut Vec<u8>, name: &str) {
    write_string(out, name);
    out.push(b':');
}

/// Appends an integer.
pub(super) fn write_int(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    digits(out, value.unsigned_abs(), 1);
}

/// Appends at least `width` digits.
fn digits(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut buffer = [b'0'; 20];
    let mut at = buffer.len();
    while value > 0 || buffer.len() - at < width {
        at -= 1;
        buffer[at] = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
    }
    out.extend_from_slice(&buffer[at..]);
}

/// Appends a timestamp (microseconds since the Unix epoch) in RFC 3339, UTC: whole seconds without
/// a fraction, others with six digits.
pub fn write_timestamp(out: &mut Vec<u8>, micros: i64) {
    const DAY: i64 = 86_400_000_000;
    let (year, month, day) = civil_from_days(micros.div_euclid(DAY));
    let in_day = micros.rem_euclid(DAY).unsigned_abs();
    let seconds = in_day / 1_000_000;
    out.push(b'"');
    digits(out, year, 4);
    for (mark, number) in [
        (b'-', month),
        (b'-', day),
        (b'T', seconds / 3600),
        (b':', seconds / 60 % 60),
        (b':', seconds % 60),
    ] {
        out.push(mark);
        digits(out, number, 2);
    }
    write_fraction(out, in_day % 1_000_000);
    out.extend_from_slice(b"Z\"");
}

fn write_fraction(out: &mut Vec<u8>, micros: u64) {
    if micros > 0 {
        out.push(b'.');
        digits(out, micros, 6);
    }
}

/// Year, month and day of a number of days since 1970-01-01, in the proleptic Gregorian calendar;
/// years before 1 and after 9999 are clamped. Months are counted from March, so that the leap day
/// comes last.
fn civil_from_days(days: i64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = (days.clamp(-719_162, 2_932_896) + 719_468).unsigned_abs();
    let (era, of_era) = (days / ERA, days % ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let january_or_february = month >= 10;
    let month = if january_or_february { month - 9 } else { month + 3 };
    (era * 400 + year_of_era + u64::from(january_or_february), month, day)
}

fn write_duration(out: &mut Vec<u8>, micros: i64) {
    let total = micros.unsigned_abs();
    let seconds = total / 1_000_000;
    out.extend_from_slice(if micros < 0 { b"\"-PT" } else { b"\"PT" });
    for (unit, number) in [(b'H', seconds / 3600), (b'M', seconds / 60 % 60)] {
        if number > 0 {
            digits(out, number, 1);
            out.push(unit);
        }
    }
    if !total.is_multiple_of(60_000_000) || total == 0 {
        digits(out, seconds % 60, 1);
        write_fraction(out, total % 1_000_000);
        out.push(b'S');
    }
    out.push(b'"');
}

/// Appends a decimal as a string with this many digits after the point.
fn write_decimal(out: &mut Vec<u8>, value: Decimal, scale: u32) {
    let mut value = value;
    if value.scale() != scale {
        value.rescale(scale);
    }
    let _ = write!(out, "\"{value}\"");
}

fn write_uuid(out: &mut Vec<u8>, id: u128) {
    let mut buffer = uuid::Uuid::encode_buffer();
    out.push(b'"');
    out.extend_from_slice(
        uuid::Uuid::from_u128(id).as_hyphenated().encode_lower(&mut buffer).as_bytes(),
    );
    out.push(b'"');
}

fn write_float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        let _ = write!(out, "{value}");
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Appends a value of a type. Files come without addresses.
pub fn write_value(out: &mut Vec<u8>, schema: &Schema, ty: &Type, value: &Value) {
    write(out, schema, ty, value, false);
}

/// As [`write_value`], for an answer: where an address of a file belongs stands a mark, in whose
/// place [`crate::files::fill`] puts one when the answer is given. No other JSON holds the mark.
pub(crate) fn write_answered(out: &mut Vec<u8>, schema: &Schema, ty: &Type, value: &Value) {
    write(out, schema, ty, value, true);
}

fn write(out: &mut Vec<u8>, schema: &Schema, ty: &Type, value: &Value, linked: bool) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Int(value) => write_int(out, *value),
        Value::Decimal(value) => {
            let scale = match ty.required() {
                Type::Decimal { scale, .. } => u32::from(*scale),
                _ => value.scale(),
            };
            write_decimal(out, *value, scale);
        }
        Value::Money(money) => {
            out.extend_from_slice(b"{\"amount\":");
            write_decimal(
                out,
                money.amount,
                u32::from(expression::currency::exponent(&money.currency)),
            );
            out.extend_from_slice(b",\"currency\":");
            write_string(out, &money.currency);
            out.push(b'}');
        }
        Value::Float(value) => write_float(out, *value),
        Value::Text(text) => write_string(out, text),
        Value::Date(date) => {
            let _ = write!(out, "\"{date}\"");
        }
        Value::Time(time) => write_time(out, *time),
        Value::Timestamp(micros) => write_timestamp(out, *micros),
        Value::Duration(micros) => write_duration(out, *micros),
        Value::Uuid(id) => write_uuid(out, *id),
        Value::Geo(point) => {
            out.extend_from_slice(b"{\"lat\":");
            write_float(out, point.latitude);
            out.extend_from_slice(b",\"lon\":");
            write_float(out, point.longitude);
            out.push(b'}');
        }
        Value::Json(value) => out.extend_from_slice(json_text::write(value).as_bytes()),
        Value::File(file) => write_file(out, file, linked),
        Value::Row(row) => match expression::row_id(value) {
            Some(id) => write_uuid(out, id),
            None => drop((row, out.extend_from_slice(b"null"))),
        },
        Value::List(items) => write_list(out, schema, ty, items, linked),
        Value::Record(fields) => write_record(out, schema, ty, fields, linked),
    }
}

/// Appends a file as rows show it.
fn write_file(out: &mut Vec<u8>, file: &File, linked: bool) {
    out.extend_from_slice(b"{\"id\":");
    write_file_id(out, file);
    out.extend_from_slice(b",\"url\":");
    if linked {
        files::write_mark(out, file);
    } else {
        out.extend_from_slice(b"null");
    }
    out.extend_from_slice(b",\"name\":");
    write_string(out, &file.name);
    out.extend_from_slice(b",\"media_type\":");
    write_string(out, &file.media_type);
    let _ = write!(out, ",\"bytes\":{},\"sha256\":", file.bytes);
    write_string(out, &file.sha256);
    out.push(b'}');
}

/// Appends what names a file; null where its content was erased.
pub(crate) fn write_file_id(out: &mut Vec<u8>, file: &File) {
    match u128::from_str_radix(&file.key, 16) {
        Ok(id) => write_uuid(out, id),
        Err(_) => out.extend_from_slice(b"null"),
    }
}

fn write_time(out: &mut Vec<u8>, time: jiff::civil::Time) {
    let number = |value: i8| u64::from(value.unsigned_abs());
    out.push(b'"');
    digits(out, number(time.hour()), 2);
    for part in [time.minute(), time.second()] {
        out.push(b':');
        digits(out, number(part), 2);
    }
    write_fraction(out, u64::from(time.subsec_nanosecond().unsigned_abs() / 1000));
    out.push(b'"');
}

fn write_list(out: &mut Vec<u8>, schema: &Schema, ty: &Type, items: &[Value], linked: bool) {
    let of = match ty.required() {
        Type::List { of, .. } => of,
        other => other,
    };
    write_array(out, items, |out, item| write(out, schema, of, item, linked));
}

fn write_record(out: &mut Vec<u8>, schema: &Schema, ty: &Type, values: &[Value], linked: bool) {
    let fields = match ty.required() {
        Type::Record(record) => &schema.record(*record).fields,
        Type::Part(part) => &schema.part(*part).fields,
        // A record without a shape has no names to write.
        _ => return out.extend_from_slice(b"null"),
    };
    out.push(b'{');
    for (at, (field, value)) in fields.iter().zip(values).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_key(out, &field.name);
        write(out, schema, &field.ty, value, linked);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value, ty: &Type) -> String {
        let mut out = Vec::new();
        write_value(&mut out, &Schema::default(), ty, value);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn timestamps_agree_with_jiff() {
        let days = [-719_162_i64, -1, 0, 58, 59, 60, 11_016, 19_782, 2_932_894];
        for micros in
            days.map(|day| day * 86_400_000_000).into_iter().chain([1_700_000_000_123_456, -1])
        {
            let expected = jiff::Timestamp::from_microsecond(micros).expect("in range");
            let text = written(&Value::Timestamp(micros), &Type::Timestamp);
            let parsed: jiff::Timestamp = text.trim_matches('"').parse().expect("RFC 3339");
            assert_eq!(parsed, expected, "{text}");
        }
        assert_eq!(
            written(&Value::Timestamp(1_500_000), &Type::Timestamp),
            "\"1970-01-01T00:00:01.500000Z\""
        );
    }

    #[test]
    fn values_read_as_documented() {
        let scale = Type::Decimal { precision: 5, scale: 2 };
        assert_eq!(written(&Value::Decimal(Decimal::new(5, 1)), &scale), "\"0.50\"");
        assert_eq!(written(&Value::Duration(-5_400_000_000), &Type::Duration), "\"-PT1H30M\"");
        assert_eq!(written(&Value::Duration(0), &Type::Duration), "\"PT0S\"");
        assert_eq!(written(&Value::Duration(60_000_001), &Type::Duration), "\"PT1M0.000001S\"");
        let text = Value::text("a\"\\\n\u{1}é");
        assert_eq!(written(&text, &Type::string(9)), "\"a\\\"\\\\\\n\\u0001é\"");
        let time = Value::Time(jiff::civil::Time::constant(7, 5, 0, 1000));
        assert_eq!(written(&time, &Type::Time), "\"07:05:00.000001\"");
    }
}

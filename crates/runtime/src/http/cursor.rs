//! Where a page ends, as a text that clients hand back and cannot change.
//!
//! It is sealed together with the operation, the sort order, the filters and who asked: a cursor
//! from elsewhere is refused instead of showing rows that this question would not have found.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use expression::value::Geo;
use expression::{Money, Type, Value};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::call::Caller;
use crate::json;
use crate::store::Cursor;

/// Bytes of the seal: 128 bits cannot be guessed.
const SEAL: usize = 16;
/// Longest cursor that is looked at: with other parameters it must fit into an address.
const LIMIT: usize = 12 * 1024;

/// What a cursor belongs to.
pub(super) struct Question<'a> {
    /// Qualified name of the operation.
    pub(super) operation: &'a str,
    /// Everything that chooses and orders rows, in a fixed order.
    pub(super) selection: &'a str,
    /// Who asks.
    pub(super) caller: &'a Caller,
}

fn seal(key: &[u8; 32], question: &Question<'_>, payload: &[u8]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    let mut part = |bytes: &[u8]| {
        // The length first, so that no two questions read alike.
        mac.update(&(bytes.len() as u64).to_le_bytes());
        mac.update(bytes);
    };
    part(question.operation.as_bytes());
    part(question.selection.as_bytes());
    for actor in &question.caller.actors {
        part(&actor.0.to_le_bytes());
    }
    if let Some(identity) = &question.caller.identity {
        part(identity.issuer.as_bytes());
        part(identity.subject.as_bytes());
    }
    let tenant = &question.caller.tenant;
    for id in [tenant.claim, tenant.asked].into_iter().flatten() {
        part(&id.to_be_bytes());
    }
    if let Some(host) = &tenant.host {
        part(host.as_bytes());
    }
    part(payload);
    mac
}

/// The text of a cursor.
pub(super) fn write(key: &[u8; 32], question: &Question<'_>, cursor: &Cursor) -> String {
    let mut payload = cursor.id.to_be_bytes().to_vec();
    payload.extend_from_slice(encode_all(&cursor.values).as_bytes());
    let tag = seal(key, question, &payload).finalize().into_bytes();
    let mut bytes = tag.get(..SEAL).unwrap_or_default().to_vec();
    bytes.extend_from_slice(&payload);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The cursor of a text; `None` unless this question led to it.
pub(super) fn read(
    key: &[u8; 32],
    question: &Question<'_>,
    sorted_by: &[&Type],
    text: &str,
) -> Option<Cursor> {
    if text.len() > LIMIT {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (tag, payload) = bytes.split_at_checked(SEAL)?;
    seal(key, question, payload).verify_truncated_left(tag).ok()?;
    let (id, values) = payload.split_first_chunk::<16>()?;
    let values = decode_all(sorted_by, std::str::from_utf8(values).ok()?)?;
    Some(Cursor { values, id: u128::from_be_bytes(*id) })
}

/// A value, or several of which each says how long it is.
fn encode_all(values: &[Value]) -> String {
    match values {
        [only] => encode(only),
        several => several
            .iter()
            .map(encode)
            .fold(String::new(), |all, text| format!("{all}{}:{text}", text.len())),
    }
}

fn decode_all(types: &[&Type], text: &str) -> Option<Vec<Value>> {
    if let [only] = types {
        return Some(vec![decode(Some(only), text)?]);
    }
    let mut rest = text;
    let mut values = Vec::with_capacity(types.len());
    for ty in types {
        let (length, behind) = rest.split_once(':')?;
        let (value, behind) = behind.split_at_checked(length.parse().ok()?)?;
        values.push(decode(Some(ty), value)?);
        rest = behind;
    }
    rest.is_empty().then_some(values)
}

/// Null is empty; all others begin with `=`.
fn encode(value: &Value) -> String {
    match value {
        Value::Bool(value) => format!("={value}"),
        Value::Int(value) | Value::Timestamp(value) | Value::Duration(value) => format!("={value}"),
        Value::Decimal(value) => format!("={value}"),
        Value::Money(money) => format!("={} {}", money.amount, money.currency),
        Value::Float(value) => format!("={}", value.to_bits()),
        Value::Text(text) => format!("={text}"),
        Value::Date(date) => format!("={date}"),
        Value::Time(time) => format!("={time}"),
        Value::Uuid(id) => format!("={}", uuid::Uuid::from_u128(*id)),
        Value::Geo(place) => {
            format!("={} {}", place.latitude.to_bits(), place.longitude.to_bits())
        }
        other => match expression::row_id(other) {
            Some(id) => format!("={}", uuid::Uuid::from_u128(id)),
            None => String::new(),
        },
    }
}

fn decode(ty: Option<&Type>, text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    let text = text.strip_prefix('=')?;
    Some(match ty?.required() {
        Type::Bool => Value::Bool(text.parse().ok()?),
        Type::Int { .. } => Value::Int(text.parse().ok()?),
        Type::Timestamp => Value::Timestamp(text.parse().ok()?),
        Type::Duration => Value::Duration(text.parse().ok()?),
        Type::Decimal { .. } => Value::Decimal(json::parse_decimal(text)?),
        Type::Money { .. } => {
            let (amount, currency) = text.split_once(' ')?;
            Value::Money(Money { amount: json::parse_decimal(amount)?, currency: currency.into() })
        }
        Type::Float => Value::Float(f64::from_bits(text.parse().ok()?)),
        Type::Geo => {
            let (latitude, longitude) = text.split_once(' ')?;
            let degrees = |bits: &str| bits.parse().ok().map(f64::from_bits);
            Value::Geo(Geo { latitude: degrees(latitude)?, longitude: degrees(longitude)? })
        }
        Type::Text { .. } | Type::Enum(_) => Value::text(text),
        Type::Date => Value::Date(json::parse_date(text)?),
        Type::Time => Value::Time(json::parse_time(text)?),
        Type::Uuid | Type::Reference(_) => Value::Uuid(json::parse_uuid(text)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    const KEY: [u8; 32] = [7; 32];

    fn question<'a>(selection: &'a str, caller: &'a Caller) -> Question<'a> {
        Question { operation: "catalog.browse", selection, caller }
    }

    #[test]
    fn every_sortable_value_comes_back() {
        let caller = Caller::default();
        let question = question("sort=price", &caller);
        let money = Money { amount: Decimal::new(1250, 2), currency: "EUR".into() };
        let pairs = [
            (Type::MONEY, Value::Money(money)),
            (Type::string(9).optional(), Value::Null),
            (Type::string(9), Value::text("")),
            (Type::Float, Value::Float(0.1)),
            (Type::Timestamp, Value::Timestamp(-5)),
            (Type::Bool, Value::Bool(true)),
        ];
        for (ty, value) in pairs {
            let cursor = Cursor { values: vec![value.clone()], id: 42 };
            let text = write(&KEY, &question, &cursor);
            assert_eq!(read(&KEY, &question, &[&ty], &text), Some(cursor));
            let number = Value::Int(3);
            let cursor = Cursor { values: vec![value.clone(), number, value], id: 42 };
            let text = write(&KEY, &question, &cursor);
            let types = [&ty, &Type::INT, &ty];
            assert_eq!(read(&KEY, &question, &types, &text), Some(cursor));
        }
        let cursor = Cursor { values: Vec::new(), id: 42 };
        let text = write(&KEY, &question, &cursor);
        assert_eq!(read(&KEY, &question, &[], &text), Some(cursor));
    }

    #[test]
    fn nothing_about_it_can_be_changed() {
        let caller = Caller::default();
        let asked = question("sort=name", &caller);
        let cursor = Cursor { values: vec![Value::text("x")], id: 42 };
        let text = write(&KEY, &asked, &cursor);
        let ty = Type::string(9);
        let read = |question: &Question<'_>, text: &str| read(&KEY, question, &[&ty], text);
        assert!(read(&asked, &text).is_some());
        assert_eq!(read(&question("sort=price", &caller), &text), None);
        let other = Caller { actors: vec![model::model::ActorId(3)], ..Caller::default() };
        assert_eq!(read(&question("sort=name", &other), &text), None);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            // The last character of an encoding may hold bits that mean nothing, but the decoder
            // refuses those too.
            assert_eq!(read(&asked, &changed), None, "{at}");
        }
        for bad in ["", "AAAA", "!!", &text[..text.len() - 1]] {
            assert_eq!(read(&asked, bad), None);
        }
    }
}

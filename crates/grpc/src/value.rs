//! `google.protobuf.Value` as JSON, and back.

use serde_json::{Map, Value as Json};

use runtime::json::write_string;

use crate::text::{NoText, string};
use crate::wire::{Broken, Fields, Raw, begin, end, put_bytes, put_key, put_varint};

/// Values within values at most, as in JSON.
const DEPTH: usize = 32;

/// Appends a value as JSON. Names are sorted, so that the same value is the same text.
pub(crate) fn to_json(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NoText> {
    value(out, bytes, 0)
}

fn value(out: &mut Vec<u8>, bytes: &[u8], depth: usize) -> Result<(), NoText> {
    if depth > DEPTH {
        let detail = format!("Expected at most {DEPTH} levels of nesting.");
        return Err(NoText::Invalid("too-deep", detail));
    }
    let mut fields = Fields::of(bytes);
    let mut last = None;
    while let Some((number, value)) = fields.next()? {
        if (1..=6).contains(&number) {
            last = Some((number, value));
        }
    }
    match last {
        None | Some((1, Raw::Varint(_))) => out.extend_from_slice(b"null"),
        Some((2, Raw::Eight(bytes))) => {
            let number = f64::from_le_bytes(bytes);
            let Some(number) = serde_json::Number::from_f64(number) else {
                let detail = "Expected a finite number.".to_owned();
                return Err(NoText::Invalid("out-of-range", detail));
            };
            // Whole numbers are written as such, as far as they are exact.
            let text = number.to_string();
            let whole = text.strip_suffix(".0").filter(|text| text.len() < 17 && *text != "-0");
            out.extend_from_slice(whole.unwrap_or(&text).as_bytes());
        }
        Some((3, Raw::Bytes(text))) => write_string(out, string(text)?),
        Some((4, Raw::Varint(truth))) => {
            out.extend_from_slice(if truth == 0 { b"false" } else { b"true" });
        }
        Some((5, Raw::Bytes(fields))) => object(out, fields, depth + 1)?,
        Some((6, Raw::Bytes(items))) => list(out, items, depth + 1)?,
        Some(_) => return Err(NoText::Broken),
    }
    Ok(())
}

fn object(out: &mut Vec<u8>, bytes: &[u8], depth: usize) -> Result<(), NoText> {
    let mut members = std::collections::BTreeMap::new();
    let mut fields = Fields::of(bytes);
    while let Some((number, entry)) = fields.next()? {
        let (1, Raw::Bytes(entry)) = (number, entry) else { continue };
        let [name, value] = crate::wire::members(entry)?;
        let bytes = |value| match value {
            None => Ok(&[][..]),
            Some(Raw::Bytes(bytes)) => Ok(bytes),
            Some(_) => Err(Broken),
        };
        members.insert(string(bytes(name)?)?, bytes(value)?);
    }
    out.push(b'{');
    for (at, (name, bytes)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        value(out, bytes, depth)?;
    }
    out.push(b'}');
    Ok(())
}

fn list(out: &mut Vec<u8>, bytes: &[u8], depth: usize) -> Result<(), NoText> {
    let (mut fields, mut first) = (Fields::of(bytes), true);
    out.push(b'[');
    while let Some((number, item)) = fields.next()? {
        if number != 1 {
            continue;
        }
        let Raw::Bytes(item) = item else { return Err(NoText::Broken) };
        if !std::mem::replace(&mut first, false) {
            out.push(b',');
        }
        value(out, item, depth)?;
    }
    out.push(b']');
    Ok(())
}

/// Appends the message of a JSON value.
pub(crate) fn of_json(out: &mut Vec<u8>, json: &Json) {
    match json {
        Json::Null => {
            put_key(out, 1, 0);
            out.push(0);
        }
        Json::Number(number) => {
            put_key(out, 2, 1);
            out.extend_from_slice(&number.as_f64().unwrap_or(0.0).to_le_bytes());
        }
        Json::String(text) => put_bytes(out, 3, text.as_bytes()),
        Json::Bool(truth) => {
            put_key(out, 4, 0);
            put_varint(out, u64::from(*truth));
        }
        Json::Object(members) => {
            let from = begin(out, 5);
            entries(out, members);
            end(out, from);
        }
        Json::Array(items) => {
            let from = begin(out, 6);
            for item in items {
                let from = begin(out, 1);
                of_json(out, item);
                end(out, from);
            }
            end(out, from);
        }
    }
}

fn entries(out: &mut Vec<u8>, members: &Map<String, Json>) {
    for (name, value) in members {
        let entry = begin(out, 1);
        put_bytes(out, 1, name.as_bytes());
        let from = begin(out, 2);
        of_json(out, value);
        end(out, from);
        end(out, entry);
    }
}

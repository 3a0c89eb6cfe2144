//! A kept answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::generations::Stamp;
use crate::call::{Answer, Body, Count, Cursor};
use crate::operations::{decode_value, encode_value};
use crate::problem::{Problem, code};

/// What was answered, and when the store was asked.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(super) outcome: Outcome,
    /// Just before the store was asked, on this process's monotonic clock.
    pub(super) read_at: Duration,
    /// For how long after that it may be answered.
    pub(super) life: Duration,
    /// The state of its tags before.
    pub(super) stamp: Stamp,
}

/// An answer without what differs from caller to caller.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// There is no such row for this view.
    Missing,
    /// What was read.
    Read { version: Option<i64>, row: Option<u128>, body: Arc<Body> },
}

impl Outcome {
    /// What of a result can be kept.
    pub(super) fn of(result: &Result<Answer, Problem>) -> Option<Self> {
        match result {
            Ok(Answer { status: 200, version, location: None, row, body, .. }) => {
                let body = Arc::new(body.clone());
                Some(Self::Read { version: *version, row: *row, body })
            }
            Err(problem) if problem.is(&code::NOT_FOUND) => Some(Self::Missing),
            _ => None,
        }
    }

    /// Bytes, about.
    pub(super) fn size(&self) -> usize {
        let body = match self {
            Self::Missing => 0,
            Self::Read { body, .. } => match &**body {
                Body::Empty => 0,
                Body::Json(bytes) => bytes.len(),
                Body::Page { items, .. } => items.len() + 128,
            },
        };
        body + 256
    }

    /// The same as it was answered, so old now.
    pub(super) fn answer(&self, age: Duration) -> Result<Answer, Problem> {
        match self {
            Self::Missing => Err(Problem::new(&code::NOT_FOUND)),
            Self::Read { version, row, body } => Ok(Answer {
                version: *version,
                row: *row,
                age: Some(age),
                ..Answer::ok((**body).clone())
            }),
        }
    }

    /// As replicas hand it to each other: a head in JSON, a line feed, the body.
    pub(super) fn encode(&self, age: Duration, life: Duration) -> Vec<u8> {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut head = serde_json::json!({ "age": micros(age), "life": micros(life) });
        let mut put = |name: &str, value: Json| {
            if let Some(head) = head.as_object_mut() {
                head.insert(name.to_owned(), value);
            }
        };
        let mut bytes: &[u8] = &[];
        if let Self::Read { version, row, body } = self {
            put("version", (*version).into());
            put("row", row.map(|id| format!("{id:032x}")).into());
            match &**body {
                Body::Empty => {}
                Body::Json(json) => {
                    put("kind", "object".into());
                    bytes = json;
                }
                Body::Page { items, next, count } => {
                    match count {
                        None => {}
                        Some(Count::Exact(rows)) => put("count", (*rows).into()),
                        Some(Count::More) => put("count", Json::Null),
                    }
                    put("kind", "page".into());
                    if let Some(next) = next {
                        put(
                            "next",
                            serde_json::json!([
                                next.values.iter().map(encode_value).collect::<Vec<_>>(),
                                format!("{:032x}", next.id)
                            ]),
                        );
                    }
                    bytes = items;
                }
            }
        }
        let mut out = head.to_string().into_bytes();
        out.push(b'\n');
        out.extend_from_slice(bytes);
        out
    }

    /// What was encoded, with its age: `left` is how long it will still be kept. `None` where it is
    /// damaged.
    pub(super) fn decode(value: &[u8], left: Duration) -> Option<(Self, Duration)> {
        let split = value.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = value.split_at_checked(split)?;
        let body = body.get(1..)?;
        let head: Json = serde_json::from_slice(head).ok()?;
        let time = |name: &str| Some(Duration::from_micros(head.get(name)?.as_u64()?));
        // It was `age` old when it was to be kept for `life` less that.
        let kept_for = time("life")?.saturating_sub(time("age")?).saturating_sub(left);
        let age = time("age")?.saturating_add(kept_for);
        let id = |of: &Json| u128::from_str_radix(of.as_str()?, 16).ok();
        let body = match head.get("kind").and_then(Json::as_str) {
            None => return Some((Self::Missing, age)),
            Some("object") => Body::Json(body.to_vec()),
            Some("page") => {
                let next = match head.get("next") {
                    None => None,
                    Some(next) => {
                        let values = next.get(0)?.as_array()?.iter().map(decode_value);
                        Some(Cursor {
                            values: values.collect::<Option<_>>()?,
                            id: id(next.get(1)?)?,
                        })
                    }
                };
                let count = match head.get("count") {
                    None => None,
                    Some(Json::Null) => Some(Count::More),
                    Some(rows) => Some(Count::Exact(u32::try_from(rows.as_u64()?).ok()?)),
                };
                Body::Page { items: body.to_vec(), next, count }
            }
            Some(_) => return None,
        };
        let version = head.get("version").and_then(Json::as_i64);
        let row = head.get("row").and_then(id);
        Some((Self::Read { version, row, body: Arc::new(body) }, age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expression::Value;

    #[test]
    fn what_one_replica_keeps_another_reads() {
        let next = Some(Cursor { values: vec![Value::Timestamp(7), Value::Null], id: 9 });
        let page = |count| {
            let (items, next) = (b"[{\"a\":\"x\\ny\"}]".to_vec(), next.clone());
            Body::Page { items, next, count }
        };
        let object = Body::Json(b"{}".to_vec());
        let seconds = Duration::from_secs;
        let counts = [None, Some(Count::Exact(0)), Some(Count::More)];
        for body in counts.map(page).into_iter().chain([object]) {
            let outcome = Outcome::Read { version: Some(3), row: Some(5), body: Arc::new(body) };
            let bytes = outcome.encode(seconds(2), seconds(10));
            // Kept for 8 seconds, of which 3 are left: 5 seconds have gone by.
            assert_eq!(Outcome::decode(&bytes, seconds(3)), Some((outcome, seconds(7))));
        }
        let missing = Outcome::Missing.encode(seconds(0), seconds(1));
        let (outcome, _) = Outcome::decode(&missing, seconds(1)).unwrap();
        assert_eq!(outcome, Outcome::Missing);
        for damaged in [
            &b""[..],
            b"\n",
            b"{}\n",
            b"{\"age\":1}\nx",
            b"[]",
            b"{\"age\":1,\"life\":2,\"kind\":\"x\"}\n",
        ] {
            assert_eq!(Outcome::decode(damaged, seconds(1)), None, "{damaged:?}");
        }
    }
}

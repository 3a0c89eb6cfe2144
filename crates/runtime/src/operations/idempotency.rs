//! Requests that are sent twice are done once: what was answered is recorded with the change.

use serde_json::{Value as Json, json};

use super::failure::{Failure, internal};
use super::plan::Plans;
use super::work::Work;
use crate::call::{Answer, Body};
use crate::problem::{FieldError, Problem, code};
use crate::store::{self, IdempotencyKey, IdempotencyRecord, Snapshot, Transaction};

/// How long answers are replayed, in microseconds: 24 h.
const REPLAY: i64 = 24 * 3_600 * 1_000_000;

/// A key with what was asked under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Once {
    pub(crate) key: IdempotencyKey,
    pub(crate) body_hash: [u8; 32],
}

/// What was answered before, if anything was.
///
/// # Errors
/// 422 where something else was asked under the key, 409 where the answer is still being worked on.
pub(crate) async fn replay<X: Snapshot>(
    work: &mut Work<'_, X>,
    once: &Once,
) -> Result<Option<Result<Answer, Problem>>, Failure> {
    let Some(record) = work.store.idempotency(&once.key, work.now).await? else { return Ok(None) };
    if record.body_hash != once.body_hash {
        return Err(Problem::new(&code::IDEMPOTENCY_KEY_REUSED).into());
    }
    match record.answer {
        None => Err(Problem::new(&code::IDEMPOTENCY_IN_PROGRESS).retry_after(1).into()),
        Some(answer) => Ok(Some(decode(open(&work.plans, once, answer)?))),
    }
}

/// Records what is answered; `None` while a durable call is under way.
pub(crate) async fn record<X: Transaction>(
    work: &mut Work<'_, X>,
    once: &Once,
    answer: Option<Result<&Answer, &Problem>>,
) -> Result<(), Failure> {
    let answer = answer.map(|answer| match answer {
        Ok(answer) => encode(answer),
        Err(problem) => encode_problem(problem),
    });
    let answer = answer.map(|answer| close(&work.plans, once, answer)).transpose()?;
    let expires = work.now.saturating_add(REPLAY);
    let record = IdempotencyRecord { body_hash: once.body_hash, answer, expires };
    Ok(work.store.put_idempotency(&once.key, &record).await?)
}

/// Where fields are encrypted, so are the answers that are kept: they may show such a field.
fn close(plans: &Plans, once: &Once, answer: store::Answer) -> Result<store::Answer, Failure> {
    let Some(keys) = plans.keys.as_ref().filter(|_| !answer.body.is_empty()) else {
        return Ok(answer);
    };
    let sealed = keys.seal(&place(once), &answer.body);
    let sealed = sealed.map_err(|_| internal("an answer cannot be encrypted"))?;
    Ok(store::Answer { body: sealed.into_bytes().into(), ..answer })
}

fn open(plans: &Plans, once: &Once, answer: store::Answer) -> Result<store::Answer, Failure> {
    let Some(keys) = plans.keys.as_ref().filter(|_| !answer.body.is_empty()) else {
        return Ok(answer);
    };
    let text = std::str::from_utf8(&answer.body).unwrap_or_default();
    let body = keys.open_sealed(&place(once), text);
    let body = body.map_err(|_| internal("a kept answer cannot be decrypted"))?;
    Ok(store::Answer { body: body.into(), ..answer })
}

fn place(once: &Once) -> Vec<u8> {
    let IdempotencyKey { caller, operation, key } = &once.key;
    format!("idempotency\0{operation}\0{caller}\0{key}").into_bytes()
}

fn encode(answer: &Answer) -> store::Answer {
    let mut headers = Vec::new();
    if let Some(version) = answer.version {
        headers.push(("etag".to_owned(), version.to_string()));
    }
    if let Some(location) = &answer.location {
        headers.push(("location".to_owned(), location.clone()));
    }
    if let Some(row) = answer.row {
        headers.push(("row".to_owned(), format!("{row:032x}")));
    }
    let body = match &answer.body {
        Body::Json(bytes) => bytes.as_slice().into(),
        Body::Empty | Body::Page { .. } => [].into(),
    };
    store::Answer { status: answer.status, headers, body }
}

fn encode_problem(problem: &Problem) -> store::Answer {
    let errors: Vec<Json> = problem
        .errors
        .iter()
        .map(|e| json!({ "pointer": e.pointer, "code": e.code, "detail": e.detail }))
        .collect();
    let body = json!({
        "code": problem.code,
        "title": problem.title,
        "detail": problem.detail,
        "errors": errors,
    });
    let headers = Vec::new();
    store::Answer { status: problem.status, headers, body: body.to_string().into_bytes().into() }
}

fn decode(answer: store::Answer) -> Result<Answer, Problem> {
    if answer.status >= 400 {
        return Err(decode_problem(&answer));
    }
    let header = |name: &str| {
        let found = answer.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.clone())
    };
    let body = match answer.body.is_empty() {
        true => Body::Empty,
        false => Body::Json(answer.body.to_vec()),
    };
    Ok(Answer {
        status: answer.status,
        version: header("etag").and_then(|version| version.parse().ok()),
        location: header("location"),
        row: header("row").and_then(|id| u128::from_str_radix(&id, 16).ok()),
        body,
        replayed: true,
        age: None,
    })
}

fn decode_problem(answer: &store::Answer) -> Problem {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |value: &Json, name: &str| {
        value.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    let errors = json.get("errors").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let error = |error: &Json| FieldError {
        pointer: text(error, "pointer"),
        code: text(error, "code").into(),
        detail: text(error, "detail"),
    };
    Problem {
        status: answer.status,
        code: text(&json, "code").into(),
        title: text(&json, "title").into(),
        detail: text(&json, "detail"),
        errors: errors.iter().map(error).collect(),
        retry_after: None,
        max_age: None,
        assurance: None,
        replayed: true,
    }
}

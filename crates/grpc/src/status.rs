//! Problems as gRPC says them: a canonical code, and details that programs read
//! (`google.rpc.Status`).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use prost::Message;
use runtime::Problem;
use runtime::http::{Ran, Reply, reply};

use crate::plan::{Kind, MessagePlan, Plan};

pub(crate) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
pub(crate) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// Violations that are told at most, and bytes of all details: they travel in a header, of
/// which clients take 8 KiB.
const VIOLATIONS: usize = 20;
const LARGEST: usize = 3 * 1024;
/// Characters of a message or a description at most.
const LONGEST: usize = 200;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: std::collections::BTreeMap<String, String>,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
    #[prost(string, tag = "3")]
    reason: String,
}

/// `google.rpc.RetryInfo`, with `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Seconds>,
}

#[derive(Clone, PartialEq, Message)]
struct Seconds {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

/// What the fields of an error are called in the message that was sent.
#[derive(Clone, Copy)]
pub(crate) struct Names<'p>(pub &'p Plan, pub &'p MessagePlan);

/// The canonical code of a problem: that which the contract states, and a nearer one where the
/// problem is one of the protocol.
pub(crate) fn code(problem: &Problem) -> i32 {
    let name = match &*problem.code {
        "unknown-route" | "not-running" | "method-not-allowed" => "UNIMPLEMENTED",
        "payload-too-large" | "headers-too-large" | "uri-too-long" => "RESOURCE_EXHAUSTED",
        "request-timeout" => "DEADLINE_EXCEEDED",
        "conflict" | "in-progress" | "idempotency-in-progress" => "ABORTED",
        "precondition-required"
        | "unsupported-media-type"
        | "not-acceptable"
        | "range-not-satisfiable"
        | "unknown-property" => "INVALID_ARGUMENT",
        _ if !problem.errors.is_empty() => "INVALID_ARGUMENT",
        _ => emit::protobuf::grpc_status(problem.status),
    };
    number(name)
}

fn number(name: &str) -> i32 {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let at = NAMES.iter().position(|known| *known == name).unwrap_or(2);
    i32::try_from(at).unwrap_or(2)
}

/// An answer that is nothing but a status.
pub(crate) fn refusal(problem: &Problem, domain: &str, names: Option<Names<'_>>) -> Reply {
    let mut reply = reply::empty(200);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    trailers(headers, problem, domain, names);
    let code = Some(problem.code.clone().into_owned());
    reply.extensions_mut().insert(Ran { operation: None, status: problem.status, code });
    reply
}

/// Says how a call failed.
pub(crate) fn trailers(
    headers: &mut HeaderMap,
    problem: &Problem,
    domain: &str,
    names: Option<Names<'_>>,
) {
    let status = status(problem, domain, names);
    headers.insert(STATUS, HeaderValue::from(status.code));
    if let Ok(value) = HeaderValue::try_from(escaped(&status.message)) {
        headers.insert(MESSAGE, value);
    }
    if problem.replayed {
        headers.insert(reply::REPLAYED, HeaderValue::from_static("true"));
    }
    let details = Bytes::from(status.encode_to_vec());
    if let Ok(value) = HeaderValue::try_from(STANDARD_NO_PAD.encode(details)) {
        headers.insert(DETAILS, value);
    }
}

fn status(problem: &Problem, domain: &str, names: Option<Names<'_>>) -> Status {
    let message = if problem.detail.is_empty() { &*problem.title } else { &problem.detail };
    let info = ErrorInfo {
        reason: problem.code.clone().into_owned(),
        domain: domain.to_owned(),
        metadata: [("http_status".to_owned(), problem.status.to_string())].into(),
    };
    let mut details = vec![any("ErrorInfo", &info)];
    if let Some(seconds) = problem.retry_after {
        let retry_delay = Some(Seconds { seconds: seconds.into() });
        details.push(any("RetryInfo", &RetryInfo { retry_delay }));
    }
    let violation = |error: &runtime::problem::FieldError| FieldViolation {
        field: path(&error.pointer, names),
        description: short(&error.detail),
        reason: error.code.clone().into_owned(),
    };
    let mut violations: Vec<_> = problem.errors.iter().take(VIOLATIONS).map(violation).collect();
    while violations.iter().map(Message::encoded_len).sum::<usize>() > LARGEST {
        violations.pop();
    }
    if !violations.is_empty() {
        details.push(any("BadRequest", &BadRequest { field_violations: violations }));
    }
    Status { code: code(problem), message: short(message), details }
}

fn any(name: &str, message: &impl Message) -> Any {
    let type_url = format!("type.googleapis.com/google.rpc.{name}");
    Any { type_url, value: message.encode_to_vec() }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Percent-encoded, as `grpc-message` is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `lines[0].quantity` for `/lines/0/quantity`, in the words of the message.
fn path(pointer: &str, names: Option<Names<'_>>) -> String {
    let mut out = String::new();
    let mut at = names.map(|Names(plan, message)| (plan, message));
    for step in pointer.split('/').skip(1).take(8) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if !out.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            let _ = write!(out, "[{step}]");
            continue;
        }
        let field = at.and_then(|(_, message)| message.property(&step));
        if !out.is_empty() {
            out.push('.');
        }
        out.extend(field.map_or(&*step, |field| &field.name).chars().take(100));
        at = match (at, field.map(|field| field.kind)) {
            (Some((plan, _)), Some(Kind::Object(inner))) => Some((plan, plan.at(inner))),
            _ => None,
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::problem::CODES;

    #[test]
    fn every_code_has_a_canonical_one() {
        for known in CODES {
            let problem = Problem::new(known);
            let code = super::code(&problem);
            let internal = problem.status >= 500 && problem.status != 501;
            assert!((1..=16).contains(&code), "{}", known.code);
            // What the caller did is never said to be our defect, nor the other way round.
            assert!(code != 13 || internal, "{} is {code}", known.code);
        }
    }

    #[test]
    fn details_fit_in_a_header_whatever_was_wrong() {
        let error = |at: usize| runtime::problem::FieldError {
            pointer: format!("/{}/{at}", "x~1".repeat(300)),
            code: "required".into(),
            detail: "é\n".repeat(500),
        };
        let errors = (0..50).map(error).collect();
        let problem =
            Problem { errors, ..Problem::new(&runtime::problem::code::VALIDATION_FAILED) };
        let reply = refusal(&problem, "Shop", None);
        let details = reply.headers()[DETAILS].to_str().unwrap_or_default();
        assert!(details.len() < 6_000, "{}", details.len());
        let bytes = STANDARD_NO_PAD.decode(details).unwrap_or_default();
        let status = Status::decode(bytes.as_slice()).unwrap_or_default();
        assert_eq!((status.code, status.details.len()), (3, 2));
    }
}

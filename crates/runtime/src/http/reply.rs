//! Answers as HTTP responses; every error is a problem document (RFC 9457).

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use crate::json::write_string;
use crate::problem::Problem;

/// A response whose body is known as a whole.
pub(super) type Reply = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The correlation header, in and out.
pub(super) const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// A response without a body.
pub(super) fn empty(status: u16) -> Reply {
    with_body(status, Bytes::new())
}

fn with_body(status: u16, body: Bytes) -> Reply {
    let mut reply = Reply::new(Full::new(body));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(CACHE_CONTROL, NO_STORE);
    reply
}

/// A JSON document.
pub(super) fn json(status: u16, body: impl Into<Bytes>) -> Reply {
    typed(status, body, JSON)
}

/// A document of another type.
pub(super) fn typed(status: u16, body: impl Into<Bytes>, media_type: HeaderValue) -> Reply {
    let mut reply = with_body(status, body.into());
    reply.headers_mut().insert(CONTENT_TYPE, media_type);
    reply
}

/// A problem document, with the headers that its status asks for.
pub(super) fn problem(problem: &Problem) -> Reply {
    let mut reply = with_body(problem.status, document(problem).into());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, PROBLEM);
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if problem.status == 401 {
        let challenge = match &*problem.code {
            "unauthenticated" => HeaderValue::from_static("Bearer"),
            _ => HeaderValue::from_static("Bearer error=\"invalid_token\""),
        };
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    reply
}

/// A problem document that lists what would have been allowed.
pub(super) fn not_allowed(problem: &Problem, allow: HeaderValue) -> Reply {
    let mut reply = self::problem(problem);
    reply.headers_mut().insert(ALLOW, allow);
    reply
}

/// `{"type", "title", "status", "code", "detail", "errors"}`. The type is a name of its own, which
/// need not lead anywhere.
fn document(problem: &Problem) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"type\":");
    write_string(&mut out, &format!("urn:firmitas:problem:{}", problem.code));
    out.extend_from_slice(b",\"title\":");
    write_string(&mut out, &problem.title);
    out.extend_from_slice(format!(",\"status\":{},\"code\":", problem.status).as_bytes());
    write_string(&mut out, &problem.code);
    if !problem.detail.is_empty() {
        out.extend_from_slice(b",\"detail\":");
        write_string(&mut out, &problem.detail);
    }
    if !problem.errors.is_empty() {
        out.extend_from_slice(b",\"errors\":[");
        for (at, error) in problem.errors.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"{\"pointer\":" } else { b",{\"pointer\":" });
            write_string(&mut out, &error.pointer);
            out.extend_from_slice(b",\"code\":");
            write_string(&mut out, &error.code);
            out.extend_from_slice(b",\"detail\":");
            write_string(&mut out, &error.detail);
            out.push(b'}');
        }
        out.push(b']');
    }
    out.push(b'}');
    out
}

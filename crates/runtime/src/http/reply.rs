//! Answers as HTTP responses; every error is a problem document (RFC 9457).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use crate::identity::assurance_name;
use crate::json::write_string;
use crate::problem::Problem;

/// Says that an answer is the stored one of an earlier request.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A response.
pub type Reply = Response<ReplyBody>;

/// The body of a response.
#[derive(Debug)]
pub enum ReplyBody {
    /// Known as a whole: nearly all of them.
    Whole(Full<Bytes>),
    /// Made while it is sent: files, streams, answers with trailers.
    Stream(UnsyncBoxBody<Bytes, io::Error>),
}

impl ReplyBody {
    /// A body that is made while it is sent. An error breaks the connection off.
    pub fn stream(body: impl Body<Data = Bytes, Error = io::Error> + Send + 'static) -> Self {
        Self::Stream(body.boxed_unsync())
    }
}

impl Default for ReplyBody {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Stream(body) => body.size_hint(),
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The correlation header, in and out.
pub(super) const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// About as many headers as an answer has in the end.
const HEADERS: usize = 12;

/// A response without a body.
#[must_use]
pub fn empty(status: u16) -> Reply {
    with_body(status, Bytes::new())
}

fn with_body(status: u16, body: Bytes) -> Reply {
    let mut reply = Reply::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(CACHE_CONTROL, NO_STORE);
    reply
}

/// A JSON document.
pub fn json(status: u16, body: impl Into<Bytes>) -> Reply {
    typed(status, body, JSON)
}

/// A document of another type.
pub fn typed(status: u16, body: impl Into<Bytes>, media_type: HeaderValue) -> Reply {
    let mut reply = with_body(status, body.into());
    reply.headers_mut().insert(CONTENT_TYPE, media_type);
    reply
}

/// A problem document, with the headers that its status asks for.
#[must_use]
pub fn problem(problem: &Problem) -> Reply {
    let mut reply = with_body(problem.status, document(problem).into());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, PROBLEM);
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if problem.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if problem.status == 401 {
        headers.insert(WWW_AUTHENTICATE, challenge(problem));
    }
    reply
}

/// How a caller may prove who it is (RFC 6750, section 3), or has to prove it better or anew (RFC
/// 9470, section 3).
fn challenge(problem: &Problem) -> HeaderValue {
    let level =
        problem.assurance.map(|level| format!(", acr_values=\"{}\"", assurance_name(level)));
    let age = problem.max_age.map(|seconds| format!(", max_age=\"{seconds}\""));
    if level.is_none() && age.is_none() {
        return HeaderValue::from_static(match &*problem.code {
            "unauthenticated" => "Bearer",
            _ => "Bearer error=\"invalid_token\"",
        });
    }
    let (level, age) = (level.unwrap_or_default(), age.unwrap_or_default());
    HeaderValue::try_from(format!("Bearer error=\"insufficient_user_authentication\"{level}{age}"))
        .unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
}

/// A problem document that lists what would have been allowed.
#[must_use]
pub fn not_allowed(problem: &Problem, allow: HeaderValue) -> Reply {
    let mut reply = self::problem(problem);
    reply.headers_mut().insert(ALLOW, allow);
    reply
}

/// `{"type", "title", "status", "code", "detail", "errors"}`. The type is a name of its own, which
/// need not lead anywhere.
pub(super) fn document(problem: &Problem) -> Vec<u8> {
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

//! A reply on its way to the client and to the log.

use hyper::Method;
use hyper::body::Body as _;
use hyper::header::{ALLOW, CONTENT_LENGTH, HeaderValue};

use super::Ran;
use super::reply::{self, CORRELATION, Reply, ReplyBody};
use crate::call::Identity;
use crate::problem::{Problem, code};
use crate::telemetry::TraceContext;

/// A reply, and what the log says about it.
pub(super) struct Outcome {
    pub(super) reply: Reply,
    pub(super) identity: Option<Identity>,
    pub(super) code: Option<String>,
}

impl Outcome {
    pub(super) fn of(problem: &Problem, identity: Option<Identity>) -> Self {
        let code = Some(problem.code.clone().into_owned());
        Self { reply: reply::problem(problem), identity, code }
    }
}

impl Outcome {
    /// How it ended; some protocols say so elsewhere than in the status of HTTP.
    pub(super) fn status(&self) -> u16 {
        let ran = self.reply.extensions().get::<Ran>();
        ran.map_or_else(|| self.reply.status().as_u16(), |ran| ran.status)
    }
}

pub(super) fn other_method(method: &Method, allow: &HeaderValue) -> Outcome {
    if *method == Method::OPTIONS {
        let mut reply = reply::empty(204);
        reply.headers_mut().insert(ALLOW, allow.clone());
        return Outcome { reply, identity: None, code: None };
    }
    let problem = Problem::new(&code::METHOD_NOT_ALLOWED);
    Outcome {
        reply: reply::not_allowed(&problem, allow.clone()),
        identity: None,
        code: Some(problem.code.into_owned()),
    }
}

/// Whoever asks for help with an answer can name it by this, as the log does.
pub(super) fn name_trace(reply: &mut Reply, trace: TraceContext, correlation: Option<&str>) {
    let named = correlation.map(HeaderValue::from_str);
    let value = named.unwrap_or_else(|| HeaderValue::from_bytes(&trace.trace_id()));
    if let Ok(value) = value {
        reply.headers_mut().insert(CORRELATION, value);
    }
}

/// The head of a reply alone, with the length that its body would have.
pub(super) fn without_body(reply: Reply) -> Reply {
    let (mut parts, body) = reply.into_parts();
    if let Some(length) = body.size_hint().exact().filter(|_| parts.status != 304) {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Reply::from_parts(parts, ReplyBody::default())
}

//! What a request belongs to, and the trace that it leaves.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName};

use super::endpoint::Endpoint;
use super::head;
use super::outcome::Outcome;
use super::peer::Peer;
use super::reply::CORRELATION;
use crate::call::{FoundTenant, Trace};
use crate::telemetry::{Attribute, Span, SpanKind, Spans, TraceContext, TraceIds, Tracing, span};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// By what log lines, answers, calls and spans of one request are found together.
pub(super) struct Trail {
    pub(super) context: TraceContext,
    pub(super) correlation: Option<Arc<str>>,
    /// Which tenant it turned out to be for.
    pub(super) tenant: FoundTenant,
    spans: Option<Spans>,
    began: u64,
}

impl Trail {
    /// Continues what the client began, or begins.
    pub(super) fn begin(headers: &HeaderMap, ids: &TraceIds, tracing: Option<&Tracing>) -> Self {
        let mut context = TraceContext::of(head::short(headers, &TRACEPARENT), ids);
        let spans = tracing.map(|tracing| {
            if context.parent == 0 && tracing.samples(context.trace) {
                context.flags |= 1;
            }
            tracing.begin(context)
        });
        let began = if spans.is_some() { span::now() } else { 0 };
        let correlation = head::short(headers, &CORRELATION).map(Arc::<str>::from);
        Self { context, correlation, tenant: FoundTenant::default(), spans, began }
    }

    /// What is handed down: with the `traceparent` where calls may be made or
    /// decisions are written down.
    pub(super) fn trace(&self, calls: bool, peer: &Peer) -> Trace {
        Trace {
            parent: calls.then(|| self.context.traceparent().into()),
            correlation: self.correlation.clone(),
            spans: self.spans.clone(),
            address: Some(peer.address.ip()),
        }
    }

    /// The trace, if it is kept for itself and not only because something went wrong.
    pub(super) fn sampled(&self) -> Option<u128> {
        (self.spans.is_some() && self.context.is_sampled()).then_some(self.context.trace)
    }

    /// The request is answered. Its spans are kept if it was sampled, slow or failed.
    pub(super) fn end(
        &self,
        outcome: &Outcome,
        method: &Method,
        endpoint: Option<&Endpoint>,
        duration: Duration,
    ) {
        let Some(spans) = &self.spans else { return };
        let status = outcome.status();
        let slow = endpoint.is_some_and(|endpoint| duration > endpoint.slow_after);
        if !(self.context.is_sampled() || slow || status >= 500) {
            return;
        }
        let text = |text: &str| Attribute::Text(text.to_owned());
        let mut attributes = vec![
            ("http.request.method", text(method.as_str())),
            ("http.response.status_code", Attribute::Whole(status.into())),
        ];
        let mut name = method.as_str().to_owned();
        if let Some(endpoint) = endpoint {
            name = format!("{name} {}", endpoint.template);
            attributes.push(("http.route", text(&endpoint.template)));
            attributes.push(("firmitas.operation", text(&endpoint.name)));
        }
        if let Some(code) = &outcome.code {
            attributes.push(("error.type", text(code)));
        }
        spans.keep();
        spans.add(Span {
            trace: self.context.trace,
            id: self.context.span,
            parent: self.context.parent,
            name,
            kind: SpanKind::Server,
            start: self.began,
            end: self.began + u64::try_from(duration.as_nanos()).unwrap_or(0),
            failed: outcome.code.clone().filter(|_| status >= 500),
            attributes,
        });
    }
}

//! Spans as the protocol has them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::resource::v1::Resource as ProtocolResource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind as ProtocolKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span as ProtocolSpan, Status,
};
use runtime::telemetry::{Attribute, Span, SpanKind};

/// Who sends.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    attributes: Vec<KeyValue>,
}

impl Resource {
    pub(crate) fn new(service: &str, version: &str) -> Self {
        let text = |name: &str, value: &str| attribute(name, Value::StringValue(value.to_owned()));
        Self { attributes: vec![text("service.name", service), text("service.version", version)] }
    }

    pub(crate) fn request(&self, spans: Vec<Span>) -> ExportTraceServiceRequest {
        let resource =
            ProtocolResource { attributes: self.attributes.clone(), ..ProtocolResource::default() };
        let scope = InstrumentationScope {
            name: "firmitas".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let spans = spans.into_iter().map(span).collect();
        let spans = ScopeSpans { scope: Some(scope), spans, schema_url: String::new() };
        let all = ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![spans],
            schema_url: String::new(),
        };
        ExportTraceServiceRequest { resource_spans: vec![all] }
    }
}

fn attribute(name: &str, value: Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: name.to_owned(), value, ..KeyValue::default() }
}

fn span(of: Span) -> ProtocolSpan {
    let kind = match of.kind {
        SpanKind::Server => ProtocolKind::Server,
        SpanKind::Client => ProtocolKind::Client,
        SpanKind::Internal => ProtocolKind::Internal,
    };
    let parent = if of.parent == 0 { Vec::new() } else { of.parent.to_be_bytes().to_vec() };
    let attributes = of.attributes.into_iter().map(|(name, value)| {
        attribute(
            name,
            match value {
                Attribute::Text(text) => Value::StringValue(text),
                Attribute::Whole(number) => Value::IntValue(number),
            },
        )
    });
    let code = if of.failed.is_some() { StatusCode::Error } else { StatusCode::Unset };
    ProtocolSpan {
        trace_id: of.trace.to_be_bytes().to_vec(),
        span_id: of.id.to_be_bytes().to_vec(),
        parent_span_id: parent,
        name: of.name,
        kind: kind.into(),
        start_time_unix_nano: of.start,
        end_time_unix_nano: of.end,
        attributes: attributes.collect(),
        status: Some(Status { message: of.failed.unwrap_or_default(), code: code.into() }),
        ..ProtocolSpan::default()
    }
}

//! What operators see of a running server: numbers, one line for each request, and traces.
//!
//! Everything belongs to one server: several may run, and come and go, in one process.

mod audit;
mod burn;
mod exemplar;
mod histogram;
mod log;
mod metrics;
pub mod process;
mod sample;
pub mod span;
mod trace;

pub use audit::{AuditEvent, AuditKind, AuditLog, AuditSink, masked};
pub use burn::{Burning, Count, EVERY};
pub use histogram::{Histogram, Series, Timing};
pub(crate) use log::subject_hash;
pub use log::{AccessLog, Entry};
pub use metrics::{InFlight, Metrics, OperationMetrics};
pub use sample::Sample;
pub use span::{Attribute, OpenSpan, Span, SpanKind, SpanSink, Spans, Tracing};
pub use trace::{TraceContext, TraceIds};

//! Spans to an OpenTelemetry collector, over OTLP/gRPC.
//!
//! Serving never waits for the collector: spans are handed over through a bounded queue, and what
//! does not fit is dropped and counted. Numbers are not pushed: whoever collects them reads
//! `/metrics`.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod collector;
mod convert;
mod queue;

pub use collector::{Collector, CollectorError};
pub use queue::Queue;

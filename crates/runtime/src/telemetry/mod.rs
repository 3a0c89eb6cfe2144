//! What operators see of a running server: numbers, and one line for each request.
//!
//! Everything belongs to one server: several may run, and come and go, in one process.

mod log;
mod metrics;
pub mod process;
mod sample;
mod trace;

pub use log::{AccessLog, Entry};
pub use metrics::{InFlight, Metrics, OperationMetrics};
pub use sample::Sample;
pub use trace::{TraceContext, TraceIds};

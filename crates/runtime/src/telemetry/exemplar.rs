//! A request that stands for those of its bucket: from a number in a graph to the trace behind it.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// The last sampled request of a bucket.
#[derive(Debug, Default)]
pub(super) struct Slot(Mutex<Option<Exemplar>>);

#[derive(Clone, Copy, Debug)]
struct Exemplar {
    trace: u128,
    micros: u64,
    /// Milliseconds since the Unix epoch.
    at: u64,
}

impl Slot {
    /// Remembers a request, unless somebody else is about to: any will do.
    pub(super) fn put(&self, trace: u128, micros: u64) {
        if let Ok(mut slot) = self.0.try_lock() {
            *slot = Some(Exemplar { trace, micros, at: super::span::now() / 1_000_000 });
        }
    }

    /// ` # {trace_id=".."} 0.0042 1700000000.000` (OpenMetrics 1.0, section "Exemplars").
    pub(super) fn render(&self, out: &mut String) {
        let slot = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Exemplar { trace, micros, at }) = slot else { return };
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        let (time, millis) = (at / 1000, at % 1000);
        let _ =
            write!(out, " # {{trace_id=\"{trace:032x}\"}} {seconds}.{rest:06} {time}.{millis:03}");
    }
}

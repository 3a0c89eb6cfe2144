//! Counts calls to externals by how they end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use model::Model;

use super::external::{CallError, CallResult, ExternalCall, Externals};
use crate::telemetry::{Histogram, OpenSpan, Sample, Series, SpanKind};

/// How calls end: with a result, with the external's no, or without a usable answer.
const OUTCOMES: [&str; 3] = ["done", "refused", "unreachable"];

/// Externals whose calls are counted.
pub(crate) struct CountedExternals {
    externals: Arc<dyn Externals>,
    counts: Arc<Counts>,
}

struct Counts {
    model: Arc<Model>,
    /// By external and operation.
    by_operation: BTreeMap<(u16, u16), Calls>,
}

/// Calls of one operation.
#[derive(Default)]
struct Calls {
    outcomes: [AtomicU64; OUTCOMES.len()],
    /// How long those took that were answered.
    times: Histogram,
}

const TIMES: Series = Series {
    bucket: "external_call_duration_seconds_bucket",
    sum: "external_call_duration_seconds_sum",
    count: "external_call_duration_seconds_count",
    help: "Time of a call to an external that was answered.",
};

impl CountedExternals {
    pub(crate) fn new(model: Arc<Model>, externals: Arc<dyn Externals>) -> Self {
        let operations = (0u16..).zip(&model.externals).flat_map(|(external, of)| {
            (0u16..).zip(&of.operations).map(move |(operation, _)| (external, operation))
        });
        let by_operation = operations.map(|key| (key, Default::default())).collect();
        Self { externals, counts: Arc::new(Counts { model, by_operation }) }
    }

    /// The piece of a request that is one attempt.
    fn span(&self, call: &ExternalCall) -> Option<OpenSpan> {
        let external = self.counts.model.externals.get(usize::from(call.external.0))?;
        let operation = external.operations.get(usize::from(call.operation))?;
        let name = format!("{}.{}", external.name, operation.name);
        let span = call.trace.span(&name, SpanKind::Client)?;
        Some(span.with("server.address", &external.name).with("rpc.method", &operation.name))
    }

    /// `external_calls_total` for every operation of every external, and how long they took.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let (mut samples, mut times) = (Vec::new(), Vec::new());
        for ((external, operation), counts) in &self.counts.by_operation {
            let external = self.counts.model.externals.get(usize::from(*external));
            let Some(external) = external else { continue };
            let Some(operation) = external.operations.get(usize::from(*operation)) else {
                continue;
            };
            for (outcome, count) in OUTCOMES.iter().zip(&counts.outcomes) {
                let help = "Calls to externals by how they ended.";
                #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 calls")]
                let count = count.load(Relaxed) as f64;
                let sample = Sample::new("external_calls_total", help, count)
                    .with("external", &external.name)
                    .with("operation", &operation.name)
                    .with("outcome", outcome);
                samples.push(sample);
            }
            let labels =
                [("external", &*external.name.value), ("operation", &*operation.name.value)];
            times.extend(counts.times.samples(TIMES, &labels));
        }
        samples.append(&mut times);
        samples
    }
}

impl Externals for CountedExternals {
    fn call(&self, mut call: ExternalCall) -> CallResult {
        let mut span = self.span(&call);
        if let Some(span) = &span {
            call.trace.parent = Some(span.traceparent().into());
        }
        let key = (call.external.0, call.operation);
        let pending =
            Pending { counts: self.counts.clone(), key, outcome: 2, began: Instant::now() };
        let calling = self.externals.call(call);
        Box::pin(async move {
            let mut pending = pending;
            let result = calling.await;
            if let (Some(span), Err(error)) = (&mut span, &result) {
                span.fail(match error {
                    CallError::Refused(code) => code,
                    CallError::Unreachable { .. } | CallError::NotMade => "unreachable",
                });
            }
            drop(span);
            pending.outcome = match &result {
                Ok(_) => 0,
                Err(CallError::Refused(_)) => 1,
                Err(CallError::Unreachable { .. } | CallError::NotMade) => 2,
            };
            result
        })
    }
}

/// Counts when it is dropped: a call that its caller gave up has ended without an answer too.
struct Pending {
    counts: Arc<Counts>,
    key: (u16, u16),
    outcome: usize,
    began: Instant,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Some(calls) = self.counts.by_operation.get(&self.key) else { return };
        if let Some(count) = calls.outcomes.get(self.outcome) {
            count.fetch_add(1, Relaxed);
        }
        if self.outcome < 2 {
            calls.times.record(self.began.elapsed());
        }
    }
}

impl std::fmt::Debug for CountedExternals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CountedExternals").finish_non_exhaustive()
    }
}

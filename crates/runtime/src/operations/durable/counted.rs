//! Counts calls to externals by how they end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use model::Model;

use super::external::{CallError, CallResult, ExternalCall, Externals};
use crate::telemetry::{OpenSpan, Sample, SpanKind};

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
    by_operation: BTreeMap<(u16, u16), [AtomicU64; OUTCOMES.len()]>,
}

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

    /// `external_calls_total`, for every operation of every external.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for ((external, operation), counts) in &self.counts.by_operation {
            let external = self.counts.model.externals.get(usize::from(*external));
            let Some(external) = external else { continue };
            let Some(operation) = external.operations.get(usize::from(*operation)) else {
                continue;
            };
            for (outcome, count) in OUTCOMES.iter().zip(counts) {
                let help = "Calls to externals by how they ended.";
                #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 calls")]
                let count = count.load(Relaxed) as f64;
                let sample = Sample::new("external_calls_total", help, count)
                    .with("external", &external.name)
                    .with("operation", &operation.name)
                    .with("outcome", outcome);
                samples.push(sample);
            }
        }
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
        let pending = Pending { counts: self.counts.clone(), key, outcome: 2 };
        let calling = self.externals.call(call);
        Box::pin(async move {
            let mut pending = pending;
            let result = calling.await;
            if let (Some(span), Err(error)) = (&mut span, &result) {
                span.fail(match error {
                    CallError::Refused(code) => code,
                    CallError::Unreachable { .. } => "unreachable",
                });
            }
            drop(span);
            pending.outcome = match &result {
                Ok(_) => 0,
                Err(CallError::Refused(_)) => 1,
                Err(CallError::Unreachable { .. }) => 2,
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
}

impl Drop for Pending {
    fn drop(&mut self) {
        let counts = self.counts.by_operation.get(&self.key);
        if let Some(count) = counts.and_then(|counts| counts.get(self.outcome)) {
            count.fetch_add(1, Relaxed);
        }
    }
}

impl std::fmt::Debug for CountedExternals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CountedExternals").finish_non_exhaustive()
    }
}

//! Between those who serve and the collector.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use runtime::telemetry::{Sample, Span, SpanSink};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::collector::Collector;
use crate::convert::Resource;

/// Requests whose spans may wait.
const WAITING: usize = 4096;
/// Spans of one batch.
const BATCH: usize = 512;
/// For which a batch is waited to fill.
const DELAY: Duration = Duration::from_secs(1);

/// Takes spans and sends them in batches.
#[derive(Debug)]
pub struct Queue {
    sender: Sender<Vec<Span>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl Queue {
    /// Starts to send spans of a service, by its name and version, to a collector. The task ends
    /// when the queue is dropped and what was in it has been sent. Needs a Tokio runtime.
    #[must_use]
    pub fn start(collector: Collector, service: &str, version: &str) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = channel(WAITING);
        let counts = Arc::new(Counts::default());
        let resource = Resource::new(service, version);
        let task = tokio::spawn(forward(receiver, collector, resource, Arc::clone(&counts)));
        (Self { sender, counts }, task)
    }
}

impl SpanSink for Queue {
    fn export(&self, spans: Vec<Span>) {
        let count = spans.len() as u64;
        if self.sender.try_send(spans).is_err() {
            self.counts.dropped.fetch_add(count, Relaxed);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 spans")]
    fn samples(&self) -> Vec<Sample> {
        let (sent, dropped) = (self.counts.sent.load(Relaxed), self.counts.dropped.load(Relaxed));
        vec![
            Sample::new("otlp_spans_sent_total", "Spans that the collector took.", sent as f64),
            Sample::new("otlp_spans_dropped_total", "Spans that were lost.", dropped as f64),
        ]
    }
}

async fn forward(
    mut receiver: Receiver<Vec<Span>>,
    mut collector: Collector,
    resource: Resource,
    counts: Arc<Counts>,
) {
    while let Some(mut batch) = receiver.recv().await {
        let deadline = Instant::now() + DELAY;
        while batch.len() < BATCH {
            match timeout_at(deadline, receiver.recv()).await {
                Ok(Some(more)) => batch.extend(more),
                Ok(None) | Err(_) => break,
            }
        }
        let count = batch.len() as u64;
        let taken = collector.send(resource.request(batch)).await;
        let counter = if taken { &counts.sent } else { &counts.dropped };
        counter.fetch_add(count, Relaxed);
    }
}

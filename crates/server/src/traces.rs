//! Where traces go.

use std::sync::Arc;

use decide::Design;
use otlp::{Collector, Queue};
use runtime::telemetry::Tracing;

/// A collector of traces, and how many it gets.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    address: String,
    /// `name=value,..`
    headers: Secret,
    share: f64,
}

/// Text that is not shown.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl TraceSettings {
    /// A collector by its URL, with headers, and the share of traces that it gets, 0 to 1.
    ///
    /// # Errors
    /// Why it cannot be sent to, whatever the network does.
    pub fn new(address: &str, headers: &str, share: f64) -> Result<Self, String> {
        Collector::check(address, headers).map_err(|error| error.to_string())?;
        Ok(Self { address: address.to_owned(), headers: Secret(headers.to_owned()), share })
    }

    /// Begins to send. The queue ends with the last who holds it.
    pub(crate) fn start(&self, design: &Design) -> Option<Tracing> {
        let collector = Collector::new(&self.address, &self.headers.0).ok()?;
        let system = &design.model.system.name;
        let (queue, _sending) = Queue::start(collector, system, env!("CARGO_PKG_VERSION"));
        Some(Tracing { sink: Arc::new(queue), share: self.share })
    }
}

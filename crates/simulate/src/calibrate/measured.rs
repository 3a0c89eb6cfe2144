//! Times that were measured, by what they are times of.

use std::collections::BTreeMap;

use super::Shape;

/// What is known from measurements. What is not in it keeps the numbers of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Operations by their qualified names, `catalog.viewProduct`.
    pub operations: BTreeMap<String, OperationTimes>,
    /// Operations of externals: `cardProcessor.charge`.
    pub externals: BTreeMap<String, Fit>,
    /// The kind of store that was measured, as OpenTelemetry calls it: `sqlite`, `postgresql`.
    pub system: Option<String>,
    /// Whether the very server that was measured is simulated: its store is then the design's,
    /// whatever was decided.
    pub whole: bool,
}

impl Measured {
    /// Takes what something else says; it wins where both say something.
    pub fn add(&mut self, other: Self) {
        self.operations.extend(other.operations);
        self.externals.extend(other.externals);
        self.system = other.system.or_else(|| self.system.take());
        self.whole |= other.whole;
    }
}

/// What is known of an operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationTimes {
    /// Requests that were measured.
    pub requests: u64,
    /// Time of a request that is neither the store's nor an external's.
    pub application: Option<Fit>,
    /// Time of one question to the store, without the wait for a connection.
    pub store: Option<Fit>,
    /// Share of requests that were answered from memory.
    pub kept: Option<f64>,
    /// Share of the store's time that keeps a core busy; the table's where nobody measured it.
    pub busy: Option<f64>,
    /// Time that a request takes beside all this, with nothing busy: the network, wake-ups.
    pub besides: Option<Shape>,
}

/// Something that was measured, as a distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The distribution.
    pub shape: Shape,
    /// How many were measured.
    pub count: u64,
    /// Bounds of the 95 % interval of the mean, in seconds: chance, and what buckets leave open.
    pub mean: (f64, f64),
    /// Bounds of the 95 % interval of p95, in seconds.
    pub p95: (f64, f64),
    /// Where only the mean is known: the variation is the table's.
    pub mean_alone: bool,
    /// How far its mean is from that of the times, where their sum is known: a share.
    pub mean_error: Option<f64>,
    /// How far off it is where it was not fitted.
    pub errors: Vec<HeldOut>,
}

/// A percentile of what was held back beside what the fit says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// The percentile, 0 to 1.
    pub share: f64,
    /// What the fit says, in seconds.
    pub fitted: f64,
    /// Between which times it was measured; both the same where it is known exactly.
    pub measured: (f64, f64),
}

impl HeldOut {
    /// How far off: as a share of the nearest bound; nothing inside.
    #[must_use]
    pub fn error(&self) -> f64 {
        let (low, high) = self.measured;
        match () {
            () if self.fitted < low => self.fitted / low - 1.0,
            () if self.fitted > high => self.fitted / high - 1.0,
            () => 0.0,
        }
    }
}

//! Numbers with a unit and a provenance: the thread that runs from requirement to measurement.

use crate::Span;

/// Where a number comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Written in the model, here.
    Given(Span),
    /// Not written: the default, with its source (`house` where it is ours).
    Default {
        /// Who says so.
        source: &'static str,
    },
    /// Computed from other numbers.
    Derived {
        /// The calculation in words.
        from: String,
    },
    /// Result of a simulation.
    Simulated {
        /// Which run.
        run: String,
    },
    /// Measured on a running system.
    Measured {
        /// Which run.
        run: String,
    },
}

impl Provenance {
    /// The word used in every output.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Given(_) => "given",
            Self::Default { .. } => "default",
            Self::Derived { .. } => "derived",
            Self::Simulated { .. } => "simulated",
            Self::Measured { .. } => "measured",
        }
    }

    /// The place it was written, if it was.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::Given(span) => Some(*span),
            _ => None,
        }
    }
}

/// A value that knows where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity<T> {
    /// The value, in the unit of its type.
    pub value: T,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl<T> Quantity<T> {
    /// A value written in the model.
    pub const fn given(value: T, span: Span) -> Self {
        Self { value, provenance: Provenance::Given(span) }
    }

    /// A value that nobody stated.
    pub const fn default_of(value: T, source: &'static str) -> Self {
        Self { value, provenance: Provenance::Default { source } }
    }

    /// A value computed from others.
    pub fn derived(value: T, from: impl Into<String>) -> Self {
        Self { value, provenance: Provenance::Derived { from: from.into() } }
    }
}

/// A length of time in nanoseconds; a month is 30 days and a year 365 (language, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(pub u64);

impl Duration {
    /// Whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Seconds, fractions included; negative and not-a-number become zero.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is meant"
    )]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as u64)
    }

    /// In seconds.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a nanosecond in a century does not matter here"
    )]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// In whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// As the standard library counts it.
    #[must_use]
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0)
    }
}

impl std::fmt::Display for Duration {
    /// The shortest exact form that the language reads back: `250ms`, `90s`, `2min`, `7y`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const MS: u64 = 1_000_000;
        let units = [
            (365 * 86_400_000 * MS, "y"),
            (86_400_000 * MS, "d"),
            (3_600_000 * MS, "h"),
            (60_000 * MS, "min"),
            (1_000 * MS, "s"),
            (MS, "ms"),
        ];
        let exact = units.iter().find(|(unit, _)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        match exact {
            Some((unit, name)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}ms", self.as_secs_f64() * 1e3),
        }
    }
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

/// A share between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Share(pub f64);

/// Seconds in each unit that a rate may be counted per (`per` of the language's grammar).
pub const RATE_PER: [(&str, f64); 7] = [
    ("s", 1.0),
    ("min", 60.0),
    ("h", 3_600.0),
    ("day", 86_400.0),
    ("week", 604_800.0),
    ("month", 2_592_000.0),
    ("year", 31_536_000.0),
];

/// How often something happens: events per second, as the mean over a week and in the busiest
/// minute.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Rate {
    /// Mean over a week, per second.
    pub mean: f64,
    /// Busiest minute, per second; the mean where the model states no peak.
    pub peak: f64,
}

/// A percentile, as a share between 0 and 1 (p95 is 0.95).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Percentile(pub f64);

/// Percentiles of a latency, in rising order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Percentiles(pub Vec<(Percentile, Duration)>);

impl Percentiles {
    /// The stated value of one percentile, for example 0.95.
    #[must_use]
    pub fn at(&self, percentile: f64) -> Option<Duration> {
        let near = |p: &Percentile| (p.0 - percentile).abs() < 1e-9;
        self.0.iter().find(|(p, _)| near(p)).map(|&(_, duration)| duration)
    }
}

/// An amount of money in a currency, optionally per unit of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Amount in millionths of the currency unit.
    pub micros: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// One of the names of [`RATE_PER`], if it is a price per time.
    pub per: Option<String>,
}

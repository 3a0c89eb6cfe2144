//! Units of numbers, and how people write values in them.

use crate::facts;

/// The unit that a value counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain count.
    Count,
    /// Whole things, such as people.
    Whole,
    /// A multiple.
    Factor,
    /// Per second.
    PerSecond,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share between 0 and 1, of which what it leaves to 1 matters: an availability.
    Availability,
    /// A share, as a part of something.
    Share,
    /// Money, in whole units of the currency.
    Money,
}

impl Unit {
    /// The unit as people call it; empty for a plain count.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count | Self::Whole => "",
            Self::Factor => "x",
            Self::PerSecond => "per second",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Availability | Self::Share => "share",
            Self::Money => "currency units",
        }
    }

    /// A value as people read it: `10k`, `99.95 %`, `200 ms`, `1200/s`.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Count | Self::Whole | Self::Money => facts::people(value),
            Self::Factor => format!("{}x", facts::people(value)),
            Self::PerSecond => facts::per_second(value),
            Self::Seconds => span(value),
            Self::Bytes => facts::bytes(value),
            Self::Availability => facts::percent(value),
            Self::Share => format!("{} %", facts::people(value * 100.0)),
        }
    }

    /// The value that is moved on a logarithmic scale: of an availability, what it leaves to 1.
    #[must_use]
    pub fn scaled(self, value: f64) -> f64 {
        if self == Self::Availability { 1.0 - value } else { value }
    }

    /// The value that a scaled one stands for.
    #[must_use]
    pub fn unscaled(self, scaled: f64) -> f64 {
        match self {
            Self::Availability => 1.0 - scaled,
            Self::Whole => scaled.round(),
            _ => scaled,
        }
    }
}

/// A time, in days, hours or minutes where it is long.
fn span(seconds: f64) -> String {
    match seconds {
        long if long >= 2.0 * 86_400.0 => format!("{} d", facts::people(long / 86_400.0)),
        long if long >= 2.0 * 3_600.0 => format!("{} h", facts::people(long / 3_600.0)),
        long if long >= 120.0 => format!("{} min", facts::people(long / 60.0)),
        short => facts::seconds(short),
    }
}

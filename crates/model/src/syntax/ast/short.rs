//! The short forms as typed values.

use base::{Duration, Rate, Share, Spanned};

use super::Path;
use crate::model::RetainEnd;

/// `volume`.
#[derive(Clone, Debug, PartialEq)]
pub enum VolumeSyntax {
    /// `2M + 60k/month`.
    Rows {
        /// Rows at the start.
        rows: f64,
        /// Rows per second before retention.
        inflow: Option<Spanned<Rate>>,
    },
    /// `3 per Order`.
    Per {
        /// Mean number.
        count: f64,
        /// Per row of this entity.
        entity: Path,
    },
}

/// `rate`.
#[derive(Clone, Debug, PartialEq)]
pub enum RateSyntax {
    /// `4/s peak 40/s`, `60k/month in 40h/week`.
    Requests {
        /// Mean over a week and busiest minute. Without a stated peak it is the mean, or with
        /// `in Nh/week` the mean within those hours.
        rate: Rate,
        /// Whether the peak was written.
        peak_stated: bool,
        /// `in Nh/week`.
        hours_per_week: Option<f64>,
    },
    /// `5k open x 1/s fan-out 3`.
    Open {
        /// Streams held open at once.
        count: f64,
        /// Messages per second on each.
        per_stream: Option<Spanned<Rate>>,
        /// Receivers per message.
        fan_out: Option<Spanned<f64>>,
    },
}

/// `80%/year`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Growth in a year; other periods are compounded.
    pub per_year: Share,
}

/// `range`: both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RangeSyntax<T> {
    /// Least value, if stated.
    pub min: Option<T>,
    /// Greatest value, if stated.
    pub max: Option<T>,
}

/// `retain`: `2y after deleted_at then anonymise`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retain {
    /// How long after.
    pub period: Spanned<Duration>,
    /// The field that starts the period.
    pub after: Option<Spanned<String>>,
    /// What then happens; `delete` unless stated.
    pub end: RetainEnd,
}

/// `10 in 1..720` or `1..720`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batch {
    /// Mean size, if stated.
    pub mean: Option<f64>,
    /// Fewest items.
    pub min: u32,
    /// Most items.
    pub max: u32,
}

/// `zipf 1.0` or `hot 9%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Skew {
    /// Popularity falls with this power of the rank.
    Zipf(f64),
    /// The hottest row draws this share.
    Hot(Share),
}

/// `1d at 02:00` or `month at 00:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// How often.
    pub period: Period,
    /// Minutes after midnight in the system's time zone.
    pub at: Option<u16>,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A fixed length of time.
    Duration(Duration),
    /// The first day of each month.
    Month,
}

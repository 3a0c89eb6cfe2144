//! Loads at the levels that a design is sized for.

use std::iter::Sum;
use std::ops::{Add, Mul};

/// A level of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// D1: the stated peak. What is provisioned.
    Peak,
    /// Three times D1.
    Triple,
    /// Ten times D1.
    Tenfold,
    /// D2: the peak times the greater of headroom and two years' growth. What can be reached
    /// without a new design.
    Reach,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 4] = [Self::Peak, Self::Triple, Self::Tenfold, Self::Reach];

    /// As documents call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peak => "1x (D1)",
            Self::Triple => "3x",
            Self::Tenfold => "10x",
            Self::Reach => "D2",
        }
    }

    /// Multiple of D1; none for D2, which differs by context.
    #[must_use]
    pub const fn multiple(self) -> Option<f64> {
        match self {
            Self::Peak => Some(1.0),
            Self::Triple => Some(3.0),
            Self::Tenfold => Some(10.0),
            Self::Reach => None,
        }
    }
}

/// Something that comes with the requests: so much a second, or at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Mean over a week.
    pub mean: f64,
    /// At the stated peak: D1.
    pub peak: f64,
    /// Mean when D2 is reached.
    pub mean_at_reach: f64,
    /// D2. Never a multiple of anything provisioned: the two loads are not multiplied.
    pub reach: f64,
}

impl Load {
    /// A load that has a peak, and `reach` times it within reach.
    #[must_use]
    pub fn new(mean: f64, peak: f64, reach: f64) -> Self {
        Self { mean, peak, mean_at_reach: mean * reach, reach: peak * reach }
    }

    /// In the busiest minute of a level.
    #[must_use]
    pub fn at(self, level: Level) -> f64 {
        level.multiple().map_or(self.reach, |multiple| self.peak * multiple)
    }

    /// With each of its rates turned into another.
    #[must_use]
    pub fn each(self, turned: impl Fn(f64) -> f64) -> Self {
        Self {
            mean: turned(self.mean),
            peak: turned(self.peak),
            mean_at_reach: turned(self.mean_at_reach),
            reach: turned(self.reach),
        }
    }

    /// In the mean, at a level.
    #[must_use]
    pub fn mean_at(self, level: Level) -> f64 {
        level.multiple().map_or(self.mean_at_reach, |multiple| self.mean * multiple)
    }
}

impl Add for Load {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            mean: self.mean + other.mean,
            peak: self.peak + other.peak,
            mean_at_reach: self.mean_at_reach + other.mean_at_reach,
            reach: self.reach + other.reach,
        }
    }
}

impl Mul<f64> for Load {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self {
            mean: self.mean * factor,
            peak: self.peak * factor,
            mean_at_reach: self.mean_at_reach * factor,
            reach: self.reach * factor,
        }
    }
}

impl Sum for Load {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

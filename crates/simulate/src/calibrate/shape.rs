//! How long something takes: the few families of distributions that times of services are fitted
//! to, in seconds.

use queueing::Lognormal;

use crate::kernel::Distribution;

const NANOSECONDS: f64 = 1e9;

/// A distribution of times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Always the same.
    Constant(f64),
    /// The logarithm is normal.
    Lognormal(Lognormal),
    /// One of two exponentials: the share of the first, and both means.
    Phases {
        /// Share of the first, between 0 and 1.
        share: f64,
        /// Mean of the first.
        first: f64,
        /// Mean of the second.
        second: f64,
    },
}

impl Shape {
    /// Lognormal with this mean and coefficient of variation; a constant where there is none of one.
    #[must_use]
    pub fn spread(mean: f64, variation: f64) -> Self {
        if mean <= 0.0 || variation <= 0.0 {
            return Self::Constant(mean.max(0.0));
        }
        let square = libm::log1p(variation * variation);
        let location = libm::log(mean) - square / 2.0;
        Self::Lognormal(Lognormal { location, scale: libm::sqrt(square) })
    }

    /// Mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Lognormal(of) => libm::exp(of.location + of.scale * of.scale / 2.0),
            Self::Phases { share, first, second } => share * first + (1.0 - share) * second,
        }
    }

    /// Coefficient of variation: standard deviation over mean.
    #[must_use]
    pub fn variation(&self) -> f64 {
        libm::sqrt(self.distribution().variability().max(0.0))
    }

    /// Share of times up to this one.
    #[must_use]
    pub fn below(&self, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        match self {
            Self::Constant(value) => f64::from(u8::from(time >= *value)),
            Self::Lognormal(of) => normal_below((libm::log(time) - of.location) / of.scale),
            Self::Phases { share, first, second } => {
                let phase = |mean: f64| -libm::expm1(-time / mean);
                share * phase(*first) + (1.0 - share) * phase(*second)
            }
        }
    }

    /// The time below which this share lies.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Lognormal(of) => of.quantile(share),
            Self::Phases { first, second, .. } => {
                // Between nothing and the slower phase alone; halved until it no longer matters.
                let slowest = -libm::log1p(-share) * first.max(*second);
                let (mut low, mut high) = (0.0, slowest);
                for _ in 0..100 {
                    let middle = f64::midpoint(low, high);
                    match self.below(middle) < share {
                        true => low = middle,
                        false => high = middle,
                    }
                }
                high
            }
        }
    }

    /// The same, but everything so many times as long.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        match *self {
            _ if factor <= 0.0 => Self::Constant(0.0),
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Lognormal(of) => {
                let location = of.location + libm::log(factor);
                Self::Lognormal(Lognormal { location, scale: of.scale })
            }
            Self::Phases { share, first, second } => {
                Self::Phases { share, first: first * factor, second: second * factor }
            }
        }
    }

    /// As the simulator draws it, in nanoseconds.
    #[must_use]
    pub fn distribution(&self) -> Distribution {
        match self.times(NANOSECONDS) {
            Self::Constant(value) => Distribution::Constant(value),
            Self::Lognormal(Lognormal { location, scale }) => {
                Distribution::Lognormal { location, scale }
            }
            Self::Phases { share, first, second } => {
                Distribution::Hyperexponential(vec![(share, first), (1.0 - share, second)])
            }
        }
    }
}

/// Share of a standard normal variable up to this value.
pub(super) fn normal_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_shares_are_each_other_turned_round() {
        let shapes =
            [Shape::spread(0.01, 0.5), Shape::Phases { share: 0.9, first: 0.001, second: 0.05 }];
        for shape in shapes {
            for share in [0.01, 0.5, 0.95, 0.99] {
                assert!((shape.below(shape.quantile(share)) - share).abs() < 1e-9, "{shape:?}");
            }
            assert!((shape.times(3.0).mean() / shape.mean() - 3.0).abs() < 1e-9);
            assert!((shape.distribution().mean() / 1e9 / shape.mean() - 1.0).abs() < 1e-9);
        }
        assert!((Shape::spread(0.01, 0.5).variation() - 0.5).abs() < 1e-9);
        assert_eq!(Shape::spread(0.0, 0.5), Shape::Constant(0.0));
    }
}

//! Where values lie along an axis, and which of them are marked.

use crate::output::format::{digits, shortened, time};

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Equal steps for equal differences.
    Linear {
        /// Its lowest value.
        from: f64,
        /// Its highest.
        to: f64,
    },
    /// Equal steps for equal factors.
    Logarithmic {
        /// Its lowest value, above zero.
        from: f64,
        /// Its highest.
        to: f64,
    },
    /// Shares of requests, each ten times closer to all of them a step further: as HDR plots have
    /// percentiles.
    Tail {
        /// The greatest share.
        to: f64,
    },
}

impl Scale {
    /// From zero to a round number at least as great as all of these.
    pub(super) fn up_to(values: impl Iterator<Item = f64>) -> Self {
        let most = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        if most <= 0.0 {
            return Self::Linear { from: 0.0, to: 1.0 };
        }
        let step = step(most, 4.0);
        Self::Linear { from: 0.0, to: (most / step - 1e-9).ceil() * step }
    }

    /// Holds all of these that are above zero, with some room.
    pub(super) fn of_times(values: impl Iterator<Item = f64>) -> Self {
        let positive = values.filter(|value| *value > 0.0 && value.is_finite());
        let bounds = positive.fold(None, |bounds: Option<(f64, f64)>, value| {
            Some(bounds.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = bounds.unwrap_or((1e-3, 1.0));
        let (from, to) = (low / 1.3, high * 1.3);
        // At least half of a decade, so that noise does not look like a mountain.
        let widen = (3.16 / (to / from)).max(1.0).sqrt();
        Self::Logarithmic { from: from / widen, to: to * widen }
    }

    /// Where a value lies, between 0 and 1; beyond the ends, at the end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match *self {
            Self::Linear { from, to } => (value - from) / (to - from),
            Self::Logarithmic { from, to } => {
                libm::log(value.max(from) / from) / libm::log(to / from)
            }
            Self::Tail { to } => libm::log10(1.0 - value.min(to)) / libm::log10(1.0 - to),
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The values that are marked, where there is room for so many; powers of ten are never left out.
    pub(super) fn ticks(&self, room: f64) -> Vec<f64> {
        match *self {
            Self::Linear { from, to } => {
                let step = step(to - from, room);
                let first = (from / step - 1e-9).ceil();
                let counts = (0..32).map(f64::from).map(|at| (first + at) * step);
                counts.take_while(|tick| *tick <= to + step * 1e-6).collect()
            }
            Self::Logarithmic { from, to } => {
                let decades = libm::log10(to / from);
                let parts: &[f64] = match () {
                    () if decades < 0.8 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
                    () if decades < 1.3 => &[1.0, 2.0, 5.0],
                    () if decades < 2.6 => &[1.0, 3.0],
                    () => &[1.0],
                };
                let first = libm::log10(from).floor();
                let powers = (0..32).map(|at| libm::pow(10.0, first + f64::from(at)));
                let ticks = powers.flat_map(|power| parts.iter().map(move |part| part * power));
                ticks.skip_while(|tick| *tick < from).take_while(|tick| *tick <= to).collect()
            }
            Self::Tail { to } => {
                let all = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
                all.into_iter().filter(|share| *share <= to).collect()
            }
        }
    }
}

/// A round step, of which about so many fit into a length.
fn step(length: f64, count: f64) -> f64 {
    let rough = (length / count).max(f64::MIN_POSITIVE);
    let power = libm::pow(10.0, libm::log10(rough).floor());
    let parts = [1.0, 2.0, 5.0, 10.0];
    power * parts.into_iter().find(|part| part * power >= rough * 0.999).unwrap_or(10.0)
}

/// A time at an axis: `5ms`, never `5.00ms`.
pub(super) fn short_time(seconds: f64) -> String {
    shortened(&time(seconds))
}

/// A number at an axis: `20`, never `20.0`.
pub(super) fn short_number(value: f64) -> String {
    shortened(&digits(value))
}

/// `p99.9` of a share.
pub(super) fn percentile(share: f64) -> String {
    // Shares such as 0.999 are no exact binary fractions.
    let percent = (share * 1e7).round() / 1e5;
    format!("p{percent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let scale = Scale::up_to([0.0, 2478.0].into_iter());
        assert_eq!(scale.ticks(4.0), [0.0, 1000.0, 2000.0, 3000.0]);
        assert_eq!(Scale::up_to([].into_iter()).ticks(4.0).len(), 3);
        let times = Scale::of_times([0.0009, 0.2].into_iter());
        let shown: Vec<String> = times.ticks(4.0).into_iter().map(short_time).collect();
        assert_eq!(shown, ["1ms", "3ms", "10ms", "30ms", "100ms"]);
        let close = Scale::of_times([0.01, 0.01].into_iter());
        assert!(close.ticks(4.0).len() >= 2, "{:?}", close.ticks(4.0));
        let tail = Scale::Tail { to: 0.999 };
        let shown: Vec<String> = tail.ticks(4.0).into_iter().map(percentile).collect();
        assert_eq!(shown, ["p50", "p90", "p99", "p99.9"]);
        assert!((tail.place(0.9) - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_lies_outside() {
        for scale in [
            Scale::Linear { from: 0.0, to: 0.0 },
            Scale::of_times([f64::NAN, -1.0].into_iter()),
            Scale::Tail { to: 0.99 },
        ] {
            for value in [-1.0, 0.0, 0.5, 2.0, f64::INFINITY, f64::NAN] {
                assert!((0.0..=1.0).contains(&scale.place(value)), "{scale:?} {value}");
            }
        }
    }
}

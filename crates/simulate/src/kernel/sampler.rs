//! A distribution with the stream it is drawn from. Times are drawn several at once: the logarithms
//! of a batch run side by side in the processor, where those of single draws would wait for each
//! other. A stream belongs to one thing and one purpose, so that nothing sees when it was drawn.

use super::{Distribution, Random, Time};

/// Times that are drawn at once.
const BATCH: usize = 16;

/// Draws from a distribution.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// What is drawn.
    pub distribution: Distribution,
    /// From what.
    pub random: Random,
    /// Times that were drawn ahead, and which of them is the next.
    times: [Time; BATCH],
    next: usize,
}

impl Sampler {
    /// The first of the stream is the next that is drawn.
    #[must_use]
    pub const fn new(distribution: Distribution, random: Random) -> Self {
        Self { distribution, random, times: [0; BATCH], next: BATCH }
    }

    /// A length of time, if the distribution is in nanoseconds.
    #[inline]
    pub fn time(&mut self) -> Time {
        if let Some(time) = self.times.get(self.next) {
            self.next += 1;
            return *time;
        }
        self.draw_batch();
        self.next = 1;
        self.times[0]
    }

    #[inline(never)]
    fn draw_batch(&mut self) {
        let mut values = [0.0; BATCH];
        self.distribution.draw_all(&mut self.random, &mut values);
        for (time, value) in self.times.iter_mut().zip(values) {
            *time = nanoseconds(value);
        }
    }

    /// A value, without looking ahead.
    #[inline]
    pub fn value(&mut self) -> f64 {
        self.distribution.draw(&mut self.random)
    }
}

/// Rounded to whole nanoseconds; what is too large, negative or no number is brought inside.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub(super) const fn nanoseconds(value: f64) -> Time {
    (value + 0.5) as Time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_single_draws() {
        let distributions = [
            Distribution::Exponential(1e9),
            Distribution::lognormal(1e9, 4.0),
            Distribution::balanced(1e9, 10.0),
            Distribution::Constant(7.0),
        ];
        for distribution in distributions {
            let mut random = Random::new(5);
            let mut sampler = Sampler::new(distribution.clone(), random.clone());
            for _ in 0..100 {
                assert_eq!(sampler.time(), nanoseconds(distribution.draw(&mut random)));
            }
        }
    }
}

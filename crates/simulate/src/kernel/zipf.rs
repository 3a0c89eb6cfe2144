//! Ranks by popularity: the n-th is drawn in proportion to `n^-exponent`.

use super::Random;

/// Zipf's law over so many ranks, drawn by rejection from the inverse of its integral (Hörmann and
/// Derflinger 1996): no table, about one draw for each rank, and `libm` for the same bits everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zipf {
    ranks: f64,
    exponent: f64,
    /// The integral where ranks begin and end.
    from: f64,
    to: f64,
    /// How far below a rank everything is accepted.
    sure: f64,
}

impl Zipf {
    /// At least one rank; an exponent of zero makes all alike.
    #[must_use]
    pub fn new(ranks: u64, exponent: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
        let ranks = ranks.max(1) as f64;
        let mut zipf = Self { ranks, exponent, from: 0.0, to: 0.0, sure: 0.0 };
        zipf.from = zipf.integral(1.5) - 1.0;
        zipf.to = zipf.integral(ranks + 0.5);
        zipf.sure = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.weight(2.0));
        zipf
    }

    /// How much a rank is asked for, to a common factor.
    #[must_use]
    pub fn weight(&self, rank: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(rank))
    }

    /// The sum of all weights: the first one by one, the rest as the integral that it nearly is
    /// (Euler and Maclaurin).
    #[must_use]
    pub fn total(&self) -> f64 {
        const SINGLE: u32 = 64;
        let single = self.ranks.min(f64::from(SINGLE));
        let mut total = 0.0;
        for rank in (1..=SINGLE).map(f64::from).take_while(|rank| *rank <= single) {
            total += self.weight(rank);
        }
        total + (self.integral(self.ranks + 0.5) - self.integral(single + 0.5)).max(0.0)
    }

    /// A rank, from one.
    pub fn draw(&self, random: &mut Random) -> u64 {
        loop {
            let at = self.to + random.inside() * (self.from - self.to);
            let near = self.inverse(at);
            let rank = libm::round(near).clamp(1.0, self.ranks);
            let accepted =
                rank - near <= self.sure || at >= self.integral(rank + 0.5) - self.weight(rank);
            if accepted {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between one and the number of ranks"
                )]
                return rank as u64;
            }
        }
    }

    /// The integral of the weight from one.
    fn integral(&self, rank: f64) -> f64 {
        let logarithm = libm::log(rank);
        let power = (1.0 - self.exponent) * logarithm;
        let slope = if power.abs() > 1e-8 { libm::expm1(power) / power } else { 1.0 + power / 2.0 };
        slope * logarithm
    }

    /// The rank up to which the integral is `value`.
    fn inverse(&self, value: f64) -> f64 {
        let power = (value * (1.0 - self.exponent)).max(-1.0);
        let slope = if power.abs() > 1e-8 { libm::log1p(power) / power } else { 1.0 - power / 2.0 };
        libm::exp(slope * value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_come_as_often_as_they_are_popular() {
        for exponent in [0.0, 0.8, 1.0, 1.3] {
            let zipf = Zipf::new(1_000, exponent);
            let total = zipf.total();
            let (mut random, mut counts) = (Random::new(7), vec![0u32; 1_001]);
            for _ in 0..400_000 {
                counts[zipf.draw(&mut random) as usize] += 1;
            }
            assert_eq!(counts[0], 0);
            for rank in [1u32, 2, 10, 100, 1_000] {
                let wanted = 400_000.0 * zipf.weight(f64::from(rank)) / total;
                let found = f64::from(counts[rank as usize]);
                // Five standard deviations.
                assert!((found - wanted).abs() < 5.0 * wanted.sqrt() + 1.0, "{rank} {exponent}");
            }
        }
    }

    #[test]
    fn one_rank_is_always_drawn() {
        let mut random = Random::new(1);
        assert_eq!(Zipf::new(1, 0.9).draw(&mut random), 1);
        assert!((Zipf::new(1, 0.9).total() - 1.0).abs() < 1e-12);
    }
}

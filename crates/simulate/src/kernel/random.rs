//! Random numbers that are the same everywhere and for ever: xoshiro256++ (Blackman and Vigna 2021)
//! with one stream per replication, name and purpose.
//!
//! A stream is seeded by what it is *for*, never by its position or by how often others drew. So a
//! station that is added moves no number of another one, and two designs see the same customers.

/// What a run draws its numbers from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The seed that a person chose.
    pub seed: u64,
    /// Which of the independent replications.
    pub replication: u32,
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Seed {
    /// The stream of one thing for one purpose, for example `web` and `service`.
    #[must_use]
    pub fn stream(self, name: &str, purpose: &str) -> Random {
        let mut hash = fnv(fnv(0xcbf2_9ce4_8422_2325, name.as_bytes()), &[0]);
        hash = fnv(hash, purpose.as_bytes());
        let mut mixed = mix(self.seed) ^ hash;
        mixed = mix(mixed).wrapping_add(u64::from(self.replication));
        Random::new(mix(mixed))
    }
}

/// The hash of Fowler, Noll and Vo, variant 1a.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// A stream from one number, spread over the state by SplitMix64 as the authors advise.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let part = |n: u64| mix(seed.wrapping_add(GOLDEN.wrapping_mul(n)));
        Self { state: [part(0), part(1), part(2), part(3)] }
    }

    /// The next 64 bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number above zero and at most one, so that its logarithm is finite.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub const fn positive(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A number strictly between zero and one: never an end, where quantiles are infinite.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "52 bits and a half fit exactly")]
    pub const fn inside(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // From the reference code with the state 1, 2, 3, 4.
        let mut random = Random { state: [1, 2, 3, 4] };
        let found: Vec<u64> = (0..4).map(|_| random.bits()).collect();
        assert_eq!(found, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn streams_depend_on_what_they_are_for() {
        let seed = Seed { seed: 1, replication: 0 };
        let first = |seed: Seed, name, purpose| seed.stream(name, purpose).bits();
        let one = first(seed, "web", "service");
        assert_eq!(one, first(seed, "web", "service"));
        assert_ne!(one, first(seed, "web", "route"));
        assert_ne!(one, first(seed, "we", "bservice"));
        assert_ne!(one, first(Seed { replication: 1, ..seed }, "web", "service"));
        assert_ne!(one, first(Seed { seed: 2, ..seed }, "web", "service"));
    }

    #[test]
    fn numbers_stay_inside_their_bounds_and_are_even() {
        let mut random = Random::new(7);
        let mut sum = 0.0;
        for _ in 0..100_000 {
            let (positive, inside) = (random.positive(), random.inside());
            assert!(positive > 0.0 && positive <= 1.0 && inside > 0.0 && inside < 1.0);
            sum += inside;
        }
        assert!((sum / 100_000.0 - 0.5).abs() < 0.005);
    }
}

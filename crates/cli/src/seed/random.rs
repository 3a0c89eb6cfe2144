//! Random numbers that repeat: the same seed gives the same rows on every machine.

use sha2::{Digest as _, Sha256};

/// `SplitMix64`: tiny, and good enough for plausible data; nothing secret comes from it.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each purpose, so that more rows of one kind do not change another.
    #[must_use]
    pub fn of(seed: u64, purpose: &str, index: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(index.to_le_bytes());
        hash.update(purpose.as_bytes());
        let digest = hash.finalize();
        let first = digest.iter().take(8).fold(0, |state, &byte| state << 8 | u64::from(byte));
        Self(first)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number in `min..=max`; `min` where the range is empty.
    pub fn between(&mut self, min: i64, max: i64) -> i64 {
        let width = i128::from(max) - i128::from(min) + 1;
        if width <= 1 {
            return min;
        }
        let offset = i128::from(self.bits()) % width;
        i64::try_from(i128::from(min) + offset).unwrap_or(min)
    }

    /// A position below `len`, or `None` if there is none.
    pub fn below(&mut self, len: usize) -> Option<usize> {
        let last = i64::try_from(len).ok()?.checked_sub(1).filter(|last| *last >= 0)?;
        usize::try_from(self.between(0, last)).ok()
    }

    /// A number in 0..1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// One of the items; the default where there is none.
    pub fn pick<T: Clone + Default>(&mut self, items: &[T]) -> T {
        self.below(items.len()).and_then(|at| items.get(at).cloned()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn streams_repeat_and_differ_by_purpose_and_index() {
        let first = |purpose, index| Random::of(7, purpose, index).bits();
        assert_eq!(first("a", 1), first("a", 1));
        assert_ne!(first("a", 1), first("b", 1));
        assert_ne!(first("a", 1), first("a", 2));
    }

    #[test]
    fn ranges_hold_at_their_ends() {
        let mut random = Random::of(1, "x", 0);
        assert!((0..1000).all(|_| (-3..=4).contains(&random.between(-3, 4))));
        assert_eq!(random.between(5, 5), 5);
        assert_eq!(random.between(5, 4), 5);
        let _ = random.between(i64::MIN, i64::MAX);
        assert_eq!(random.below(0), None);
    }
}

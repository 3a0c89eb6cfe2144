//! How often what answers are made of has changed, as far as this process knows.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::Tag;

/// Counters; a power of two. Tags that share one are made old together.
const SLOTS: usize = 1 << 14;

/// A counter for each tag, in bounded memory.
#[derive(Debug)]
pub struct Generations {
    slots: Box<[AtomicU64]>,
}

/// The state of some tags. None of the counters ever falls, so two stamps of the same tags are
/// equal only if nothing happened to any of them between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Default for Generations {
    fn default() -> Self {
        Self { slots: std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect() }
    }
}

impl Generations {
    /// The state of these tags now: taken before the store is asked, it is what the answer has.
    pub(crate) fn stamp(&self, tags: &[Tag]) -> Stamp {
        let all = std::iter::once(&Tag::EVERYTHING).chain(tags);
        Stamp(
            all.filter_map(|tag| self.slot(*tag))
                .fold(0, |sum, slot| sum.wrapping_add(slot.load(SeqCst))),
        )
    }

    /// Makes old what is made of one of these tags.
    pub fn bump(&self, tags: &[Tag]) {
        tags.iter().filter_map(|tag| self.slot(*tag)).for_each(|slot| {
            slot.fetch_add(1, SeqCst);
        });
    }

    fn slot(&self, tag: Tag) -> Option<&AtomicU64> {
        let at = match tag {
            Tag::EVERYTHING => 0,
            Tag(number) => 1 + usize::try_from(number % (SLOTS as u64 - 1)).unwrap_or(0),
        };
        self.slots.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_differs_once_one_of_its_tags_has_changed() {
        let generations = Generations::default();
        let tags = [Tag(11), Tag(12)];
        let before = generations.stamp(&tags);
        generations.bump(&[Tag(13)]);
        assert_eq!(generations.stamp(&tags), before);
        generations.bump(&[Tag(12)]);
        let after = generations.stamp(&tags);
        assert_ne!(after, before);
        generations.bump(&[Tag::EVERYTHING]);
        assert_ne!(generations.stamp(&tags), after);
    }
}

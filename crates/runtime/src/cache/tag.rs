//! What answers are made of, and what a write makes old.

use expression::{EntityId, FieldIndex, Value, row_id};

use crate::store::Tenant;

/// The name of a set of rows, as a number that is the same in every process. Two sets with one
/// number are made old together, which costs a read and is never wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u64);

impl Tag {
    /// Everything: bumped when changes may have been missed.
    pub const EVERYTHING: Self = Self(0);

    /// All rows of an entity that a tenant has: lists, and conditions that follow references.
    pub(crate) fn rows(entity: EntityId, tenant: Tenant) -> Self {
        let tenant = match tenant {
            Tenant::None => 0,
            Tenant::One(id) => id,
            Tenant::All => u128::MAX,
        };
        Mix::of(1, entity).with(&tenant.to_le_bytes()).done()
    }

    /// One row.
    pub(crate) fn row(entity: EntityId, id: u128) -> Self {
        Mix::of(2, entity).with(&id.to_le_bytes()).done()
    }

    /// The row with a unique value, whether there is one or not.
    pub(crate) fn key(entity: EntityId, field: FieldIndex, value: &Value) -> Self {
        let mix = Mix::of(3, entity).with(&field.0.to_le_bytes());
        match (row_id(value), value) {
            (Some(id), _) => mix.with(&id.to_le_bytes()).done(),
            (None, Value::Text(text)) => mix.with(text.as_bytes()).done(),
            (None, Value::Int(number)) => mix.with(&number.to_le_bytes()).done(),
            // Values that can be written in several ways share one number.
            _ => mix.done(),
        }
    }
}

/// FNV-1a, then stirred so that the lower bits depend on all.
struct Mix(u64);

impl Mix {
    fn of(kind: u8, entity: EntityId) -> Self {
        Self(0xcbf2_9ce4_8422_2325).with(&[kind]).with(&entity.0.to_le_bytes())
    }

    fn with(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }

    const fn done(self) -> Tag {
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Tag((mixed ^ (mixed >> 31)) | 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_has_different_numbers() {
        let entity = EntityId(3);
        let tags = [
            Tag::EVERYTHING,
            Tag::rows(entity, Tenant::None),
            Tag::rows(entity, Tenant::All),
            Tag::rows(entity, Tenant::One(7)),
            Tag::rows(EntityId(4), Tenant::None),
            Tag::row(entity, 7),
            Tag::row(entity, 8),
            Tag::key(entity, FieldIndex(1), &Value::text("a")),
            Tag::key(entity, FieldIndex(1), &Value::text("b")),
            Tag::key(entity, FieldIndex(2), &Value::text("a")),
        ];
        let different: std::collections::BTreeSet<Tag> = tags.into_iter().collect();
        assert_eq!(different.len(), tags.len());
        assert_eq!(Tag::row(entity, 7), Tag::row(entity, 7));
    }
}

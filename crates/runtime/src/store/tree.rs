//! Rows with the rows around them, read by one statement.

use expression::{EntityId, FieldIndex, Value};

use super::query::{Condition, PageQuery};

/// A question for rows and what hangs on them. Whoever asks bounds its depth and width.
#[derive(Clone, Debug)]
pub struct TreeQuery {
    /// Which rows.
    pub root: Root,
    /// What of them.
    pub level: Level,
}

/// Where a tree begins.
#[derive(Clone, Debug)]
pub enum Root {
    /// The one row with a value of `id` or of a unique field.
    Row {
        /// The field.
        field: FieldIndex,
        /// Its value; null finds nothing.
        value: Value,
        /// All of these must hold.
        conditions: Vec<Condition>,
    },
    /// The rows with these ids, in no particular order.
    Rows {
        /// The ids.
        ids: Vec<u128>,
        /// All of these must hold.
        conditions: Vec<Condition>,
    },
    /// A page.
    Page(PageQuery),
}

/// What is read of the rows of an entity.
#[derive(Clone, Debug)]
pub struct Level {
    /// The entity.
    pub entity: EntityId,
    /// Its fields, each once.
    pub fields: Vec<FieldIndex>,
    /// References that are followed.
    pub references: Vec<Reference>,
    /// Parts.
    pub parts: Vec<PartLevel>,
}

/// A reference that is followed, to rows that are not deleted.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The field of the row, or of the part's row, that holds it.
    pub field: FieldIndex,
    /// All of these must hold for the row that it names, else it is as if there were none.
    pub conditions: Vec<Condition>,
    /// What of that row.
    pub level: Level,
}

/// What is read of a part.
#[derive(Clone, Debug)]
pub struct PartLevel {
    /// Position of the part in its entity.
    pub part: u16,
    /// Fields of its rows, each once.
    pub fields: Vec<FieldIndex>,
    /// References of its rows that are followed.
    pub references: Vec<Reference>,
}

/// A row as it was asked for; of a part, without an id of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeRow {
    /// Its id; 0 for a row of a part.
    pub id: u128,
    /// In the order of [`Level::fields`].
    pub fields: Vec<Value>,
    /// In the order of [`Level::references`].
    pub references: Vec<Option<Self>>,
    /// In the order of [`Level::parts`]; the rows in their own order.
    pub parts: Vec<Vec<Self>>,
    /// Values that the asker computes: a store leaves them out.
    pub computed: Vec<Value>,
}

/// The rows of a tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    /// In the order of the page; at most its limit.
    pub rows: Vec<TreeRow>,
    /// Whether more follow.
    pub more: bool,
}

impl Level {
    /// A level without anything.
    #[must_use]
    pub const fn of(entity: EntityId) -> Self {
        Self { entity, fields: Vec::new(), references: Vec::new(), parts: Vec::new() }
    }

    /// Asks for a field; its position among what is read.
    pub fn field(&mut self, field: FieldIndex) -> usize {
        position(&mut self.fields, field)
    }
}

impl PartLevel {
    /// Asks for a field; its position among what is read.
    pub fn field(&mut self, field: FieldIndex) -> usize {
        position(&mut self.fields, field)
    }
}

fn position(fields: &mut Vec<FieldIndex>, field: FieldIndex) -> usize {
    fields.iter().position(|known| *known == field).unwrap_or_else(|| {
        fields.push(field);
        fields.len() - 1
    })
}

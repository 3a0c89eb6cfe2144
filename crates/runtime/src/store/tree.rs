//! Rows with the rows around them, read by one statement.

use std::any::Any;
use std::sync::{Arc, PoisonError, RwLock};

use expression::{EntityId, FieldIndex, Value};

use super::StoreError;
use super::query::{Condition, PageQuery};

/// Most statements that are kept with one shape.
const KEPT: usize = 16;

/// A question for rows and what hangs on them. Whoever asks bounds its depth and width.
#[derive(Clone, Debug)]
pub struct TreeQuery {
    /// Which rows.
    pub root: Root,
    /// What of them.
    pub shape: Arc<TreeShape>,
    /// The conditions under which references are followed, by [`Reference::door`].
    pub doors: Vec<Vec<Condition>>,
}

/// What is read of rows and of those around them, for one question or for many.
#[derive(Debug)]
pub struct TreeShape {
    /// Of the rows of the root.
    pub level: Level,
    /// What a store has made of it for questions of the same kind.
    kept: RwLock<Vec<(QueryKind, Statement)>>,
}

/// What a store keeps.
type Statement = Arc<dyn Any + Send + Sync>;

/// What of a question its statement depends on, besides the shape: all but values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryKind(Vec<u32>);

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
    /// Which conditions must hold for the row that it names, else it is as if there were none: their
    /// number in [`TreeQuery::doors`].
    pub door: usize,
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
    /// In the order of the page; at most its limit, and fewer where they reach
    /// [`PAGE_BYTES`](super::PAGE_BYTES).
    pub rows: Vec<TreeRow>,
    /// Whether more follow.
    pub more: bool,
}

impl TreeQuery {
    /// What of the rows.
    #[must_use]
    pub fn level(&self) -> &Level {
        &self.shape.level
    }

    /// The conditions under which a reference is followed.
    ///
    /// # Errors
    /// [`StoreError::Internal`] where the question has none of that number: none would be too few.
    pub fn door(&self, reference: &Reference) -> Result<&[Condition], StoreError> {
        self.doors.get(reference.door).map(Vec::as_slice).ok_or_else(|| StoreError::Internal {
            message: "a reference without its conditions".to_owned(),
        })
    }

    /// Of which kind it is, for work that is for everybody or for one tenant; nothing of pages,
    /// whose kinds are many.
    #[must_use]
    pub fn kind(&self, everybody: bool) -> Option<QueryKind> {
        let Root::Row { field, conditions, .. } = &self.root else { return None };
        let mut kind = vec![u32::from(everybody), u32::from(field.0)];
        for conditions in std::iter::once(conditions).chain(&self.doors) {
            // Longer than any number of a condition, so that no list is taken for another.
            kind.push(u32::MAX);
            for condition in conditions {
                kind.push(u32::MAX - 1);
                kind.extend(condition.any.iter().map(|bound| bound.predicate.number));
            }
        }
        Some(QueryKind(kind))
    }
}

impl TreeShape {
    /// The shape of a level.
    #[must_use]
    pub const fn new(level: Level) -> Self {
        Self { level, kept: RwLock::new(Vec::new()) }
    }

    /// What a store has kept for questions of this kind.
    #[must_use]
    pub fn kept<T: Any + Send + Sync>(&self, kind: &QueryKind) -> Option<Arc<T>> {
        let all = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let (_, statement) = all.iter().find(|(of, _)| of == kind)?;
        Arc::clone(statement).downcast().ok()
    }

    /// Keeps something for the next question of this kind.
    pub fn keep<T: Any + Send + Sync>(&self, kind: QueryKind, statement: Arc<T>) {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, _)| *of != kind);
        if all.len() >= KEPT {
            all.clear();
        }
        all.push((kind, statement));
    }
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

//! What was worked out for a selection: what is read, and how it is written.

use std::sync::{Arc, PoisonError, RwLock};

use expression::{EntityId, FieldIndex, Type, ir::Expression};
use model::model::OperationId;

use crate::store::TreeShape;

/// How a selection is read and written for whoever may go the same ways to the rows of others.
#[derive(Debug)]
pub(super) struct TreePlan {
    pub operation: OperationId,
    /// The ways that were asked about, in their order, and whether they are open.
    pub doors: Vec<(OperationId, bool)>,
    /// By what a page is sorted, with its position among what is read.
    pub sorted_by: Vec<(FieldIndex, usize)>,
    pub planned: Planned,
    /// What the store is asked.
    pub shape: Arc<TreeShape>,
    /// References that cannot be joined.
    pub laters: Vec<Later>,
}

/// Most plans of one selection: there are as many as there are kinds of callers.
const KEPT: usize = 16;

/// The plans of a selection.
#[derive(Debug, Default)]
pub(crate) struct TreePlans(RwLock<Vec<Arc<TreePlan>>>);

impl TreePlans {
    pub(super) fn all(&self) -> Vec<Arc<TreePlan>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn keep(&self, plan: Arc<TreePlan>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.clear();
        }
        all.push(plan);
    }
}

/// Rows of one entity: what is written of each.
#[derive(Debug)]
pub(super) struct Planned {
    /// What is written.
    pub items: Vec<Item>,
    /// What is computed, over the whole row and its parts.
    pub computed: Vec<Expression>,
    /// As whom: a position in [`super::doors::Ways::actors`].
    pub actor: usize,
    pub entity: EntityId,
    /// Of the rows that references name, in the order of the level's.
    pub references: Vec<Self>,
    /// Of the rows that references of parts' rows name, part by part.
    pub parts: Vec<Vec<Self>>,
}

/// A property as it is written.
#[derive(Debug)]
pub(super) struct Item {
    /// `"name":`
    pub key: Vec<u8>,
    pub source: Source,
}

/// Where a property comes from: a row, a part's row, or a value of several properties.
#[derive(Debug)]
pub(super) enum Source {
    Constant(&'static str),
    Text(String),
    /// A value of the row, by its position among what was read.
    Field(usize, Type, Form),
    /// A value that was computed.
    Computed(usize, Type, Form),
    /// The rows of a part; one or none where it is `one`.
    Part(usize, bool, Vec<Item>),
    /// The row that a reference names.
    Reference(usize),
    /// The row that a value names, read afterwards.
    Later(Box<Self>, usize),
    Group(Vec<Item>),
}

/// How a value is written.
#[derive(Debug)]
pub(super) enum Form {
    Plain,
    Capitals,
    /// Of values of several properties, by position.
    Object(Vec<Item>),
}

/// References that cannot be joined.
#[derive(Debug)]
pub(super) struct Later {
    pub planned: Planned,
    pub shape: Arc<TreeShape>,
    /// The number of the way to the rows that they name.
    pub door: usize,
}

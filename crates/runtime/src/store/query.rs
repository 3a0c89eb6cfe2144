//! Questions to a store: conditions, pages, cursors.

use std::sync::Arc;

use expression::value::Geo;
use expression::{EntityId, FieldIndex, Row, Value, ir::Expression};

/// A condition over rows of an entity, compiled by [`super::Store::predicate`].
#[derive(Clone, Debug)]
pub struct Predicate {
    /// Its position in the store that compiled it.
    pub number: u32,
    /// The entity whose rows it is about.
    pub entity: EntityId,
    /// The expressions that do not depend on the row; their values, in this order, are bound.
    pub parameters: Arc<[Expression]>,
}

/// A predicate with its values for one use.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The predicate.
    pub predicate: Predicate,
    /// A value for each of its parameters.
    pub values: Vec<Value>,
}

/// Holds where any of the alternatives holds; nowhere if there is none.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// The alternatives.
    pub any: Vec<Bound>,
}

impl From<Bound> for Condition {
    fn from(bound: Bound) -> Self {
        Self { any: vec![bound] }
    }
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// `field=value`; null equals null.
    Equal,
    /// `field=value&field=value`: one of a list of values, of which null is one like others.
    AnyOf,
    /// `field.ne=value`: none of a list of values, of which null is one like others.
    NoneOf,
    /// `field.gt=value`
    Greater,
    /// `field.gte=value`
    GreaterOrEqual,
    /// `field.lt=value`
    Less,
    /// `field.lte=value`
    LessOrEqual,
}

/// What a client chose to see.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The field.
    pub field: FieldIndex,
    /// How it compares.
    pub comparison: Comparison,
    /// To what: a value of the field's type, or a list of them.
    pub value: Value,
}

impl Filter {
    /// Rows with one of these values.
    #[must_use]
    pub fn any_of(field: FieldIndex, values: impl Into<Arc<[Value]>>) -> Self {
        Self { field, comparison: Comparison::AnyOf, value: Value::List(values.into()) }
    }

    /// Rows with none of these values.
    #[must_use]
    pub fn none_of(field: FieldIndex, values: impl Into<Arc<[Value]>>) -> Self {
        Self { field, comparison: Comparison::NoneOf, value: Value::List(values.into()) }
    }
}

/// One of the fields that order a page: nulls last in both directions. Money is ordered by currency,
/// then by amount; places, which have no order, by their distance where the page is near one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: FieldIndex,
    /// Whether greatest first.
    pub descending: bool,
}

/// The place in the order after which a page starts: that of the last row of the page before.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// The row's values of the sort fields, in their order.
    pub values: Vec<Value>,
    /// The row's id.
    pub id: u128,
}

/// Rows within a distance of a point.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// The field of type `geo`.
    pub field: FieldIndex,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres.
    pub within: f64,
}

impl Near {
    /// Metres to a place.
    #[must_use]
    pub fn distance(&self, place: &Geo) -> f64 {
        let from = Geo { latitude: self.latitude, longitude: self.longitude };
        expression::distance(place, &from)
    }
}

/// How large the rows of a page become, in bytes: it ends with the row that reaches it, however many
/// it was asked for. What is answered, and what is held in memory for it, is bounded by this and the
/// largest row.
pub const PAGE_BYTES: usize = 4 << 20;

/// A page of rows.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// The entity.
    pub entity: EntityId,
    /// All of these must hold: the grants of the caller as one, `where` as another.
    pub conditions: Vec<Condition>,
    /// All of these must hold.
    pub filters: Vec<Filter>,
    /// Words that must occur in the searchable fields, the last one as a prefix.
    pub search: Option<String>,
    /// Near a point.
    pub near: Option<Near>,
    /// The order: by each of these fields where those before are equal, then by `id` ascending.
    pub sort: Vec<Sort>,
    /// Where to start.
    pub after: Option<Cursor>,
    /// Most rows.
    pub limit: u32,
}

/// The rows of a page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// At most the limit, and fewer where they reach [`PAGE_BYTES`].
    pub rows: Vec<Arc<Row>>,
    /// Whether more follow.
    pub more: bool,
}

impl PageQuery {
    /// The first `limit` rows of an entity, by `id`.
    #[must_use]
    pub const fn new(entity: EntityId, limit: u32) -> Self {
        Self {
            entity,
            conditions: Vec::new(),
            filters: Vec::new(),
            search: None,
            near: None,
            sort: Vec::new(),
            after: None,
            limit,
        }
    }
}

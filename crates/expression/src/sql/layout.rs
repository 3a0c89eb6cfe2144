//! Where things are stored: the compiler's view of the design's tables.

use std::borrow::Cow;

use crate::schema::{EntityId, FieldIndex, PartId, Schema};

/// A table: `"schema"."name"` in PostgreSQL, `"schema_name"` in SQLite, which has no schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName<'a> {
    /// The context in `snake_case`.
    pub schema: Cow<'a, str>,
    /// The table.
    pub name: Cow<'a, str>,
}

/// Where things are stored. Names come unquoted. A part's table has `owner_id` and `position`
/// besides the columns of its fields.
pub trait Layout {
    /// The shapes, and the currencies of the system.
    fn schema(&self) -> &Schema;
    /// The table of an entity.
    fn table(&self, entity: EntityId) -> TableName<'_>;
    /// The table of a part.
    fn part_table(&self, part: PartId) -> TableName<'_>;
    /// Base name of the column (or columns) of a field.
    fn column(&self, entity: EntityId, field: FieldIndex) -> Cow<'_, str>;
    /// Base name of the column (or columns) of a part's field.
    fn part_column(&self, part: PartId, field: FieldIndex) -> Cow<'_, str>;
    /// The `deleted_at` field, for entities whose rows are deleted softly: rows that have it are
    /// outside `Entity.exists` and its kin.
    fn deleted_at(&self, entity: EntityId) -> Option<FieldIndex>;
}

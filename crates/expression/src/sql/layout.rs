//! Where things are stored: the compiler's view of the design's tables.

use std::borrow::Cow;

use super::Dialect;
use crate::schema::{EntityId, FieldIndex, PartId, Schema};

/// A table: `"schema"."name"` in PostgreSQL, `"schema_name"` in SQLite, which has no schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName<'a> {
    /// The context in `snake_case`.
    pub schema: Cow<'a, str>,
    /// The table.
    pub name: Cow<'a, str>,
}

impl TableName<'_> {
    /// As statements write it.
    #[must_use]
    pub fn sql(&self, dialect: Dialect) -> String {
        match dialect {
            _ if self.schema.is_empty() => quote(&self.name),
            Dialect::Sqlite => quote(&format!("{}_{}", self.schema, self.name)),
            Dialect::PostgreSql => format!("{}.{}", quote(&self.schema), quote(&self.name)),
        }
    }
}

/// A name in double quotes.
#[must_use]
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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

    /// Whether a field's values are encrypted before the database sees them. It can tell that there
    /// is one, and nothing else.
    fn is_encrypted(&self, _entity: EntityId, _field: FieldIndex) -> bool {
        false
    }

    /// The same of a part's field.
    fn is_part_encrypted(&self, _part: PartId, _field: FieldIndex) -> bool {
        false
    }

    /// What else rows of an entity's table must fulfil to be seen, as SQL over this alias: that
    /// they belong to the tenant, where tenants share tables.
    fn visible(&self, _entity: EntityId, _alias: &str) -> Option<String> {
        None
    }
}

/// Tables named as the model names things: enough to know whether an expression has SQL.
pub(super) struct Nominal<'a>(pub &'a Schema);

impl Layout for Nominal<'_> {
    fn schema(&self) -> &Schema {
        self.0
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        let shape = self.0.entity(entity);
        TableName { schema: Cow::Borrowed(&shape.context), name: Cow::Borrowed(&shape.name) }
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        let shape = self.0.entity(part.entity);
        let name = format!("{}_{}", shape.name, self.0.part(part).name);
        TableName { schema: Cow::Borrowed(&shape.context), name: Cow::Owned(name) }
    }

    fn column(&self, entity: EntityId, field: FieldIndex) -> Cow<'_, str> {
        let fields = &self.0.entity(entity).fields;
        Cow::Borrowed(fields.get(usize::from(field.0)).map_or("", |field| &field.name))
    }

    fn part_column(&self, part: PartId, field: FieldIndex) -> Cow<'_, str> {
        let fields = &self.0.part(part).fields;
        Cow::Borrowed(fields.get(usize::from(field.0)).map_or("", |field| &field.name))
    }

    fn deleted_at(&self, _: EntityId) -> Option<FieldIndex> {
        None
    }
}

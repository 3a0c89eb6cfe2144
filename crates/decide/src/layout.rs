//! The design as the SQL compiler sees it.

use std::borrow::Cow;

use expression::{
    EntityId, FieldIndex, PartId, Schema,
    sql::{Layout, TableName},
};
use model::model::BuiltIn;

use crate::Design;

impl Layout for Design {
    fn schema(&self) -> &Schema {
        &self.model.schema
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        let table = Self::table(self, entity);
        TableName { schema: Cow::from(&*table.schema), name: Cow::from(&*table.name) }
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        let table = Self::table(self, part.entity);
        let name = table.parts.get(usize::from(part.index)).map_or("", |part| &part.name);
        TableName { schema: Cow::from(&*table.schema), name: Cow::from(name) }
    }

    fn column(&self, entity: EntityId, field: FieldIndex) -> Cow<'_, str> {
        column(&Self::table(self, entity).columns, field)
    }

    fn part_column(&self, part: PartId, field: FieldIndex) -> Cow<'_, str> {
        let table = Self::table(self, part.entity);
        let part = table.parts.get(usize::from(part.index));
        part.map_or(Cow::from(""), |part| column(&part.columns, field))
    }

    fn deleted_at(&self, entity: EntityId) -> Option<FieldIndex> {
        self.model.entity(entity).built_in(BuiltIn::DeletedAt)
    }
}

fn column(columns: &[String], field: FieldIndex) -> Cow<'_, str> {
    Cow::from(columns.get(usize::from(field.0)).map_or("", String::as_str))
}

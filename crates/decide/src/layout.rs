//! The design as the SQL compiler sees it.

use std::borrow::Cow;

use expression::{
    EntityId, FieldIndex, PartId, Schema,
    sql::{Layout, TableName, quote},
};
use model::model::BuiltIn;

use crate::Design;
use crate::bridge;
use crate::design::Table;
use crate::sealed::is_sealed;
use crate::tables::TENANT_COLUMN;
use crate::tenancy::pooled;

impl Layout for Design {
    fn schema(&self) -> &Schema {
        &self.model.schema
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        let table = Self::table(self, entity);
        TableName { schema: schema(table), name: Cow::from(&*table.name) }
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        let table = Self::table(self, part.entity);
        let name = table.parts.get(usize::from(part.index)).map_or("", |part| &part.name);
        TableName { schema: schema(table), name: Cow::from(name) }
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

    fn is_encrypted(&self, entity: EntityId, field: FieldIndex) -> bool {
        let fields = &self.model.entity(entity).fields;
        fields.get(usize::from(field.0)).is_some_and(is_sealed)
    }

    fn is_part_encrypted(&self, part: PartId, field: FieldIndex) -> bool {
        let part = self.model.entity(part.entity).parts.get(usize::from(part.index));
        part.and_then(|part| part.fields.get(usize::from(field.0))).is_some_and(is_sealed)
    }
}

/// Whose schema it is, the statement does not say where each tenant has one.
fn schema(table: &Table) -> Cow<'_, str> {
    Cow::from(if bridge::divided(table) { "" } else { &*table.schema })
}

/// The design as the compiler sees it for one tenant: conditions reach the rows of nobody else.
#[derive(Clone, Copy, Debug)]
pub struct OfTenant<'d> {
    design: &'d Design,
    current: &'d str,
}

impl<'d> OfTenant<'d> {
    /// For the tenant whose id this SQL yields, null where there is none.
    #[must_use]
    pub const fn new(design: &'d Design, current: &'d str) -> Self {
        Self { design, current }
    }
}

impl Layout for OfTenant<'_> {
    fn schema(&self) -> &Schema {
        Layout::schema(self.design)
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        Layout::table(self.design, entity)
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        self.design.part_table(part)
    }

    fn column(&self, entity: EntityId, field: FieldIndex) -> Cow<'_, str> {
        Layout::column(self.design, entity, field)
    }

    fn part_column(&self, part: PartId, field: FieldIndex) -> Cow<'_, str> {
        self.design.part_column(part, field)
    }

    fn deleted_at(&self, entity: EntityId) -> Option<FieldIndex> {
        self.design.deleted_at(entity)
    }

    fn is_encrypted(&self, entity: EntityId, field: FieldIndex) -> bool {
        self.design.is_encrypted(entity, field)
    }

    fn is_part_encrypted(&self, part: PartId, field: FieldIndex) -> bool {
        self.design.is_part_encrypted(part, field)
    }

    fn visible(&self, entity: EntityId, alias: &str) -> Option<String> {
        let own = || format!("{alias}.{} = {}", quote(TENANT_COLUMN), self.current);
        pooled(self.design, entity).then(own)
    }
}

fn column(columns: &[String], field: FieldIndex) -> Cow<'_, str> {
    Cow::from(columns.get(usize::from(field.0)).map_or("", String::as_str))
}

//! The design as the SQL compiler sees it.

use std::borrow::Cow;

use expression::{
    EntityId, FieldIndex, PartId, Schema,
    sql::{Dialect, Layout, TableName, quote},
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

/// The design as the compiler sees it for whoever a statement is for, in a dialect.
#[derive(Clone, Copy, Debug)]
pub struct OfTenant<'d> {
    design: &'d Design,
    dialect: Dialect,
    current: Option<&'d str>,
}

impl<'d> OfTenant<'d> {
    /// For the tenant whose id this SQL yields, null where there is none: conditions reach the rows
    /// of nobody else. Without, for everybody.
    #[must_use]
    pub const fn new(design: &'d Design, dialect: Dialect, current: Option<&'d str>) -> Self {
        Self { design, dialect, current }
    }

    /// `SQLite` has no schemas to be in: what would be one is part of the name.
    fn named<'n>(&self, table: &'n Table, name: TableName<'n>) -> TableName<'n> {
        match self.dialect {
            Dialect::Sqlite => TableName { schema: Cow::from(&*table.schema), ..name },
            Dialect::PostgreSql => name,
        }
    }
}

impl Layout for OfTenant<'_> {
    fn schema(&self) -> &Schema {
        Layout::schema(self.design)
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        self.named(self.design.table(entity), Layout::table(self.design, entity))
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        self.named(self.design.table(part.entity), self.design.part_table(part))
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
        let current = self.current.filter(|_| pooled(self.design, entity))?;
        Some(format!("{alias}.{} = {current}", quote(TENANT_COLUMN)))
    }
}

fn column(columns: &[String], field: FieldIndex) -> Cow<'_, str> {
    Cow::from(columns.get(usize::from(field.0)).map_or("", String::as_str))
}

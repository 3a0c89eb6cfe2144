//! Columns, reached from the row of the statement through references.

use base::Span;

use super::compile::{Compiler, Result, Rows, Source, refuse};
use crate::ir::{Expression, Kind, VariableIndex};
use crate::schema::FieldIndex;
use crate::types::Type;

impl Compiler<'_> {
    fn source(&self, variable: VariableIndex) -> Option<&Source> {
        self.sources.iter().rev().find(|source| source.variable == variable)
    }

    /// The id of a variable's row.
    pub(super) fn id_of(&self, variable: VariableIndex, span: Span) -> Result<String> {
        match self.source(variable) {
            Some(Source { rows: Rows::Entity(entity), alias, .. }) => {
                let id = super::quote(&self.layout.column(*entity, FieldIndex(0)));
                Ok(format!("{alias}.{id}"))
            }
            _ => refuse(span, "a row of a part has no id"),
        }
    }

    /// Whether the row that `of` is or leads to keeps a field encrypted.
    pub(super) fn is_encrypted(&self, of: &Expression, field: FieldIndex) -> bool {
        let source = match &of.kind {
            Kind::Variable(variable) => self.source(*variable).map(|source| source.rows),
            _ => None,
        };
        match (source, of.ty.required()) {
            (Some(Rows::Entity(entity)), _) => self.layout.is_encrypted(entity, field),
            (Some(Rows::Part(part)), _) => self.layout.is_part_encrypted(part, field),
            (None, Type::Reference(entity)) => self.layout.is_encrypted(*entity, field),
            (None, Type::Part(part)) => self.layout.is_part_encrypted(*part, field),
            _ => false,
        }
    }

    /// A column of the row that `of` is or leads to, which holds what can be compared.
    pub(super) fn field(
        &mut self,
        of: &Expression,
        field: FieldIndex,
        suffix: &str,
        span: Span,
    ) -> Result<String> {
        if self.is_encrypted(of, field) {
            return refuse(span, "it is encrypted: the database sees whether it is null, no more");
        }
        self.column(of, field, suffix, span)
    }

    /// A column of the row that `of` is or leads to, whatever it holds.
    pub(super) fn column(
        &mut self,
        of: &Expression,
        field: FieldIndex,
        suffix: &str,
        span: Span,
    ) -> Result<String> {
        if let Kind::Variable(variable) = &of.kind
            && let Some(source) = self.source(*variable)
        {
            let column = match source.rows {
                Rows::Entity(entity) => self.layout.column(entity, field),
                Rows::Part(part) => self.layout.part_column(part, field),
            };
            return Ok(format!("{}.{}", source.alias, super::quote(&format!("{column}{suffix}"))));
        }
        match of.ty.required() {
            Type::Reference(entity) => {
                let reference = self.scalar(of)?;
                let alias = self.alias();
                let name = |field| self.layout.column(*entity, field);
                let column = super::quote(&format!("{}{suffix}", name(field)));
                let id = super::quote(&name(FieldIndex(0)));
                let table = self.layout.table(*entity).sql(self.dialect);
                let visible = self.layout.visible(*entity, &alias);
                let visible = visible.map_or_else(String::new, |test| format!(" AND {test}"));
                let sql = format!(
                    "(SELECT {alias}.{column} FROM {table} AS {alias} \
                     WHERE {alias}.{id} = {reference}{visible})"
                );
                self.bounded(sql, span)
            }
            Type::Part(part) if matches!(of.kind, Kind::PartRows { .. }) => {
                let column = format!("{}{suffix}", self.layout.part_column(*part, field));
                let alias = self.alias();
                let rows = self.rows(of, Some(&alias))?;
                Ok(format!("(SELECT {alias}.{} {rows})", super::quote(&column)))
            }
            _ => refuse(span, "values inside lists and records have no column of their own"),
        }
    }

    /// `FROM .. WHERE ..` of the rows of a part.
    pub(super) fn rows(&mut self, part: &Expression, alias: Option<&str>) -> Result<String> {
        let Kind::PartRows { of, part: id } = &part.kind else {
            return refuse(part.span, "only parts of an entity have rows of their own");
        };
        let alias = alias.map_or_else(|| self.alias(), str::to_owned);
        let owner = self.scalar(of)?;
        let table = self.layout.part_table(*id).sql(self.dialect);
        Ok(format!("FROM {table} AS {alias} WHERE {alias}.\"owner_id\" = {owner}"))
    }
}

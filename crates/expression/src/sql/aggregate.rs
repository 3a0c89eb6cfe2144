//! Questions about many rows: `exists`, `all`, `size` over parts and entities.

use super::Dialect;
use super::compile::{Compiler, Result, Rows, Source, refuse};
use crate::ir::{Comprehension, Expression, Kind, VariableIndex};
use crate::types::Type;

impl Compiler<'_> {
    /// `FROM ..` and the conditions that rows of a range fulfil. The variable, and those of
    /// filters, are bound to the table; the caller unbinds them.
    pub(super) fn from(
        &mut self,
        range: &Expression,
        variable: Option<VariableIndex>,
    ) -> Result<(String, Vec<String>)> {
        let alias = self.alias();
        let mut filters = Vec::new();
        let mut node = range;
        while let Kind::Comprehend { what: Comprehension::Filter, range, variable, body } =
            &node.kind
        {
            filters.push((*variable, body));
            node = range;
        }
        let (rows, table, mut tests) = match &node.kind {
            Kind::EntityRows(entity) => {
                let live = self.layout.deleted_at(*entity).map(|field| {
                    let column = super::quote(&self.layout.column(*entity, field));
                    format!("{alias}.{column} IS NULL")
                });
                let table = self.layout.table(*entity).sql(self.dialect);
                let visible = self.layout.visible(*entity, &alias);
                (Rows::Entity(*entity), table, live.into_iter().chain(visible).collect())
            }
            Kind::PartRows { of, part } => {
                let owner = self.scalar(of)?;
                let table = self.layout.part_table(*part).sql(self.dialect);
                (Rows::Part(*part), table, vec![format!("{alias}.\"owner_id\" = {owner}")])
            }
            _ => return refuse(node.span, "only parts, and all rows of an entity, have SQL"),
        };
        let bind = |variable| Source { variable, rows, alias: alias.clone() };
        self.sources.extend(variable.map(bind));
        for (variable, body) in filters.into_iter().rev() {
            self.sources.push(bind(variable));
            if self.may_fail(body) {
                return refuse(body.span, "a filter that may fail has no SQL");
            }
            tests.push(self.condition(body)?);
        }
        if tests.is_empty() {
            tests.push("TRUE".to_owned());
        }
        Ok((format!("FROM {table} AS {alias}"), tests))
    }

    /// An item that fails makes the whole fail, unless another decides: as the evaluator does.
    pub(super) fn quantifier(
        &mut self,
        what: Comprehension,
        range: &Expression,
        variable: VariableIndex,
        body: &Expression,
    ) -> Result<String> {
        let known = self.sources.len();
        let from = self.from(range, Some(variable));
        let test = from.and_then(|(from, tests)| Ok((from, tests, self.condition(body)?)));
        let may_fail = self.may_fail(body);
        self.sources.truncate(known);
        let (from, tests, test) = test?;
        let rows = format!("SELECT 1 {from} WHERE {}", tests.join(" AND "));
        let decided = match what {
            Comprehension::All => format!("EXISTS ({rows} AND NOT {test})"),
            Comprehension::Exists => format!("EXISTS ({rows} AND {test})"),
            _ => {
                let count = format!("SELECT count(*) {from} WHERE {}", tests.join(" AND "));
                format!("(({count} AND {test}) = 1)")
            }
        };
        let fails = may_fail.then(|| format!("EXISTS ({rows} AND {test} IS NULL)"));
        let sql = match (what, fails) {
            (Comprehension::All, None) => format!("(NOT {decided})"),
            (_, None) => decided,
            (Comprehension::All, Some(fails)) => {
                format!("CASE WHEN {decided} THEN FALSE WHEN {fails} THEN NULL ELSE TRUE END")
            }
            (Comprehension::Exists, Some(fails)) => {
                format!("CASE WHEN {decided} THEN TRUE WHEN {fails} THEN NULL ELSE FALSE END")
            }
            (_, Some(fails)) => format!("CASE WHEN {fails} THEN NULL ELSE {decided} END"),
        };
        self.bounded(format!("({sql})"), body.span)
    }

    /// How many rows or characters there are.
    pub(super) fn size(&mut self, of: &Expression) -> Result<String> {
        match (of.ty.required(), &of.kind) {
            (Type::Text { .. }, _) => Ok(format!("length({})", self.scalar(of)?)),
            (_, Kind::Field { of: row, field }) => {
                let array = self.field(row, *field, "", of.span)?;
                Ok(match self.dialect {
                    Dialect::Sqlite => format!("json_array_length({array})"),
                    Dialect::PostgreSql => format!("jsonb_array_length({array})"),
                })
            }
            _ => {
                let known = self.sources.len();
                let from = self.from(of, None);
                self.sources.truncate(known);
                let (from, tests) = from?;
                Ok(format!("(SELECT count(*) {from} WHERE {})", tests.join(" AND ")))
            }
        }
    }
}

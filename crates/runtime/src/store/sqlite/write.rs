//! Inserts, updates and deletes of rows with their parts.

use std::fmt::Write as _;
use std::sync::Arc;

use expression::{EntityId, Row};
use rusqlite::Error;

use super::codec::{self, Bind};
use super::failure::{self, Violation};
use super::plan::Plan;
use super::session::Session;
use crate::store::StoreError;
use crate::store::changes::{changed_fields, required_id};

impl Session {
    /// Inserts a row with its parts.
    pub(super) fn insert(&self, row: &Row) -> Result<(), StoreError> {
        let plan = self.plan(row.entity)?;
        self.check_outward(plan, row)?;
        let row = &*self.catalog.vault.close(row)?;
        let mut binds = Vec::with_capacity(plan.columns.all.len());
        codec::encode_all(&row.fields, &plan.columns, &mut binds)?;
        self.change(plan, &plan.insert, &binds)?;
        let owner = required_id(row)?;
        for at in 0..plan.parts.len() {
            self.insert_part(plan, at, owner, row)?;
        }
        self.check_exclusive(plan, owner)
    }

    /// Writes what differs.
    pub(super) fn update(&mut self, before: &Row, after: &Row) -> Result<(), StoreError> {
        let id = required_id(before)?;
        let changed = changed_fields(before, after)?;
        let catalog = self.catalog.clone();
        self.check_outward(catalog.plan(after.entity)?, after)?;
        let closed = catalog.vault.close(after)?;
        if !changed.is_empty() {
            let sql = self.update_statement(after.entity, &changed)?;
            let plan = self.plan(after.entity)?;
            let mut binds = vec![Bind::id(id)];
            for at in &changed {
                let at = usize::from(*at);
                let (Some(field), Some(value)) =
                    (plan.columns.fields.get(at), closed.fields.get(at))
                else {
                    continue;
                };
                let columns = plan.columns.all.get(field.columns.clone()).unwrap_or_default();
                codec::encode(value, columns, &mut binds)?;
            }
            if self.change(plan, &sql, &binds)? == 0 {
                return Err(StoreError::Vanished { entity: after.entity });
            }
            self.check_exclusive(plan, id)?;
        }
        let plan = self.plan(after.entity)?;
        for (at, part) in plan.parts.iter().enumerate() {
            if before.parts.get(at) != after.parts.get(at) {
                let delete = part.delete.of(self.terms.tenant);
                self.change(plan, delete, &[Bind::id(id)])?;
                self.insert_part(plan, at, id, &closed)?;
            }
        }
        Ok(())
    }

    /// Removes a row and its parts.
    pub(super) fn delete(&mut self, entity: EntityId, id: u128) -> Result<(), StoreError> {
        self.check_inward(entity, id)?;
        let plan = self.plan(entity)?;
        let binds = [Bind::id(id)];
        for part in &plan.parts {
            self.change(plan, part.delete.of(self.terms.tenant), &binds)?;
        }
        let delete = plan.delete.of(self.terms.tenant);
        match self.prepare(delete)?.execute(rusqlite::params_from_iter(&binds)) {
            Ok(0) => Err(StoreError::Vanished { entity }),
            Ok(_) => self.note(plan.pooled, delete, || codec::stored(&binds)),
            Err(error) => Err(match failure::violation(&error) {
                Some(Violation::ForeignKey) => StoreError::StillReferenced { entity },
                _ => failure::plain(&error),
            }),
        }
    }

    fn check_exclusive(&self, plan: &Plan, id: u128) -> Result<(), StoreError> {
        for key in &plan.exclusive {
            if self.prepare(&key.sql)?.exists([Bind::id(id)])? {
                return Err(StoreError::Unique { code: key.code.clone() });
            }
        }
        Ok(())
    }

    fn insert_part(
        &self,
        plan: &Plan,
        at: usize,
        owner: u128,
        row: &Row,
    ) -> Result<(), StoreError> {
        let (Some(part), Some(rows)) = (plan.parts.get(at), row.parts.get(at)) else {
            return Ok(());
        };
        let mut binds = Vec::with_capacity(part.columns.all.len() + 2);
        for (position, values) in (0i64..).zip(rows) {
            binds.clear();
            binds.push(Bind::id(owner));
            binds.push(Bind(expression::sql::SqlValue::Integer(position)));
            codec::encode_all(values, &part.columns, &mut binds)?;
            self.change(plan, &part.insert, &binds)?;
        }
        Ok(())
    }

    /// Runs a change of a table and says how many rows it changed.
    fn change(&self, plan: &Plan, sql: &str, binds: &[Bind]) -> Result<usize, StoreError> {
        let mut statement = self.prepare(sql)?;
        let changed = statement
            .execute(rusqlite::params_from_iter(binds))
            .map_err(|error| refusal(plan, &error))?;
        self.note(plan.pooled, sql, || codec::stored(binds))?;
        Ok(changed)
    }

    /// The `UPDATE` of these fields, id first.
    fn update_statement(
        &mut self,
        entity: EntityId,
        changed: &[u16],
    ) -> Result<Arc<str>, StoreError> {
        let shape = (entity, changed.to_vec(), self.everybody());
        if let Some(sql) = self.updates.get(&shape) {
            return Ok(sql.clone());
        }
        let plan = self.plan(entity)?;
        let mut sql = format!("UPDATE {} SET ", plan.table);
        let columns = changed
            .iter()
            .filter_map(|at| plan.columns.fields.get(usize::from(*at)))
            .filter_map(|field| plan.columns.all.get(field.columns.clone()))
            .flatten();
        for (at, column) in columns.enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(sql, "{comma}{} = ?{}", column.name, at + 2);
        }
        sql.push_str(" WHERE \"id\" = ?1");
        sql.push_str(plan.own.of(self.terms.tenant));
        let sql: Arc<str> = sql.into();
        self.updates.insert(shape, sql.clone());
        Ok(sql)
    }
}

/// A refused change in the words of the model.
fn refusal(plan: &Plan, error: &Error) -> StoreError {
    match failure::violation(error) {
        Some(Violation::Unique(named)) => StoreError::Unique {
            code: plan.codes.get(&named).cloned().unwrap_or_else(|| "already-exists".to_owned()),
        },
        Some(Violation::ForeignKey) => StoreError::MissingReference { entity: plan.entity },
        Some(Violation::Other) | None => failure::plain(error),
    }
}

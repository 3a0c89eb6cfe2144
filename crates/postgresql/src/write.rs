//! Inserts, updates and deletes of rows with their parts.

use std::fmt::Write as _;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value};
use runtime::store::StoreError;
use runtime::store::changes::{changed_fields, required_id};
use runtime::store::tables::Columns;

use crate::failure;
use crate::plan::Part;
use crate::session::{Meaning, Session};
use crate::statements::ONE_SCHEMA_AT_A_TIME;
use crate::wire::{self, Bind, Wire};

impl Session {
    pub(crate) async fn insert_row(&mut self, row: &Row) -> Result<(), StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(row.entity)?;
        let row = &*catalog.vault.close(row)?;
        let binds = encode_all(&row.fields, &plan.columns, &plan.wires)?;
        if catalog.makes_schemas(row.entity) {
            // One after another: the references of a schema keep writers from the tables of all.
            self.change(&ONE_SCHEMA_AT_A_TIME, &[]).await?;
        }
        self.take_turns(plan, row).await?;
        self.send(&plan.insert, binds, Meaning::Write(row.entity)).await?;
        let owner = required_id(row)?;
        for (part, rows) in plan.parts.iter().zip(&row.parts) {
            self.insert_part(row.entity, part, owner, rows).await?;
        }
        Ok(())
    }

    async fn insert_part(
        &mut self,
        entity: EntityId,
        part: &Part,
        owner: u128,
        rows: &[Arc<[Value]>],
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut binds = vec![Bind::Uuid(owner)];
        if part.wires.is_empty() {
            binds.push(Bind::Int(i64::try_from(rows.len()).unwrap_or(i64::MAX)));
        }
        let mut arrays: Vec<Vec<Bind>> =
            part.wires.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for values in rows {
            let row = encode_all(values, &part.columns, &part.wires)?;
            for (array, bind) in arrays.iter_mut().zip(row) {
                array.push(bind);
            }
        }
        let arrays = part.wires.iter().zip(arrays);
        binds.extend(arrays.map(|(wire, array)| Bind::Array(*wire, array)));
        self.send(&part.insert, binds, Meaning::Write(entity)).await
    }

    pub(crate) async fn update_row(&mut self, before: &Row, after: &Row) -> Result<(), StoreError> {
        let id = required_id(before)?;
        let catalog = self.catalog.clone();
        let plan = catalog.plan(after.entity)?;
        let changed = changed_fields(before, after)?;
        let closed = catalog.vault.close(after)?;
        if !changed.is_empty() {
            let mut binds = vec![Bind::Uuid(id)];
            let mut sql = format!("UPDATE {} SET ", plan.table);
            for at in changed {
                let Some(value) = closed.fields.get(usize::from(at)) else { continue };
                for (column, wire) in plan.columns_of(FieldIndex(at)) {
                    let comma = if binds.len() == 1 { "" } else { ", " };
                    binds.push(wire::encode(value, column.encoding, wire, &column.name)?);
                    // Writing to a string cannot fail.
                    let _ = write!(sql, "{comma}{} = ${}", column.name, binds.len());
                }
            }
            let _ = write!(sql, " WHERE {} = $1{}", plan.id, plan.own.of(self.terms.tenant));
            self.take_turns(plan, after).await?;
            let text = catalog.texts.get(&failure::exactly_one(&sql));
            self.send(&text, binds, Meaning::Change(after.entity)).await?;
        }
        for (at, part) in plan.parts.iter().enumerate() {
            if before.parts.get(at) != after.parts.get(at) {
                let delete = part.delete.of(self.terms.tenant);
                self.send(delete, vec![Bind::Uuid(id)], Meaning::Write(after.entity)).await?;
                let rows = closed.parts.get(at).map(Vec::as_slice).unwrap_or_default();
                self.insert_part(after.entity, part, id, rows).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn delete_row(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> Result<(), StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(entity)?;
        for part in &plan.parts {
            let delete = part.delete.of(self.terms.tenant);
            self.send(delete, vec![Bind::Uuid(id)], Meaning::Delete(entity)).await?;
        }
        let delete = plan.delete.of(self.terms.tenant);
        self.send(delete, vec![Bind::Uuid(id)], Meaning::Delete(entity)).await
    }
}

/// What the values of all fields are in all columns.
fn encode_all(
    values: &[Value],
    columns: &Columns,
    wires: &[Wire],
) -> Result<Vec<Bind>, StoreError> {
    if values.len() != columns.fields.len() {
        let message = "a row has not the number of fields of its shape".to_owned();
        return Err(StoreError::Internal { message });
    }
    let mut binds = Vec::with_capacity(wires.len());
    for (value, field) in values.iter().zip(&columns.fields) {
        let own = columns.all.get(field.columns.clone()).unwrap_or_default();
        let wires = wires.get(field.columns.clone()).unwrap_or_default();
        for (column, wire) in own.iter().zip(wires) {
            binds.push(wire::encode(value, column.encoding, *wire, &column.name)?);
        }
    }
    Ok(binds)
}

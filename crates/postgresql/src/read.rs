//! Rows by id and by key.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value};
use runtime::store::StoreError;
use runtime::store::changes::row_id;
use runtime::store::tables::Equality;

use crate::connection;
use crate::decode;
use crate::plan::Plan;
use crate::session::Session;
use crate::text::Text;
use crate::wire::{self, Bind};

/// What others are kept from while rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Nothing.
    None,
    /// Changing them. Rows that are deleted softly are read, too: what refers to them still does.
    Shared,
    /// Changing them, and holding them.
    Alone,
}

impl Session {
    /// A row with its parts from what a statement that starts with [`Plan::select`] yields.
    pub(crate) fn decode(&self, plan: &Plan, row: &connection::Row) -> Result<Row, StoreError> {
        self.decode_from(plan, row, 0)
    }

    /// The same where other columns come before.
    pub(crate) fn decode_from(
        &self,
        plan: &Plan,
        row: &connection::Row,
        first: usize,
    ) -> Result<Row, StoreError> {
        let schema = self.catalog.schema();
        let fields = decode::fields(row, first, &plan.columns, schema)?;
        let mut parts = Vec::with_capacity(plan.parts.len());
        for (at, part) in (first + plan.columns.all.len()..).zip(&plan.parts) {
            parts.push(decode::part(decode::bytes(row, at)?, &part.columns, schema)?);
        }
        self.catalog.vault.open(Row { entity: plan.entity, fields, parts })
    }

    pub(crate) async fn one(
        &mut self,
        entity: EntityId,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Result<Option<Arc<Row>>, StoreError> {
        let rows = self.query(text, binds).await?;
        let plan = self.plan(entity)?;
        rows.first().map(|row| self.decode(plan, row).map(Arc::new)).transpose()
    }

    pub(crate) async fn many(
        &mut self,
        entity: EntityId,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Result<Vec<Arc<Row>>, StoreError> {
        let rows = self.query(text, binds).await?;
        let plan = self.plan(entity)?;
        rows.iter().map(|row| self.decode(plan, row).map(Arc::new)).collect()
    }

    /// As [`Self::many`], until they are so many bytes, which are counted down; whether that was
    /// before the last one.
    pub(crate) async fn many_for(
        &mut self,
        entity: EntityId,
        text: &Arc<Text>,
        binds: &[Bind],
        left: &mut usize,
    ) -> Result<(Vec<Arc<Row>>, bool), StoreError> {
        let (rows, more) = self.query_for(text, binds, *left).await?;
        *left = rows.iter().fold(*left, |left, row| left.saturating_sub(row.content().len()));
        let plan = self.plan(entity)?;
        let rows = rows.iter().map(|row| self.decode(plan, row).map(Arc::new));
        Ok((rows.collect::<Result<_, _>>()?, more))
    }

    /// A row by id, deleted softly or not.
    pub(crate) async fn referred_here(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> Result<Option<Arc<Row>>, StoreError> {
        if let Some(row) = self.row_of_caller(entity, id) {
            return Ok(row);
        }
        let text = self.plan(entity)?.by_any_id.of(self.terms.tenant).clone();
        let row = self.one(entity, &text, &[Bind::Uuid(id)]).await?;
        self.learn(entity, id, row.as_ref());
        Ok(row)
    }

    /// Live rows, in the order of the ids; those that are held, whether live or not.
    pub(crate) async fn by_ids(
        &mut self,
        entity: EntityId,
        ids: &[u128],
        lock: Lock,
    ) -> Result<Vec<Option<Arc<Row>>>, StoreError> {
        let plan = self.plan(entity)?;
        let found = if let (&[id], Lock::None) = (ids, lock) {
            let text = plan.by_id.of(self.terms.tenant).clone();
            self.one(entity, &text, &[Bind::Uuid(id)]).await?.into_iter().collect()
        } else {
            let (first, text) = match lock {
                Lock::None => (None, &plan.by_ids),
                Lock::Shared => (plan.hold.first.as_ref(), &plan.hold.then),
                Lock::Alone => (plan.lock.first.as_ref(), &plan.lock.then),
            };
            let first = first.map(|text| text.of(self.terms.tenant).clone());
            let text = text.of(self.terms.tenant).clone();
            if let Some(first) = first {
                self.send_with_next(&first, &[Bind::ids(ids.iter().copied())])?;
            }
            self.many(entity, &text, &[Bind::ids(ids.iter().copied())]).await?
        };
        let by_id: BTreeMap<u128, Arc<Row>> =
            found.into_iter().filter_map(|row| Some((row_id(&row)?, row))).collect();
        Ok(ids.iter().map(|id| by_id.get(id).cloned()).collect())
    }

    /// The live row with a unique key.
    pub(crate) async fn by_key(
        &mut self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> Result<Option<Arc<Row>>, StoreError> {
        // Nulls are outside of every key.
        if key.is_empty() || key.iter().any(|(_, value)| value.is_null()) {
            return Ok(None);
        }
        let plan = self.plan(entity)?;
        let (mut conditions, mut binds) = (Vec::new(), Vec::new());
        for (field, value) in key {
            let equality = Equality::new(&plan.folded, *field, value);
            for (column, wire) in plan.columns_of(*field) {
                binds.push(wire::encode(&equality.value, column.encoding, wire, &column.name)?);
                let name = equality.column(&column.name);
                conditions.push(format!("{name} = ${}", binds.len()));
            }
        }
        let live = plan.live.of(self.terms.tenant);
        let sql = format!("{}{}{} LIMIT 1", plan.select, conditions.join(" AND "), live);
        let text = self.catalog.texts.get(&sql);
        self.one(entity, &text, &binds).await
    }
}

//! Rows that may exclude each other are written one after another.
//!
//! Two transactions that insert overlapping rows at once would each see the other's entry in the
//! constraint's index and wait for it: PostgreSQL ends one of them after a second (`deadlock_timeout`),
//! and until then nobody gets on. So whoever writes a row first waits for its turn among those that
//! could exclude it: same entity, same key, same values.

use std::fmt::Write as _;

use expression::{FieldIndex, Row, Value};
use model::Model;
use runtime::store::StoreError;

use crate::plan::Plan;
use crate::session::{Meaning, Session};
use crate::statements::TURN;
use crate::wire::Bind;

/// What rows have to agree in to exclude each other, for each exclusive key of an entity.
pub(crate) type Keys = Vec<Vec<FieldIndex>>;

/// The keys of an entity.
pub(crate) fn keys(model: &Model, entity: expression::EntityId) -> Keys {
    let entity = model.entities.get(entity.0 as usize).into_iter();
    entity.flat_map(|entity| &entity.exclusive).map(|key| key.same.clone()).collect()
}

impl Session {
    /// Waits until nobody else writes a row that this one could exclude.
    pub(crate) async fn take_turns(&mut self, plan: &Plan, row: &Row) -> Result<(), StoreError> {
        for (at, same) in plan.exclusive.iter().enumerate() {
            let key = format!("{} {at} {:?}", plan.qualified, self.terms.tenant.id());
            let Some(name) = turn(key, same, row) else { continue };
            self.send(&TURN, vec![Bind::text(&name)], Meaning::Plain).await?;
        }
        Ok(())
    }
}

/// What those wait for each other by; none where a value is null, which excludes nothing.
fn turn(mut name: String, same: &[FieldIndex], row: &Row) -> Option<String> {
    for field in same {
        let value = row.fields.get(usize::from(field.0)).filter(|value| !value.is_null())?;
        // Writing to a string cannot fail. Numbers that are equal have one form here.
        let _ = match value {
            Value::Decimal(number) => write!(name, " {}", number.normalize()),
            value => write!(name, " {value:?}"),
        };
    }
    Some(name)
}

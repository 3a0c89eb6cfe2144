//! References that lead from one database to another, which no key holds.

use std::sync::Arc;

use decide::{Design, sealed, tenancy};
use expression::{EntityId, FieldIndex, FieldShape, Row, Type};
use runtime::store::StoreError;

use crate::plan::Plan;
use crate::session::Session;
use crate::text::Text;
use crate::wire::Bind;

/// A reference to what is in another database.
#[derive(Debug)]
pub(crate) struct Outward {
    /// Of the rows of this part; of the row itself without one.
    part: Option<usize>,
    field: usize,
    to: EntityId,
    /// Looks up what it leads to, `$1`, and keeps it there.
    find: Arc<Text>,
}

/// A reference to rows of an entity from another database.
#[derive(Debug)]
pub(crate) struct Inward {
    /// Looks up a row that refers to `$1`.
    find: Arc<Text>,
    /// Whether such rows belong to tenants.
    owned: bool,
}

/// The references between what is shared and what belongs to tenants, written into the plans.
pub(crate) fn references(design: &Design, plans: &mut [Plan]) {
    if !tenancy::own_databases(design) {
        return;
    }
    for table in &design.tables {
        let Some(plan) = plans.get(table.entity.0 as usize) else { continue };
        let own = (None, plan.table.clone(), sealed::stored(&design.model, table.entity));
        let parts = plan.parts.iter().enumerate().map(|(at, part)| {
            (Some(at), part.table.clone(), sealed::stored_part(&design.model, table.entity, at))
        });
        let all: Vec<_> = std::iter::once(own).chain(parts).collect();
        for (part, name, fields) in all {
            for (field, shape) in fields.iter().enumerate().filter(|(_, of)| of.name != "id") {
                between(design, plans, table.entity, (part, &name, field), shape);
            }
        }
    }
}

/// Notes one reference at both of its ends.
fn between(
    design: &Design,
    plans: &mut [Plan],
    from: EntityId,
    (part, table, field): (Option<usize>, &str, usize),
    shape: &FieldShape,
) {
    let Type::Reference(to) = shape.ty.required() else { return };
    let context = |entity| design.model.entity(entity).context;
    let owned = tenancy::pooled(design, from);
    if context(from) != context(*to) || owned == tenancy::pooled(design, *to) {
        return;
    }
    let column = plans.get(from.0 as usize).and_then(|plan| {
        let columns = match part {
            Some(at) => &plan.parts.get(at)?.columns,
            None => &plan.columns,
        };
        columns.of(FieldIndex(u16::try_from(field).ok()?)).first().map(|of| of.name.clone())
    });
    let Some((column, target)) = column.zip(plans.get(to.0 as usize)) else { return };
    // Rows that nobody may change may not be locked either, and do not go.
    let fixed = design.model.entity(*to).append_only;
    let lock = if fixed { "" } else { " FOR KEY SHARE" };
    let id = &target.id;
    let find = format!("SELECT 1 FROM {} WHERE {id} = $1{lock}", target.table);
    let find = Text::new(find);
    if let Some(plan) = plans.get_mut(from.0 as usize) {
        plan.outward.push(Outward { part, field, to: *to, find });
    }
    let find = Text::new(format!("SELECT 1 FROM {table} WHERE {column} = $1 LIMIT 1"));
    if let Some(plan) = plans.get_mut(to.0 as usize) {
        plan.inward.push(Inward { find, owned });
    }
}

impl Session {
    /// Makes sure that what a row refers to in another database is there, and stays there until
    /// this is committed.
    pub(crate) async fn check_outward(&mut self, row: &Row) -> Result<(), StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(row.entity)?;
        for reference in &plan.outward {
            let own = reference.part.is_none().then(|| row.fields.get(reference.field));
            let of_parts = reference.part.and_then(|at| row.parts.get(at)).into_iter().flatten();
            let of_parts = of_parts.map(|values| values.get(reference.field));
            let ids = own.into_iter().chain(of_parts).flatten().filter_map(expression::row_id);
            for id in ids.collect::<Vec<_>>() {
                let there = self.at_row(reference.to, id).await;
                let found = match there {
                    Ok(there) => {
                        if let Some(guest) = &mut there.guest {
                            guest.locked = true;
                        }
                        !there.query(&reference.find, &[Bind::Uuid(id)]).await?.is_empty()
                    }
                    Err(StoreError::Vanished { .. }) => false,
                    Err(error) => return Err(error),
                };
                if !found {
                    let error = StoreError::MissingReference { entity: plan.entity };
                    return Err(self.fail(error));
                }
            }
        }
        Ok(())
    }

    /// Makes sure that nothing in another database refers to a row that is to be removed: in that
    /// of any tenant, if the row is shared.
    pub(crate) async fn check_inward(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> Result<(), StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(entity)?;
        let Some(silos) = self.apart.as_ref().map(|apart| apart.silos.clone()) else {
            return Ok(());
        };
        if plan.inward.is_empty() {
            return Ok(());
        }
        // From here on nobody can refer to it: who does has committed, or waits for this.
        self.lock_rows(&[(entity, id)]).await?;
        if plan.inward.iter().any(|of| of.owned) {
            let settled = silos.settle_all().await;
            settled.map_err(|error| self.fail(error))?;
        }
        for reference in &plan.inward {
            let binds = [Bind::Uuid(id)];
            let mut found = false;
            if reference.owned {
                for tenant in self.all_tenants().await? {
                    found |=
                        !self.guest(tenant).await?.query(&reference.find, &binds).await?.is_empty();
                }
            } else {
                found = !self.query(&reference.find, &binds).await?.is_empty();
            }
            if found {
                return Err(self.fail(StoreError::StillReferenced { entity }));
            }
        }
        Ok(())
    }
}

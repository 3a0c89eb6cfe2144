//! References that lead from one database to another, which no key holds.

use std::sync::Arc;

use decide::{Design, tenancy};
use expression::{EntityId, Row};
use runtime::store::StoreError;
use runtime::store::crossing::{Crossing, crossings};

use crate::plan::Plan;
use crate::read::Lock;
use crate::session::Session;
use crate::text::Text;
use crate::wire::Bind;

/// A reference to what is in another database.
#[derive(Debug)]
pub(crate) struct Outward {
    crossing: Crossing,
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
    if tenancy::own_databases(design) {
        crossings(design).into_iter().for_each(|crossing| note(design, plans, crossing));
    }
}

/// Notes one reference at both of its ends.
fn note(design: &Design, plans: &mut [Plan], crossing: Crossing) {
    let (from, to) = (crossing.from.0 as usize, crossing.to.0 as usize);
    let source = plans.get(from).and_then(|plan| {
        let (table, columns) = match crossing.part {
            Some(at) => plan.parts.get(at).map(|part| (&part.table, &part.columns))?,
            None => (&plan.table, &plan.columns),
        };
        Some((table.clone(), columns.of(crossing.field).first()?.name.clone()))
    });
    let target = plans.get(to).map(|plan| (plan.table.clone(), plan.id.clone()));
    let Some(((table, column), (target, id))) = source.zip(target) else { return };
    if let Some(plan) = plans.get_mut(to) {
        let find = format!("SELECT 1 FROM {table} WHERE {column} = $1 LIMIT 1");
        plan.inward.push(Inward { find: Text::new(find), owned: crossing.owned });
    }
    // Rows that nobody may change may not be locked either, and do not go.
    let lock = if design.model.entity(crossing.to).append_only { "" } else { " FOR KEY SHARE" };
    if let Some(plan) = plans.get_mut(from) {
        let find = Text::new(format!("SELECT 1 FROM {target} WHERE {id} = $1{lock}"));
        plan.outward.push(Outward { crossing, find });
    }
}

impl Session {
    /// Makes sure that what a row refers to in another database is there, and stays there until
    /// this is committed.
    pub(crate) async fn check_outward(&mut self, row: &Row) -> Result<(), StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(row.entity)?;
        for reference in &plan.outward {
            for id in reference.crossing.ids(row) {
                let there = self.at_row(reference.crossing.to, id).await;
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
        self.locked_rows(&[(entity, id)], Lock::Alone).await?;
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

//! Tenants with a schema each, in one PostgreSQL database.
//!
//! A table of tenants' rows is divided by tenant: the whole is in a schema of its own, and each
//! tenant's part of it, of the same name, in the schema of that tenant. Statements do not say the
//! schema: whom they are for does.

use std::collections::BTreeMap;

use model::Model;

use crate::design::{Table, Verdict};
use crate::naming::Names;
use crate::tenancy::belongs;

/// The schema of the tables that hold the rows of all tenants.
pub const EVERYBODY: &str = "all_tenants";

/// Whether a table is divided among the schemas of tenants.
#[must_use]
pub fn divided(table: &Table) -> bool {
    table.schema == EVERYBODY
}

/// Moves the tables of tenants' rows, where each tenant gets a schema: `office.notes` becomes
/// `office_notes`, which no other context has.
pub(crate) fn place(model: &Model, verdicts: &[Verdict], tables: &mut [Table]) {
    let Some(tenancy) = &model.system.tenancy else { return };
    if !verdicts.iter().any(|of| of.family == "tenancy" && of.choice == "bridge") {
        return;
    }
    let mut moved: BTreeMap<(String, String), &mut Table> = BTreeMap::new();
    for table in tables {
        if belongs(model.entity(table.entity), table.entity, tenancy) {
            moved.insert((table.schema.clone(), table.name.clone()), table);
        }
    }
    let mut names = Names::default();
    for ((schema, _), table) in moved {
        let mut rename = |name: &mut String| *name = names.take(&format!("{schema}_{name}"));
        rename(&mut table.name);
        table.indexes.iter_mut().for_each(|index| rename(&mut index.name));
        for part in &mut table.parts {
            rename(&mut part.name);
            part.indexes.iter_mut().for_each(|index| rename(&mut index.name));
        }
        EVERYBODY.clone_into(&mut table.schema);
    }
}

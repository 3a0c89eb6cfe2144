//! Which tables of the design a database holds.

use std::collections::BTreeSet;

use decide::{Design, tenancy};

use super::super::plan;
use super::object::Object;
use crate::store::meaning::Columns;

/// What of the design is in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Extent {
    /// All of it.
    Everything,
    /// What belongs to no tenant.
    Shared,
    /// What belongs to a tenant.
    Owned,
}

impl Extent {
    /// Whether a table is in it.
    pub const fn holds(self, owned: bool) -> bool {
        match self {
            Self::Everything => true,
            Self::Shared => !owned,
            Self::Owned => owned,
        }
    }

    /// Drops what is elsewhere.
    pub(super) fn keep(self, design: &Design, objects: &mut Vec<Object>, columns: &mut Columns) {
        if self == Self::Everything {
            return;
        }
        let owned = owned(design);
        objects.retain(|object| self.holds(owned.contains(&object.on_table)));
        columns.retain(|(table, _), _| self.holds(owned.contains(table)));
    }
}

/// Names of the tables that hold rows of tenants, those for search among them.
fn owned(design: &Design) -> BTreeSet<String> {
    let tables = design.tables.iter().filter(|table| tenancy::pooled(design, table.entity));
    let names = tables.flat_map(|table| {
        let own = plan::table_name(table);
        let parts = table.parts.iter().map(|part| format!("{}_{}", table.schema, part.name));
        let search = format!("{own}_search");
        [own, search].into_iter().chain(parts)
    });
    names.collect()
}

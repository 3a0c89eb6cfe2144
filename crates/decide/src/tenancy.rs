//! How far tenants are kept apart, in numbers.

use base::{Quantity, Share};
use expression::EntityId;
use model::model::{Entity, Tenancy};

use crate::design::Design;
use crate::facts::{self, Facts};
use crate::numbers;

/// The numbers that decide about tenants.
#[derive(Clone, Debug)]
pub struct Tenants {
    /// The tenant entity.
    pub by: EntityId,
    /// How many there will be at the horizon, if the model states how many there are.
    pub count: Option<Quantity<f64>>,
    /// Tables that hold rows of tenants, those of parts included.
    pub tables: f64,
    /// Share of the largest tenant, if stated.
    pub largest: Option<Quantity<Share>>,
    /// Database cores that everything takes at the stated peak (D1).
    pub cores: f64,
    /// Cores of the largest database node.
    pub node: f64,
}

impl Tenants {
    /// Tables if each tenant has its own.
    #[must_use]
    pub fn all_tables(&self) -> f64 {
        self.count.as_ref().map_or(0.0, |count| count.value) * self.tables
    }

    /// Database cores that the largest tenant takes at the stated peak.
    #[must_use]
    pub fn largest_cores(&self) -> f64 {
        self.largest.as_ref().map_or(0.0, |share| share.value.0) * self.cores
    }
}

/// Whether rows of an entity belong to tenants.
#[must_use]
pub fn belongs(of: &Entity, id: EntityId, tenancy: &Tenancy) -> bool {
    !of.shared && id != tenancy.by
}

/// Whether each row of an entity has its tenant beside it: where tenants share its table, and, as a
/// second lock, where each has a schema or a database of its own.
#[must_use]
pub fn pooled(design: &Design, entity: EntityId) -> bool {
    let Some(tenancy) = &design.model.system.tenancy else { return false };
    belongs(design.model.entity(entity), entity, tenancy)
}

/// Whether a tenant's rows lie apart from those of others, in a schema or a database of their own:
/// those of all tenants, or of those for which `silo` holds.
#[must_use]
pub fn apart(design: &Design) -> bool {
    let Some(tenancy) = &design.model.system.tenancy else { return false };
    let verdict = design.verdicts.iter().find(|of| of.family == "tenancy");
    tenancy.silo.is_some() || verdict.is_some_and(|of| matches!(of.choice, "bridge" | "silo"))
}

/// Whether each tenant has a database of its own on `PostgreSQL`: all of them, not some.
#[must_use]
pub fn own_databases(design: &Design) -> bool {
    let verdict = design.verdicts.iter().find(|of| of.family == "tenancy");
    verdict.is_some_and(|of| of.choice == "silo")
}

/// The numbers of a design; nothing where there is one tenant.
#[must_use]
pub fn of(design: &Design) -> Option<Tenants> {
    let cores = design.sizing.stores.iter().map(|store| store.cores.peak).sum();
    tenants(design.facts(), cores)
}

/// The same, given the cores that all stores take at the stated peak.
#[must_use]
pub fn tenants(model: Facts<'_>, cores: f64) -> Option<Tenants> {
    let tenancy = model.system.tenancy.as_ref()?;
    let owned = model.model.entities().filter(|(id, of)| belongs(of, *id, tenancy));
    let tables = owned.map(|(_, of)| 1.0 + facts::count(of.parts.len())).sum();
    Some(Tenants {
        by: tenancy.by,
        count: facts::rows_at_horizon(model, tenancy.by),
        tables,
        largest: tenancy.largest_share.clone(),
        cores,
        node: model.value(&numbers::NODE_CORES),
    })
}

//! What all connections share: the plan of every table, compiled conditions, texts.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use decide::Design;
use expression::sql::Dialect;
use expression::{EntityId, Schema};
use runtime::store::conditions::Conditions;
use runtime::store::{Keys, StoreError, Vault};

use crate::plan::{Plan, plans};
use crate::silos::Mentions;
use crate::text::Texts;
use crate::{tenants, wire};

/// Tables, conditions and texts.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub design: Arc<Design>,
    plans: Vec<Plan>,
    pub conditions: Conditions,
    pub texts: Texts,
    /// What encrypts and decrypts single values.
    pub vault: Vault,
    /// Whether rows have their tenant beside them.
    pub pooled: bool,
    /// Whether tenants have a schema each.
    pub divided: bool,
    /// Whether tenants have a database each.
    pub own_databases: bool,
    /// What conditions look at, where that may be in two databases.
    pub mentions: Mentions,
    /// Statements that were run so far, those aside that begin and end transactions.
    pub statements: AtomicU64,
}

impl Catalog {
    pub fn new(design: Arc<Design>, keys: Option<Arc<Keys>>) -> Self {
        let plans = plans(&design);
        let conditions = Conditions::new(Dialect::PostgreSql, wire::literal, tenants::CURRENT);
        let own_databases = decide::tenancy::own_databases(&design);
        let mentions = if own_databases { Mentions::new(&design) } else { Mentions::default() };
        let pooled = plans.iter().any(|plan| plan.pooled);
        let divided = design.tables.iter().any(decide::bridge::divided);
        let vault = Vault::new(&design, keys);
        Self {
            design,
            plans,
            conditions,
            texts: Texts::default(),
            vault,
            pooled,
            divided,
            own_databases,
            mentions,
            statements: AtomicU64::new(0),
        }
    }

    /// Whether rows of an entity are tenants, who get a schema each.
    pub fn makes_schemas(&self, entity: EntityId) -> bool {
        let tenancy = self.design.model.system.tenancy.as_ref();
        self.divided && tenancy.is_some_and(|tenancy| tenancy.by == entity)
    }

    /// Whether rows of an entity are tenants, who get a database each.
    pub fn makes_databases(&self, entity: EntityId) -> bool {
        let tenancy = self.design.model.system.tenancy.as_ref();
        self.own_databases && tenancy.is_some_and(|tenancy| tenancy.by == entity)
    }

    pub fn schema(&self) -> &Schema {
        &self.design.model.schema
    }

    pub fn plan(&self, entity: EntityId) -> Result<&Plan, StoreError> {
        self.plans.get(entity.0 as usize).ok_or_else(|| StoreError::Internal {
            message: format!("no table for entity {}", entity.0),
        })
    }

    /// The entity that records call by this name.
    pub fn entity(&self, qualified: &str) -> Option<EntityId> {
        self.plans.iter().find(|plan| *plan.qualified == *qualified).map(|plan| plan.entity)
    }
}

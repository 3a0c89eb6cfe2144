//! What all connections share: the plan of every table, and the compiled conditions.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use decide::design::Design;
use expression::ir::Expression;
use expression::sql::Dialect;
use expression::{EntityId, Schema};

use super::codec;
use super::plan::{Plan, plans};
use super::tenants;
use crate::store::conditions::{Conditions, Registered};
use crate::store::template::Template;
use crate::store::{Keys, Predicate, StoreError, Tenant, Vault};

/// Tables and conditions.
#[derive(Debug)]
pub(super) struct Catalog {
    design: Arc<Design>,
    plans: Vec<Plan>,
    conditions: Conditions,
    /// What encrypts and decrypts single values.
    pub vault: Vault,
    /// Statements that were run so far, those aside that begin and end transactions.
    pub statements: AtomicU64,
}

impl Catalog {
    pub fn new(design: Arc<Design>, keys: Option<Arc<Keys>>) -> Result<Self, StoreError> {
        let plans = plans(&design)?;
        let conditions = Conditions::new(Dialect::Sqlite, codec::literal, tenants::CURRENT);
        let vault = Vault::new(&design, keys);
        Ok(Self { design, plans, conditions, vault, statements: AtomicU64::new(0) })
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
        self.plans.iter().find(|plan| plan.qualified == qualified).map(|plan| plan.entity)
    }

    /// Compiles a condition and gives it a number.
    pub fn register(
        &self,
        entity: EntityId,
        condition: &Expression,
    ) -> Result<Predicate, StoreError> {
        self.plan(entity)?;
        self.conditions.register(&self.design, entity, condition)
    }

    /// Compiles a question that is about no row of its own.
    pub fn register_question(&self, question: &Expression) -> Result<Predicate, StoreError> {
        self.conditions.register_question(&self.design, question)
    }

    /// A condition over a row of another alias.
    pub fn aliased(
        &self,
        predicate: &Predicate,
        alias: &str,
        tenant: Tenant,
    ) -> Result<Arc<Template>, StoreError> {
        self.conditions.aliased(&self.design, predicate, alias, tenant)
    }

    /// A condition by its number.
    pub fn registered(&self, predicate: &Predicate) -> Result<Arc<Registered>, StoreError> {
        self.conditions.get(predicate)
    }
}

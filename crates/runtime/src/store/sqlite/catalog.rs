//! What all connections share: the plan of every table, and the compiled conditions.

use std::sync::{Arc, PoisonError, RwLock};

use decide::design::Design;
use expression::ir::{Expression, VariableIndex};
use expression::sql::{self, Dialect, Encoding, Options, TableRow};
use expression::{EntityId, Schema};

use super::plan::{Plan, plans};
use super::template::Template;
use crate::store::{Predicate, StoreError};

/// The alias of the table that a statement is about.
pub(super) const ALIAS: &str = "self";

/// The entity of questions, which are about no row.
const NO_ENTITY: EntityId = EntityId(u32::MAX);

/// A registered condition.
#[derive(Debug)]
pub(super) struct Registered {
    /// Over `self`, a row of this entity.
    pub entity: EntityId,
    /// Its SQL.
    pub template: Template,
    /// How each parameter is bound.
    pub encodings: Vec<Encoding>,
}

/// Tables and conditions.
#[derive(Debug)]
pub(super) struct Catalog {
    design: Arc<Design>,
    plans: Vec<Plan>,
    predicates: RwLock<Vec<Arc<Registered>>>,
}

impl Catalog {
    pub fn new(design: Arc<Design>) -> Result<Self, StoreError> {
        let plans = plans(&design)?;
        Ok(Self { design, plans, predicates: RwLock::default() })
    }

    pub fn design(&self) -> &Design {
        &self.design
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
        let row = TableRow { variable: VariableIndex::SELF, entity, alias: ALIAS.to_owned() };
        self.compile(entity, condition, Some(row))
    }

    /// Compiles a question that is about no row of its own.
    pub fn register_question(&self, question: &Expression) -> Result<Predicate, StoreError> {
        self.compile(NO_ENTITY, question, None)
    }

    fn compile(
        &self,
        entity: EntityId,
        condition: &Expression,
        row: Option<TableRow>,
    ) -> Result<Predicate, StoreError> {
        let options = Options { row, first_parameter: 1 };
        let fragment = sql::compile(condition, Dialect::Sqlite, self.design(), &options)
            .map_err(|error| StoreError::Unsupported { message: error.why })?;
        let (template, parameters) = Template::new(fragment);
        let encodings = parameters.iter().map(|parameter| parameter.encoding).collect();
        let parameters = parameters.into_iter().map(|parameter| parameter.value).collect();
        let mut all = self.predicates.write().unwrap_or_else(PoisonError::into_inner);
        let number = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.push(Arc::new(Registered { entity, template, encodings }));
        Ok(Predicate { number, entity, parameters })
    }

    /// A condition by its number.
    pub fn registered(&self, predicate: &Predicate) -> Result<Arc<Registered>, StoreError> {
        let all = self.predicates.read().unwrap_or_else(PoisonError::into_inner);
        all.get(predicate.number as usize).cloned().ok_or_else(|| StoreError::Internal {
            message: "a condition of another store".to_owned(),
        })
    }
}
